//! C9: every row that a command changed names who did it, when, and the command's index as its revision.
//! Rows beside them, such as indexes and remembered answers, change only together with such a row.

use std::collections::BTreeMap;

use prost::Message as _;
use veto_proto::storage::v1::{
    AgentRow, ChangeRow, EnvironmentRow, KeyRow, MemberRow, OrganizationRow, PolicyVersionRow,
    ProjectRow,
};
use veto_raft::{Applied, Note};

use super::Invariant;
use crate::trace::{Event, What, command};

/// Remembers how late it was after each entry: time never runs backwards, whatever a clock shows.
#[derive(Debug, Default)]
pub(super) struct Audited {
    times: BTreeMap<u64, i64>,
}

impl Invariant for Audited {
    fn name(&self) -> &'static str {
        "C9"
    }

    fn observe(&mut self, event: &Event) -> Result<(), String> {
        let What::Notes(Note::Applied(applied)) = &event.what else {
            return Ok(());
        };
        let index = applied.entry.id.unwrap_or_default().index;
        let Some(command) = command(applied).filter(|_| !applied.rows.is_empty()) else {
            return Ok(());
        };
        let before = self.times.range(..index).next_back();
        let least = before.map_or(command.time, |(_, time)| command.time.max(*time));
        let time = applied.result.time;
        self.times.insert(index, time);
        if time < least {
            return Err(format!("entry {index} is of {time}, earlier than {least}"));
        }
        if command.actor.is_empty() {
            return Err(format!("entry {index} changed rows, and nobody did it"));
        }
        let expected = ChangeRow {
            revision: index,
            actor: command.actor.clone(),
            time,
        };
        named(applied, &expected).map_err(|problem| format!("entry {index}: {problem}"))
    }
}

fn named(applied: &Applied, expected: &ChangeRow) -> Result<(), String> {
    let mut names = 0;
    for (key, value) in &applied.rows {
        let Some(value) = value else { continue };
        // A key is the organization, the table and what is in it, with a zero between them.
        let table = key.split(|byte| *byte == 0).nth(1).unwrap_or_default();
        let table = String::from_utf8_lossy(table).into_owned();
        let found = changes(&table, value, expected.revision);
        let Some(found) = found.map_err(|e| format!("a row of `{table}`: {e}"))? else {
            continue;
        };
        if !found.contains(expected) {
            return Err(format!(
                "a row of `{table}` names {found:?}, not {expected:?}"
            ));
        }
        names += 1;
    }
    if names == 0 {
        return Err(format!("no row names {expected:?}"));
    }
    Ok(())
}

/// Whom a row names; `None` for a row that names nobody.
fn changes(
    table: &str,
    value: &[u8],
    revision: u64,
) -> Result<Option<Vec<ChangeRow>>, prost::DecodeError> {
    let changes = match table {
        "organization" => vec![OrganizationRow::decode(value)?.created],
        "project" => vec![ProjectRow::decode(value)?.created],
        "agent" => vec![AgentRow::decode(value)?.changed],
        "policy-version" => vec![PolicyVersionRow::decode(value)?.published],
        "key" => {
            let row = KeyRow::decode(value)?;
            vec![row.created, row.revoked]
        }
        "member" => {
            let row = MemberRow::decode(value)?;
            vec![row.added, row.removed]
        }
        "environment" => {
            let row = EnvironmentRow::decode(value)?;
            let created = row.created.unwrap_or_default();
            // Touched by a change of what belongs to it, which names its actor itself.
            if created.revision != revision && row.bundle_revision == revision {
                return Ok(None);
            }
            vec![Some(created)]
        }
        _ => return Ok(None),
    };
    Ok(Some(changes.into_iter().flatten().collect()))
}
