//! C2: what was acknowledged is never lost. Its entry is in the one history at the revision that was
//! answered, all replicas have applied it, and nobody reads what is older.

use std::collections::BTreeMap;

use veto_history::{Kind, Outcome};
use veto_raft::Note;

use super::{Final, Invariant};
use crate::trace::{Event, What, command};

/// Remembers which request each entry is of, as the replicas applied it last.
#[derive(Debug, Default)]
pub(super) struct Durable {
    requests: BTreeMap<u64, String>,
}

impl Invariant for Durable {
    fn name(&self) -> &'static str {
        "C2"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        if let What::Notes(Note::Applied(applied)) = &event.what {
            let index = applied.entry.id.unwrap_or_default().index;
            let request = command(applied).map(|command| command.request_id.clone());
            self.requests.insert(index, request.unwrap_or_default());
        }
        Ok(())
    }

    fn end(&mut self, end: &Final) -> Result<(), String> {
        for operation in &end.history {
            if operation.kind == Kind::Read || operation.outcome != Outcome::Ok {
                continue;
            }
            let Some(revision) = operation.revision else {
                return Err(format!("acknowledged without a revision: {operation}"));
            };
            let request = format!("c{}-{}", operation.client, operation.op);
            let kept = self.requests.get(&revision);
            if kept.and_then(|kept| kept.split('/').next()) != Some(&request) {
                return Err(format!(
                    "acknowledged and lost: {operation}, there is {kept:?}"
                ));
            }
            let behind = end.digests.iter().find(|(_, at)| at.0 < revision);
            if let Some((member, (applied, _))) = behind {
                let problem = format!("member {member} has applied {applied} only");
                return Err(format!("acknowledged and lost: {operation}: {problem}"));
            }
        }
        let judged = veto_history::timeline::check(&end.history);
        judged.map_err(|violation| violation.to_string())
    }
}
