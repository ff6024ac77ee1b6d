//! The control plane: the only writer of organizations, agents, keys and policies, and the source of
//! every signed bundle. It decides no call and keeps no record.
//!
//! - [`access`]: who is asking, and what that kind of key may call.
//! - `grpc`: a file per service; each checks its fields, proposes a command, or reads.
//! - `feed`: turns what the state says into signed bundles, and tells who subscribes.
//! - `rollout`: which node enforces what.
//! - `peers`: what the other replicas are told, and how they are reached.
//! - `bootstrap`: the first minute of a cluster.
//! - [`start`] puts it together; [`config`] is what an operator sets.

pub mod access;
pub mod config;
pub mod error;

mod bootstrap;
mod feed;
mod files;
mod grpc;
mod meters;
mod peers;
mod rollout;
mod server;

pub use config::Config;
pub use error::Error;
pub use server::{Running, start, start_with};
