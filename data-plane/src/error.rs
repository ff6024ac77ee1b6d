//! The one error of this crate. An error means that no decision was made, or that the node cannot run.

use std::path::PathBuf;
use std::time::Duration;

use veto_core::{Code, Revision};
use veto_policy::{ArgumentsError, Diagnostics};
use veto_wire::status::Coded;

use crate::record;

/// Why a call was not decided, a bundle not taken, or the node not started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has an error.
    #[error("configuration: {0}")]
    Config(String),
    /// The pinned trust cannot be read.
    #[error("trust")]
    Trust(#[source] veto_identity::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The disk does not keep what it must.
    #[error("storage at {path}")]
    Storage {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The token does not verify.
    #[error("credential")]
    Credential(#[source] veto_identity::Error),
    /// The token verifies and does not say what an agent's token must.
    #[error("claims: {0}")]
    Claims(&'static str),
    /// The key behind the token is revoked.
    #[error("key `{0}` is revoked")]
    Revoked(String),
    /// There is no verified bundle for the token's scope.
    #[error("no bundle for this environment")]
    NoBundle,
    /// The bundle is too old to decide.
    #[error("bundle is {} s old, and the bound is {} s", age.as_secs(), bound.as_secs())]
    Stale {
        /// Its age.
        age: Duration,
        /// The environment's bound.
        bound: Duration,
    },
    /// The call asks for a revision that the node does not hold yet.
    #[error("revision {asked} is asked for, and {held} is held")]
    RevisionNotReached {
        /// The revision asked for.
        asked: Revision,
        /// The revision held.
        held: Revision,
    },
    /// A field of the request is missing or malformed.
    #[error("`{field}`: {problem}")]
    Request {
        /// The field.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A field is not the JSON that is accepted.
    #[error("`{field}`: {source}")]
    Arguments {
        /// The field.
        field: &'static str,
        /// What is wrong.
        source: ArgumentsError,
    },
    /// The decision could not be recorded.
    #[error("decision is not recorded")]
    NotRecorded(#[source] record::Error),
    /// The decision was not recorded within its time.
    #[error("decision is not recorded in time")]
    RecordedLate,
    /// The spool cannot be opened, or has failed.
    #[error("spool")]
    Spool(#[source] record::Error),
    /// A bundle does not verify.
    #[error(transparent)]
    Bundle(#[from] veto_wire::bundle::Error),
    /// A bundle's policies do not compile.
    #[error("policies of the bundle")]
    Policies(#[source] Diagnostics),
    /// A bundle is older than one that the node has held.
    #[error("revision {offered} is older than {floor}, which was held")]
    Rollback {
        /// The revision of the bundle.
        offered: Revision,
        /// The highest revision that was ever held.
        floor: Revision,
    },
    /// A control plane does not answer, or ended the stream.
    #[error("control plane {address}: {problem}")]
    ControlPlane {
        /// Its address.
        address: String,
        /// What went wrong.
        problem: String,
    },
    /// A part of the node died.
    #[error("{0}")]
    Internal(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Config(_) | Self::Listen { .. } => Code::ConfigInvalid,
            Self::Trust(source) | Self::Credential(source) => source.code(),
            Self::Storage { .. } => Code::StorageFailed,
            Self::Claims(_) | Self::Revoked(_) => Code::CredentialInvalid,
            Self::NoBundle => Code::NoBundle,
            Self::Stale { .. } => Code::BundleStale,
            Self::RevisionNotReached { .. } => Code::RevisionNotReached,
            Self::Request { .. } => Code::InvalidRequest,
            Self::Arguments { source, .. } => source.code(),
            Self::NotRecorded(_) | Self::RecordedLate => Code::RecordUnavailable,
            Self::Spool(source) => source.code(),
            Self::Bundle(source) => source.code(),
            Self::Policies(source) => source.code(),
            Self::Rollback { .. } => Code::BundleRollback,
            Self::ControlPlane { .. } => Code::Unreachable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// Credentials are refused in the same words whatever was wrong: the reason is in the log.
    fn public(&self) -> String {
        match self {
            Self::Credential(veto_identity::Error::Expired) => {
                "the token is outside its time".into()
            }
            Self::Credential(_) | Self::Claims(_) | Self::Revoked(_) => {
                "the credential is not valid here".into()
            }
            Self::NotRecorded(_) | Self::RecordedLate => {
                "the decision could not be recorded".into()
            }
            Self::Storage { .. } | Self::Spool(_) | Self::Internal(_) => "internal error".into(),
            Self::Policies(source) => source.to_string(),
            Self::Config(_)
            | Self::Trust(_)
            | Self::Listen { .. }
            | Self::NoBundle
            | Self::Stale { .. }
            | Self::RevisionNotReached { .. }
            | Self::Request { .. }
            | Self::Arguments { .. }
            | Self::Bundle(_)
            | Self::Rollback { .. }
            | Self::ControlPlane { .. } => self.to_string(),
        }
    }
}

impl Error {
    /// Names the place of a failure of the disk.
    pub(crate) fn storage(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Storage { path, source }
    }
}

impl From<veto_process::config::Invalid> for Error {
    fn from(invalid: veto_process::config::Invalid) -> Self {
        Self::Config(invalid.0)
    }
}
