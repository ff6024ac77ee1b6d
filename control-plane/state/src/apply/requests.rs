//! What makes a repeated request harmless: its answer is kept for a day of log time. Only what took
//! effect is kept; a refused command may be sent again.

use veto_proto::storage::v1::{Command, CommandResult};

use super::Work;
use crate::Error;
use crate::rows::{Rows, Write, key, prefix};
use crate::tables::Tables;

const MEMORY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Each command that is remembered forgets at most this many, so that no command is slow.
const SWEEP: usize = 4;

/// The answer that this request id got before.
pub(super) fn earlier<R: Rows + ?Sized>(
    tables: &Tables<'_, R>,
    command: &Command,
) -> Result<Option<CommandResult>, Error> {
    if command.request_id.is_empty() {
        return Ok(None);
    }
    let now = command.time.max(tables.time()?);
    let kept = tables.request(&command.organization, &command.request_id)?;
    Ok(kept.filter(|kept| now.saturating_sub(kept.time) < MEMORY_MICROS))
}

/// Keeps the answer, and forgets some that are past their day.
pub(super) fn remember<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    request_id: &str,
) -> Result<(), Error> {
    if request_id.is_empty() {
        return Ok(());
    }
    let (organization, now) = (work.organization, work.change.time);
    let times = prefix(organization, "request-time", &[]);
    for (old, _) in work.tables.0.scan(&times, &[], SWEEP)? {
        let Some((time, id)) = old
            .get(times.len()..)
            .and_then(|rest| rest.split_at_checked(8))
        else {
            continue;
        };
        let time = i64::from_be_bytes(time.try_into().unwrap_or([0xff; 8]));
        if now.saturating_sub(time) >= MEMORY_MICROS {
            let id = id.strip_prefix(b"\0").unwrap_or(id);
            work.writes.push(Write {
                key: key(organization, "request", &[id]),
                value: None,
            });
            work.writes.push(Write {
                key: old,
                value: None,
            });
        }
    }
    let result = work.result.clone();
    let id = request_id.as_bytes();
    work.put(key(organization, "request", &[id]), &result);
    work.put(
        key(organization, "request-time", &[&now.to_be_bytes(), id]),
        &CommandResult::default(),
    );
    Ok(())
}
