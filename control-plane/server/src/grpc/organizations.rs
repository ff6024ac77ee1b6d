//! Tenants, their projects and environments.

use tonic::{Request, Response, Status};
use veto_core::{EnvironmentId, OrganizationId, ProjectId, Scope};
use veto_identity::{ApiKey, KeyKind};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::organization_service_server::OrganizationService;
use veto_proto::storage::v1::{self as storage, KeyRow, command::Change};

use super::{Control, change_message, fields, missing};
use crate::Error;
use crate::access::Caller;

/// A day: how old a node's bundle may be where nothing is said.
const STALENESS: u64 = 86_400;
const LEAST_STALENESS: u64 = 10;

fn rpc(method: &str) -> String {
    format!("veto.administration.v1.OrganizationService/{method}")
}

#[tonic::async_trait]
impl OrganizationService for Control {
    async fn create_organization(
        &self,
        request: Request<api::CreateOrganizationRequest>,
    ) -> Result<Response<api::CreateOrganizationResponse>, Status> {
        let caller = self.writer(&request, &rpc("CreateOrganization")).await?;
        if !caller.organization.is_system() {
            return Err(Error::NotAllowed { kind: "admin" }.into());
        }
        let request = request.into_inner();
        let id = fields::name("id", &request.id, OrganizationId::new)?;
        let display_name = fields::display_name(&request.display_name, id.as_str())?;
        let key = ApiKey::generate(KeyKind::Admin, None, self.0.entropy.as_ref())
            .map_err(|e| fields::invalid("admin_key", e.to_string()))?;
        let admin_key = KeyRow {
            id: key.id.to_string(),
            kind: key.kind.as_str().to_owned(),
            secret_hash: self.0.secret.hash_key(&key).map_err(Error::from)?.to_vec(),
            description: "first admin key".to_owned(),
            ..KeyRow::default()
        };
        let change = Change::CreateOrganization(storage::CreateOrganization {
            id: id.to_string(),
            display_name,
            admin_key: Some(admin_key),
        });
        let result = self.change(&caller, &request.request_id, change).await?;
        let row = self.read(|tables| tables.organization(id.as_str()))?;
        let admin_key = if result.repeated {
            String::new()
        } else {
            key.reveal()
        };
        let organization = row.map(organization);
        Ok(Response::new(api::CreateOrganizationResponse {
            organization,
            admin_key,
        }))
    }

    async fn list_organizations(
        &self,
        request: Request<api::ListOrganizationsRequest>,
    ) -> Result<Response<api::ListOrganizationsResponse>, Status> {
        let caller = self.caller(&request, &rpc("ListOrganizations")).await?;
        let own = caller.organization.as_str();
        let rows = self.read(|tables| match caller.organization.is_system() {
            true => tables.organizations(),
            false => Ok(tables.organization(own)?.into_iter().collect()),
        })?;
        let organizations = rows.into_iter().map(organization).collect();
        Ok(Response::new(api::ListOrganizationsResponse {
            organizations,
        }))
    }

    async fn create_project(
        &self,
        request: Request<api::CreateProjectRequest>,
    ) -> Result<Response<api::CreateProjectResponse>, Status> {
        let caller = self.writer(&request, &rpc("CreateProject")).await?;
        if !caller.covers(None, None) {
            return Err(Error::NotAllowed { kind: "project" }.into());
        }
        let request = request.into_inner();
        let id = fields::name("id", &request.id, ProjectId::new)?;
        let display_name = fields::display_name(&request.display_name, id.as_str())?;
        let create = storage::CreateProject {
            id: id.to_string(),
            display_name,
        };
        self.change(&caller, &request.request_id, Change::CreateProject(create))
            .await?;
        let organization = caller.organization.as_str();
        let row = self.read(|tables| tables.project(organization, id.as_str()))?;
        Ok(Response::new(api::CreateProjectResponse {
            project: row.map(project),
        }))
    }

