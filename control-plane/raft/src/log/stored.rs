//! What stands in the database of the log, and whether it is whole.

use openraft::storage::LogState;
use rocksdb::{DB, Direction, IteratorMode, WriteBatch};
use veto_proto::storage::v1 as storage;

use super::{META, PURGED, VOTE};
use crate::types::{Entry, LogId, Types, Vote};
use crate::{Error, codec, database};

/// What stands in the database.
pub(crate) struct Stored<'a>(pub(crate) &'a DB);

impl Stored<'_> {
    pub(super) fn meta<M: prost::Message + Default>(&self, key: &[u8]) -> Result<Option<M>, Error> {
        let family = self
            .0
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        let value = self.0.get_cf(family, key).map_err(database::failed)?;
        value.map(|value| codec::open(&value)).transpose()
    }

    pub(super) fn put_meta(
        &self,
        batch: &mut WriteBatch,
        key: &[u8],
        message: &impl prost::Message,
    ) -> Result<(), Error> {
        let family = self
            .0
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        batch.put_cf(family, key, codec::seal(message));
        Ok(())
    }

    pub(crate) fn vote(&self) -> Result<Option<Vote>, Error> {
        let vote: Option<storage::Vote> = self.meta(VOTE)?;
        Ok(vote.as_ref().map(codec::vote))
    }

    /// The id of an entry, or `None` when it was purged.
    pub(crate) fn id_at(&self, index: u64) -> Result<Option<LogId>, Error> {
        let key = index.to_be_bytes();
        let purged = self.state()?.last_purged_log_id;
        if purged.is_some_and(|purged| index <= purged.index) {
            return Ok(purged.filter(|purged| purged.index == index));
        }
        match self.0.get(key).map_err(database::failed)? {
            Some(value) => Ok(Some(codec::entry(&value, index)?.log_id)),
            None => Err(Error::Corrupt(format!("entry {index} is missing"))),
        }
    }

    pub(super) fn last(&self) -> Result<Option<LogId>, Error> {
        let Some(row) = self.0.iterator(IteratorMode::End).next() else {
            return Ok(None);
        };
        let (key, value) = row.map_err(database::failed)?;
        Ok(Some(codec::entry(&value, index_of(&key)?)?.log_id))
    }

    /// Reads the whole log: from the first entry on, or from the one after the purged, none is missing,
    /// none is damaged, and terms do not fall. RocksDB can lose a whole table without noticing, when the
    /// end of its own manifest is lost.
    pub(crate) fn verify(&self) -> Result<(), Error> {
        let mut last = self.state()?.last_purged_log_id;
        let first = last.map_or(0, |purged| purged.index + 1);
        let from = first.to_be_bytes();
        let mode = IteratorMode::From(&from, Direction::Forward);
        for (row, expected) in self.0.iterator(mode).zip(first..) {
            let (key, value) = row.map_err(database::failed)?;
            let id = codec::entry(&value, index_of(&key)?)?.log_id;
            if id.index != expected {
                let problem = format!("entry {expected} is missing before {}", id.index);
                return Err(Error::Corrupt(problem));
            }
            if last.is_some_and(|last| last.leader_id > id.leader_id) {
                return Err(Error::Corrupt(format!("entry {expected} is an older one")));
            }
            last = Some(id);
        }
        Ok(())
    }

    /// Entries from `start` up to and without `end`, contiguous; stops at `most` bytes, never empty.
    pub(super) fn read(&self, start: u64, end: u64, most: usize) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        let from = start.to_be_bytes();
        for row in self
            .0
            .iterator(IteratorMode::From(&from, Direction::Forward))
        {
            let (key, value) = row.map_err(database::failed)?;
            let index = index_of(&key)?;
            bytes += value.len();
            if index >= end || (bytes > most && !entries.is_empty()) {
                break;
            }
            let expected = start + entries.len() as u64;
            if index != expected {
                return Err(Error::Corrupt(format!(
                    "entry {expected} is missing before {index}"
                )));
            }
            entries.push(codec::entry(&value, index)?);
        }
        Ok(entries)
    }

    pub(super) fn first(&self) -> Result<Option<u64>, Error> {
        let first = self.0.iterator(IteratorMode::Start).next().transpose();
        first
            .map_err(database::failed)?
            .map(|(key, _)| index_of(&key))
            .transpose()
    }

    pub(crate) fn state(&self) -> Result<LogState<Types>, Error> {
        let purged: Option<storage::LogId> = self.meta(PURGED)?;
        let last_purged_log_id = purged.as_ref().map(codec::log_id);
        let after = |id: &LogId| last_purged_log_id.is_none_or(|purged| id.index > purged.index);
        Ok(LogState {
            last_purged_log_id,
            last_log_id: self.last()?.filter(after).or(last_purged_log_id),
        })
    }
}

fn index_of(key: &[u8]) -> Result<u64, Error> {
    let bytes = key
        .try_into()
        .map_err(|_| Error::Corrupt("a log key is no index".into()))?;
    Ok(u64::from_be_bytes(bytes))
}
