//! Which node enforces what.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};
use veto_core::Scope;
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::fleet_service_server::FleetService;

use super::{Control, fields};
use crate::access::Caller;

#[tonic::async_trait]
impl FleetService for Control {
    async fn list_nodes(
        &self,
        request: Request<api::ListNodesRequest>,
    ) -> Result<Response<api::ListNodesResponse>, Status> {
        let caller = self.caller(&request, "veto.administration.v1.FleetService/ListNodes")?;
        let only = match request.into_inner().scope {
            Some(scope) => Some(fields::environment(&caller, Some(&scope))?),
            None => None,
        };
        let seen =
            |scope: &Scope| sees(&caller, scope) && only.as_ref().is_none_or(|only| only == scope);
        let newest: BTreeMap<_, _> = self.0.feed.newest(seen).into_iter().collect();
        let row =
            |((node, scope), status): ((veto_core::NodeId, Scope), crate::rollout::Status)| {
                api::NodeStatus {
                    node: node.to_string(),
                    region: status.region,
                    software_version: status.software_version,
                    revision: status.revision.0,
                    policy_version: status.policy_version,
                    newest_revision: newest.get(&scope).map_or(0, |built| built.revision.0),
                    connected: status.connected,
                    last_contact: status.last_contact.0,
                    last_refusal: status.last_refusal,
                    propagation_micros: u64::try_from(status.propagation.as_micros())
                        .unwrap_or(u64::MAX),
                    scope: Some(api::ScopeRef {
                        project: scope.project.to_string(),
                        environment: scope.environment.to_string(),
                    }),
                }
            };
        let nodes = self
            .0
            .rollout
            .list(self.0.clock.now(), seen)
            .into_iter()
            .map(row)
            .collect();
        Ok(Response::new(api::ListNodesResponse { nodes }))
    }
}

/// Tells whether the environment lies within what the caller covers.
pub(super) fn sees(caller: &Caller, scope: &Scope) -> bool {
    caller.organization == scope.organization
        && caller.covers(
            Some(scope.project.as_str()),
            Some(scope.environment.as_str()),
        )
}
