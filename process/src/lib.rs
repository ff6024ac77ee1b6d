//! How a server of Veto runs as a process: the same command line, configuration, log and signals for
//! all three of them. It knows nothing of what they serve.
//!
//! - [`config`]: a YAML file, and environment variables over it; checks that all servers share.
//! - [`metrics`]: what a process counts, for Prometheus.
//! - [`main()`]: `run`, `config check` and `version` for whatever is a [`Server`].

pub mod config;
pub mod metrics;
mod run;

pub use run::{Server, main};
