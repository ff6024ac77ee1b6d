//! C1: reads, writes and compare-and-sets of a key are linearizable.

use super::{Final, Invariant};

/// Judges the history of all clients.
#[derive(Debug)]
pub(super) struct Linearizable;

impl Invariant for Linearizable {
    fn name(&self) -> &'static str {
        "C1"
    }

    fn end(&mut self, end: &Final) -> Result<(), String> {
        let judged = veto_history::linearizable::check(&end.history);
        judged.map(drop).map_err(|violation| violation.to_string())
    }
}
