//! C5: on a replica, vote and term never go back, also not over a crash; what it knows to be committed, has
//! applied and has in a snapshot never goes back while it runs.

use std::collections::BTreeMap;
use std::fmt::Debug;

use veto_raft::Note;

use super::Invariant;
use crate::trace::{Event, What};

/// Remembers how far each replica is.
#[derive(Debug, Default)]
pub(super) struct NeverBack {
    votes: BTreeMap<usize, (u64, u64, bool)>,
    terms: BTreeMap<usize, u64>,
    committed: BTreeMap<(usize, u64), u64>,
    applied: BTreeMap<(usize, u64), u64>,
    snapshots: BTreeMap<(usize, u64), u64>,
}

fn raise<K: Ord, V: PartialOrd + Copy + Debug>(
    known: &mut BTreeMap<K, V>,
    key: K,
    now: V,
    what: &str,
) -> Result<(), String> {
    match known.insert(key, now) {
        Some(before) if before > now => {
            Err(format!("its {what} went back from {before:?} to {now:?}"))
        }
        Some(_) | None => Ok(()),
    }
}

impl Invariant for NeverBack {
    fn name(&self) -> &'static str {
        "C5"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        let (host, run) = (event.host, (event.host, event.run));
        let raised = match &event.what {
            What::Notes(Note::Voted(vote)) => {
                let now = (vote.term, vote.node, vote.committed);
                raise(&mut self.votes, host, now, "vote")
            }
            What::Notes(Note::Committed(index)) => {
                raise(&mut self.committed, run, *index, "committed entry")
            }
            What::Notes(Note::Applied(applied)) => {
                let index = applied.entry.id.unwrap_or_default().index;
                raise(&mut self.applied, run, index, "applied entry")
            }
            What::Notes(Note::Installed { index, .. }) => {
                raise(&mut self.applied, run, *index, "applied entry")
            }
            What::Says(status) => raise(&mut self.terms, host, status.term, "term")
                .and_then(|()| raise(&mut self.snapshots, run, status.snapshot, "snapshot")),
            _ => Ok(()),
        };
        raised.map_err(|problem| format!("h{host}: {problem}"))
    }
}
