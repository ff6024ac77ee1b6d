//! What a reader sees: the rows at one instant, whatever is applied meanwhile.

use rocksdb::{DB, Direction, IteratorMode, ReadOptions};
use veto_state::Rows;
use veto_state::rows::Row;

/// The rows of one consistent state.
pub struct View<'a> {
    pub(super) db: &'a DB,
    pub(super) snapshot: rocksdb::SnapshotWithThreadMode<'a, DB>,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("path", &self.db.path())
            .finish_non_exhaustive()
    }
}

pub(super) fn unread(error: rocksdb::Error) -> veto_state::Error {
    veto_state::Error::Read(error.into_string())
}

impl Rows for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, veto_state::Error> {
        self.snapshot.get(key).map_err(unread)
    }

    fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, veto_state::Error> {
        let start = if from > prefix { from } else { prefix };
        let mode = IteratorMode::From(start, Direction::Forward);
        let mut rows = Vec::new();
        for row in self
            .snapshot
            .iterator_opt(mode, ReadOptions::default())
            .take(limit)
        {
            let (key, value) = row.map_err(unread)?;
            if !key.starts_with(prefix) {
                break;
            }
            rows.push((key.into_vec(), value.into_vec()));
        }
        Ok(rows)
    }
}
