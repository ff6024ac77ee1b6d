//! Waits until every connected node enforces a revision.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use veto_proto::administration::v1::fleet_service_client::FleetServiceClient;
use veto_proto::administration::v1::{ListNodesRequest, NodeStatus, ScopeRef};

use crate::connect::Service;
use crate::error::Error;

/// Pause between two looks at the fleet.
const PAUSE: Duration = Duration::from_millis(25);

/// A revision that the fleet enforces.
#[derive(Debug)]
pub(crate) struct Enforced {
    /// How many nodes.
    pub(crate) nodes: usize,
    /// From the commit to the slowest node's acknowledgement, in microseconds, as the control plane saw it.
    pub(crate) slowest_micros: u64,
}

/// Waits until at least one node is connected and all that are enforce the revision.
pub(crate) async fn wait(
    service: Service,
    scope: &ScopeRef,
    revision: u64,
    patience: Duration,
) -> Result<Enforced, Error> {
    let end = Instant::now() + patience;
    let mut fleet = FleetServiceClient::new(service);
    loop {
        let request = ListNodesRequest {
            scope: Some(scope.clone()),
        };
        let mut nodes = fleet.list_nodes(request).await?.into_inner().nodes;
        nodes.retain(|node| node.connected);
        let behind: Vec<_> = nodes
            .iter()
            .filter(|node| node.revision < revision)
            .collect();
        if behind.is_empty() && !nodes.is_empty() {
            let slowest = nodes.iter().map(|node| node.propagation_micros).max();
            return Ok(Enforced {
                nodes: nodes.len(),
                slowest_micros: slowest.unwrap_or_default(),
            });
        }
        if Instant::now() >= end {
            return Err(Error::NotEnforced(laggards(revision, &behind, nodes.len())));
        }
        sleep(PAUSE).await;
    }
}

fn laggards(revision: u64, behind: &[&NodeStatus], connected: usize) -> String {
    if connected == 0 {
        return format!("revision {revision} is published, and no node is connected to enforce it");
    }
    let name = |node: &&NodeStatus| {
        let refusal = match node.last_refusal.as_str() {
            "" => String::new(),
            code => format!(", refused with {code}"),
        };
        format!("{} (holds {}{refusal})", node.node, node.revision)
    };
    let names: Vec<_> = behind.iter().map(name).collect();
    format!(
        "revision {revision} is published; {} of {connected} connected nodes do not enforce it yet: {}",
        behind.len(),
        names.join(", ")
    )
}
