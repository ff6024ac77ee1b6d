//! Fields of requests: their grammar and their limits, as the contract says.

use veto_core::id::InvalidId;
use veto_core::{EnvironmentId, ProjectId, Scope};
use veto_proto::administration::v1::ScopeRef;

use crate::Error;
use crate::access::Caller;

pub(super) fn invalid(field: &'static str, problem: impl Into<String>) -> Error {
    Error::Invalid {
        field,
        problem: problem.into(),
    }
}

/// Reads a name of any kind.
pub(super) fn name<T>(
    field: &'static str,
    text: &str,
    make: fn(&str) -> Result<T, InvalidId>,
) -> Result<T, Error> {
    make(text).map_err(|e| invalid(field, e.to_string()))
}

/// Checks a text's length in bytes, and that it has no zero byte.
pub(super) fn text(field: &'static str, text: &str, most: usize) -> Result<String, Error> {
    if text.len() > most {
        return Err(invalid(
            field,
            format!("{} bytes, and {most} are the most", text.len()),
        ));
    }
    if text.contains('\0') {
        return Err(invalid(field, "holds a zero byte"));
    }
    Ok(text.to_owned())
}

/// Checks a name to show; the id stands in for none.
pub(super) fn display_name(given: &str, id: &str) -> Result<String, Error> {
    let given = text("display_name", given, 256)?;
    Ok(if given.is_empty() {
        id.to_owned()
    } else {
        given
    })
}

pub(super) fn request_id(id: &str) -> Result<(), Error> {
    text("request_id", id, 128).map(drop)
}

pub(super) fn count(field: &'static str, count: usize, most: usize) -> Result<(), Error> {
    if count <= most {
        return Ok(());
    }
    Err(invalid(
        field,
        format!("{count} entries, and {most} are the most"),
    ))
}

/// The environment that a request names, within what the caller covers. Whatever lies outside, or is
/// not there, is answered alike.
pub(super) fn environment(caller: &Caller, scope: Option<&ScopeRef>) -> Result<Scope, Error> {
    let scope = scope.ok_or_else(|| invalid("scope", "is required"))?;
    let named = Scope {
        organization: caller.organization.clone(),
        project: name("scope.project", &scope.project, ProjectId::new)?,
        environment: name("scope.environment", &scope.environment, EnvironmentId::new)?,
    };
    if caller.covers(
        Some(named.project.as_str()),
        Some(named.environment.as_str()),
    ) {
        return Ok(named);
    }
    Err(no_environment(&named))
}

/// The one text for an environment that is not there or not the caller's.
pub(super) fn no_environment(scope: &Scope) -> Error {
    let name = format!("{}/{}", scope.project, scope.environment);
    Error::NotFound {
        what: "environment",
        name,
    }
}

/// A project that a request names, within what the caller covers as a whole.
pub(super) fn project(caller: &Caller, project: &str) -> Result<ProjectId, Error> {
    let project = name("project", project, ProjectId::new)?;
    if caller.covers(Some(project.as_str()), None) {
        return Ok(project);
    }
    Err(Error::NotFound {
        what: "project",
        name: project.to_string(),
    })
}
