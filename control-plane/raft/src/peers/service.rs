//! What a replica does for its peers. It holds the replica weakly: a connection that lingers keeps no
//! store open.

use std::sync::{Arc, Weak};

use openraft::Snapshot;
use tokio::sync::Mutex;
use tokio_stream::StreamExt as _;
use tonic::{Request, Response, Status, Streaming};
use veto_identity::PeerName;
use veto_proto::raft::v1 as wire;
use veto_proto::raft::v1::install_snapshot_request::Piece;
use veto_proto::raft::v1::peer_service_server::PeerService;

use super::voice::{Voice, refusal};
use super::{message, transfer};
use crate::replica::Replica;
use crate::{Error, codec};

/// One replica, as its peers call it.
#[derive(Debug)]
pub(crate) struct Service {
    core: Weak<Replica>,
    voice: Arc<Voice>,
    /// One snapshot at a time.
    receiving: Mutex<()>,
}

impl Service {
    pub(crate) fn new(core: &Arc<Replica>) -> Self {
        Self {
            core: Arc::downgrade(core),
            voice: Arc::clone(&core.links.voice),
            receiving: Mutex::new(()),
        }
    }

    /// The replica, for a peer that may speak to it.
    fn heard<T>(
        &self,
        request: &Request<T>,
        envelope: Option<&wire::Envelope>,
    ) -> Result<(Arc<Replica>, u64), Status> {
        let certified = request.extensions().get::<PeerName>();
        self.judge(certified, envelope)
    }

    fn judge(
        &self,
        certified: Option<&PeerName>,
        envelope: Option<&wire::Envelope>,
    ) -> Result<(Arc<Replica>, u64), Status> {
        let from = self.voice.check(envelope, certified);
        let from = from.map_err(|e| refusal(&e))?;
        let core = self.core.upgrade();
        let core = core.ok_or_else(|| refusal(&Error::Stopped("it stops".into())))?;
        Ok((core, from))
    }

    /// The same, for what a member that was removed must not do any more.
    fn heard_member<T>(
        &self,
        request: &Request<T>,
        envelope: Option<&wire::Envelope>,
    ) -> Result<(Arc<Replica>, u64), Status> {
        let (core, from) = self.heard(request, envelope)?;
        if core.is_removed(from) {
            return Err(refusal(&Error::Removed(from)));
        }
        Ok((core, from))
    }
}

fn stopped(error: &dyn std::fmt::Display) -> Status {
    refusal(&Error::Stopped(error.to_string()))
}

fn wrong(error: Error) -> Status {
    refusal(&error)
}

#[tonic::async_trait]
impl PeerService for Service {
    async fn append_entries(
        &self,
        request: Request<wire::AppendEntriesRequest>,
    ) -> Result<Response<wire::AppendEntriesResponse>, Status> {
        let (core, from) = self.heard(&request, request.get_ref().envelope.as_ref())?;
        let request = message::append_request_from(request.get_ref()).map_err(wrong)?;
        let answer = core.raft.append_entries(request).await;
        let answer = answer.map_err(|e| stopped(&e))?;
        let envelope = self.voice.to(from);
        Ok(Response::new(message::append_response_message(
            &answer, envelope,
        )))
    }

