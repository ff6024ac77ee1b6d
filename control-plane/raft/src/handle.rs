//! What the rest of the control plane uses of the cluster.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::registry::Registry;
use prost::Message as _;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use veto_core::{Entropy, OsEntropy, Revision};
use veto_proto::raft::v1::{FleetRequest, FleetRow, StatusRequest, StatusResponse};
use veto_proto::storage::v1::{Command, CommandResult};
use veto_state::{Event, Tables};

use crate::Error;
use crate::machine::View;
use crate::members::Members;
use crate::meters;
use crate::peers::{AnyLocal, Lane, Peers};
use crate::replica::Replica;
use crate::seams::Simulated;
use crate::start;

/// The largest command, in bytes.
const MOST_BYTES: usize = 4 << 20;
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer may take to say how it is.
const ASK: Duration = Duration::from_secs(1);

/// How a replica runs.
#[derive(Debug)]
pub struct Config {
    /// Where log, state and snapshots are kept.
    pub directory: PathBuf,
    /// The id of the cluster that is made where there is none. Absent: none is made.
    pub bootstrap: Option<String>,
    /// How peers and this replica reach each other. Absent: it has none.
    pub peers: Option<Peers>,
    /// How long a proposal or a confirmation may take.
    pub timeout: Duration,
    /// How long a replica with peers waits for them before its start fails.
    pub patience: Duration,
    /// How often a leader says that it is there.
    pub heartbeat: Duration,
    /// After how many entries a snapshot is taken and the log before it may go.
    pub snapshot_after: u64,
    /// Chance, for identities and for the spread of retries.
    pub entropy: Arc<dyn Entropy>,
    /// What stands in for the machine under this replica. Absent: nothing does.
    pub simulated: Option<Arc<dyn Simulated>>,
}

impl Config {
    /// The usual values for one replica in a directory, without peers.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            bootstrap: Some(String::new()),
            peers: None,
            timeout: Duration::from_secs(5),
            patience: Duration::from_secs(600),
            heartbeat: Duration::from_millis(100),
            snapshot_after: 20_000,
            entropy: Arc::new(OsEntropy),
            simulated: None,
        }
    }
}

/// One replica of the control plane; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) core: Arc<Replica>,
    parts: Arc<Parts>,
}

/// What runs beside the replica, and ends with the last handle.
pub(crate) struct Parts {
    pub(crate) tasks: Mutex<JoinSet<()>>,
    /// Ends when the stores are closed.
    pub(crate) closed: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle")
            .field("node", &self.node())
            .field("applied", &self.applied())
            .finish_non_exhaustive()
    }
}

impl Handle {
    /// Starts the replica: as it was, as the first of a new cluster, or as one that waits to be added.
    /// Returns when it has applied all that was acknowledged anywhere before, so that nothing old is
    /// ever read.
    ///
    /// # Errors
    /// When the stores cannot be opened or are corrupt, when identity, certificate and directory do not
    /// fit each other, or when no leader is found in time.
    pub async fn start(config: Config) -> Result<Self, Error> {
        let (core, parts) = start::start(config).await?;
        Ok(Self {
            core,
            parts: Arc::new(parts),
        })
    }

