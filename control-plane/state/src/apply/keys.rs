//! API keys: kept as keyed hashes, found by their public id.

use veto_core::Code;
use veto_proto::storage::v1::{CreateKey, KeyRow, RevokeKey};

use super::{Stop, Work, refuse};
use crate::Event;
use crate::rows::{Rows, key};
use crate::tables::{SYSTEM, covers};

pub(super) fn create<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    create: &CreateKey,
) -> Result<(), Stop> {
    let Some(row) = &create.key else {
        return refuse(Code::InvalidRequest, "there is no key in the command");
    };
    if !row.project.is_empty() {
        work.require_project(&row.project)?;
    }
    if !row.environment.is_empty() {
        work.require_environment(&row.project, &row.environment)?;
    }
    for agent in &row.agents {
        if work
            .tables
            .agent(work.organization, &row.project, agent)?
            .is_none()
        {
            return refuse(Code::NotFound, format!("no agent `{agent}`"));
        }
    }
    keep(work, row, work.organization)
}

/// Writes the key and the index that finds it by id.
pub(super) fn keep<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    row: &KeyRow,
    organization: &str,
) -> Result<(), Stop> {
    if work.tables.key(&row.id)?.is_some() {
        return refuse(
            Code::AlreadyExists,
            format!("key `{}` exists already", row.id),
        );
    }
    let organization = organization.to_owned();
    let index = KeyRow {
        organization: organization.clone(),
        ..KeyRow::default()
    };
    let row = KeyRow {
        organization,
        created: work.change(),
        revoked: None,
        ..row.clone()
    };
    work.put(key(SYSTEM, "key-index", &[row.id.as_bytes()]), &index);
    work.put(key(&row.organization, "key", &[row.id.as_bytes()]), &row);
    work.result.key_id = row.id;
    Ok(())
}

pub(super) fn revoke<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    revoke: &RevokeKey,
) -> Result<(), Stop> {
    let found = work.tables.key(&revoke.id)?;
    let Some(row) = found.filter(|row| row.organization == work.organization) else {
        return refuse(Code::NotFound, format!("no key `{}`", revoke.id));
    };
    work.result.key_id.clone_from(&row.id);
    if row.revoked.is_some() {
        return Ok(());
    }
    let row = KeyRow {
        revoked: work.change(),
        revoked_reason: revoke.reason.clone(),
        ..row
    };
    work.put(key(work.organization, "key", &[row.id.as_bytes()]), &row);
    if let Ok(key) = veto_core::KeyId::new(&row.id) {
        work.events.push(Event::KeyRevoked { key });
    }
    work.touch_all(|scope| covers(&row, scope))
}
