//! Entries and votes. A write goes to the write-ahead log in the order of the calls, and counts as
//! done only when it was forced to the disk; one thread does that for all that wait (group commit).
//! A leader's own entries go to the followers meanwhile, and are committed only after (see `tail`).
//!
//! INVARIANT (term-led-once): nobody leads a term again after a restart. The end of the log may be lost
//! with the power while a follower has it, and its indexes must not be given to other entries.
//! INVARIANT (no-holes): what is read is contiguous from the index that was asked for, or an error.

mod recent;
mod stored;
mod sync;
mod tail;

use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{RaftLogReader, StorageIOError};
use rocksdb::WriteBatch;
use veto_proto::storage::v1 as storage;

use crate::database::{Database, Missing, Open, Writes};
use crate::floor::{Claim, Floor, Owner};
use crate::machine::Machine;
use crate::seams::{Note, Point, Work};
use crate::types::{Entry, LogId, StorageError, Types, Vote};
use crate::{Error, codec, database};
use recent::Recent;
pub(crate) use stored::Stored;
use sync::{Syncer, Written};
pub(crate) use tail::Tail;

pub(crate) const META: &str = "meta";
const VOTE: &[u8] = b"vote";
const PURGED: &[u8] = b"purged";
const COMMITTED: &[u8] = b"committed";
/// What one read of entries for replication may hold, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// One purge in so many rewrites what is left of the files.
const COMPACT_EVERY: u64 = 16;
/// Entries are purged in steps of at least so many; files that hold nothing else are dropped whole.
pub(crate) const PURGE_STEP: u64 = 1_000;

/// The Raft log.
#[derive(Clone)]
pub(crate) struct Log {
    db: Arc<Database>,
    syncer: Syncer,
    tail: Tail,
    recent: Recent,
    node: u64,
    /// The vote that was saved since the start.
    vote: Arc<Mutex<Option<Vote>>>,
    /// The index after the last entry that was truncated since the start.
    cut: Arc<AtomicU64>,
    /// The state that purged entries must be in.
    machine: Option<Machine>,
    work: Work,
}

impl Log {
    /// Opens or makes the log in `directory/log`, and holds it against the floor beside it.
    ///
    /// # Errors
    /// [`Error::RolledBack`] when the log holds less than this node acknowledged.
    pub(crate) fn open(directory: &Path, owner: Owner, open: &Open) -> Result<Self, Error> {
        let db = Arc::new(database::open(
            &directory.join("log"),
            &[META],
            Writes::Together,
            Missing::Make,
            open,
        )?);
        let held = Stored(&db);
        held.verify()?;
        let claim = Claim {
            vote: held.vote()?,
            last: held.state()?.last_log_id,
        };
        let floor = Floor::open(directory, owner, &claim, |index| held.id_at(index))?;
        let tail = Tail::new(claim.last.map_or(0, |id| id.index + 1));
        let syncer = Syncer::start(Arc::clone(&db), floor, tail.clone(), open)?;
        Ok(Self {
            db,
            syncer,
            tail,
            recent: Recent::default(),
            node: owner.node,
            vote: Arc::default(),
            cut: Arc::default(),
            machine: None,
            work: open.work.clone(),
        })
    }

    /// From now on nothing is purged that is not in this state, on stable storage.
    ///
    /// # Errors
    /// When the state ends before the log begins: entries between them are nowhere.
    pub(crate) fn guarded_by(mut self, machine: Machine) -> Result<Self, Error> {
        let purged = self.stored().state()?.last_purged_log_id;
        if purged > machine.applied()?.0 {
            return Err(Error::RolledBack(
                "the state ends before the log begins".into(),
            ));
        }
        self.machine = Some(machine);
        Ok(self)
    }

    /// How far the log is on stable storage.
    pub(crate) fn tail(&self) -> Tail {
        self.tail.clone()
    }

    /// Tells whether this replica proposed the entry itself, in the term that it leads now.
    fn leads(&self, id: LogId) -> bool {
        let vote = *self.vote.lock().unwrap_or_else(PoisonError::into_inner);
        vote.is_some_and(|vote| {
            vote.committed
                && vote.leader_id.node_id == self.node
                && id.leader_id.node_id == self.node
                && id.leader_id.term == vote.leader_id.term
        })
    }

