//! What is measured: a replicated store of three nodes that takes writes of 1 KiB over gRPC.

use std::time::Duration;

use anyhow::Result;
use tonic::transport::{Channel, Endpoint};

/// Keys that are written again and again, so that no store grows with the speed of the other.
pub(crate) const KEYS: u64 = 1_000;
/// What a write carries.
pub(crate) const VALUE: usize = 1_024;

/// One client, with a connection of its own.
pub(crate) trait Client: Clone + Send + Sync + 'static {
    /// Writes; returns when the write was acknowledged.
    fn put(&self, key: u64) -> impl Future<Output = Result<(), tonic::Status>> + Send;
}

/// Three nodes, of which one leads.
pub(crate) trait Cluster {
    /// A client of the store.
    type Client: Client;

    /// What it is called in the tables.
    const NAME: &'static str;

    /// The node that leads, as the living say.
    async fn leader(&self) -> Result<usize>;

    /// A new connection to a node.
    async fn client(&self, node: usize) -> Result<Self::Client>;

    /// Ends a node as `kill -9` does.
    fn kill(&mut self, node: usize) -> Result<()>;

    /// Starts it again and waits until all three are there and equally far.
    async fn revive(&mut self, node: usize) -> Result<()>;
}

/// A connection, set up alike for both stores.
pub(crate) async fn connect(address: &str) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(2));
    Ok(endpoint.connect().await?)
}

/// Text that does not compress well, different for each number.
pub(crate) fn noise(seed: u64, bytes: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut text = String::with_capacity(bytes);
    for _ in 0..bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push(char::from(LETTERS[(state >> 58) as usize & 63]));
    }
    text
}
