//! Every limit of the servers, set by hand and in one place. What a client meets first is the
//! message size; the rest keeps one connection from starving the others.

use std::time::Duration;

use tonic::Status;
use tonic::body::Body;
use tonic::transport::Server;
use tower::layer::util::{Identity, Stack};
use tower::util::MapResponseLayer;
use veto_core::Code;

use crate::status::{code_of, status};

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

type Response = http::Response<Body>;

/// A server with every limit set, whose refusals carry stable codes.
pub type LimitedServer = Server<Stack<MapResponseLayer<fn(Response) -> Response>, Identity>>;

/// A server with every limit set. `timeout` bounds unary calls and the first answer of streams.
#[must_use]
pub fn server(timeout: Duration) -> LimitedServer {
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
        .layer(MapResponseLayer::new(stable as fn(Response) -> Response))
}

/// The transport refuses what is too large or unknown by itself; this gives such answers a code.
fn stable(response: Response) -> Response {
    let Some(refusal) = Status::from_header_map(response.headers()) else {
        return response;
    };
    if code_of(&refusal).is_some() {
        return response;
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of gRPC's codes only these are the transport's own"
    )]
    let code = match refusal.code() {
        tonic::Code::OutOfRange => Code::RequestTooLarge,
        tonic::Code::Unimplemented => Code::NotFound,
        tonic::Code::ResourceExhausted => Code::Overloaded,
        tonic::Code::DeadlineExceeded => Code::DeadlineExceeded,
        tonic::Code::Internal | tonic::Code::InvalidArgument => Code::InvalidRequest,
        _ => return response,
    };
    status(code, refusal.message()).into_http()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oversize_message_is_refused_by_a_stable_code() {
        let answer = stable(Status::out_of_range("too large").into_http());
        let refusal = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(code_of(&refusal), Some(Code::RequestTooLarge));
    }

    #[test]
    fn an_answer_with_a_code_of_its_own_is_left_alone() {
        let answer = stable(status(Code::NoBundle, "x").into_http());
        let refusal = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(code_of(&refusal), Some(Code::NoBundle));
    }
}
