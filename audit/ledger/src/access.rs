//! Who may do what: node keys append, admin and ci keys read. Whatever is not listed here is
//! refused.

use std::sync::Arc;

use tonic::Status;
use tonic::metadata::MetadataMap;
use veto_core::{Clock, Timestamp};
use veto_identity::{Claims, KeyKind};
use veto_wire::{metadata, status};

use crate::jwks::Keys;
use crate::{Error, Tenant};

/// What a credential is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Bringing records.
    Append,
    /// Listing, following and exporting records.
    Read,
}

impl Action {
    const fn words(self) -> &'static str {
        match self {
            Self::Append => "append records",
            Self::Read => "read records",
        }
    }

    /// The whole table.
    const fn allows(self, kind: KeyKind) -> bool {
        match (self, kind) {
            (Self::Append, KeyKind::Node) | (Self::Read, KeyKind::Admin | KeyKind::Ci) => true,
            (Self::Append, KeyKind::Admin | KeyKind::Ci | KeyKind::Agent)
            | (Self::Read, KeyKind::Node | KeyKind::Agent) => false,
        }
    }
}

/// A caller whose token is verified and may do what it asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What the credential covers.
    pub tenant: Tenant,
    /// The public id of the API key behind the token.
    pub key: String,
    /// When the token ends.
    pub expires: Timestamp,
}

/// Verifies tokens and looks up the table.
#[derive(Debug, Clone)]
pub struct Access {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
}

impl Access {
    /// Verifies with these keys.
    #[must_use]
    pub fn new(keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Checks the credential of a request for an action.
    ///
    /// # Errors
    /// CREDENTIAL_MISSING, CREDENTIAL_INVALID, TOKEN_EXPIRED or PERMISSION_DENIED.
    pub async fn check(&self, metadata: &MetadataMap, action: Action) -> Result<Caller, Status> {
        let token = metadata::bearer(metadata)?;
        let claims = self.keys.verify(token, self.clock.now()).await;
        let caller = claims.and_then(|claims| permit(&claims, action));
        caller.map_err(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, ?action, "refused");
            status::from_error(&error)
        })
    }
}

fn permit(claims: &Claims, action: Action) -> Result<Caller, Error> {
    let kind = KeyKind::parse(&claims.kind);
    if !kind.is_some_and(|kind| action.allows(kind)) {
        let kind = kind.map_or("unknown", KeyKind::as_str).to_owned();
        return Err(Error::NotAllowed {
            kind,
            action: action.words(),
        });
    }
    Ok(Caller {
        tenant: Tenant::of(claims)?,
        key: claims.key.clone(),
        expires: Timestamp::from_seconds(claims.exp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_append_people_and_pipelines_read_and_agents_do_neither() {
        let may = |action: Action| {
            [KeyKind::Agent, KeyKind::Node, KeyKind::Ci, KeyKind::Admin].map(|k| action.allows(k))
        };
        assert_eq!(may(Action::Append), [false, true, false, false]);
        assert_eq!(may(Action::Read), [false, false, true, true]);
    }
}
