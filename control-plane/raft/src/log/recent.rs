//! The end of the log in memory: what was written last is soon sent to the followers and applied, and
//! need not be read back and decoded for each of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::types::Entry;

/// What is kept at most: entries, and their bytes in the log.
const ENTRIES: usize = 1_024;
const BYTES: usize = 4 << 20;

/// The newest entries; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Mutex<Kept>>);

/// Entries without a gap, each with its size.
#[derive(Default)]
struct Kept {
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
}

impl Kept {
    fn first(&self) -> Option<u64> {
        self.entries.front().map(|(entry, _)| entry.log_id.index)
    }

    fn next(&self) -> Option<u64> {
        self.entries.back().map(|(entry, _)| entry.log_id.index + 1)
    }

    fn drop_first(&mut self) {
        if let Some((_, bytes)) = self.entries.pop_front() {
            self.bytes -= bytes;
        }
    }
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an entry that was written.
    pub(super) fn push(&self, entry: Entry, bytes: usize) {
        let mut kept = self.lock();
        if kept.next().is_some_and(|next| next != entry.log_id.index) {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.entries.push_back((entry, bytes));
        while kept.entries.len() > ENTRIES || kept.bytes > BYTES {
            kept.drop_first();
        }
    }

    /// Forgets the entry of this index and all after it.
    pub(super) fn truncate(&self, from: u64) {
        let mut kept = self.lock();
        while kept.next().is_some_and(|next| next > from) {
            if let Some((_, bytes)) = kept.entries.pop_back() {
                kept.bytes -= bytes;
            }
        }
    }

    /// Forgets the entry of this index and all before it.
    pub(super) fn purge(&self, upto: u64) {
        let mut kept = self.lock();
        while kept.first().is_some_and(|first| first <= upto) {
            kept.drop_first();
        }
    }

    /// Entries from `start` up to and without `end`, at most so many bytes but at least one; nothing when
    /// the first is not here.
    pub(super) fn read(&self, start: u64, end: u64, most: usize) -> Vec<Entry> {
        let kept = self.lock();
        let Some(skip) = kept.first().and_then(|first| start.checked_sub(first)) else {
            return Vec::new();
        };
        let mut bytes = 0;
        let mut entries = Vec::new();
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        for (entry, size) in kept.entries.iter().skip(skip) {
            bytes += size;
            if entry.log_id.index >= end || (bytes > most && !entries.is_empty()) {
                break;
            }
            entries.push(entry.clone());
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use openraft::{CommittedLeaderId, EntryPayload, LogId};

    use super::*;

    fn entry(index: u64) -> Entry {
        Entry {
            log_id: LogId::new(CommittedLeaderId::new(1, 1), index),
            payload: EntryPayload::Blank,
        }
    }

    fn indexes(recent: &Recent, start: u64, end: u64, most: usize) -> Vec<u64> {
        let read = recent.read(start, end, most);
        read.iter().map(|entry| entry.log_id.index).collect()
    }

    #[test]
    fn what_is_read_begins_where_it_was_asked_and_has_no_gap() {
        let recent = Recent::default();
        (5..10).for_each(|index| recent.push(entry(index), 10));
        assert_eq!(indexes(&recent, 6, 9, 1_000), [6, 7, 8]);
        assert_eq!(indexes(&recent, 6, 20, 20), [6, 7]);
        assert_eq!(indexes(&recent, 6, 20, 1), [6], "one always");
        assert!(
            indexes(&recent, 4, 9, 1_000).is_empty(),
            "the first is gone"
        );
        assert!(indexes(&recent, 10, 12, 1_000).is_empty());
        recent.truncate(8);
        recent.purge(5);
        assert_eq!(indexes(&recent, 6, 20, 1_000), [6, 7]);
        recent.push(entry(20), 10);
        assert!(
            indexes(&recent, 6, 8, 1_000).is_empty(),
            "a gap begins anew"
        );
        assert_eq!(indexes(&recent, 20, 21, 1_000), [20]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let recent = Recent::default();
        (0..5_000).for_each(|index| recent.push(entry(index), 10));
        assert_eq!(
            indexes(&recent, 5_000 - 1_024, 5_000, usize::MAX).len(),
            1_024
        );
        assert!(indexes(&recent, 5_000 - 1_025, 5_000, usize::MAX).is_empty());
        recent.push(entry(5_000), 5 << 20);
        assert!(recent.read(5_000, 5_001, usize::MAX).is_empty());
        recent.push(entry(5_001), 10);
        assert_eq!(indexes(&recent, 5_001, 5_002, usize::MAX), [5_001]);
    }
}
