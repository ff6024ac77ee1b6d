//! Commands on their way into the state. Each reads the state as the one before it left it; what all of
//! them change is written in one batch, with how far the machine is then.

use std::collections::BTreeMap;

use rocksdb::{Direction, IteratorMode, WriteBatch};
use veto_state::Rows;
use veto_state::rows::{Row, Write};

use super::digest::Digest;
use super::generation::Generation;
use super::view::unread;
use super::{APPLIED, database};
use crate::types::{LogId, StoredMembership};
use crate::{Error, codec};

/// More is not held back, in bytes.
const MOST: usize = 1 << 20;

/// What is written next. Nobody else writes, so what is read below it stays as it is.
pub(super) struct Staged<'a> {
    current: &'a Generation,
    changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    last: Option<LogId>,
    pub(super) members: StoredMembership,
    pub(super) digest: Digest,
}

impl<'a> Staged<'a> {
    pub(super) fn begin(current: &'a Generation) -> Result<Self, Error> {
        let state = current.applied()?.unwrap_or_default();
        let (last, members) = codec::applied(&state);
        Ok(Self {
            current,
            changed: BTreeMap::new(),
            bytes: 0,
            last,
            members,
            digest: Digest::stored(&state.digest)?,
        })
    }

    /// Tells whether it must be written before more is staged.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST
    }

    /// Takes what an entry changes, and follows the digest.
    pub(super) fn put(&mut self, id: LogId, writes: Vec<Write>) -> Result<(), Error> {
        self.last = Some(id);
        for Write { key, value } in writes {
            if let Some(old) = self.get(&key)? {
                self.digest.remove(&key, &old);
            }
            if let Some(value) = &value {
                self.digest.add(&key, value);
            }
            self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            self.changed.insert(key, value);
        }
        Ok(())
    }

    /// Writes all of it; ends the process when that fails. Not synced: the log is, and is applied again
    /// from where the state is.
    pub(super) fn write(self) -> Result<(), Error> {
        let mut batch = WriteBatch::default();
        for (key, value) in &self.changed {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        let digest = self.digest.to_bytes();
        let state = codec::applied_message(self.last.as_ref(), &self.members, digest);
        batch.put_cf(self.current.meta()?, APPLIED, codec::seal(&state));
        let db = &self.current.db;
        let written = db.write(batch).map_err(database::failed);
        if let Err(error) = written.and_then(|()| db.check()) {
            database::abort("state write", &error);
        }
        Ok(())
    }
}

impl Rows for Staged<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, veto_state::Error> {
        match self.changed.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.current.db.get(key).map_err(unread),
        }
    }

    fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, veto_state::Error> {
        let start = if from > prefix { from } else { prefix };
        let staged = self.changed.range(start.to_vec()..);
        let mut staged = staged
            .take_while(|(key, _)| key.starts_with(prefix))
            .peekable();
        let mode = IteratorMode::From(start, Direction::Forward);
        let mut kept = self.current.db.iterator(mode).peekable();
        let mut rows = Vec::new();
        while rows.len() < limit {
            let below = match kept.peek() {
                Some(Ok((key, _))) if key.starts_with(prefix) => Some(key),
                Some(Err(error)) => return Err(unread(error.clone())),
                Some(Ok(_)) | None => None,
            };
            let above = staged.peek().map(|(key, _)| *key);
            let replaced = below.is_some() && below.map(|key| &**key) == above.map(Vec::as_slice);
            let first_above = match (below, above) {
                (None, None) => break,
                (Some(below), Some(above)) => above.as_slice() <= &**below,
                (None, Some(_)) => true,
                (Some(_), None) => false,
            };
            if !first_above || replaced {
                let row = kept.next().transpose().map_err(unread)?;
                if let (Some((key, value)), false) = (row, replaced) {
                    rows.push((key.into_vec(), value.into_vec()));
                }
            }
            if first_above && let Some((key, Some(value))) = staged.next() {
                rows.push((key.clone(), value.clone()));
            }
        }
        Ok(rows)
    }
}
