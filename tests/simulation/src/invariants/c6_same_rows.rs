//! C6: replicas that have applied the same entries have the same rows, however they came by them.

use std::collections::BTreeMap;

use veto_raft::Note;

use super::{Final, Invariant};
use crate::trace::{Event, What};

/// Remembers the digest of the rows after each entry.
#[derive(Debug, Default)]
pub(super) struct SameRows {
    digests: BTreeMap<u64, Vec<u8>>,
}

impl SameRows {
    fn same(&mut self, index: u64, digest: &[u8]) -> Result<(), String> {
        let known = self.digests.entry(index);
        if known.or_insert_with(|| digest.to_vec()) != digest {
            return Err(format!("after entry {index} the rows are other ones"));
        }
        Ok(())
    }
}

impl Invariant for SameRows {
    fn name(&self) -> &'static str {
        "C6"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        let same = match &event.what {
            What::Notes(Note::Applied(applied)) => {
                let index = applied.entry.id.unwrap_or_default().index;
                self.same(index, &applied.digest)
            }
            What::Notes(Note::Installed { index, digest }) => self.same(*index, digest),
            _ => Ok(()),
        };
        same.map_err(|problem| format!("h{}: {problem}", event.host))
    }

    fn end(&mut self, end: &Final) -> Result<(), String> {
        for (member, (index, digest)) in &end.digests {
            self.same(*index, digest)
                .map_err(|problem| format!("member {member}: {problem}"))?;
        }
        Ok(())
    }
}
