//! Why a record was not kept, not read or not shipped.

use std::io;
use std::path::{Path, PathBuf};

use veto_core::Code;
use veto_wire::status::Coded;

/// Why a record was not kept, not read or not shipped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue of the writer is full.
    #[error("the queue of records is full")]
    Busy,
    /// The spool has reached its bound.
    #[error("the spool is full: {used} of {max} bytes")]
    Full {
        /// Bytes in use.
        used: u64,
        /// The bound.
        max: u64,
    },
    /// The disk did not answer in time. The record may still be written.
    #[error("the record was not on stable storage in time")]
    Late,
    /// A write failed before; nothing is recorded until the process starts anew.
    #[error("the spool has failed: {0}")]
    Failed(String),
    /// The spool was stopped.
    #[error("the spool was stopped")]
    Stopped,
    /// The record is too large for a frame.
    #[error("record")]
    TooLarge(#[source] veto_trail::chain::Error),
    /// Another process uses the directory.
    #[error("spool {} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// The disk does not do what it must.
    #[error("storage at {}", path.display())]
    Storage {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no randomness for the name of the boot.
    #[error("no randomness for the boot")]
    Entropy(#[source] io::Error),
    /// A committed frame reads back damaged.
    #[error("record {sequence} in {} is unreadable: {problem}", path.display())]
    Unreadable {
        /// The segment.
        path: PathBuf,
        /// The first sequence that cannot be read.
        sequence: u64,
        /// What is wrong.
        problem: String,
    },
    /// The address is not one.
    #[error("address `{address}`")]
    Address {
        /// The address.
        address: String,
        /// What is wrong.
        source: tonic::transport::Error,
    },
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Busy | Self::Full { .. } | Self::Late | Self::Failed(_) | Self::Stopped => {
                Code::RecordUnavailable
            }
            Self::TooLarge(_) => Code::RequestTooLarge,
            Self::Locked(_) | Self::Storage { .. } | Self::Entropy(_) => Code::StorageFailed,
            Self::Unreadable { .. } => Code::RecordCorrupt,
            Self::Address { .. } => Code::ConfigInvalid,
        }
    }

    /// Names the place of a failure of the disk.
    pub(super) fn storage(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Storage { path, source }
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        self.code()
    }

    /// The paths and bounds of the node are not the caller's.
    fn public(&self) -> String {
        match self {
            Self::TooLarge(source) => source.to_string(),
            Self::Busy
            | Self::Full { .. }
            | Self::Late
            | Self::Failed(_)
            | Self::Stopped
            | Self::Locked(_)
            | Self::Storage { .. }
            | Self::Entropy(_)
            | Self::Unreadable { .. }
            | Self::Address { .. } => "the decision could not be recorded".into(),
        }
    }
}
