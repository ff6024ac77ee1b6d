//! The spool as those see it who give it records.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use veto_core::{BootId, Clock, NodeId};
use veto_trail::Record;
use veto_wire::record::encode;

use super::Error;
use super::cursor::Position;
use super::reader::Reader;
use super::writer::{Committed, Job};

/// Time allowed from the queue to stable storage.
const DEADLINE: Duration = Duration::from_secs(2);

/// Says where a record stands, once it is on stable storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The node.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// The place in the boot, without gaps.
    pub sequence: u64,
    /// The hash of the frame.
    pub hash: [u8; 32],
}

/// What the writer, its users and the readers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    pub(super) node: NodeId,
    pub(super) boot: BootId,
    pub(super) order: u64,
    pub(super) max_bytes: u64,
    /// Bytes in segments.
    pub(super) used: AtomicU64,
    pub(super) committed: watch::Sender<Committed>,
    pub(super) failed: watch::Sender<Option<String>>,
    /// How far the OTLP copy is, when there is one.
    pub(super) copied: Mutex<Option<Position>>,
    /// Records that were deleted before the OTLP copy had them.
    pub(super) uncopied: AtomicU64,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    /// Ends the spool for good. The first reason stays.
    pub(super) fn fail(&self, reason: &str) {
        let first = self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            failed.get_or_insert_with(|| reason.to_owned());
            first
        });
        if first {
            tracing::error!(reason, "the spool has failed");
        }
    }

    /// Why nothing is taken any more.
    pub(super) fn closed(&self) -> Error {
        let failed = self.failed.borrow().clone();
        failed.map_or(Error::Stopped, Error::Failed)
    }

    pub(super) fn copied(&self) -> MutexGuard<'_, Option<Position>> {
        self.copied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives records to the spool; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    queue: mpsc::Sender<Job>,
    pub(super) shared: Arc<Shared>,
}

impl Handle {
    pub(super) const fn new(queue: mpsc::Sender<Job>, shared: Arc<Shared>) -> Self {
        Self { queue, shared }
    }

    /// Appends a record and waits until it is on stable storage.
    ///
    /// # Errors
    /// An [`Error`] when that is not so, at once or after 2 s; the decision must not leave then.
    pub async fn append(&self, record: &Record) -> Result<Receipt, Error> {
        if self.shared.failed.borrow().is_some() {
            return Err(self.shared.closed());
        }
        let (job, done) = Job::new(encode(record), false);
        self.queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => self.shared.closed(),
        })?;
        self.wait(done).await
    }

    /// Appends a record of the node itself, which the bound of the spool does not hold up.
    pub(super) async fn note(&self, record: &Record, last: bool) -> Result<Receipt, Error> {
        let (mut job, done) = Job::new(encode(record), true);
        job.last = last;
        let sent = timeout(DEADLINE, self.queue.send(job)).await;
        sent.map_err(|_| Error::Late)?
            .map_err(|_| self.shared.closed())?;
        self.wait(done).await
    }

    async fn wait(
        &self,
        done: oneshot::Receiver<Result<Receipt, Error>>,
    ) -> Result<Receipt, Error> {
        match timeout(DEADLINE, done).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(self.shared.closed()),
            Err(_) => Err(Error::Late),
        }
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.shared.node
    }

    /// The run of this process.
    #[must_use]
    pub fn boot(&self) -> BootId {
        self.shared.boot
    }

    /// Bytes in segments.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// How far the spool is on stable storage.
    #[must_use]
    pub fn committed(&self) -> Position {
        self.shared.committed.borrow().position()
    }

    /// Shows why the spool has failed; `None` as long as it has not. It never recovers.
    #[must_use]
    pub fn failed(&self) -> watch::Receiver<Option<String>> {
        self.shared.failed.subscribe()
    }

    /// Reads what is committed, from a place on.
    #[must_use]
    pub fn reader(&self, from: Position) -> Reader {
        Reader::new(&self.shared.dir, self.shared.committed.subscribe(), from)
    }
}
