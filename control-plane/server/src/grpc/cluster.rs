//! The replicas of the control plane itself. What they shall be is a change like any other; whoever
//! leads makes it so.

use std::collections::BTreeMap;
use std::pin::Pin;

use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::cluster_service_server::ClusterService;
use veto_proto::raft::v1::StatusResponse;
use veto_proto::storage::v1::{self as storage, MemberRow, RestoreRow, command::Change};

use super::{Control, change_message, fields};
use crate::access::Caller;
use crate::{Error, config};

fn rpc(method: &str) -> String {
    format!("veto.administration.v1.ClusterService/{method}")
}

#[tonic::async_trait]
impl ClusterService for Control {
    async fn get_cluster(
        &self,
        request: Request<api::GetClusterRequest>,
    ) -> Result<Response<api::GetClusterResponse>, Status> {
        // By what this replica knows: it must answer most of all when the cluster does not.
        let (caller, _) = self.key(&request, &rpc("GetCluster")).await?;
        system(&caller)?;
        let (rows, mut restores) =
            self.read(|tables| Ok((tables.members()?, tables.restores()?)))?;
        let handle = &self.0.handle;
        let now = handle.members();
        let mut members: BTreeMap<u64, api::Member> = BTreeMap::new();
        for (id, (address, votes)) in now.members {
            let role = match votes {
                true => api::MemberRole::Voter,
                false => api::MemberRole::Learner,
            };
            let member = api::Member {
                id,
                address,
                role: role.into(),
                wanted: role.into(),
                ..api::Member::default()
            };
            members.insert(id, member);
        }
        for row in rows {
            wanted(&mut members, row);
        }
        for (id, status) in handle.statuses().await {
            if let (Some(member), Some(status)) = (members.get_mut(&id), status) {
                answered(member, status);
            }
        }
        Ok(Response::new(api::GetClusterResponse {
            cluster: handle.cluster(),
            answered_by: handle.node(),
            leader: now.leader.unwrap_or(0),
            term: now.term,
            changing: now.changing,
            members: members.into_values().collect(),
            restored_from: restores.pop().map(restored),
        }))
    }

    async fn add_member(
        &self,
        request: Request<api::AddMemberRequest>,
    ) -> Result<Response<api::AddMemberResponse>, Status> {
        let caller = self.caller(&request, &rpc("AddMember")).await?;
        system(&caller)?;
        let request = request.into_inner();
        if !config::is_peer_address(&request.address) {
            let problem = format!("`{}` is not `host:port`", request.address.escape_debug());
            return Err(fields::invalid("address", problem).into());
        }
        let known = self.0.handle.members().members;
        if known.values().any(|(address, _)| address.is_empty()) {
            let problem =
                "the first member has no peers yet: give it `peer_listen` and start it again";
            return Err(fields::invalid("address", problem).into());
        }
        let add = Change::AddMember(storage::AddMember {
            address: request.address,
            voter: request.voter,
            replaces: request.replaces,
        });
        let result = self.change(&caller, &request.request_id, add).await?;
        Ok(Response::new(api::AddMemberResponse {
            id: result.revision,
            cluster: self.0.handle.cluster(),
        }))
    }

    type BackUpStream = Backup;

    async fn back_up(
        &self,
        request: Request<api::BackUpRequest>,
    ) -> Result<Response<Backup>, Status> {
        let caller = self.caller(&request, &rpc("BackUp")).await?;
        system(&caller)?;
        let bytes = self.0.handle.back_up(self.0.clock.now().0).await;
        let bytes = bytes.map_err(Error::from)?;
        tracing::info!(key = %caller.key, "a backup is made");
        Ok(Response::new(backup(bytes)))
    }

    async fn promote_member(
        &self,
        request: Request<api::PromoteMemberRequest>,
    ) -> Result<Response<api::PromoteMemberResponse>, Status> {
        let caller = self.caller(&request, &rpc("PromoteMember")).await?;
        system(&caller)?;
        let request = request.into_inner();
        let promote = Change::PromoteMember(storage::PromoteMember { id: request.id });
        self.change(&caller, &request.request_id, promote).await?;
        Ok(Response::new(api::PromoteMemberResponse {}))
    }

    async fn remove_member(
        &self,
        request: Request<api::RemoveMemberRequest>,
    ) -> Result<Response<api::RemoveMemberResponse>, Status> {
        let caller = self.caller(&request, &rpc("RemoveMember")).await?;
        system(&caller)?;
        let request = request.into_inner();
        let remove = Change::RemoveMember(storage::RemoveMember { id: request.id });
        self.change(&caller, &request.request_id, remove).await?;
        Ok(Response::new(api::RemoveMemberResponse {}))
    }
}

type Backup = Pin<Box<dyn Stream<Item = Result<api::BackUpResponse, Status>> + Send>>;

fn backup(bytes: veto_raft::Backup) -> Backup {
    let answer = |bytes: Result<Vec<u8>, veto_raft::Error>| {
        let data = bytes.map_err(Error::from)?;
        Ok(api::BackUpResponse { data })
    };
    Box::pin(ReceiverStream::new(bytes).map(answer))
}

fn restored(row: RestoreRow) -> api::RestoredFrom {
    api::RestoredFrom {
        cluster: row.from_cluster,
        revision: row.from_revision,
        time: row.from_time,
        restored: change_message(row.restored),
    }
}

fn system(caller: &Caller) -> Result<(), Error> {
    if caller.organization.is_system() && caller.covers(None, None) {
        return Ok(());
    }
    Err(Error::NotAllowed { kind: "admin" })
}

/// What a member shall be; one that is gone, as it was asked, is shown no more.
fn wanted(members: &mut BTreeMap<u64, api::Member>, row: MemberRow) {
    let wanted = match (&row.removed, row.voter) {
        (Some(_), _) => api::MemberRole::None,
        (None, true) => api::MemberRole::Voter,
        (None, false) => api::MemberRole::Learner,
    };
    if row.removed.is_some() && !members.contains_key(&row.id) {
        return;
    }
    let member = members.entry(row.id).or_insert_with(|| api::Member {
        id: row.id,
        address: row.address,
        role: api::MemberRole::None.into(),
        ..api::Member::default()
    });
    member.wanted = wanted.into();
    member.replaces = row.replaces;
    member.added = change_message(row.added);
}

fn answered(member: &mut api::Member, status: StatusResponse) {
    member.reachable = true;
    member.last_log = status.last_log;
    member.applied = status.applied;
    member.software_version = status.software_version;
    member.client_address = status.client_address;
    member.digest = status.digest;
}
