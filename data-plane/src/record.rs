//! Keeps a record of every decision before its answer leaves, and brings the records to the ledger.
//!
//! - [`Spool`]: one writer, a chain of frames in segment files, a receipt once a record is on stable
//!   storage. A record that cannot be kept is refused at once, and its call with it.
//! - [`reader`]: what was committed, over all boots, oldest first.
//! - [`ship`]: the copy that counts, to the ledger; what the ledger has may be deleted here.
//! - [`otlp`]: a copy for other people's tools, which never holds anything up.

pub mod otlp;
pub mod reader;
pub mod ship;

mod cursor;
mod error;
mod feed;
mod handle;
mod pace;
mod recover;
mod retain;
mod segment;
mod spool;
mod writer;

pub use cursor::Position;
pub use error::Error;
pub use handle::{Handle, Receipt};
pub use spool::{Config, Spool};

#[cfg(test)]
mod tests;
