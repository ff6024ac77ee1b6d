//! Keeps the decision records of one region.
//!
//! Nodes append the frames of their chains and are answered when these are on stable storage;
//! people list, follow and export the decisions within the scope of their credential. The ledger
//! never alters or deletes a record, never stores a frame that does not continue its chain, and
//! never shows a tenant that another one exists.
//!
//! - Records come in by [`append`] (checks bytes, chain and scope) and go into the [`store`]
//!   ([`store::sqlite`]); [`chain`] says what continues a boot.
//! - Records go out by [`query`] (pages, with tokens sealed by [`page`]), [`tail`] and [`export`],
//!   chosen by a [`filter`] and bounded by a [`tenant`].
//! - [`grpc`] is the service; [`access`] says who may call what, with the keys of [`jwks`]; [`seats`]
//!   bounds how much at once.
//! - [`start`] puts it together; [`config`] is what an operator sets.

pub mod access;
pub mod append;
pub mod chain;
pub mod config;
pub mod error;
pub mod export;
pub mod filter;
pub mod glob;
pub mod grpc;
pub mod jwks;
pub mod page;
pub mod query;
pub mod seats;
pub mod store;
pub mod tail;
pub mod tenant;

mod files;
mod frame;
mod server;

pub use config::Config;
pub use error::Error;
pub use server::{Running, start, start_with};
pub use tenant::Tenant;
