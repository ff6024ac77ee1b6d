//! `veto fleet`: which node enforces what.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::fleet_service_client::FleetServiceClient;

use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::output::Row;

/// Shows all nodes, or those that serve --project and --environment.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Every environment, whatever --project and --environment say
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Node {
    node: String,
    region: String,
    software_version: String,
    project: String,
    environment: String,
    policy_version: u64,
    revision: u64,
    newest_revision: u64,
    connected: bool,
    last_contact: String,
    last_refusal: String,
    propagation_micros: u64,
}

impl From<pb::NodeStatus> for Node {
    fn from(status: pb::NodeStatus) -> Self {
        let scope = status.scope.unwrap_or_default();
        Self {
            node: status.node,
            region: status.region,
            software_version: status.software_version,
            project: scope.project,
            environment: scope.environment,
            policy_version: status.policy_version,
            revision: status.revision,
            newest_revision: status.newest_revision,
            connected: status.connected,
            last_contact: Timestamp(status.last_contact).to_string(),
            last_refusal: status.last_refusal,
            propagation_micros: status.propagation_micros,
        }
    }
}

impl Row for Node {
    const COLUMNS: &'static [&'static str] = &[
        "NODE",
        "REGION",
        "SCOPE",
        "VERSION",
        "REVISION",
        "STATE",
        "PROPAGATION",
        "LAST CONTACT",
        "REFUSAL",
    ];

    fn cells(&self) -> Vec<String> {
        let behind = self.newest_revision.saturating_sub(self.revision);
        let state = match (self.connected, behind) {
            (false, _) => "disconnected".to_owned(),
            (true, 0) => "current".to_owned(),
            (true, _) => format!("behind {}", self.newest_revision),
        };
        vec![
            self.node.clone(),
            self.region.clone(),
            format!("{}/{}", self.project, self.environment),
            self.policy_version.to_string(),
            self.revision.to_string(),
            state,
            format!(
                "{}.{:03} ms",
                self.propagation_micros / 1000,
                self.propagation_micros % 1000
            ),
            self.last_contact.clone(),
            self.last_refusal.clone(),
        ]
    }
}

/// Prints the nodes.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), Error> {
    let (project, environment) = (global.project_if_any(), global.environment_if_any());
    let all = arguments.all || project.is_empty();
    let scope = (!all).then_some(pb::ScopeRef {
        project,
        environment,
    });
    let mut client = FleetServiceClient::new(connect::control_plane(global).await?);
    let answer = client
        .list_nodes(pb::ListNodesRequest { scope })
        .await?
        .into_inner();
    let rows: Vec<_> = answer.nodes.into_iter().map(Node::from).collect();
    global.output.rows(&rows)
}
