//! Peers as openraft sees them: a message out, an answer back, or the reason why not.
//!
//! openraft says each new commit in a message of its own. While entries follow one another closely it is
//! said with the next ones instead, or after [`MOMENT`], so that a write costs each follower one message.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use openraft::BasicNode;
use openraft::error::{
    Fatal, NetworkError, PayloadTooLarge, RPCError, RaftError, ReplicationClosed, StreamingError,
    Unreachable,
};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use prost::Message as _;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use veto_core::Code;
use veto_wire::status::Coded as _;

use crate::Error;
use crate::log::Tail;
use crate::peers::{self, Lane, Links};
use crate::types::{LogId, Types, Vote};

/// What one batch of entries may hold, in bytes; a single entry always fits.
const MOST_BATCH: usize = 8 << 20;
/// How soon a peer that is down is asked again.
const AGAIN: Duration = Duration::from_millis(200);

/// How long a commit waits for entries to travel with.
const MOMENT: Duration = Duration::from_millis(1);
/// Entries that come sooner after the last ones follow closely.
const CLOSE: Duration = Duration::from_millis(4);

/// Makes connections to peers.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) links: Arc<Links>,
    pub(crate) tail: Tail,
}

/// One peer.
#[derive(Debug)]
pub(crate) struct Peer {
    path: Path,
    /// When it answered last, and the newest commit that it was told then.
    heard: Option<(Instant, Option<LogId>)>,
    /// When entries were sent last, and how long after those before them.
    sent: Option<(Instant, Duration)>,
    /// Says a commit in a moment.
    later: Option<AbortHandle>,
}

/// The way to a peer.
#[derive(Debug, Clone)]
struct Path {
    links: Arc<Links>,
    tail: Tail,
    node: u64,
    address: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.hush();
    }
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Peer {
        let path = Path {
            links: Arc::clone(&self.links),
            tail: self.tail.clone(),
            node: target,
            address: node.addr.clone(),
        };
        Peer {
            path,
            heard: None,
            sent: None,
            later: None,
        }
    }
}

type RpcError = RPCError<u64, BasicNode, RaftError<u64>>;

/// A peer that is down is asked again after a while, any other failure at once.
fn failed(error: &Error) -> RpcError {
    if error.code() == Code::RequestTooLarge {
        return PayloadTooLarge::new_entries_hint(1).into();
    }
    if matches!(error, Error::Corrupt(_)) {
        return NetworkError::new(error).into();
    }
    Unreachable::new(error).into()
}

impl Peer {
    /// What was to be said later is not said, or is said by what is sent now.
    fn hush(&mut self) {
        if let Some(later) = self.later.take() {
            later.abort();
        }
    }

    /// Tells whether a message has nothing new but a commit, for a peer that is known to be there.
    fn may_wait(&self, request: &AppendEntriesRequest<Types>, limit: Duration) -> bool {
        let Some((at, told)) = self.heard else {
            return false;
        };
        let busy = self.sent.is_some_and(|(_, after)| after < CLOSE);
        busy && request.entries.is_empty()
            && request.leader_commit > told
            && at.elapsed() < limit / 2
    }

    fn say_later(&mut self, request: AppendEntriesRequest<Types>, limit: Duration) {
        self.hush();
        let path = self.path.clone();
        let said = tokio::spawn(async move {
            sleep(MOMENT).await;
            // A heartbeat says it again.
            let _ = timeout(limit, path.append(request, limit)).await;
        });
        self.later = Some(said.abort_handle());
    }
}

impl Path {
    /// Sends a message; names no commit that this leader does not have on stable storage.
    async fn append(
        &self,
        mut request: AppendEntriesRequest<Types>,
        limit: Duration,
    ) -> Result<AppendEntriesResponse<u64>, RpcError> {
        if let Some(committed) = request.leader_commit
            && !self.tail.is_durable(committed.index)
        {
            let wait = match request.entries.is_empty() {
                true => limit / 4,
                // The next message says it.
                false => Duration::ZERO,
            };
            let durable = self.tail.durable(committed.index);
            if timeout(wait, durable).await.is_err() {
                request.leader_commit = None;
            }
        }
        let lane = if request.entries.is_empty() {
            Lane::Urgent
        } else {
            Lane::Bulk
        };
        self.send(&request, lane, limit).await
    }

    async fn send(
        &self,
        request: &AppendEntriesRequest<Types>,
        lane: Lane,
        limit: Duration,
    ) -> Result<AppendEntriesResponse<u64>, RpcError> {
        let message = peers::append_request(request, self.links.voice.to(self.node));
        if message.encoded_len() > MOST_BATCH && request.entries.len() > 1 {
            let half = request.entries.len() as u64 / 2;
            return Err(PayloadTooLarge::new_entries_hint(half).into());
        }
        let answer = async {
            let mut client = self.links.client(self.node, &self.address, lane)?;
            let mut call = tonic::Request::new(message);
            call.set_timeout(limit);
            let answer = client.append_entries(call).await;
            let answer = answer.map_err(|e| self.links.voice.refused(self.node, &e))?;
            let answer = answer.into_inner();
            let voice = &self.links.voice;
            voice.check_answer(self.node, answer.envelope.as_ref())?;
            peers::append_response(&answer)
        };
        answer.await.map_err(|e| failed(&e))
    }
}

impl RaftNetwork<Types> for Peer {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, RpcError> {
        let limit = option.hard_ttl();
        if self.may_wait(&request, limit) {
            self.say_later(request, limit);
            return Ok(AppendEntriesResponse::Success);
        }
        self.hush();
        if !request.entries.is_empty() {
            let now = Instant::now();
            let before = self.sent.map(|(at, _)| now - at);
            self.sent = Some((now, before.unwrap_or(Duration::MAX)));
        }
        let committed = request.leader_commit;
        let answer = self.path.append(request, limit).await;
        self.heard = match &answer {
            Ok(AppendEntriesResponse::Success) => Some((Instant::now(), committed)),
            Ok(_) | Err(_) => None,
        };
        answer
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, RpcError> {
        let answer = async {
            let mut client =
                self.path
                    .links
                    .client(self.path.node, &self.path.address, Lane::Urgent)?;
            let message = peers::vote_request(&request, self.path.links.voice.to(self.path.node));
            let mut call = tonic::Request::new(message);
            call.set_timeout(option.hard_ttl());
            let answer = client.vote(call).await;
            let answer = answer.map_err(|e| self.path.links.voice.refused(self.path.node, &e))?;
            let answer = answer.into_inner();
            let voice = &self.path.links.voice;
            voice.check_answer(self.path.node, answer.envelope.as_ref())?;
            peers::vote_response(&answer)
        };
        answer.await.map_err(|e: Error| failed(&e))
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: openraft::Snapshot<Types>,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<Types, Fatal<u64>>> {
        let sent = peers::send(
            &self.path.links,
            self.path.node,
            &self.path.address,
            vote,
            snapshot,
        );
        tokio::select! {
            sent = sent => match sent {
                Ok(vote) => Ok(SnapshotResponse::new(vote)),
                Err(error) => Err(Unreachable::new(&error).into()),
            },
            closed = cancel => Err(closed.into()),
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(AGAIN))
    }
}
