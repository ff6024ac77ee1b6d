//! A number that stands for all rows: the sum of their hashes, kept with the position in the same batch.
//! RocksDB can lose a whole table without noticing, when the end of its own manifest is lost; the sum
//! does not come out then. Replicas that applied the same entries have the same digest.

use aws_lc_rs::digest::{Context, SHA256};
use rocksdb::{DB, IteratorMode, ReadOptions};

use crate::{Error, database};

/// Read ahead while all rows are read, in bytes.
const READ_AHEAD: usize = 2 << 20;

/// The digest of a set of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Digest(u128);

impl Digest {
    /// Reads a digest back; none stands for no rows.
    pub(crate) fn stored(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let bytes = bytes.try_into();
        let bytes = bytes.map_err(|_| Error::Corrupt("a state digest has no 16 bytes".into()))?;
        Ok(Self(u128::from_le_bytes(bytes)))
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_add(hash(key, value));
    }

    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.0 = self.0.wrapping_sub(hash(key, value));
    }

    /// Reads every row.
    pub(crate) fn of(db: &DB) -> Result<Self, Error> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(READ_AHEAD);
        let mut digest = Self::default();
        for row in db.iterator_opt(IteratorMode::Start, options) {
            let (key, value) = row.map_err(database::failed)?;
            digest.add(&key, &value);
        }
        Ok(digest)
    }
}

fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut context = Context::new(&SHA256);
    context.update(&(key.len() as u64).to_le_bytes());
    context.update(key);
    context.update(value);
    let hash = context.finish();
    let bytes = hash.as_ref().first_chunk();
    u128::from_le_bytes(bytes.copied().unwrap_or_default())
}
