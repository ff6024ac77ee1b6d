//! What the members of the cluster shall be. Whoever leads makes the log's membership follow; an id is
//! the revision of the command that asked for it, so that none is ever used twice.

use veto_core::Code;
use veto_proto::storage::v1::{AddMember, MemberRow, PromoteMember, RemoveMember};

use super::{Stop, Work, refuse};
use crate::rows::{Rows, key};
use crate::tables::SYSTEM;

/// The member that made the cluster; it has a row only once it is to go.
const FIRST: u64 = 1;

pub(super) fn add<R: Rows + ?Sized>(work: &mut Work<'_, R>, add: &AddMember) -> Result<(), Stop> {
    system(work)?;
    let rows = work.tables.members()?;
    let live = |row: &&MemberRow| row.removed.is_none();
    if add.address.is_empty() {
        return refuse(Code::InvalidRequest, "a member needs an address");
    }
    if let Some(row) = rows.iter().filter(live).find(|r| r.address == add.address) {
        let message = format!("`{}` is the address of member {}", add.address, row.id);
        return refuse(Code::AlreadyExists, message);
    }
    if add.replaces != 0 {
        require(&rows, add.replaces)?;
        if let Some(row) = rows
            .iter()
            .filter(live)
            .find(|r| r.replaces == add.replaces)
        {
            let message = format!("member {} is replaced by {} already", add.replaces, row.id);
            return refuse(Code::AlreadyExists, message);
        }
    }
    let row = MemberRow {
        id: work.change.revision,
        address: add.address.clone(),
        voter: add.voter || add.replaces != 0,
        replaces: add.replaces,
        added: work.change(),
        removed: None,
    };
    put(work, &row);
    Ok(())
}

pub(super) fn promote<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    promote: &PromoteMember,
) -> Result<(), Stop> {
    system(work)?;
    let row = require(&work.tables.members()?, promote.id)?;
    if row.id != FIRST {
        put(work, &MemberRow { voter: true, ..row });
    }
    Ok(())
}

pub(super) fn remove<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    remove: &RemoveMember,
) -> Result<(), Stop> {
    system(work)?;
    let rows = work.tables.members()?;
    let row = require(&rows, remove.id)?;
    let stays = |row: &&MemberRow| row.removed.is_none() && row.voter && row.id != remove.id;
    let first_stays = remove.id != FIRST && !rows.iter().any(|r| r.id == FIRST);
    if !first_stays && !rows.iter().any(|row| stays(&row)) {
        return refuse(Code::LastVoter, "no voter would be left");
    }
    let row = MemberRow {
        removed: work.change(),
        ..row
    };
    put(work, &row);
    Ok(())
}

fn system<R: Rows + ?Sized>(work: &Work<'_, R>) -> Result<(), Stop> {
    if work.organization == SYSTEM {
        return Ok(());
    }
    refuse(Code::PermissionDenied, "only `system` changes the members")
}

/// The member, when it is one that was not removed.
fn require(rows: &[MemberRow], id: u64) -> Result<MemberRow, Stop> {
    let first = MemberRow {
        id: FIRST,
        voter: true,
        ..MemberRow::default()
    };
    let known = rows.iter().find(|row| row.id == id).cloned();
    match known.or((id == FIRST).then_some(first)) {
        Some(row) if row.removed.is_none() => Ok(row),
        Some(_) => refuse(Code::NotFound, format!("member {id} was removed")),
        None => refuse(Code::NotFound, format!("no member {id}")),
    }
}

fn put<R: Rows + ?Sized>(work: &mut Work<'_, R>, row: &MemberRow) {
    work.put(key(SYSTEM, "member", &[&row.id.to_be_bytes()]), row);
}