    async fn vote(
        &self,
        request: Request<wire::VoteRequest>,
    ) -> Result<Response<wire::VoteResponse>, Status> {
        let (core, from) = self.heard_member(&request, request.get_ref().envelope.as_ref())?;
        // What it acknowledged before it lost its storage counted for a majority: until a leader has brought
        // it a log that names it, it must not help to elect one that lacks that.
        if core.is_blank() {
            return Err(wrong(Error::Blank(core.node())));
        }
        let request = message::vote_request_from(request.get_ref()).map_err(wrong)?;
        let answer = core.raft.vote(request).await.map_err(|e| stopped(&e))?;
        let envelope = self.voice.to(from);
        Ok(Response::new(message::vote_response_message(
            &answer, envelope,
        )))
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<wire::InstallSnapshotRequest>>,
    ) -> Result<Response<wire::InstallSnapshotResponse>, Status> {
        let certified = request.extensions().get::<PeerName>().cloned();
        let mut stream = request.into_inner();
        let first = stream.next().await.transpose()?;
        let Some(Piece::Head(head)) = first.and_then(|first| first.piece) else {
            return Err(wrong(Error::Corrupt("a snapshot has no head".into())));
        };
        let (core, from) = self.judge(certified.as_ref(), head.envelope.as_ref())?;
        let missing = || wrong(Error::Corrupt("a snapshot has no vote".into()));
        let vote = codec::vote(&head.vote.ok_or_else(missing)?);
        let busy = |_| wrong(Error::Stopped("another snapshot is on its way".into()));
        let _alone = self.receiving.try_lock().map_err(busy)?;
        let directory = core.raft.begin_receiving_snapshot().await;
        let directory = directory.map_err(|e| stopped(&e))?;
        let (meta, snapshot) = transfer::receive(&core.links.work, &mut stream, *directory).await?;
        let snapshot = Snapshot { meta, snapshot };
        let answer = core.raft.install_full_snapshot(vote, snapshot).await;
        let vote = answer.map_err(|e| stopped(&e))?.vote;
        Ok(Response::new(wire::InstallSnapshotResponse {
            envelope: self.voice.to(from),
            vote: Some(codec::vote_message(&vote)),
        }))
    }

    async fn read_index(
        &self,
        request: Request<wire::ReadIndexRequest>,
    ) -> Result<Response<wire::ReadIndexResponse>, Status> {
        let (core, from) = self.heard_member(&request, request.get_ref().envelope.as_ref())?;
        let index = core.read_index_here().await.map_err(wrong)?;
        Ok(Response::new(wire::ReadIndexResponse {
            envelope: self.voice.to(from),
            index,
        }))
    }

    async fn propose(
        &self,
        request: Request<wire::ProposeRequest>,
    ) -> Result<Response<wire::ProposeResponse>, Status> {
        let (core, from) = self.heard_member(&request, request.get_ref().envelope.as_ref())?;
        let request = request.into_inner();
        // Never handed on again: whoever asked looks for the leader anew.
        if request.hops > 1 {
            return Err(wrong(Error::NotLeader));
        }
        let command = request.command.unwrap_or_default();
        let result = core.propose_here(command).await.map_err(wrong)?;
        Ok(Response::new(wire::ProposeResponse {
            envelope: self.voice.to(from),
            result: Some(result),
        }))
    }

    async fn status(
        &self,
        request: Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        let (core, from) = self.heard(&request, request.get_ref().envelope.as_ref())?;
        let mut status = core.status();
        status.envelope = self.voice.to(from);
        Ok(Response::new(status))
    }

    async fn campaign(
        &self,
        request: Request<wire::CampaignRequest>,
    ) -> Result<Response<wire::CampaignResponse>, Status> {
        let (core, from) = self.heard_member(&request, request.get_ref().envelope.as_ref())?;
        // Whoever does not lead has nothing to give.
        if core.metrics().current_leader != Some(from) || core.is_leaving() {
            return Err(wrong(Error::NotLeader));
        }
        let begun = core.raft.trigger().elect().await;
        begun.map_err(|e| stopped(&e))?;
        Ok(Response::new(wire::CampaignResponse {
            envelope: self.voice.to(from),
        }))
    }

    async fn fleet(
        &self,
        request: Request<wire::FleetRequest>,
    ) -> Result<Response<wire::FleetResponse>, Status> {
        let (core, from) = self.heard_member(&request, request.get_ref().envelope.as_ref())?;
        let local = core.local.get();
        let rows = local.map(|local| local.fleet(&request.get_ref().organization));
        Ok(Response::new(wire::FleetResponse {
            envelope: self.voice.to(from),
            rows: rows.unwrap_or_default(),
        }))
    }
}
