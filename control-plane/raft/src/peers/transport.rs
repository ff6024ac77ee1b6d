//! How connections of peers come about: over TCP and mutual TLS, or in a simulation over its network.

use std::fmt::Debug;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use veto_identity::PeerName;

use crate::seams::Later;

/// A connection, whatever it goes over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + Debug> Stream for T {}

/// A connection that has still to show whose it is.
pub type Handshake = Later<'static, io::Result<(PeerName, Box<dyn Stream>)>>;

/// Makes connections whose other end is known.
pub trait Transport: Send + Sync + Debug {
    /// Who this replica is.
    fn name(&self) -> &PeerName;
    /// Waits for the next connection of a peer.
    fn accept(&self) -> Later<'_, io::Result<Handshake>>;
    /// Connects to a peer, and to no other than the one that is meant.
    fn dial(&self, node: u64, address: String) -> Later<'static, io::Result<Box<dyn Stream>>>;
}
