//! The spool as its users see it: open, append, stop.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use veto_core::{BootId, Clock, Entropy, NodeId};
use veto_trail::{Body, Boot, Record};
use veto_wire::record::encode;

use super::cursor::Position;
use super::recover::recover;
use super::segment::{list, sync_dir};
use super::writer::{Committed, Job, Writer};
use super::{Error, reader};

/// Records that wait for the writer.
const QUEUE: usize = 4096;
/// Time allowed from the queue to stable storage.
const DEADLINE: Duration = Duration::from_secs(2);
/// Time allowed for the last sync.
const STOP: Duration = Duration::from_secs(5);

/// Where records are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The directory; nothing else lives in it.
    pub dir: PathBuf,
    /// Above this many bytes decisions are refused.
    pub max_bytes: u64,
    /// A segment file is closed before it grows above this.
    pub segment_bytes: u64,
}

impl Config {
    /// 8 GiB in segments of 64 MiB.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_bytes: 8 << 30,
            segment_bytes: 64 << 20,
        }
    }
}

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
}

impl Shared {
    /// Ends the spool for good. The first reason stays.
    pub(super) fn fail(&self, reason: &str) {
        tracing::error!(reason, "the spool has failed");
        self.failed.send_if_modified(|failed| {
            let first = failed.is_none();
            failed.get_or_insert_with(|| reason.to_owned());
            first
        });
    }

    /// Why nothing is taken any more.
    pub(super) fn closed(&self) -> Error {
        let failed = self.failed.borrow().clone();
        failed.map_or(Error::Stopped, Error::Failed)
    }

    pub(super) fn copied(&self) -> std::sync::MutexGuard<'_, Option<Position>> {
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
    pub fn reader(&self, from: Position) -> reader::Reader {
        reader::Reader::new(&self.shared.dir, self.shared.committed.subscribe(), from)
    }
}

/// Keeps records on this node's disk. One process owns the directory.
#[derive(Debug)]
pub struct Spool {
    handle: Handle,
    writer: JoinHandle<()>,
    clock: Arc<dyn Clock>,
    _lock: File,
}

impl Spool {
    /// Opens the directory, judges what earlier boots left, and begins a boot: its record is on
    /// stable storage when this returns. `boot.previous` is filled in here. Blocks.
    ///
    /// # Errors
    /// [`Error`] when the directory is in use, or cannot be read or written.
    pub fn open(
        config: &Config,
        node: NodeId,
        boot: Boot,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        let dir = config.dir.as_path();
        fs::create_dir_all(dir).map_err(Error::storage(dir))?;
        sync_dir(
            dir.parent()
                .filter(|up| !up.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        )
        .map_err(Error::storage(dir))?;
        let lock = lock(dir)?;
        let found = recover(dir)?;
        let mut id = [0; 16];
        entropy.fill(&mut id).map_err(Error::Entropy)?;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            node,
            boot: BootId(id),
            order: found.order + 1,
            max_bytes: config.max_bytes,
            used: AtomicU64::new(0),
            committed: watch::Sender::new(Committed::default()),
            failed: watch::Sender::new(None),
            copied: Mutex::new(None),
        });
        let mut writer = Writer::create(Arc::clone(&shared), config.segment_bytes)?;
        let time = clock.now();
        let boot = Boot {
            previous: found.previous,
            ..boot
        };
        let gaps = found.gaps.iter().cloned().map(Body::Gap);
        let notes = std::iter::once(Body::Boot(boot)).chain(gaps);
        writer.begin(notes.map(|body| encode(&Record { time, body })))?;
        found.repair(dir)?;
        let mut used = 0;
        for segment in list(dir)? {
            used += segment.size(dir)?;
        }
        shared.used.store(used, Ordering::Relaxed);
        let (queue, jobs) = mpsc::channel(QUEUE);
        let builder = thread::Builder::new().name("veto-spool".into());
        let writer = builder
            .spawn(move || writer.run(jobs))
            .map_err(Error::storage(dir))?;
        Ok(Self {
            handle: Handle { queue, shared },
            writer,
            clock,
            _lock: lock,
        })
    }

    /// Gives out a handle.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Writes the last record of the boot, with the reason, and refuses everything after it.
    ///
    /// # Errors
    /// [`Error`] when the record is not on stable storage; everything acknowledged before it is.
    pub async fn stop(self, reason: &str) -> Result<Receipt, Error> {
        let time = self.clock.now();
        let close = Record {
            time,
            body: Body::Close(reason.to_owned()),
        };
        let result = self.handle.note(&close, true).await;
        let joined = tokio::task::spawn_blocking(move || self.writer.join());
        match timeout(STOP, joined).await {
            Ok(Ok(Ok(()))) => result,
            Ok(_) => Err(Error::Failed("the writer panicked".into())),
            Err(_) => Err(Error::Late),
        }
    }

    /// Ends as a crash does: what was acknowledged is on the disk, and no last record says so.
    #[cfg(test)]
    pub(super) async fn abandon(self) {
        drop(self.handle);
        let joined = tokio::task::spawn_blocking(move || self.writer.join());
        joined.await.unwrap().unwrap();
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(Error::storage(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::Locked(dir.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(Error::Storage { path, source }),
    }
}
