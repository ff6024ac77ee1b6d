//! The boundary that no answer crosses.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{EnvironmentId, OrganizationId, ProjectId};

/// Organization, project and environment: where a call is made, a policy holds, a record belongs.
/// It comes from the credential, never from the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The tenant.
    pub organization: OrganizationId,
    /// A project of it.
    pub project: ProjectId,
    /// An environment of the project.
    pub environment: EnvironmentId,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}",
            self.organization, self.project, self.environment
        )
    }
}