    /// Replicates a command and applies it, wherever the leader is. The answer says whether it took effect.
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
        let begun = Instant::now();
        let result = self.core.propose(command).await;
        self.core.meters.proposed(begun, &result);
        result
    }

    /// Makes sure that what is read here from now on holds every write acknowledged before (ReadIndex).
    ///
    /// # Errors
    /// [`Error::Unconfirmed`] when that is not known in time.
    pub async fn confirm(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let result = self.core.confirm().await;
        self.core.meters.confirmed(begun, &result);
        result
    }

    /// Has a registry tell what this replica counts and measures, for as long as it lives.
    pub fn measure(&self, registry: &mut Registry) {
        self.core.meters.register(registry);
        registry.register_collector(Box::new(meters::Status(Arc::downgrade(&self.core))));
    }

    /// Reads this replica's state, one consistent view of it; see [`Self::confirm`].
    pub fn read<T>(&self, read: impl FnOnce(Tables<'_, View<'_>>) -> T) -> T {
        self.core.machine.view(|view| read(Tables(view)))
    }

    /// What commands do, as they are applied. A watcher that lags too far is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.core.machine.events()
    }

    /// The newest entry that was applied here.
    #[must_use]
    pub fn applied(&self) -> Revision {
        Revision(self.core.status().applied)
    }

    /// How far this replica's state is, and a digest of its rows: replicas that are equally far have the
    /// same one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn digest(&self) -> Result<(Revision, Vec<u8>), Error> {
        let (id, digest) = self.core.machine.digest()?;
        Ok((Revision(id.map_or(0, |id| id.index)), digest))
    }

    /// The cluster that this replica is of. Empty: it was not said at the start.
    #[must_use]
    pub fn cluster(&self) -> String {
        self.core.links.voice.cluster().to_owned()
    }

    /// This replica's id.
    #[must_use]
    pub fn node(&self) -> u64 {
        self.core.node()
    }

    /// The members as the log says here.
    #[must_use]
    pub fn members(&self) -> Members {
        Members::of(&self.core.metrics())
    }

    /// How this replica is.
    #[must_use]
    pub fn status(&self) -> StatusResponse {
        self.core.status()
    }

    /// Lets peers ask what only the server knows.
    pub fn serve_local(&self, local: AnyLocal) {
        let _ = self.core.local.set(local);
    }

    /// How each member is; `None` for one that does not answer.
    pub async fn statuses(&self) -> Vec<(u64, Option<StatusResponse>)> {
        self.ask(
            |core| core.status(),
            |core, node, address| async move {
                let mut client = core.links.client(node, &address, Lane::Urgent)?;
                let request = StatusRequest {
                    envelope: core.links.voice.to(node),
                };
                let answer = client.status(request).await;
                let answer = answer.map_err(|e| core.links.voice.refused(node, &e))?;
                let answer = answer.into_inner();
                core.links
                    .voice
                    .check_answer(node, answer.envelope.as_ref())?;
                Ok::<_, Error>(answer)
            },
        )
        .await
    }

    /// The nodes that subscribe to any replica; also how many replicas did not answer.
    pub async fn fleet(&self, organization: &str) -> (Vec<FleetRow>, usize) {
        let organization = organization.to_owned();
        let asked = organization.clone();
        let answers = self
            .ask(
                move |core| {
                    let local = core.local.get();
                    local.map(|l| l.fleet(&organization)).unwrap_or_default()
                },
                move |core, node, address| {
                    let organization = asked.clone();
                    async move {
                        let mut client = core.links.client(node, &address, Lane::Bulk)?;
                        let request = FleetRequest {
                            envelope: core.links.voice.to(node),
                            organization,
                        };
                        let answer = client.fleet(request).await;
                        let answer = answer.map_err(|e| core.links.voice.refused(node, &e))?;
                        let answer = answer.into_inner();
                        core.links
                            .voice
                            .check_answer(node, answer.envelope.as_ref())?;
                        Ok::<_, Error>(answer.rows)
                    }
                },
            )
            .await;
        let silent = answers.iter().filter(|(_, rows)| rows.is_none()).count();
        let rows = answers.into_iter().filter_map(|(_, rows)| rows).flatten();
        (rows.collect(), silent)
    }

    /// Asks all members at once; a member that does not answer in a second has no answer.
    async fn ask<T: Send + 'static, F>(
        &self,
        own: impl Fn(&Replica) -> T,
        other: impl Fn(Arc<Replica>, u64, String) -> F,
    ) -> Vec<(u64, Option<T>)>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut asked = JoinSet::new();
        let mut answers = Vec::new();
        for (node, (address, _)) in self.members().members {
            if node == self.node() {
                answers.push((node, Some(own(&self.core))));
                continue;
            }
            let answer = other(Arc::clone(&self.core), node, address);
            asked.spawn(async move {
                let answer = timeout(ASK, answer).await;
                (node, answer.ok().and_then(Result::ok))
            });
        }
        while let Some(answer) = asked.join_next().await {
            answers.extend(answer);
        }
        answers.sort_by_key(|(node, _)| *node);
        answers
    }

    /// Returns why the replica has died, or must not go on.
    pub async fn failed(&self) -> Error {
        let mut metrics = self.core.raft.metrics();
        let mut fenced = self.core.links.voice.fenced();
        loop {
            if let Some(fence) = fenced.borrow_and_update().clone() {
                return Error::Refused {
                    node: self.node(),
                    code: fence.code,
                    message: fence.message,
                };
            }
            if let Err(fatal) = &metrics.borrow_and_update().running_state {
                return Error::Stopped(fatal.to_string());
            }
            tokio::select! {
                changed = metrics.changed() => if changed.is_err() {
                    return Error::Stopped("it ended".into());
                },
                changed = fenced.changed() => if changed.is_err() {
                    return Error::Stopped("it ended".into());
                },
            }
        }
    }

    /// Stops the replica and closes its stores, once all other handles are gone; what was acknowledged
    /// is on stable storage already.
    pub async fn stop(self) {
        let Self { core, parts } = self;
        stop(core, &parts).await;
    }
}

/// Stops what runs, and waits until the stores are closed.
pub(crate) async fn stop(core: Arc<Replica>, parts: &Parts) {
    let stop = async move {
        let mut tasks = {
            let mut tasks = parts.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        tasks.shutdown().await;
        let _ = core.raft.shutdown().await;
        drop(core);
        parts.closed.lock().await.recv().await;
    };
    if timeout(STOP_TIMEOUT, stop).await.is_err() {
        tracing::warn!("the replica did not stop in time");
    }
}
