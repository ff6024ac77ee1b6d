//! `veto env`: the environments of a project, each with a policy set of its own.

use std::time::Duration;

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::organization_service_client::OrganizationServiceClient;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;
use crate::{connect, value};

/// What to do with environments.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an environment of the project
    Create {
        /// Its id, such as `staging`
        id: String,
        /// How old a node's bundle may be before it refuses calls; the default is 24h
        #[arg(long, value_parser = value::duration, default_value = "0s", hide_default_value = true)]
        staleness: Duration,
    },
    /// List environments, of the project or of all that the key covers
    List,
}

#[derive(Serialize)]
struct Environment {
    project: String,
    id: String,
    policy_version: u64,
    staleness_seconds: u64,
    created: String,
}

impl From<pb::Environment> for Environment {
    fn from(environment: pb::Environment) -> Self {
        let created = environment.created.unwrap_or_default();
        Self {
            project: environment.project,
            id: environment.id,
            policy_version: environment.policy_version,
            staleness_seconds: environment.staleness_seconds,
            created: Timestamp(created.time).to_string(),
        }
    }
}

impl Row for Environment {
    const COLUMNS: &'static [&'static str] =
        &["PROJECT", "ID", "POLICY VERSION", "STALENESS", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.project.clone(),
            self.id.clone(),
            self.policy_version.to_string(),
            format!("{} s", self.staleness_seconds),
            self.created.clone(),
        ]
    }
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    let mut client = OrganizationServiceClient::new(connect::control_plane(global).await?);
    match command {
        Command::Create { id, staleness } => {
            let request = pb::CreateEnvironmentRequest {
                project: global.project()?,
                id,
                staleness_seconds: staleness.as_secs(),
                request_id: connect::request_id()?,
            };
            let answer = client.create_environment(request).await?.into_inner();
            global
                .output
                .row(&Environment::from(answer.environment.unwrap_or_default()))
        }
        Command::List => {
            let request = pb::ListEnvironmentsRequest {
                project: global.project_if_any(),
            };
            let answer = client.list_environments(request).await?.into_inner();
            let rows: Vec<_> = answer
                .environments
                .into_iter()
                .map(Environment::from)
                .collect();
            global.output.rows(&rows)
        }
    }
}
