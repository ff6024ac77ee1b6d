//! Where peers are reached. A cluster has one voter so far: whoever is asked for is unreachable, and
//! openraft treats that as any peer that is down.

use std::future::Future;

use openraft::BasicNode;
use openraft::error::{Fatal, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};

use crate::types::{Types, Vote};

/// Makes connections to peers.
#[derive(Debug, Clone)]
pub(crate) struct Peers;

/// A connection to one peer.
#[derive(Debug)]
pub(crate) struct Peer {
    node: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("node {0} is not reachable: this cluster has one voter")]
struct NoPeers(u64);

impl RaftNetworkFactory<Types> for Peers {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, _node: &BasicNode) -> Peer {
        Peer { node: target }
    }
}

impl Peer {
    fn unreachable(&self) -> Unreachable {
        Unreachable::new(&NoPeers(self.node))
    }
}

type RpcError = RPCError<u64, BasicNode, RaftError<u64>>;

impl RaftNetwork<Types> for Peer {
    async fn append_entries(
        &mut self,
        _request: AppendEntriesRequest<Types>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RpcError> {
        Err(self.unreachable().into())
    }

    async fn vote(
        &mut self,
        _request: VoteRequest<u64>,
        _option: RPCOption,
    ) -> Result<VoteResponse<u64>, RpcError> {
        Err(self.unreachable().into())
    }

    async fn full_snapshot(
        &mut self,
        _vote: Vote,
        _snapshot: openraft::Snapshot<Types>,
        _cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<Types, Fatal<u64>>> {
        Err(self.unreachable().into())
    }
}
