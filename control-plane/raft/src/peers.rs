//! What replicas say to each other: their own listener, mutual TLS, and an envelope on every message.
//! Whoever is not meant, or knows the speaker as another, refuses by name.

mod incoming;
mod link;
mod message;
mod service;
mod tls;
mod transfer;
mod transport;
mod voice;

use std::sync::Arc;

use tokio::net::TcpListener;
use veto_proto::raft::v1::FleetRow;

pub(crate) use incoming::incoming;
pub(crate) use link::{Lane, Links};
pub(crate) use message::{append_request, append_response, vote_request, vote_response};
pub(crate) use service::Service;
pub use tls::Credentials;
use tls::Mutual;
pub(crate) use transfer::{read, send};
pub use transport::{Handshake, Stream, Transport};
pub(crate) use voice::Voice;

/// The largest message between peers, in bytes: more than one command, and far more than a batch.
pub(crate) const MOST_MESSAGE: usize = 16 << 20;

/// How a replica and its peers reach each other.
#[derive(Debug)]
pub struct Peers {
    /// The way there and back.
    pub transport: Arc<dyn Transport>,
    /// Where peers reach it, as the cluster knows it: `host:port`.
    pub address: String,
}

impl Peers {
    /// Mutual TLS over TCP: what it listens on, and its certificate, its key and the authority that it
    /// trusts.
    #[must_use]
    pub fn tls(listener: TcpListener, address: String, credentials: Credentials) -> Self {
        Self {
            transport: Arc::new(Mutual::new(listener, credentials)),
            address,
        }
    }
}

/// What only the server around a replica can tell its peers.
pub trait Local: Send + Sync + std::fmt::Debug {
    /// The nodes that subscribe here, of one organization, or all when it is empty.
    fn fleet(&self, organization: &str) -> Vec<FleetRow>;
    /// Where clients are served.
    fn client_address(&self) -> String;
}

pub(crate) type AnyLocal = Arc<dyn Local>;

#[cfg(test)]
mod tests;
