//! Finds the leader for a command or a read. A command that may have been taken is only sent again when
//! its request id makes that harmless; otherwise the honest answer is that nobody knows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tonic::transport::Channel;
use veto_core::Code;
use veto_proto::raft::v1::peer_service_client::PeerServiceClient;
use veto_proto::raft::v1::{ProposeRequest, ReadIndexRequest};
use veto_proto::storage::v1::{Command, CommandResult};
use veto_wire::status::Coded as _;

use crate::Error;
use crate::peers::Lane;
use crate::replica::Replica;

/// How often the leader is looked for.
const TRIES: u32 = 5;
/// How long it is looked for.
const SEARCH: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// How one try ended.
enum Try<T> {
    Done(T),
    /// Nothing was done; it may be tried again.
    NotTaken(Error),
    /// It may have been done.
    Unknown,
    /// It was refused for good.
    Failed(Error),
}

/// Confirmations that share their answers.
#[derive(Debug, Default)]
pub(crate) struct Confirms {
    asked: AtomicU64,
    /// The newest call that the newest answer is for, and whether it was a good one.
    last: tokio::sync::Mutex<(u64, bool)>,
}

impl Confirms {
    fn came(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn so_far(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Replica {
    /// Has the leader take a command.
    pub(crate) async fn propose(&self, command: Command) -> Result<CommandResult, Error> {
        let begun = Instant::now();
        let repeatable = !command.request_id.is_empty();
        let (mut unknown, mut last) = (false, Error::NotLeader);
        for attempt in 0..TRIES {
            let leader = self.leader();
            match self.try_propose(&command, leader).await {
                Try::Done(result) => {
                    // Whoever reads here next sees what was acknowledged here.
                    let deadline = Instant::now() + self.timeout;
                    let _ = self.applied_at_least(result.revision, deadline).await;
                    return Ok(own(result, unknown, &command));
                }
                Try::Failed(error) if !unknown => return Err(error),
                Try::Unknown if repeatable => unknown = true,
                Try::Unknown | Try::Failed(_) => return Err(Error::OutcomeUnknown),
                Try::NotTaken(error) => last = error,
            }
            if !self.pause(attempt, begun + SEARCH, leader).await {
                break;
            }
        }
        Err(if unknown { Error::OutcomeUnknown } else { last })
    }

    fn leader(&self) -> Option<u64> {
        self.raft.server_metrics().borrow().current_leader
    }

    async fn try_propose(&self, command: &Command, leader: Option<u64>) -> Try<CommandResult> {
        let Some(leader) = leader else {
            return Try::NotTaken(Error::NotLeader);
        };
        if leader == self.node() {
            return match self.propose_here(command.clone()).await {
                Ok(result) => Try::Done(result),
                Err(Error::NotLeader) => Try::NotTaken(Error::NotLeader),
                Err(Error::OutcomeUnknown) => Try::Unknown,
                Err(error) => Try::Failed(error),
            };
        }
        let mut client = match self.leader_client(leader, Lane::Bulk) {
            Ok(client) => client,
            Err(error) => return Try::NotTaken(error),
        };
        let request = ProposeRequest {
            envelope: self.links.voice.to(leader),
            command: Some(command.clone()),
            hops: 1,
        };
        let answer = tokio::select! {
            biased;
            answer = timeout(self.timeout, client.propose(request)) => answer,
            // One that stands still or is cut off may never answer; the next one is asked the same.
            () = self.deposed(leader), if !command.request_id.is_empty() => return Try::Unknown,
        };
        match answer {
            Err(_) => Try::Unknown,
            Ok(Ok(answer)) => {
                let answer = answer.into_inner();
                let voice = &self.links.voice;
                match voice.check_answer(leader, answer.envelope.as_ref()) {
                    Ok(()) => answer.result.map_or(Try::Unknown, Try::Done),
                    Err(error) => Try::Failed(error),
                }
            }
            Ok(Err(status)) if never_sent(&status) => {
                Try::NotTaken(self.links.voice.refused(leader, &status))
            }
            Ok(Err(status)) => refused(self.links.voice.refused(leader, &status)),
        }
    }

    /// Waits until this replica has applied all that was acknowledged anywhere before the call. Calls that
    /// wait together share one answer, if it was asked for after each of them came.
    pub(crate) async fn confirm(&self) -> Result<(), Error> {
        let came = self.confirms.came();
        let mut last = timeout(self.timeout, self.confirms.last.lock())
            .await
            .map_err(|_| Error::Unconfirmed)?;
        if last.0 >= came {
            return if last.1 {
                Ok(())
            } else {
                Err(Error::Unconfirmed)
            };
        }
        let covered = self.confirms.so_far();
        let result = self.confirm_alone().await;
        *last = (covered, result.is_ok());
        result
    }

    async fn confirm_alone(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let deadline = begun + self.timeout;
        let mut last = Error::Unconfirmed;
        for attempt in 0..TRIES {
            // Each try asks for a new index: an old one may be from a leader that was none any more.
            let leader = self.leader();
            let index = timeout_at(deadline, self.read_index(leader)).await;
            match index.map_err(|_| Error::Unconfirmed)? {
                Ok(index) => return self.applied_at_least(index, deadline).await,
                Err(error @ Error::Stopped(_)) => return Err(error),
                Err(error) => last = error,
            }
            if !self.pause(attempt, begun + SEARCH, leader).await {
                break;
            }
        }
        Err(last)
    }

    async fn read_index(&self, leader: Option<u64>) -> Result<u64, Error> {
        let leader = leader.ok_or(Error::NotLeader)?;
        if leader == self.node() {
            return self.read_index_here().await;
        }
        let voice = &self.links.voice;
        let mut client = self.leader_client(leader, Lane::Urgent)?;
        let request = ReadIndexRequest {
            envelope: voice.to(leader),
        };
        let answer = tokio::select! {
            biased;
            answer = timeout(SEARCH, client.read_index(request)) => answer,
            () = self.deposed(leader) => return Err(Error::NotLeader),
        };
        let answer = answer.map_err(|_| Error::Unconfirmed)?;
        let answer = answer.map_err(|status| {
            let error = voice.refused(leader, &status);
            match error.code() == Code::NotLeader {
                true => Error::NotLeader,
                false => error,
            }
        });
        let answer = answer?.into_inner();
        voice.check_answer(leader, answer.envelope.as_ref())?;
        Ok(answer.index)
    }

    async fn applied_at_least(&self, index: u64, deadline: Instant) -> Result<(), Error> {
        let mut metrics = self.raft.server_metrics();
        tokio::select! {
            biased;
            () = self.machine.shows(index) => Ok(()),
            // It ends with the replica alone.
            _ = metrics.wait_for(|_| false) => Err(Error::Stopped("it stops".into())),
            () = sleep_until(deadline) => Err(Error::Unconfirmed),
        }
    }

    /// Ends when this replica knows that another one leads now.
    async fn deposed(&self, leader: u64) {
        let mut metrics = self.raft.server_metrics();
        let other = metrics.wait_for(|now| now.current_leader.is_some_and(|now| now != leader));
        if other.await.is_err() {
            std::future::pending().await
        }
    }

    fn leader_client(&self, leader: u64, lane: Lane) -> Result<PeerServiceClient<Channel>, Error> {
        let metrics = self.metrics();
        let members = metrics.membership_config.membership();
        let node = members.get_node(&leader).ok_or(Error::NotLeader)?;
        self.links.client(leader, &node.addr, lane)
    }

    /// Waits a moment, longer each time and never the same, or until another leader than the one that was
    /// tried is known; tells whether there is time for another try.
    async fn pause(&self, attempt: u32, end: Instant, tried: Option<u64>) -> bool {
        let most = FIRST_PAUSE * (1 << attempt.min(5)) * 2;
        let mut byte = [0];
        // Without chance there is only less of a spread.
        let _ = self.entropy.fill(&mut byte);
        let moment = most / 2 + most * u32::from(byte[0]) / 512;
        let mut metrics = self.raft.server_metrics();
        let another =
            metrics.wait_for(|now| now.current_leader.is_some() && now.current_leader != tried);
        // A replica that stops has no more leaders, and waits no longer than that.
        let stopped = matches!(timeout(moment, another).await, Ok(Err(_)));
        !stopped && Instant::now() < end
    }
}

/// What the leader said no to; what it was asked may have been done when its answer is lost.
fn refused(error: Error) -> Try<CommandResult> {
    let lost = [
        Code::OutcomeUnknown,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::StorageFailed,
        Code::Unreachable,
    ];
    let code = error.code();
    if code == Code::NotLeader {
        Try::NotTaken(Error::NotLeader)
    } else if lost.contains(&code) {
        Try::Unknown
    } else {
        Try::Failed(error)
    }
}

/// Tells whether the request never left: there was no connection.
fn never_sent(status: &tonic::Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        if cause.is::<tonic::ConnectError>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// An answer that says "repeated" may repeat the first try of this very call: the key in it is ours then.
fn own(result: CommandResult, unknown: bool, command: &Command) -> CommandResult {
    use veto_proto::storage::v1::command::Change;
    let key = match &command.change {
        Some(Change::CreateKey(create)) => create.key.as_ref(),
        Some(Change::CreateOrganization(create)) => create.admin_key.as_ref(),
        Some(
            Change::CreateProject(_)
            | Change::CreateEnvironment(_)
            | Change::PutAgent(_)
            | Change::RevokeKey(_)
            | Change::PublishPolicies(_)
            | Change::Bootstrap(_)
            | Change::AddMember(_)
            | Change::PromoteMember(_)
            | Change::RemoveMember(_)
            | Change::Restore(_),
        )
        | None => None,
    };
    let ours = key.is_some_and(|key| key.id == result.key_id);
    CommandResult {
        repeated: result.repeated && !(unknown && ours),
        ..result
    }
}
