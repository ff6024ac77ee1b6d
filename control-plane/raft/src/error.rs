//! The one error of this crate.

use veto_core::Code;
use veto_wire::status::Coded;

/// Why a command was not taken, or state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another replica leads, or none is known to.
    #[error("this replica does not lead the cluster")]
    NotLeader,
    /// The command may or may not take effect.
    #[error("the cluster did not answer in time; the outcome is unknown")]
    OutcomeUnknown,
    /// The state could not be confirmed as current in time.
    #[error("the cluster did not confirm in time")]
    Unconfirmed,
    /// A command is larger than the log takes.
    #[error("the change has {size} bytes, and {limit} are the most")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The store failed.
    #[error("storage failed: {0}")]
    Storage(String),
    /// Stored bytes fail their check.
    #[error("storage is corrupt: {0}")]
    Corrupt(String),
    /// The node holds less than it acknowledged.
    #[error("{0}; replace this node")]
    RolledBack(String),
    /// The rows of the state are not what their tables say.
    #[error(transparent)]
    State(#[from] veto_state::Error),
    /// The replica has stopped.
    #[error("the replica has stopped: {0}")]
    Stopped(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotLeader => Code::NotLeader,
            Self::OutcomeUnknown => Code::OutcomeUnknown,
            Self::Unconfirmed => Code::DeadlineExceeded,
            Self::TooLarge { .. } => Code::RequestTooLarge,
            Self::Storage(_) | Self::Stopped(_) => Code::StorageFailed,
            Self::Corrupt(_) => Code::StorageCorrupt,
            Self::RolledBack(_) => Code::StorageRolledBack,
            Self::State(error) => error.code(),
        }
    }

    fn public(&self) -> String {
        match self {
            Self::Storage(_)
            | Self::Corrupt(_)
            | Self::RolledBack(_)
            | Self::State(_)
            | Self::Stopped(_) => self.code().summary().to_owned(),
            Self::NotLeader | Self::OutcomeUnknown | Self::Unconfirmed | Self::TooLarge { .. } => {
                self.to_string()
            }
        }
    }
}
