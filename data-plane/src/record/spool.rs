//! Opens the spool, and ends it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use veto_core::{BootId, Clock, Entropy, NodeId};
use veto_trail::{Body, Boot, Record};
use veto_wire::record::encode;

use super::Error;
use super::handle::{Handle, Receipt, Shared};
use super::recover::recover;
use super::segment::{list, sync_dir};
use super::writer::{Committed, Writer};

/// Records that wait for the writer.
const QUEUE: usize = 4096;
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

/// Keeps records on this node's disk. One process owns the directory.
#[derive(Debug)]
pub struct Spool {
    handle: Handle,
    writer: JoinHandle<()>,
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
            uncopied: AtomicU64::new(0),
            clock,
        });
        let mut writer = Writer::create(Arc::clone(&shared), config.segment_bytes)?;
        let time = shared.clock.now();
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
            handle: Handle::new(queue, shared),
            writer,
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
        let time = self.handle.shared.clock.now();
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
