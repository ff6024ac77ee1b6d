//! A backup becomes a new cluster. Its old members are none of it, and every environment gets a revision
//! that the old cluster never gave, so that no node takes what is restored for what it has.

use veto_core::Code;
use veto_proto::storage::v1::{Bootstrap, Restore, RestoreRow};

use super::{Stop, Work, refuse};
use crate::rows::{Rows, Write, key};
use crate::tables::SYSTEM;

pub(super) fn restore<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    restore: &Restore,
) -> Result<(), Stop> {
    if work.organization != SYSTEM {
        return refuse(Code::PermissionDenied, "only `system` is restored");
    }
    let old = work.tables.cluster()?.unwrap_or_default();
    if restore.cluster.is_empty() || restore.cluster == old {
        let message = "what is restored is a new cluster, with an id of its own";
        return refuse(Code::InvalidRequest, message);
    }
    if restore.from_cluster != old || restore.from_revision >= work.change.revision {
        return refuse(Code::InvalidRequest, "the state is not of that backup");
    }
    let cluster = Bootstrap {
        cluster: restore.cluster.clone(),
        key: None,
    };
    work.put(key(SYSTEM, "cluster", &[]), &cluster);
    let row = RestoreRow {
        from_cluster: restore.from_cluster.clone(),
        from_revision: restore.from_revision,
        from_time: restore.from_time,
        restored: work.change(),
    };
    let revision = work.change.revision.to_be_bytes();
    work.put(key(SYSTEM, "restore", &[&revision]), &row);
    for row in work.tables.members()? {
        let key = key(SYSTEM, "member", &[&row.id.to_be_bytes()]);
        work.writes.push(Write { key, value: None });
    }
    let organizations = work.tables.organizations()?;
    let ids = organizations.iter().map(|row| row.id.as_str());
    for organization in ids.chain([SYSTEM]) {
        for row in work.tables.environments(organization, None)? {
            let scope = super::scope(organization, &row.project, &row.id)?;
            work.touch(scope, row);
        }
    }
    Ok(())
}
