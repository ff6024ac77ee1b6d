//! The one error of this crate.

use veto_core::Code;
use veto_wire::status::Coded;

/// Why the control plane did not start or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration has an error.
    #[error("configuration: {0}")]
    Config(String),
    /// The credential is refused; why is for the log alone.
    #[error("credential refused: {0}")]
    Credential(&'static str),
    /// The credential is good and its kind may not call this.
    #[error("a `{kind}` key may not call this")]
    NotAllowed {
        /// The kind of key.
        kind: &'static str,
    },
    /// A field of the request is missing or malformed.
    #[error("`{field}`: {problem}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no such thing within the caller's scope.
    #[error("no {what} `{name}`")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The state refused the command.
    #[error("{message}")]
    Refused {
        /// The code of the refusal.
        code: Code,
        /// The refusal in words.
        message: String,
    },
    /// A bundle cannot be made.
    #[error(transparent)]
    Bundle(#[from] veto_wire::bundle::Error),
    /// A key cannot be made or used.
    #[error(transparent)]
    Identity(#[from] veto_identity::Error),
    /// The replica failed.
    #[error(transparent)]
    Raft(#[from] veto_raft::Error),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] veto_state::Error),
    /// A file cannot be read or written.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What went wrong.
        problem: String,
    },
    /// The address cannot be served.
    #[error("cannot serve {address}: {problem}")]
    Listen {
        /// The address.
        address: String,
        /// What went wrong.
        problem: String,
    },
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Config(_) | Self::Listen { .. } => Code::ConfigInvalid,
            Self::Credential(_) => Code::CredentialInvalid,
            Self::NotAllowed { .. } => Code::PermissionDenied,
            Self::Invalid { .. } => Code::InvalidRequest,
            Self::NotFound { .. } => Code::NotFound,
            Self::Refused { code, .. } => *code,
            Self::Bundle(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Raft(error) => error.code(),
            Self::State(error) => error.code(),
            Self::File { .. } => Code::StorageFailed,
        }
    }

    fn public(&self) -> String {
        match self {
            Self::Credential(_) => "the credential is not valid".to_owned(),
            Self::Raft(error) => error.public(),
            Self::State(_) | Self::Bundle(_) | Self::Identity(_) | Self::File { .. } => {
                self.code().summary().to_owned()
            }
            Self::Config(_)
            | Self::NotAllowed { .. }
            | Self::Invalid { .. }
            | Self::NotFound { .. }
            | Self::Refused { .. }
            | Self::Listen { .. } => self.to_string(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        if let Error::Credential(reason) = &error {
            tracing::info!(reason, "credential refused");
        }
        veto_wire::status::from_error(&error)
    }
}

impl From<veto_process::config::Invalid> for Error {
    fn from(invalid: veto_process::config::Invalid) -> Self {
        Self::Config(invalid.0)
    }
}
