//! Entries and votes. A write goes to the write-ahead log in the order of the calls, and counts as
//! done only when it was forced to the disk; one thread does that for all that wait (group commit).
//!
//! INVARIANT (no-holes): what is read is contiguous from the index that was asked for, or an error.

mod sync;

use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{RaftLogReader, StorageIOError};
use rocksdb::{Direction, IteratorMode, WriteBatch};
use veto_proto::storage::v1 as storage;

use crate::database::{Database, Open};
use crate::types::{Entry, LogId, StorageError, Types, Vote};
use crate::{Error, codec, database};
use sync::Syncer;

const META: &str = "meta";
const VOTE: &[u8] = b"vote";
const PURGED: &[u8] = b"purged";
const COMMITTED: &[u8] = b"committed";
/// What one read of entries for replication may hold, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The Raft log.
#[derive(Clone)]
pub(crate) struct Log {
    db: Arc<Database>,
    syncer: Syncer,
}

impl Log {
    /// Opens or makes the log.
    pub(crate) fn open(path: &Path, open: &Open) -> Result<Self, Error> {
        let db = Arc::new(database::open(path, &[META], open)?);
        let syncer = Syncer::start(Arc::clone(&db))?;
        Ok(Self { db, syncer })
    }

    fn meta<M: prost::Message + Default>(&self, key: &[u8]) -> Result<Option<M>, Error> {
        let family = self
            .db
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        let value = self.db.get_cf(family, key).map_err(database::failed)?;
        value.map(|value| codec::open(&value)).transpose()
    }

    fn put_meta(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        message: &impl prost::Message,
    ) -> Result<(), Error> {
        let family = self
            .db
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        batch.put_cf(family, key, codec::seal(message));
        Ok(())
    }

    /// Hands the batch to RocksDB; it is readable from now on and durable after the next sync.
    fn write(&self, batch: WriteBatch) {
        if let Err(error) = self.db.write(batch) {
            database::abort("log write", &error);
        }
    }

    fn last(&self) -> Result<Option<LogId>, Error> {
        let Some(row) = self.db.iterator(IteratorMode::End).next() else {
            return Ok(None);
        };
        let (key, value) = row.map_err(database::failed)?;
        Ok(Some(codec::entry(&value, index_of(&key)?)?.log_id))
    }

    /// Entries from `start` up to and without `end`, contiguous; stops at `most` bytes, never empty.
    fn read(&self, start: u64, end: u64, most: usize) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        let from = start.to_be_bytes();
        for row in self
            .db
            .iterator(IteratorMode::From(&from, Direction::Forward))
        {
            let (key, value) = row.map_err(database::failed)?;
            let index = index_of(&key)?;
            if index >= end || (bytes >= most && !entries.is_empty()) {
                break;
            }
            let expected = start + entries.len() as u64;
            if index != expected {
                return Err(Error::Corrupt(format!(
                    "entry {expected} is missing before {index}"
                )));
            }
            bytes += value.len();
            entries.push(codec::entry(&value, index)?);
        }
        Ok(entries)
    }
}

fn index_of(key: &[u8]) -> Result<u64, Error> {
    let bytes = key
        .try_into()
        .map_err(|_| Error::Corrupt("a log key is no index".into()))?;
    Ok(u64::from_be_bytes(bytes))
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
        let state = self.state().map_err(|e| read_failed(&e))?;
        // What was purged is absent, not missing; a log that never began may begin anywhere.
        let first = match state.last_purged_log_id {
            Some(purged) => start.max(purged.index + 1),
            None => start.max(self.first().map_err(|e| read_failed(&e))?.unwrap_or(start)),
        };
        self.read(first, end, usize::MAX)
            .map_err(|e| read_failed(&e))
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, StorageError> {
        self.read(start, end, MOST_BYTES)
            .map_err(|e| read_failed(&e))
    }
}

impl Log {
    fn first(&self) -> Result<Option<u64>, Error> {
        let first = self.db.iterator(IteratorMode::Start).next().transpose();
        first
            .map_err(database::failed)?
            .map(|(key, _)| index_of(&key))
            .transpose()
    }

    fn state(&self) -> Result<LogState<Types>, Error> {
        let purged: Option<storage::LogId> = self.meta(PURGED)?;
        let last_purged_log_id = purged.as_ref().map(codec::log_id);
        let last_log_id = self.last()?.or(last_purged_log_id);
        Ok(LogState {
            last_purged_log_id,
            last_log_id,
        })
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError> {
        self.state().map_err(|e| read_failed(&e))
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_vote(&e));
        let mut batch = WriteBatch::default();
        self.put_meta(&mut batch, VOTE, &codec::vote_message(vote))
            .map_err(failed)?;
        self.write(batch);
        self.syncer.sync().await.map_err(failed)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        let vote: Result<Option<storage::Vote>, _> = self.meta(VOTE);
        let vote = vote.map_err(|e| StorageError::from(StorageIOError::read_vote(&e)))?;
        Ok(vote.as_ref().map(codec::vote))
    }

    /// Not synced: after a loss of power an earlier position only means more to apply again.
    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_logs(&e));
        let Some(committed) = committed else {
            return Ok(());
        };
        let mut batch = WriteBatch::default();
        let message = codec::log_id_message(&committed);
        self.put_meta(&mut batch, COMMITTED, &message)
            .map_err(failed)?;
        self.write(batch);
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StorageError> {
        let committed: Option<storage::LogId> =
            self.meta(COMMITTED).map_err(|e| read_failed(&e))?;
        // Never beyond the log: a position without its entries would be applied from nothing.
        let last = self.state().map_err(|e| read_failed(&e))?.last_log_id;
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
        for entry in entries {
            batch.put(
                entry.log_id.index.to_be_bytes(),
                codec::seal(&codec::entry_message(&entry)),
            );
        }
        self.write(batch);
        self.syncer.then(callback).await;
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let mut batch = WriteBatch::default();
        batch.delete_range(log_id.index.to_be_bytes(), u64::MAX.to_be_bytes());
        self.write(batch);
        self.syncer
            .sync()
            .await
            .map_err(|e| StorageIOError::write_logs(&e).into())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let failed = |e: Error| StorageError::from(StorageIOError::write_logs(&e));
        let mut batch = WriteBatch::default();
        self.put_meta(&mut batch, PURGED, &codec::log_id_message(&log_id))
            .map_err(failed)?;
        batch.delete_range(
            0_u64.to_be_bytes(),
            log_id.index.saturating_add(1).to_be_bytes(),
        );
        self.write(batch);
        self.syncer.sync().await.map_err(failed)
    }
}
