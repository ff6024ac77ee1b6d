//! The register of agents.

use tonic::{Request, Response, Status};
use veto_core::{AgentId, Role};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::agent_service_server::AgentService;
use veto_proto::storage::v1::{self as storage, AgentRow, Label, command::Change};

use super::{Control, change_message, fields, missing};

const MOST_ROLES: usize = 64;
const MOST_LABELS: usize = 64;

#[tonic::async_trait]
impl AgentService for Control {
    async fn put_agent(
        &self,
        request: Request<api::PutAgentRequest>,
    ) -> Result<Response<api::PutAgentResponse>, Status> {
        let caller = self
            .writer(&request, "veto.administration.v1.AgentService/PutAgent")
            .await?;
        let request = request.into_inner();
        let agent = request
            .agent
            .ok_or_else(|| fields::invalid("agent", "is required"))?;
        let project = fields::project(&caller, &agent.project)?;
        let id = fields::name("agent.id", &agent.id, AgentId::new)?;
        fields::count("agent.roles", agent.roles.len(), MOST_ROLES)?;
        fields::count("agent.labels", agent.labels.len(), MOST_LABELS)?;
        for role in &agent.roles {
            fields::name("agent.roles", role, Role::new)?;
        }
        let mut labels = Vec::with_capacity(agent.labels.len());
        for (name, value) in &agent.labels {
            let name = fields::text("agent.labels", name, 64)?;
            labels.push(Label {
                name,
                value: fields::text("agent.labels", value, 256)?,
            });
        }
        let row = AgentRow {
            project: project.to_string(),
            id: id.to_string(),
            display_name: fields::display_name(&agent.display_name, id.as_str())?,
            roles: agent.roles,
            owner: fields::text("agent.owner", &agent.owner, 256)?,
            labels,
            disabled: agent.disabled,
            changed: None,
        };
        let put = Change::PutAgent(storage::PutAgent { agent: Some(row) });
        self.change(&caller, &request.request_id, put).await?;
        let organization = caller.organization.as_str();
        let row = self.read(|tables| tables.agent(organization, project.as_str(), id.as_str()))?;
        Ok(Response::new(api::PutAgentResponse {
            agent: row.map(message),
        }))
    }

    async fn list_agents(
        &self,
        request: Request<api::ListAgentsRequest>,
    ) -> Result<Response<api::ListAgentsResponse>, Status> {
        let caller = self
            .caller(&request, "veto.administration.v1.AgentService/ListAgents")
            .await?;
        let project = fields::project(&caller, &request.into_inner().project)?;
        let organization = caller.organization.as_str();
        let rows = self
            .read(
                |tables| match tables.project(organization, project.as_str())? {
                    Some(_) => tables.agents(organization, project.as_str()).map(Some),
                    None => Ok(None),
                },
            )?
            .ok_or_else(|| missing("project", project.as_str()))?;
        let agents = rows.into_iter().map(message).collect();
        Ok(Response::new(api::ListAgentsResponse { agents }))
    }
}

fn message(row: AgentRow) -> api::Agent {
    api::Agent {
        project: row.project,
        id: row.id,
        display_name: row.display_name,
        roles: row.roles,
        owner: row.owner,
        labels: row
            .labels
            .into_iter()
            .map(|label| (label.name, label.value))
            .collect(),
        disabled: row.disabled,
        changed: change_message(row.changed),
    }
}
