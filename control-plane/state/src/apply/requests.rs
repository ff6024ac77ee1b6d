//! What makes a repeated request harmless: its answer is kept for a day of log time, with a digest of
//! who asked for what. Only what took effect is kept; a refused command may be sent again.

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use veto_core::Code;
use veto_proto::storage::v1::{Command, CommandResult, command::Change};

use super::{Stop, Work};
use crate::Error;
use crate::rows::{Rows, Write, key, prefix};
use crate::tables::Tables;

const MEMORY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Each command that is remembered forgets at most this many, so that no command is slow.
const SWEEP: usize = 4;

/// The answer that this request got before; a request id that was used for anything else is refused.
pub(super) fn earlier<R: Rows + ?Sized>(
    tables: &Tables<'_, R>,
    command: &Command,
) -> Result<Option<CommandResult>, Stop> {
    if command.request_id.is_empty() {
        return Ok(None);
    }
    let now = command.time.max(tables.time()?);
    let kept = tables.request(&command.organization, &command.request_id)?;
    let Some(kept) = kept.filter(|kept| now.saturating_sub(kept.time) < MEMORY_MICROS) else {
        return Ok(None);
    };
    if kept.request_digest != digest(command) {
        let message = format!(
            "request id `{}` was used for another request",
            command.request_id
        );
        return Err(Stop::Refused(Code::AlreadyExists, message));
    }
    Ok(Some(kept))
}

/// SHA-256 of who asked for what, without what is drawn anew for each try: ids and hashes of keys.
pub(super) fn digest(command: &Command) -> Vec<u8> {
    let mut change = command.change.clone();
    let key = match &mut change {
        Some(Change::CreateKey(create)) => create.key.as_mut(),
        Some(Change::CreateOrganization(create)) => create.admin_key.as_mut(),
        Some(Change::Bootstrap(bootstrap)) => bootstrap.key.as_mut(),
        Some(
            Change::CreateProject(_)
            | Change::CreateEnvironment(_)
            | Change::PutAgent(_)
            | Change::RevokeKey(_)
            | Change::PublishPolicies(_)
            | Change::AddMember(_)
            | Change::PromoteMember(_)
            | Change::RemoveMember(_)
            | Change::Restore(_),
        )
        | None => None,
    };
    if let Some(key) = key {
        key.id.clear();
        key.secret_hash.clear();
    }
    let asked = Command {
        actor: command.actor.clone(),
        change,
        ..Command::default()
    };
    Sha256::digest(asked.encode_to_vec()).to_vec()
}

/// Keeps the answer, and forgets some that are past their day.
pub(super) fn remember<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    command: &Command,
) -> Result<(), Error> {
    if command.request_id.is_empty() {
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
        if now.saturating_sub(time) < MEMORY_MICROS {
            break;
        }
        // An id that was used again since has a newer answer, which stays.
        let id = id.strip_prefix(b"\0").unwrap_or(id);
        let request = key(organization, "request", &[id]);
        let kept = work.tables.0.get(&request)?;
        let kept = kept.and_then(|row| CommandResult::decode(row.as_slice()).ok());
        if kept.is_none_or(|kept| kept.time == time) {
            work.writes.push(Write {
                key: request,
                value: None,
            });
        }
        work.writes.push(Write {
            key: old,
            value: None,
        });
    }
    let result = CommandResult {
        request_digest: digest(command),
        ..work.result.clone()
    };
    let id = command.request_id.as_bytes();
    work.put(key(organization, "request", &[id]), &result);
    let time = key(organization, "request-time", &[&now.to_be_bytes(), id]);
    work.put(time, &CommandResult::default());
    Ok(())
}
