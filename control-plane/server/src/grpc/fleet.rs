//! Which node enforces what, over all replicas: each knows the nodes that subscribe to it.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};
use veto_core::{NodeId, OrganizationId, Scope};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::fleet_service_server::FleetService;
use veto_proto::raft::v1::FleetRow;
use veto_wire::bundle;

use super::{Control, fields};
use crate::access::Caller;

#[tonic::async_trait]
impl FleetService for Control {
    async fn list_nodes(
        &self,
        request: Request<api::ListNodesRequest>,
    ) -> Result<Response<api::ListNodesResponse>, Status> {
        let caller = self
            .caller(&request, "veto.administration.v1.FleetService/ListNodes")
            .await?;
        let only = match request.into_inner().scope {
            Some(scope) => Some(fields::environment(&caller, Some(&scope))?),
            None => None,
        };
        let seen =
            |scope: &Scope| sees(&caller, scope) && only.as_ref().is_none_or(|only| only == scope);
        let newest: BTreeMap<_, _> = self.0.feed.newest(seen).into_iter().collect();
        let handle = &self.0.handle;
        let (rows, silent) = handle.fleet(caller.organization.as_str()).await;
        if silent > 0 {
            tracing::warn!(silent, "replicas do not say which nodes they serve");
        }
        let mut nodes: BTreeMap<(String, Scope), api::NodeStatus> = BTreeMap::new();
        for row in rows {
            let Some((scope, mut status)) = placed(row).filter(|(scope, _)| seen(scope)) else {
                continue;
            };
            status.newest_revision = newest.get(&scope).map_or(0, |built| built.revision.0);
            let key = (status.node.clone(), scope);
            // A node that moved is known to two replicas: the one that it is connected to is right.
            let weight = |status: &api::NodeStatus| (status.connected, status.last_contact);
            if nodes
                .get(&key)
                .is_none_or(|known| weight(known) < weight(&status))
            {
                nodes.insert(key, status);
            }
        }
        let nodes = nodes.into_values().collect();
        Ok(Response::new(api::ListNodesResponse { nodes }))
    }
}

/// A row as replicas tell it to each other; which revision is newest is for whoever asks.
pub(crate) fn row(((node, scope), status): ((NodeId, Scope), crate::rollout::Status)) -> FleetRow {
    let organization = scope.organization.to_string();
    let status = api::NodeStatus {
        node: node.to_string(),
        region: status.region,
        software_version: status.software_version,
        revision: status.revision.0,
        policy_version: status.policy_version,
        newest_revision: 0,
        connected: status.connected,
        last_contact: status.last_contact.0,
        last_refusal: status.last_refusal,
        propagation_micros: u64::try_from(status.propagation.as_micros()).unwrap_or(u64::MAX),
        scope: Some(api::ScopeRef {
            project: scope.project.to_string(),
            environment: scope.environment.to_string(),
        }),
    };
    FleetRow {
        organization,
        status: Some(status),
    }
}

fn placed(row: FleetRow) -> Option<(Scope, api::NodeStatus)> {
    let status = row.status?;
    let place = status.scope.as_ref()?;
    let scope = bundle::scope(&veto_proto::storage::v1::Scope {
        organization: OrganizationId::new(&row.organization).ok()?.to_string(),
        project: place.project.clone(),
        environment: place.environment.clone(),
    })?;
    Some((scope, status))
}

/// Tells whether the environment lies within what the caller covers.
pub(super) fn sees(caller: &Caller, scope: &Scope) -> bool {
    caller.organization == scope.organization
        && caller.covers(
            Some(scope.project.as_str()),
            Some(scope.environment.as_str()),
        )
}
