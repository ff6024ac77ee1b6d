//! openraft and RocksDB behind one handle. Nothing else of Veto sees either of them.
//!
//! - [`handle`]: what the rest of the control plane uses: propose, read, watch, stop.
//! - `start`: how a replica begins: again, first, or added by its peers.
//! - `forward`: finds the leader for a command or a read.
//! - `handover`: gives up leading, before the replica stops.
//! - `members`: makes the members what the state says they shall be.
//! - `peers`: what replicas say to each other; `network`: the same as openraft sees it.
//! - `identity`: who this replica is, and whom it has heard.
//! - `log`: entries and votes, on stable storage before they are acknowledged.
//! - `floor`: what the node acknowledged, to notice a log that forgot.
//! - `machine`: applies committed commands; rows and position change in one batch.
//! - `snapshot`: the whole state as a directory of verified files, and how it travels.
//! - `meters`: what is counted and measured.
//! - `backup`: the state as a stream of bytes, while it is served.
//! - [`offline`]: what is done to data directories that no process runs on.
//! - `seams`: where a simulation takes the place of threads, disk, network and chance.
//! - `codec`: our own bytes for everything on disk.

mod backup;
mod codec;
mod database;
mod error;
mod files;
mod floor;
mod forward;
mod handle;
mod handover;
mod identity;
mod log;
mod machine;
mod members;
mod meters;
mod network;
pub mod offline;
mod peers;
mod replica;
mod seams;
mod snapshot;
mod start;
mod types;

pub use backup::Backup;
pub use error::Error;
pub use handle::{Config, Handle};
pub use machine::View;
pub use members::Members;
pub use peers::{Credentials, Handshake, Local, Peers, Stream, Transport};
pub use seams::{Applied, Later, Note, Point, Simulated, draw_from};

#[cfg(test)]
mod tests;
