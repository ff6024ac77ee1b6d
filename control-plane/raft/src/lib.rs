//! openraft and RocksDB behind one handle. Nothing else of Veto sees either of them.
//!
//! - [`handle`]: what the rest of the control plane uses: propose, read, watch, stop.
//! - `log`: entries and votes, on stable storage before they are acknowledged.
//! - `floor`: what the node acknowledged, to notice a log that forgot.
//! - `machine`: applies committed commands; rows and position change in one batch.
//! - `snapshot`: the whole state as a directory of verified files, and how it travels.
//! - `codec`: our own bytes for everything on disk.
//! - `network`: where peers will be reached.

mod codec;
mod database;
mod error;
mod floor;
mod handle;
mod log;
mod machine;
mod network;
mod snapshot;
mod types;

pub use error::Error;
pub use handle::{Config, Handle};
pub use machine::View;

#[cfg(test)]
mod tests;
