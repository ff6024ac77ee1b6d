//! Tenants, their projects, environments and agents.

use veto_core::{Code, OrganizationId};
use veto_proto::storage::v1::{
    AgentRow, Bootstrap, CreateEnvironment, CreateOrganization, CreateProject, EnvironmentRow,
    OrganizationRow, ProjectRow, PutAgent,
};

use super::{Stop, Work, keys, refuse, scope};
use crate::rows::{Rows, key};
use crate::tables::SYSTEM;

pub(super) fn bootstrap<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    bootstrap: &Bootstrap,
) -> Result<(), Stop> {
    if work.tables.cluster()?.is_some() {
        return refuse(Code::AlreadyExists, "the cluster is bootstrapped already");
    }
    let Some(first) = &bootstrap.key else {
        return refuse(Code::InvalidRequest, "a bootstrap needs a key");
    };
    let cluster = Bootstrap {
        cluster: bootstrap.cluster.clone(),
        key: None,
    };
    work.put(key(SYSTEM, "cluster", &[]), &cluster);
    keys::keep(work, first, SYSTEM)
}

pub(super) fn organization<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    create: &CreateOrganization,
) -> Result<(), Stop> {
    if work.organization != SYSTEM {
        return refuse(Code::PermissionDenied, "only `system` makes organizations");
    }
    let id = OrganizationId::new(&create.id)
        .map_err(|e| Stop::Refused(Code::InvalidRequest, e.to_string()))?;
    if id.is_system() || work.tables.organization(id.as_str())?.is_some() {
        return refuse(
            Code::AlreadyExists,
            format!("organization `{id}` exists already"),
        );
    }
    let Some(admin) = &create.admin_key else {
        return refuse(Code::InvalidRequest, "an organization needs an admin key");
    };
    let row = OrganizationRow {
        id: create.id.clone(),
        display_name: create.display_name.clone(),
        created: work.change(),
    };
    work.put(key(SYSTEM, "organization", &[create.id.as_bytes()]), &row);
    keys::keep(work, admin, &create.id)
}

pub(super) fn project<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    create: &CreateProject,
) -> Result<(), Stop> {
    if work.organization == SYSTEM {
        return refuse(Code::InvalidRequest, "`system` has no projects");
    }
    if work
        .tables
        .project(work.organization, &create.id)?
        .is_some()
    {
        return refuse(
            Code::AlreadyExists,
            format!("project `{}` exists already", create.id),
        );
    }
    let row = ProjectRow {
        id: create.id.clone(),
        display_name: create.display_name.clone(),
        created: work.change(),
    };
    work.put(
        key(work.organization, "project", &[create.id.as_bytes()]),
        &row,
    );
    Ok(())
}

pub(super) fn environment<R: Rows + ?Sized>(
    work: &mut Work<'_, R>,
    create: &CreateEnvironment,
) -> Result<(), Stop> {
    work.require_project(&create.project)?;
    let scope = scope(work.organization, &create.project, &create.id)?;
    if work.tables.environment(&scope)?.is_some() {
        return refuse(
            Code::AlreadyExists,
            format!("environment `{}` exists already", create.id),
        );
    }
    let row = EnvironmentRow {
        project: create.project.clone(),
        id: create.id.clone(),
        staleness_seconds: create.staleness_seconds,
        created: work.change(),
        ..EnvironmentRow::default()
    };
    work.touch(scope, row);
    Ok(())
}

pub(super) fn agent<R: Rows + ?Sized>(work: &mut Work<'_, R>, put: &PutAgent) -> Result<(), Stop> {
    let Some(agent) = &put.agent else {
        return refuse(Code::InvalidRequest, "there is no agent in the command");
    };
    work.require_project(&agent.project)?;
    let mut row = AgentRow {
        changed: work.change(),
        ..agent.clone()
    };
    // Sorted here, so that a bundle of equal content has equal bytes.
    row.roles.sort();
    row.roles.dedup();
    row.labels.sort_by(|a, b| a.name.cmp(&b.name));
    row.labels.dedup_by(|a, b| a.name == b.name);
    let parts: [&[u8]; 2] = [agent.project.as_bytes(), agent.id.as_bytes()];
    work.put(key(work.organization, "agent", &parts), &row);
    work.touch_all(|scope| scope.project.as_str() == agent.project)
}
