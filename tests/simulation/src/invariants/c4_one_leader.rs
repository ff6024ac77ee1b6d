//! C4: a leader id belongs to one replica, and leaders follow one another: once an entry of a later leader
//! is committed, none of an earlier one is committed after it.

use std::collections::BTreeMap;

use veto_raft::Note;

use super::Invariant;
use crate::trace::{Event, What};

/// Remembers who leads by which id, and under whom each entry was committed.
#[derive(Debug, Default)]
pub(super) struct OneLeader {
    leaders: BTreeMap<(u64, u64), usize>,
    members: BTreeMap<usize, u64>,
    committed: BTreeMap<u64, (u64, u64)>,
}

impl OneLeader {
    fn leads(&mut self, id: (u64, u64), host: usize) -> Result<(), String> {
        let first = *self.leaders.entry(id).or_insert(host);
        if first != host {
            let (term, member) = id;
            return Err(format!(
                "h{first} and h{host} lead in term {term} as member {member}"
            ));
        }
        Ok(())
    }
}

impl Invariant for OneLeader {
    fn name(&self) -> &'static str {
        "C4"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        match &event.what {
            What::Starts(member) => {
                self.members.insert(event.host, *member);
            }
            What::Says(status) if status.leader == status.member => {
                self.leads((status.term, status.member), event.host)?;
            }
            // Who becomes the leader writes down that its own vote was granted.
            What::Notes(Note::Voted(vote))
                if vote.committed && self.members.get(&event.host) == Some(&vote.node) =>
            {
                self.leads((vote.term, vote.node), event.host)?;
            }
            What::Notes(Note::Applied(applied)) => {
                let id = applied.entry.id.unwrap_or_default();
                let leader = (id.term, id.node);
                let before = self.committed.range(..id.index).next_back();
                let after = self.committed.range(id.index + 1..).next();
                if before.is_some_and(|(_, before)| *before > leader)
                    || after.is_some_and(|(_, after)| *after < leader)
                {
                    let index = id.index;
                    return Err(format!(
                        "entry {index} of {leader:?} is between {before:?} and {after:?}"
                    ));
                }
                self.committed.insert(id.index, leader);
            }
            _ => {}
        }
        Ok(())
    }
}