    /// Tells whether the log in a directory has every entry since the cluster began: what was applied can
    /// be applied again. Changes nothing of it.
    pub(crate) fn is_whole(directory: &Path) -> bool {
        let whole = || {
            let db = database::open_read_only(&directory.join("log"), &[META], None)?;
            let held = Stored(&db);
            held.verify()?;
            let purged = held.state()?.last_purged_log_id;
            Ok::<_, Error>(purged.is_none() && held.first()? == Some(0))
        };
        whole().unwrap_or(false)
    }

    fn stored(&self) -> Stored<'_> {
        Stored(&self.db)
    }

    /// Hands the batch to RocksDB; it is readable from now on and durable after the next sync.
    fn write(&self, batch: WriteBatch) {
        if let Err(error) = self.db.write(batch) {
            database::abort("log write", &database::failed(error));
        }
    }

    /// Drops the files that hold purged entries alone. Without it their tombstones slow every read.
    fn reclaim(&self, upto: u64) {
        let db = Arc::clone(&self.db);
        self.work.beside(move || {
            let (from, to) = (0_u64.to_be_bytes(), upto.to_be_bytes());
            if let Err(error) = db.delete_file_in_range(from, to) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "log not reclaimed"
                );
            }
            // Flushed files are not dropped by that: now and then they are rewritten without.
            if (upto / PURGE_STEP).is_multiple_of(COMPACT_EVERY) {
                db.compact_range(Some(from), Some(to));
            }
        });
    }
}

