//! `veto agent`: the register of agents; who is not in it is denied.

use std::collections::BTreeMap;

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;
use crate::{connect, value};

/// What to do with agents.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register an agent, or replace its entry
    Put(Put),
    /// List the agents of the project
    List,
}

/// An agent's entry.
#[derive(Debug, clap::Args)]
pub(crate) struct Put {
    /// Its id
    id: String,
    /// A role it holds; may be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Name to show
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// The person who answers for it
    #[arg(long, default_value = "", hide_default_value = true)]
    owner: String,
    /// A label that conditions may read; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = value::pair)]
    labels: Vec<(String, String)>,
    /// Deny it every call
    #[arg(long)]
    disabled: bool,
}

#[derive(Serialize)]
struct Agent {
    project: String,
    id: String,
    display_name: String,
    roles: Vec<String>,
    owner: String,
    labels: BTreeMap<String, String>,
    disabled: bool,
    changed: String,
}

impl From<pb::Agent> for Agent {
    fn from(agent: pb::Agent) -> Self {
        Self {
            project: agent.project,
            id: agent.id,
            display_name: agent.display_name,
            roles: agent.roles,
            owner: agent.owner,
            labels: agent.labels,
            disabled: agent.disabled,
            changed: Timestamp(agent.changed.unwrap_or_default().time).to_string(),
        }
    }
}

impl Row for Agent {
    const COLUMNS: &'static [&'static str] = &[
        "PROJECT", "ID", "NAME", "ROLES", "OWNER", "STATE", "CHANGED",
    ];

    fn cells(&self) -> Vec<String> {
        let state = if self.disabled { "disabled" } else { "enabled" };
        vec![
            self.project.clone(),
            self.id.clone(),
            self.display_name.clone(),
            self.roles.join(", "),
            self.owner.clone(),
            state.to_owned(),
            self.changed.clone(),
        ]
    }
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    let project = global.project()?;
    let mut client = AgentServiceClient::new(connect::control_plane(global).await?);
    match command {
        Command::Put(put) => {
            let agent = Some(pb::Agent {
                project,
                id: put.id,
                display_name: put.name,
                roles: put.roles,
                owner: put.owner,
                labels: put.labels.into_iter().collect(),
                disabled: put.disabled,
                changed: None,
            });
            let request = pb::PutAgentRequest {
                agent,
                request_id: connect::request_id()?,
            };
            let answer = client.put_agent(request).await?.into_inner();
            global
                .output
                .row(&Agent::from(answer.agent.unwrap_or_default()))
        }
        Command::List => {
            let answer = client
                .list_agents(pb::ListAgentsRequest { project })
                .await?
                .into_inner();
            let rows: Vec<_> = answer.agents.into_iter().map(Agent::from).collect();
            global.output.rows(&rows)
        }
    }
}
