//! Which agents and tools a matrix or a comparison is about.

use std::collections::BTreeMap;

use veto_core::{AgentId, Role, ToolName};
use veto_policy::Agent;
use veto_policy::matrix::Wanted;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;
use veto_proto::administration::v1::{self as pb, ListAgentsRequest};

use super::explain::label;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;

/// Which agents and tools; without any, all that the policies tell apart.
#[derive(Debug, clap::Args)]
pub(crate) struct Subjects {
    /// One agent alone: its id
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// One agent alone: a role that it holds; may be repeated
    #[arg(long, value_name = "ROLE")]
    role: Vec<Role>,
    /// One agent alone: a label of it; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// The agents that are registered in the project: asks the control plane
    #[arg(long, conflicts_with_all = ["agent", "role", "label"])]
    registered: bool,
    /// Only this tool; may be repeated
    #[arg(long, value_name = "NAME")]
    tool: Vec<ToolName>,
}

impl Subjects {
    /// Tells whether any are chosen.
    pub(super) fn are_chosen(&self) -> bool {
        let one = self.agent.is_some() || !self.role.is_empty() || !self.label.is_empty();
        one || self.registered || !self.tool.is_empty()
    }

    /// The rows and columns.
    pub(super) async fn wanted(self, global: &Global) -> Result<Wanted, Error> {
        let mut agents = Vec::new();
        if self.registered {
            agents = registered(global).await?;
            // They are denied every call, whatever the policies say.
            agents.retain(|agent| !agent.disabled);
            if agents.is_empty() {
                let message = "the project has no agent that is enabled";
                return Err(Error::Usage(message.to_owned()));
            }
        } else if self.agent.is_some() || !self.role.is_empty() || !self.label.is_empty() {
            let id = self.agent.map_or_else(|| AgentId::new("agent"), Ok);
            agents.push(Agent {
                id: id.map_err(|error| Error::Usage(error.to_string()))?,
                roles: self.role,
                labels: self.label.into_iter().collect::<BTreeMap<_, _>>(),
                disabled: false,
            });
        }
        Ok(Wanted {
            agents,
            tools: self.tool,
        })
    }
}

/// The agents of the project, as the control plane has them.
pub(super) async fn registered(global: &Global) -> Result<Vec<Agent>, Error> {
    let project = global.project()?;
    let mut client = AgentServiceClient::new(connect::control_plane(global).await?);
    let request = ListAgentsRequest { project };
    let answer = client.list_agents(request).await?.into_inner();
    answer.agents.into_iter().map(agent).collect()
}

fn agent(agent: pb::Agent) -> Result<Agent, Error> {
    let bad = |error: &dyn std::fmt::Display| Error::Usage(format!("`{}`: {error}", agent.id));
    let id = AgentId::new(&agent.id).map_err(|error| bad(&error))?;
    let roles = agent.roles.iter().map(|role| Role::new(role));
    let roles = roles
        .collect::<Result<_, _>>()
        .map_err(|error| bad(&error))?;
    Ok(Agent {
        id,
        roles,
        labels: agent.labels.into_iter().collect(),
        disabled: agent.disabled,
    })
}
