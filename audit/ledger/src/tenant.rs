//! What a credential covers: the boundary that no query and no append crosses.

use veto_core::{EnvironmentId, OrganizationId, ProjectId, Scope};
use veto_identity::Claims;

use crate::Error;

/// An organization, or a project or an environment of it. It comes from the credential, never from
/// the request, and every function of a store that reads takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The organization.
    pub organization: OrganizationId,
    /// The project; `None` covers all of them.
    pub project: Option<ProjectId>,
    /// The environment; `None` covers all of them.
    pub environment: Option<EnvironmentId>,
}

impl Tenant {
    /// Reads what a token covers.
    ///
    /// # Errors
    /// [`Error::Credential`] when a name in it is malformed, which no control plane signs.
    pub fn of(claims: &Claims) -> Result<Self, Error> {
        let malformed =
            |e: veto_core::id::InvalidId| veto_identity::Error::InvalidToken(e.to_string());
        Ok(Self {
            organization: OrganizationId::new(&claims.org).map_err(malformed)?,
            project: claims
                .project
                .as_deref()
                .map(ProjectId::new)
                .transpose()
                .map_err(malformed)?,
            environment: (claims.env.as_deref().map(EnvironmentId::new).transpose())
                .map_err(malformed)?,
        })
    }

    /// Tells whether a record of this scope may be read with the credential.
    #[must_use]
    pub fn reads(&self, scope: &Scope) -> bool {
        self.organization == scope.organization && self.narrows(scope)
    }

    /// Tells whether a record of this scope may be appended with the credential: nodes of the
    /// organization `system` decide for all others.
    #[must_use]
    pub fn appends(&self, scope: &Scope) -> bool {
        self.organization.is_system() && self.narrows(scope) || self.reads(scope)
    }

    fn narrows(&self, scope: &Scope) -> bool {
        self.project
            .as_ref()
            .is_none_or(|own| *own == scope.project)
            && self
                .environment
                .as_ref()
                .is_none_or(|own| *own == scope.environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(organization: &str, project: Option<&str>) -> Tenant {
        Tenant {
            organization: OrganizationId::new(organization).unwrap(),
            project: project.map(|p| ProjectId::new(p).unwrap()),
            environment: None,
        }
    }

    fn scope(organization: &str, project: &str) -> Scope {
        Scope {
            organization: OrganizationId::new(organization).unwrap(),
            project: ProjectId::new(project).unwrap(),
            environment: EnvironmentId::new("dev").unwrap(),
        }
    }

    #[test]
    fn an_organization_covers_its_own_alone() {
        let acme = tenant("acme", None);
        assert!(acme.reads(&scope("acme", "a")) && acme.appends(&scope("acme", "a")));
        assert!(!acme.reads(&scope("acme-2", "a")) && !acme.appends(&scope("acme-2", "a")));
        let narrow = tenant("acme", Some("a"));
        assert!(narrow.reads(&scope("acme", "a")) && !narrow.reads(&scope("acme", "b")));
    }

    #[test]
    fn the_system_appends_for_all_and_reads_for_none() {
        let system = tenant("system", None);
        assert!(system.appends(&scope("acme", "a")) && !system.reads(&scope("acme", "a")));
    }
}