fn read_failed(error: &Error) -> StorageError {
    StorageIOError::read_logs(error).into()
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + Send>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        let start = match range.start_bound() {
            Bound::Included(index) => *index,
            Bound::Excluded(index) => index.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(index) => index.saturating_add(1),
            Bound::Excluded(index) => *index,
            Bound::Unbounded => u64::MAX,
        };
        let stored = self.stored();
        // Most often nothing is asked for that is not there, and it was written just now.
        let recent = self.recent.read(start, end, usize::MAX);
        if !recent.is_empty() {
            return Ok(recent);
        }
        if let Ok(entries) = stored.read(start, end, usize::MAX)
            && !entries.is_empty()
        {
            return Ok(entries);
        }
        let state = stored.state().map_err(|e| read_failed(&e))?;
        // What was purged is absent, not missing; a log that never began may begin anywhere.
        let first = match state.last_purged_log_id {
            Some(purged) => start.max(purged.index + 1),
            None => start.max(
                stored
                    .first()
                    .map_err(|e| read_failed(&e))?
                    .unwrap_or(start),
            ),
        };
        stored
            .read(first, end, usize::MAX)
            .map_err(|e| read_failed(&e))
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, StorageError> {
        let recent = self.recent.read(start, end, MOST_BYTES);
        if !recent.is_empty() {
            return Ok(recent);
        }
        let entries = self.stored().read(start, end, MOST_BYTES);
        let entries = entries.map_err(|e| read_failed(&e))?;
        // openraft ends replication in the background when a leader steps down: it may ask once more for
        // what the next leader has truncated. It sends a heartbeat then, and ends.
        if entries.is_empty() && start < self.cut.load(Ordering::SeqCst) {
            return Ok(entries);
        }
        if entries.is_empty() && start < end {
            let missing = Error::Corrupt(format!("entry {start} is missing"));
            return Err(read_failed(&missing));
        }
        Ok(entries)
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError> {
        self.stored().state().map_err(|e| read_failed(&e))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_vote(&e));
        let mut batch = WriteBatch::default();
        let message = codec::vote_message(vote);
        let stored = self.stored();
        stored
            .put_meta(&mut batch, VOTE, &message)
            .map_err(failed)?;
        self.work.reach(Point::Vote).await;
        self.write(batch);
        let done = self.syncer.wait(|done| Written::Vote(*vote, done));
        done.await.map_err(failed)?;
        *self.vote.lock().unwrap_or_else(PoisonError::into_inner) = Some(*vote);
        self.work.note(|| Note::Voted(message));
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        let vote = self.stored().vote();
        let vote = vote.map_err(|e| StorageError::from(StorageIOError::read_vote(&e)))?;
        // This is asked for at the start. Who led before has to be elected again.
        Ok(vote.map(|vote| match vote.leader_id.node_id == self.node {
            true => Vote::new(vote.leader_id.term, vote.leader_id.node_id),
            false => vote,
        }))
    }

    /// openraft applies after this. Not synced itself: an earlier position only means more to apply again.
    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_logs(&e));
        let Some(committed) = committed else {
            return Ok(());
        };
        self.tail.durable(committed.index).await.map_err(failed)?;
        let mut batch = WriteBatch::default();
        let message = codec::log_id_message(&committed);
        self.stored()
            .put_meta(&mut batch, COMMITTED, &message)
            .map_err(failed)?;
        self.write(batch);
        self.work.note(|| Note::Committed(committed.index));
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StorageError> {
        let stored = self.stored();
        let committed: Option<storage::LogId> =
            stored.meta(COMMITTED).map_err(|e| read_failed(&e))?;
        // Never beyond the log: a position without its entries would be applied from nothing.
        let last = stored.state().map_err(|e| read_failed(&e))?.last_log_id;
        Ok(committed
            .as_ref()
            .map(codec::log_id)
            .filter(|id| Some(*id) <= last))
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<Types>,
    ) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let mut batch = WriteBatch::default();
        let mut written = Vec::new();
        for entry in entries {
            let bytes = codec::seal_entry(&entry);
            batch.put(entry.log_id.index.to_be_bytes(), &bytes);
            written.push((entry, bytes.len()));
        }
        self.work.reach(Point::Append).await;
        self.write(batch);
        let Some(last) = written.last().map(|(entry, _)| entry.log_id) else {
            callback.log_io_completed(Ok(()));
            return Ok(());
        };
        for (entry, bytes) in written {
            self.recent.push(entry, bytes);
        }
        self.tail.wrote(last.index);
        if self.leads(last) {
            // It counts as the leader's own copy from here on, and `save_committed` waits for the disk.
            callback.log_io_completed(Ok(()));
            self.syncer.then(last, None).await;
        } else {
            self.syncer.then(last, Some(callback)).await;
        }
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_logs(&e));
        let before = match log_id.index.checked_sub(1) {
            Some(index) => self.stored().id_at(index).map_err(failed)?,
            None => None,
        };
        let lowered = self.syncer.wait(|done| Written::Truncating(before, done));
        lowered.await.map_err(failed)?;
        let last = self.stored().last().map_err(failed)?;
        let end = last.map_or(0, |id| id.index + 1);
        self.cut.fetch_max(end, Ordering::SeqCst);
        self.recent.truncate(log_id.index);
        self.work.reach(Point::Truncate).await;
        let mut batch = WriteBatch::default();
        batch.delete_range(log_id.index.to_be_bytes(), u64::MAX.to_be_bytes());
        self.write(batch);
        let done = self.syncer.wait(Written::Truncated).await;
        self.tail.truncated(log_id.index);
        done.map_err(failed)
    }

    /// openraft 0.9 asks for this while it still installs the snapshot that takes the entries' place.
    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_logs(&e));
        if let Some(machine) = &self.machine {
            machine.durable(log_id.index).await.map_err(failed)?;
        }
        self.recent.purge(log_id.index);
        self.work.reach(Point::Purge).await;
        let mut batch = WriteBatch::default();
        self.stored()
            .put_meta(&mut batch, PURGED, &codec::log_id_message(&log_id))
            .map_err(failed)?;
        let end = log_id.index.saturating_add(1);
        batch.delete_range(0_u64.to_be_bytes(), end.to_be_bytes());
        self.write(batch);
        let done = self.syncer.wait(|done| Written::Purged(log_id, done));
        done.await.map_err(failed)?;
        self.reclaim(log_id.index);
        Ok(())
    }
}

#[cfg(test)]
impl Log {
    pub(crate) fn database(&self) -> &Database {
        &self.db
    }

    /// Reads come from the database from now on.
    pub(crate) fn forget(&self) {
        self.recent.truncate(0);
    }
}
