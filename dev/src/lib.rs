//! All parts of Veto in one process, on loopback: the control plane, a ledger and one data-plane
//! node, started in the order in which they need each other and stopped in the opposite one.
//! It makes what the cluster itself needs, a node's key, and nothing else: organizations, agents and
//! policies are for whoever started it, over the public API.

mod error;
mod node_key;
mod start;

pub use error::Error;
pub use start::{Addresses, Config, Running, start};
