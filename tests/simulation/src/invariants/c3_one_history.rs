//! C3: what is committed is the same on all replicas and never changes; a replica applies it in its order
//! and leaves nothing out.

use std::collections::BTreeMap;

use veto_raft::Note;

use super::Invariant;
use crate::trace::{Event, What, hash};

/// Remembers each entry as it was first applied, and how far each run of a replica is.
#[derive(Debug, Default)]
pub(super) struct OneHistory {
    entries: BTreeMap<u64, [u8; 32]>,
    applied: BTreeMap<(usize, u64), u64>,
}

impl Invariant for OneHistory {
    fn name(&self) -> &'static str {
        "C3"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        let run = (event.host, event.run);
        match &event.what {
            What::Notes(Note::Applied(applied)) => {
                let index = applied.entry.id.unwrap_or_default().index;
                let before = self.applied.insert(run, index);
                if before.is_some_and(|before| before + 1 != index) {
                    return Err(format!("entry {index} was applied after {before:?}"));
                }
                let entry = hash(applied);
                if *self.entries.entry(index).or_insert(entry) != entry {
                    return Err(format!("entry {index} is another one on h{}", event.host));
                }
            }
            What::Notes(Note::Installed { index, .. }) => {
                self.applied.insert(run, *index);
            }
            _ => {}
        }
        Ok(())
    }
}
