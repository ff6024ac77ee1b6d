//! The replicated state machine of the control plane. Deterministic and pure: what a command does
//! follows from the command and the rows alone, so that every replica does the same with it.
//!
//! - [`rows`]: the ordered bytes that it stands on, and how a key is built.
//! - [`tables`]: typed reading.
//! - [`apply`]: the only place that changes state.
//! - [`event`]: what those who watch are told.

pub mod apply;
pub mod event;
pub mod rows;
pub mod tables;

pub use apply::{Applied, apply};
pub use event::Event;
pub use rows::{Rows, Write};
pub use tables::Tables;

use veto_core::Code;

/// Why state cannot be read. A command that is refused is no error but an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("cannot read rows: {0}")]
    Read(String),
    /// A row is not what its table says.
    #[error("row of table `{table}` is corrupt: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Read(_) => Code::StorageFailed,
            Self::Corrupt { .. } => Code::StorageCorrupt,
        }
    }
}