    async fn list_projects(
        &self,
        request: Request<api::ListProjectsRequest>,
    ) -> Result<Response<api::ListProjectsResponse>, Status> {
        let caller = self.caller(&request, &rpc("ListProjects")).await?;
        let rows = self.read(|tables| tables.projects(caller.organization.as_str()))?;
        // A key of one environment sees the project that it lies in.
        let seen = |id: &str| caller.project.as_ref().is_none_or(|own| own.as_str() == id);
        let projects = rows
            .into_iter()
            .filter(|row| seen(&row.id))
            .map(project)
            .collect();
        Ok(Response::new(api::ListProjectsResponse { projects }))
    }

    async fn create_environment(
        &self,
        request: Request<api::CreateEnvironmentRequest>,
    ) -> Result<Response<api::CreateEnvironmentResponse>, Status> {
        let caller = self.writer(&request, &rpc("CreateEnvironment")).await?;
        let request = request.into_inner();
        let project = fields::project(&caller, &request.project)?;
        let id = fields::name("id", &request.id, EnvironmentId::new)?;
        let staleness_seconds = match request.staleness_seconds {
            0 => STALENESS,
            seconds if seconds >= LEAST_STALENESS => seconds,
            seconds => {
                let problem = format!("{seconds} is below {LEAST_STALENESS}");
                return Err(fields::invalid("staleness_seconds", problem).into());
            }
        };
        let create = storage::CreateEnvironment {
            project: project.to_string(),
            id: id.to_string(),
            staleness_seconds,
        };
        self.change(
            &caller,
            &request.request_id,
            Change::CreateEnvironment(create),
        )
        .await?;
        let scope = Scope {
            organization: caller.organization,
            project,
            environment: id,
        };
        let row = self.read(|tables| tables.environment(&scope))?;
        Ok(Response::new(api::CreateEnvironmentResponse {
            environment: row.map(environment),
        }))
    }

    async fn list_environments(
        &self,
        request: Request<api::ListEnvironmentsRequest>,
    ) -> Result<Response<api::ListEnvironmentsResponse>, Status> {
        let caller = self.caller(&request, &rpc("ListEnvironments")).await?;
        let wanted = request.into_inner().project;
        if !wanted.is_empty() {
            fields::name("project", &wanted, ProjectId::new)?;
        }
        let rows = self.environments(&caller, &wanted)?;
        let environments = rows.into_iter().map(environment).collect();
        Ok(Response::new(api::ListEnvironmentsResponse {
            environments,
        }))
    }
}

impl Control {
    fn environments(
        &self,
        caller: &Caller,
        wanted: &str,
    ) -> Result<Vec<storage::EnvironmentRow>, Error> {
        let organization = caller.organization.as_str();
        let mut rows = self
            .read(|tables| {
                if !wanted.is_empty() && tables.project(organization, wanted)?.is_none() {
                    return Ok(None);
                }
                let project = (!wanted.is_empty()).then_some(wanted);
                tables.environments(organization, project).map(Some)
            })?
            .ok_or_else(|| missing("project", wanted))?;
        rows.retain(|row| caller.covers(Some(&row.project), Some(&row.id)));
        if rows.is_empty() && !wanted.is_empty() && !caller.covers(Some(wanted), None) {
            return Err(missing("project", wanted));
        }
        Ok(rows)
    }
}

fn organization(row: storage::OrganizationRow) -> api::Organization {
    api::Organization {
        id: row.id,
        display_name: row.display_name,
        created: change_message(row.created),
    }
}

fn project(row: storage::ProjectRow) -> api::Project {
    api::Project {
        id: row.id,
        display_name: row.display_name,
        created: change_message(row.created),
    }
}

fn environment(row: storage::EnvironmentRow) -> api::Environment {
    api::Environment {
        project: row.project,
        id: row.id,
        staleness_seconds: row.staleness_seconds,
        policy_version: row.policy_version,
        created: change_message(row.created),
    }
}
