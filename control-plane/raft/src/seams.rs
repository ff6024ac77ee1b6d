//! What lies under a replica, and where a simulation takes its place: work that blocks, forced writes,
//! and chance. In production a thread does the work, and the rest of this file does nothing.

mod chance;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use veto_proto::storage::v1::{CommandResult, LogEntry, Vote};

use crate::Error;
pub(crate) use chance::Runtime;
pub use chance::draw_from;

/// Something that is done later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place where a process waits for its disk, and where it may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// Entries are about to be written to the log.
    Append,
    /// A vote is about to be written to the log.
    Vote,
    /// The log is about to be forced to the disk.
    Sync,
    /// It was, and nobody knows yet.
    Synced,
    /// An entry is about to be applied.
    Apply,
    /// The end of the log is about to be truncated.
    Truncate,
    /// The beginning of the log is about to be purged.
    Purge,
    /// The state is about to be forced to the disk.
    Flush,
    /// A snapshot is about to be made.
    Build,
    /// A snapshot is about to take the state's place.
    Install,
    /// A piece of a snapshot is about to be read or written.
    Chunk,
}

/// What a replica did.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// It voted; on stable storage.
    Voted(Vote),
    /// It knows that entries up to this index are committed.
    Committed(u64),
    /// It forced its state to the disk.
    Flushed,
    /// It applied an entry.
    Applied(Box<Applied>),
    /// Its state is another one now, up to this index.
    Installed {
        /// The newest entry in it.
        index: u64,
        /// The digest of its rows.
        digest: Vec<u8>,
    },
}

/// An entry that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The entry.
    pub entry: LogEntry,
    /// What its command was answered.
    pub result: CommandResult,
    /// The rows that it changed; `None` for one that is gone.
    pub rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The digest of all rows after it.
    pub digest: Vec<u8>,
}

/// Stands in for the machine under a replica.
pub trait Simulated: Send + Sync + Debug {
    /// A replica came to this point. The simulation lets it wait for the disk; where the process dies,
    /// it lets it wait for ever.
    fn reach(&self, point: Point) -> Later<'_, ()>;
    /// A replica did something.
    fn note(&self, note: Note);
}

/// How work is done that must not hold up the runtime.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work(Option<Arc<dyn Simulated>>);

impl Work {
    pub(crate) fn new(simulated: Option<Arc<dyn Simulated>>) -> Self {
        Self(simulated)
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.0.is_some()
    }

    /// Nothing, but in a simulation.
    pub(crate) async fn reach(&self, point: Point) {
        if let Some(simulated) = &self.0 {
            simulated.reach(point).await;
        }
    }

    /// Nothing, but in a simulation.
    pub(crate) fn note(&self, note: impl FnOnce() -> Note) {
        if let Some(simulated) = &self.0 {
            simulated.note(note());
        }
    }

    /// Does what reads and writes files outside the threads of the runtime.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        point: Point,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if let Some(simulated) = &self.0 {
            simulated.reach(point).await;
            return work();
        }
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|e| Err(Error::Stopped(e.to_string())))
    }

    /// The same, for work that nobody waits for.
    pub(crate) fn beside(&self, work: impl FnOnce() + Send + 'static) {
        if self.is_simulated() {
            return work();
        }
        tokio::task::spawn_blocking(work);
    }
}
