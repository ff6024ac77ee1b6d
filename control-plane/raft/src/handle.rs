//! What the rest of the control plane uses of the cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{CheckIsLeaderError, ClientWriteError, RaftError};
use openraft::{BasicNode, Raft, SnapshotPolicy};
use prost::Message as _;
use tokio::sync::{Mutex, broadcast, mpsc};
use tokio::time::timeout;
use veto_core::Revision;
use veto_proto::storage::v1::{Command, CommandResult};
use veto_state::{Event, Tables};

use crate::Error;
use crate::floor::Owner;
use crate::log::{Log, PURGE_STEP};
use crate::machine::{Machine, View};
use crate::network::Peers;
use crate::types::Types;

/// The largest command, in bytes.
const MOST_BYTES: usize = 4 << 20;
const START_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How a replica runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where log, state and snapshots are kept.
    pub directory: PathBuf,
    /// The replica's id, never used twice in a cluster.
    pub node: u64,
    /// How long a proposal or a confirmation may take.
    pub timeout: Duration,
    /// After how many entries a snapshot is taken and the log before it may go.
    pub snapshot_after: u64,
}

impl Config {
    /// The usual values for one replica in a directory.
    #[must_use]
    pub const fn new(directory: PathBuf) -> Self {
        let timeout = Duration::from_secs(5);
        Self {
            directory,
            node: 1,
            timeout,
            snapshot_after: 20_000,
        }
    }

    fn openraft(&self) -> openraft::Config {
        openraft::Config {
            cluster_name: "veto".to_owned(),
            heartbeat_interval: 250,
            election_timeout_min: 1_500,
            election_timeout_max: 3_000,
            install_snapshot_timeout: 120_000,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_after),
            max_in_snapshot_log_to_keep: self.snapshot_after * 5 / 2,
            replication_lag_threshold: self.snapshot_after * 2,
            purge_batch_size: PURGE_STEP.min(self.snapshot_after),
            ..openraft::Config::default()
        }
    }
}

/// One replica of the control plane; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    raft: Raft<Types>,
    machine: Machine,
    timeout: Duration,
    /// Ends when the stores are closed.
    closed: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle")
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}

impl Handle {
    /// Starts the replica; a new one makes itself a cluster of one. Returns when it leads and has
    /// applied an entry of its own term, so that nothing old is ever read.
    ///
    /// # Errors
    /// When the stores cannot be opened or are corrupt, or no leader is elected in 20 s.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let stopped = |e: &dyn std::fmt::Display| Error::Stopped(e.to_string());
        let (open, closed) = mpsc::channel(1);
        let owner = Owner {
            cluster: None,
            node: config.node,
        };
        let machine = Machine::open(&config.directory, &open)?;
        let log = Log::open(&config.directory, owner, &open)?.guarded_by(machine.clone())?;
        drop(open);
        let settings = Arc::new(config.openraft().validate().map_err(|e| stopped(&e))?);
        let raft = Raft::new(config.node, settings, Peers, log, machine.clone())
            .await
            .map_err(|e| stopped(&e))?;
        if !raft.is_initialized().await.map_err(|e| stopped(&e))? {
            let members = BTreeMap::from([(config.node, BasicNode::default())]);
            raft.initialize(members).await.map_err(|e| stopped(&e))?;
        }
        raft.wait(Some(START_TIMEOUT))
            .current_leader(config.node, "start")
            .await
            .map_err(|e| stopped(&e))?;
        let closed = Arc::new(Mutex::new(closed));
        let timeout = config.timeout;
        let handle = Self {
            raft,
            machine,
            timeout,
            closed,
        };
        handle.confirm().await?;
        Ok(handle)
    }

    /// Replicates a command and applies it. The answer says whether it took effect.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when no answer came in time: repeat with the same request id.
    pub async fn propose(&self, command: Command) -> Result<CommandResult, Error> {
        let size = command.encoded_len();
        if size > MOST_BYTES {
            return Err(Error::TooLarge {
                size,
                limit: MOST_BYTES,
            });
        }
        match timeout(self.timeout, self.raft.client_write(command)).await {
            Err(_) => Err(Error::OutcomeUnknown),
            Ok(Ok(answer)) => Ok(answer.data),
            Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_)))) => {
                Err(Error::NotLeader)
            }
            Ok(Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(e)))) => {
                Err(Error::Stopped(e.to_string()))
            }
            Ok(Err(RaftError::Fatal(e))) => Err(Error::Stopped(e.to_string())),
        }
    }

    /// Makes sure that what is read from now on holds every write acknowledged before (ReadIndex).
    ///
    /// # Errors
    /// [`Error::Unconfirmed`] when that is not known in time.
    pub async fn confirm(&self) -> Result<(), Error> {
        match timeout(self.timeout, self.raft.ensure_linearizable()).await {
            Err(_) => Err(Error::Unconfirmed),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(RaftError::APIError(CheckIsLeaderError::ForwardToLeader(_)))) => {
                Err(Error::NotLeader)
            }
            Ok(Err(RaftError::APIError(CheckIsLeaderError::QuorumNotEnough(_)))) => {
                Err(Error::Unconfirmed)
            }
            Ok(Err(RaftError::Fatal(e))) => Err(Error::Stopped(e.to_string())),
        }
    }

    /// Reads this replica's state, one consistent view of it; see [`Self::confirm`].
    pub fn read<T>(&self, read: impl FnOnce(Tables<'_, View<'_>>) -> T) -> T {
        self.machine.view(|view| read(Tables(view)))
    }

    /// What commands do, as they are applied. A watcher that lags too far is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.machine.events()
    }

    /// The newest entry that was applied here.
    #[must_use]
    pub fn applied(&self) -> Revision {
        let metrics = self.raft.metrics().borrow().clone();
        Revision(metrics.last_applied.map_or(0, |id| id.index))
    }

    /// How far this replica's state is, and a digest of its rows: replicas that are equally far have the
    /// same one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn digest(&self) -> Result<(Revision, Vec<u8>), Error> {
        let (id, digest) = self.machine.digest()?;
        Ok((Revision(id.map_or(0, |id| id.index)), digest))
    }

    /// Returns when the replica has died.
    pub async fn failed(&self) {
        let mut metrics = self.raft.metrics();
        while metrics.borrow_and_update().running_state.is_ok() {
            if metrics.changed().await.is_err() {
                return;
            }
        }
    }

    /// Stops the replica and closes its stores, once all other handles are gone; what was acknowledged
    /// is on stable storage already.
    pub async fn stop(self) {
        let Self {
            raft,
            machine,
            closed,
            ..
        } = self;
        let stop = async move {
            let _ = raft.shutdown().await;
            drop((raft, machine));
            closed.lock().await.recv().await;
        };
        if timeout(STOP_TIMEOUT, stop).await.is_err() {
            tracing::warn!("the replica did not stop in time");
        }
    }
}
