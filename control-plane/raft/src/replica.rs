//! The replica itself, shared by its handle, its peers' service and what runs beside them. What it does
//! here needs the leader to be here; `forward` looks for the leader elsewhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use openraft::error::{CheckIsLeaderError, ClientWriteError, RaftError};
use openraft::{Raft, RaftMetrics};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use veto_core::Entropy;
use veto_proto::raft::v1::StatusResponse;
use veto_proto::storage::v1::{Command, CommandResult};
use veto_state::Tables;

use crate::Error;
use crate::forward::Confirms;
use crate::machine::Machine;
use crate::meters::Meters;
use crate::peers::{AnyLocal, Links};
use crate::types::Types;

pub(crate) type Metrics = RaftMetrics<u64, openraft::BasicNode>;

/// A replica.
pub(crate) struct Replica {
    pub(crate) raft: Raft<Types>,
    pub(crate) machine: Machine,
    pub(crate) links: Arc<Links>,
    pub(crate) local: OnceLock<AnyLocal>,
    pub(crate) confirms: Confirms,
    pub(crate) timeout: Duration,
    pub(crate) meters: Meters,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// It gives up leading, and does not begin to.
    pub(crate) leaving: AtomicBool,
    /// Held while a backup is made.
    pub(crate) backing_up: Arc<Semaphore>,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica")
            .field("node", &self.node())
            .finish_non_exhaustive()
    }
}

impl Replica {
    pub(crate) fn node(&self) -> u64 {
        self.links.voice.node()
    }

    /// What openraft says of itself; a copy, since the guard must not be held.
    pub(crate) fn metrics(&self) -> Metrics {
        self.raft.metrics().borrow().clone()
    }

    /// Tells whether it gives up leading, and takes nothing as the leader any more.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// Proposes a command as the leader.
    pub(crate) async fn propose_here(&self, command: Command) -> Result<CommandResult, Error> {
        if self.is_leaving() {
            return Err(Error::NotLeader);
        }
        match timeout(self.timeout, self.raft.client_write(Arc::new(command))).await {
            Ok(Ok(answer)) => Ok(answer.data),
            // Nobody knows whether the entry was replicated before the replica died.
            Err(_) | Ok(Err(RaftError::Fatal(_))) => Err(Error::OutcomeUnknown),
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_)))) => {
                Err(Error::NotLeader)
            }
            Ok(Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(e)))) => {
                Err(Error::Stopped(e.to_string()))
            }
        }
    }

    /// The index that a reader must have applied, confirmed as the leader by a quorum.
    pub(crate) async fn read_index_here(&self) -> Result<u64, Error> {
        if self.is_leaving() {
            return Err(Error::NotLeader);
        }
        match timeout(self.timeout, self.raft.get_read_log_id()).await {
            Ok(Ok((index, _))) => Ok(index.map_or(0, |id| id.index)),
            Err(_) | Ok(Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_)))) => {
                Err(Error::Unconfirmed)
            }
            Ok(Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(_)))) => {
                Err(Error::NotLeader)
            }
            Ok(Err(RaftError::Fatal(e))) => Err(Error::Stopped(e.to_string())),
        }
    }

    /// Tells whether no log names this replica as a member: it waits to be added, or lost its storage.
    pub(crate) fn is_blank(&self) -> bool {
        let metrics = self.metrics();
        let members = metrics.membership_config.membership();
        members.get_node(&self.node()).is_none()
    }

    /// Tells whether the state says that a member was removed and the members agree.
    pub(crate) fn is_removed(&self, node: u64) -> bool {
        let metrics = self.metrics();
        let members = metrics.membership_config.membership();
        if members.get_node(&node).is_some() {
            return false;
        }
        let rows = self.machine.view(|view| Tables(view).members());
        // What cannot be read refuses nobody here; reads fail by themselves.
        rows.is_ok_and(|rows| {
            rows.iter()
                .any(|row| row.id == node && row.removed.is_some())
        })
    }

    /// How this replica is.
    pub(crate) fn status(&self) -> StatusResponse {
        let metrics = self.metrics();
        // Position and digest are of one moment. What cannot be read has no digest.
        let (applied, digest) = match self.machine.digest() {
            Ok((id, digest)) => (id, digest),
            Err(_) => (metrics.last_applied, Vec::new()),
        };
        StatusResponse {
            envelope: None,
            term: metrics.current_term,
            leader: metrics.current_leader.unwrap_or(0),
            last_log: metrics.last_log_index.unwrap_or(0),
            applied: applied.map_or(0, |id| id.index),
            snapshot: metrics.snapshot.map_or(0, |id| id.index),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            client_address: self
                .local
                .get()
                .map(|local| local.client_address())
                .unwrap_or_default(),
            digest,
        }
    }
}
