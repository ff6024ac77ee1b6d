//! Why the parts do not run together.

use std::io;

use veto_core::Code;
use veto_wire::status::Coded as _;

/// Why the parts do not run together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The control plane did not start.
    #[error("the control plane did not start")]
    ControlPlane(#[source] veto_server::Error),
    /// The data plane did not start.
    #[error("the data plane did not start")]
    DataPlane(#[source] veto_data_plane::Error),
    /// The ledger did not start.
    #[error("the ledger did not start")]
    Ledger(#[source] veto_ledger::Error),
    /// A file of the data directory cannot be used.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The control plane did not make a key for the node.
    #[error("the control plane made no key for the node")]
    NodeKey(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part died while it ran.
    #[error("{part} died")]
    Died {
        /// The part.
        part: &'static str,
        /// What it said last.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part did not stop in time.
    #[error("{part} did not stop in time")]
    StopTimeout {
        /// The part.
        part: &'static str,
    },
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::ControlPlane(error) => error.code(),
            Self::DataPlane(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::File { .. } => Code::StorageFailed,
            Self::NodeKey(_) | Self::Died { .. } => Code::Internal,
            Self::StopTimeout { .. } => Code::DeadlineExceeded,
        }
    }
}
