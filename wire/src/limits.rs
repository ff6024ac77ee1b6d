//! Every limit of the servers, set by hand and in one place. What a client meets first is the
//! message size; the rest keeps one connection from starving the others.

use std::time::Duration;

use tonic::transport::Server;

/// Largest request of the data plane, in bytes.
pub const DECIDE_MESSAGE: usize = 512 * 1024;
/// Largest request of administration, of the ledger, and of a bundle stream, in bytes.
pub const ADMIN_MESSAGE: usize = 4 * 1024 * 1024;
/// Largest bundle that a node takes, in bytes.
pub const BUNDLE_MESSAGE: usize = 64 * 1024 * 1024;
/// Calls of one batch.
pub const BATCH: usize = 64;
/// Time allowed for a decision.
pub const DECIDE_TIMEOUT: Duration = Duration::from_secs(2);
/// Time allowed for an administrative call.
pub const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
/// Time allowed for opening a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const STREAMS_PER_CONNECTION: u32 = 128;
const HEADER_LIST: u32 = 16 * 1024;
/// The default of h2, stated because rapid reset (CVE-2023-44487) is held off by it.
const PENDING_RESETS: usize = 20;
const LOCAL_RESETS: usize = 1024;

/// A server with every limit set. `timeout` bounds unary calls and the first answer of streams.
#[must_use]
pub fn server(timeout: Duration) -> Server {
    Server::builder()
        .accept_http1(false)
        .timeout(timeout)
        .concurrency_limit_per_connection(STREAMS_PER_CONNECTION as usize)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .http2_max_header_list_size(HEADER_LIST)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(LOCAL_RESETS))
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .tcp_nodelay(true)
}
