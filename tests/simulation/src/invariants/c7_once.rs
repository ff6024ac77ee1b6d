//! C7: a request takes effect at most once, however often it is sent.

use std::collections::BTreeMap;

use veto_raft::Note;

use super::Invariant;
use crate::trace::{Event, What, command};

/// Remembers which entry each request took effect with.
#[derive(Debug, Default)]
pub(super) struct Once {
    effects: BTreeMap<(String, String), u64>,
}

impl Invariant for Once {
    fn name(&self) -> &'static str {
        "C7"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        let What::Notes(Note::Applied(applied)) = &event.what else {
            return Ok(());
        };
        let index = applied.entry.id.unwrap_or_default().index;
        let Some(command) = command(applied) else {
            return Ok(());
        };
        // What follows a stroke tells the tries of one request apart.
        let request = command.request_id.split('/').next().unwrap_or_default();
        if applied.rows.is_empty() || request.is_empty() {
            return Ok(());
        }
        let key = (command.organization.clone(), request.to_owned());
        let first = *self.effects.entry(key).or_insert(index);
        if first != index {
            return Err(format!(
                "request `{request}` took effect with {first} and with {index}"
            ));
        }
        Ok(())
    }
}
