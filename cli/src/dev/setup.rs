//! Sets the samples up over the public API. Each step looks first, so that a second start, and a
//! start after an interrupted one, changes only what is missing.

use std::time::Duration;

use veto_core::{Code, Secret};
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;
use veto_proto::administration::v1::key_service_client::KeyServiceClient;
use veto_proto::administration::v1::organization_service_client::OrganizationServiceClient;
use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;

use super::keys::Keys;
use super::sample::{Agent, ENVIRONMENT, ORGANIZATION, Project};
use crate::arguments::Global;
use crate::connect::{self, Service};
use crate::error::Error;
use crate::rollout;

/// How long a node on the same machine may take to enforce what is published.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes the sample organization, once, and gives its admin key.
pub(super) async fn organization(operator: &Global, keys: &Keys) -> Result<Secret<String>, Error> {
    if let Some(key) = keys.read("admin")? {
        return Ok(key);
    }
    let mut client = OrganizationServiceClient::new(connect::control_plane(operator).await?);
    let request = pb::CreateOrganizationRequest {
        id: ORGANIZATION.to_owned(),
        display_name: "Sample organization".to_owned(),
        request_id: String::new(),
    };
    let answer = client
        .create_organization(request)
        .await
        .map_err(Error::from);
    match answer {
        Ok(answer) => keys.keep("admin", &answer.into_inner().admin_key),
        // Its key was shown once and is gone: nobody can make another from outside.
        Err(Error::Refused {
            code: Code::AlreadyExists,
            ..
        }) => Err(Error::Dev {
            code: Code::StorageCorrupt,
            message: "the data directory has lost `keys/admin.key`; remove it to start anew".into(),
            source: "the organization `sample` exists".into(),
        }),
        Err(error) => Err(error),
    }
}

/// Makes the project with all that belongs to it, and waits until the node enforces its policies.
pub(super) async fn project(global: &Global, keys: &Keys, project: &Project) -> Result<(), Error> {
    let service = connect::control_plane(global).await?;
    let published = places(service.clone(), project).await?;
    agents(service.clone(), project).await?;
    for agent in project.agents {
        key(service.clone(), keys, project, agent).await?;
    }
    let revision = if published {
        newest(service.clone(), project).await?
    } else {
        publish(service.clone(), project).await?
    };
    rollout::wait(service, &scope(project), revision, PATIENCE).await?;
    Ok(())
}

fn scope(project: &Project) -> pb::ScopeRef {
    pb::ScopeRef {
        project: project.id.to_owned(),
        environment: ENVIRONMENT.to_owned(),
    }
}

/// Makes project and environments; tells whether policies were published already.
async fn places(service: Service, project: &Project) -> Result<bool, Error> {
    let mut client = OrganizationServiceClient::new(service);
    let projects = client
        .list_projects(pb::ListProjectsRequest {})
        .await?
        .into_inner()
        .projects;
    if !projects.iter().any(|known| known.id == project.id) {
        let id = project.id.to_owned();
        client
            .create_project(pb::CreateProjectRequest {
                id,
                ..Default::default()
            })
            .await?;
    }
    let request = pb::ListEnvironmentsRequest {
        project: project.id.to_owned(),
    };
    let known = client
        .list_environments(request)
        .await?
        .into_inner()
        .environments;
    for environment in project.environments {
        if !known.iter().any(|known| known.id == *environment) {
            let request = pb::CreateEnvironmentRequest {
                project: project.id.to_owned(),
                id: (*environment).to_owned(),
                ..Default::default()
            };
            client.create_environment(request).await?;
        }
    }
    Ok(known
        .iter()
        .any(|known| known.id == ENVIRONMENT && known.policy_version > 0))
}

async fn agents(service: Service, project: &Project) -> Result<(), Error> {
    let mut client = AgentServiceClient::new(service);
    let request = pb::ListAgentsRequest {
        project: project.id.to_owned(),
    };
    let known = client.list_agents(request).await?.into_inner().agents;
    for agent in project.agents {
        if known.iter().any(|known| known.id == agent.id) {
            continue;
        }
        let entry = pb::Agent {
            project: project.id.to_owned(),
            id: agent.id.to_owned(),
            display_name: agent.name.to_owned(),
            roles: vec![agent.role.to_owned()],
            owner: agent.owner.to_owned(),
            ..Default::default()
        };
        let request_id = String::new();
        client
            .put_agent(pb::PutAgentRequest {
                agent: Some(entry),
                request_id,
            })
            .await?;
    }
    Ok(())
}

async fn key(service: Service, keys: &Keys, project: &Project, agent: &Agent) -> Result<(), Error> {
    if keys.read(agent.id)?.is_some() {
        return Ok(());
    }
    let request = pb::CreateKeyRequest {
        kind: pb::KeyKind::Agent.into(),
        scope: Some(scope(project)),
        agents: vec![agent.id.to_owned()],
        description: "made by veto dev".to_owned(),
        ..Default::default()
    };
    let answer = KeyServiceClient::new(service)
        .create_key(request)
        .await?
        .into_inner();
    keys.keep(agent.id, &answer.secret_key)?;
    Ok(())
}

async fn publish(service: Service, project: &Project) -> Result<u64, Error> {
    let file = |(path, text): &(&str, &str)| pb::PolicyFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    let request = pb::PublishPoliciesRequest {
        scope: Some(scope(project)),
        files: project.policies.iter().map(file).collect(),
        message: project.message.to_owned(),
        author: "veto dev".to_owned(),
        ..Default::default()
    };
    let answer = PolicyServiceClient::new(service)
        .publish_policies(request)
        .await?
        .into_inner();
    Ok(revision(answer.version))
}

async fn newest(service: Service, project: &Project) -> Result<u64, Error> {
    let request = pb::ListPolicyVersionsRequest {
        scope: Some(scope(project)),
        page_size: 1,
        before_version: 0,
    };
    let answer = PolicyServiceClient::new(service)
        .list_policy_versions(request)
        .await?;
    Ok(revision(answer.into_inner().versions.into_iter().next()))
}

fn revision(version: Option<pb::PolicyVersion>) -> u64 {
    version
        .and_then(|version| version.published)
        .map_or(0, |change| change.revision)
}
