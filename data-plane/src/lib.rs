//! The data-plane node: answers calls, keeps no state that matters.
//!
//! It holds verified, compiled bundles in memory and their last good copies on the disk, decides
//! every call locally, and records each decision before it answers. It never waits for the control
//! plane to decide a call, never decides under a bundle that did not verify, and never answers what
//! it could not record. Losing its disk loses nothing but records that were not yet shipped.
//!
//! A call goes one way: `grpc` decodes → [`identity`] turns the token into a scope →
//! [`bundle`] hands out one snapshot → [`decide`] calls the pure engine → [`record`] keeps the
//! decision → the answer leaves.
//!
//! - [`config`]: what an operator sets.
//! - [`clock`]: time that never runs backwards.
//! - [`node`]: starts the parts and stops them in order.

pub mod bundle;
pub mod clock;
pub mod config;
pub mod decide;
pub mod error;
mod file;
mod grpc;
pub mod identity;
mod ledger_token;
pub mod node;
pub mod record;
mod upstream;

pub use config::Config;
pub use error::Error;
pub use node::{Machine, Running, start, start_on};
