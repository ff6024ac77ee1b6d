//! The one error of this crate.

use std::sync::Arc;

use veto_core::Code;
use veto_wire::status::Coded;

/// Why the ledger did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The configuration has an error.
    #[error("configuration: {0}")]
    Config(String),
    /// The credential is refused.
    #[error("credential refused")]
    Credential(#[from] veto_identity::Error),
    /// The credential is good and its kind may not call this.
    #[error("a `{kind}` credential may not {action}")]
    NotAllowed {
        /// The kind of key behind the token.
        kind: String,
        /// What it may not do.
        action: &'static str,
    },
    /// A field of the request is missing or malformed.
    #[error("`{field}` {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A record lies outside of what its bringer's credential covers.
    #[error("record {sequence} is of no scope of this credential")]
    OutsideScope {
        /// The sequence of the record.
        sequence: u64,
    },
    /// A frame is damaged or its payload is not a record.
    #[error("frame {index} of the append is damaged: {problem}")]
    BadFrame {
        /// Its place in the request, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The frames do not continue the chain of their boot.
    #[error("{problem}; sequence {expected} is expected")]
    ChainBroken {
        /// The sequence that continues the chain.
        expected: u64,
        /// What kind of break it is.
        cause: crate::chain::Cause,
        /// What is wrong.
        problem: String,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] Arc<rusqlite::Error>),
    /// A file of the data directory cannot be read or written.
    #[error("{action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: String,
        /// Why it failed.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The address cannot be listened on, or the listener failed.
    #[error("listen on {address}: {problem}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        problem: String,
    },
    /// Stored bytes fail their check.
    #[error("stored record {arrival} fails its check: {problem}")]
    Corrupt {
        /// Its number in the ledger.
        arrival: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// There is more work than may wait.
    #[error("too many {0} at once")]
    Overloaded(&'static str),
    /// The time allowed ran out.
    #[error("{0} took longer than allowed")]
    Deadline(&'static str),
    /// No key set was ever fetched, so that no token can be verified.
    #[error("no keys to verify tokens with: no control plane has answered yet")]
    NoKeys,
    /// No control plane gave a key set that can be trusted.
    #[error("no key set from {address}: {problem}")]
    KeysRefused {
        /// The control plane that was asked.
        address: String,
        /// Why its answer was not taken.
        problem: String,
    },
    /// The ledger is stopping.
    #[error("the ledger is stopping")]
    Stopping,
    /// A fault of the ledger's own.
    #[error("internal fault: {0}")]
    Internal(String),
}

impl Error {
    /// A field of the request is missing or malformed.
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            problem: problem.into(),
        }
    }

    /// A file of the data directory failed.
    pub(crate) fn file(
        action: &'static str,
        path: &std::path::Path,
        source: std::io::Error,
    ) -> Self {
        Self::File {
            action,
            path: path.display().to_string(),
            source: Arc::new(source),
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Config(_) => Code::ConfigInvalid,
            Self::Credential(error) => error.code(),
            Self::NotAllowed { .. } => Code::PermissionDenied,
            Self::Invalid { .. } => Code::InvalidRequest,
            Self::OutsideScope { .. } => Code::NotFound,
            Self::BadFrame { .. } => Code::RecordCorrupt,
            Self::ChainBroken { .. } => Code::RecordChainBroken,
            Self::Database(_) | Self::File { .. } => Code::StorageFailed,
            Self::Corrupt { .. } => Code::StorageCorrupt,
            Self::Overloaded(_) => Code::Overloaded,
            Self::Deadline(_) => Code::DeadlineExceeded,
            Self::Listen { .. } | Self::NoKeys | Self::KeysRefused { .. } | Self::Stopping => {
                Code::Unreachable
            }
            Self::Internal(_) => Code::Internal,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        Self::code(self)
    }

    fn public(&self) -> String {
        match self {
            // Which of the many ways a credential is wrong helps those who forge one.
            Self::Credential(_) => self.code().summary().to_owned(),
            Self::Database(_)
            | Self::File { .. }
            | Self::Corrupt { .. }
            | Self::Listen { .. }
            | Self::KeysRefused { .. }
            | Self::Internal(_) => self.code().summary().to_owned(),
            Self::Config(_)
            | Self::NotAllowed { .. }
            | Self::Invalid { .. }
            | Self::OutsideScope { .. }
            | Self::BadFrame { .. }
            | Self::ChainBroken { .. }
            | Self::Overloaded(_)
            | Self::Deadline(_)
            | Self::NoKeys
            | Self::Stopping => self.to_string(),
        }
    }
}

impl From<veto_process::config::Invalid> for Error {
    fn from(invalid: veto_process::config::Invalid) -> Self {
        Self::Config(invalid.0)
    }
}
