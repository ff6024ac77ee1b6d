//! A ledger in this process that verifies chains and fails now and then.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use veto_core::Code;
use veto_proto::records::v1::record_service_server::{RecordService, RecordServiceServer};
use veto_proto::records::v1::*;
use veto_trail::{Chain, Frame};
use veto_wire::status::{status, status_with};

use super::*;
use crate::record::ship::TokenSource;

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) boots: Mutex<BTreeMap<Vec<u8>, Vec<Frame>>>,
    calls: AtomicUsize,
    /// Every call of this number in a row fails before it stores, the one after it once it has.
    pub(super) failing: AtomicUsize,
    pub(super) tokens: Mutex<Vec<String>>,
}

impl Ledger {
    pub(super) fn sequences(&self, boot: BootId) -> Vec<u64> {
        let boots = self.boots.lock().unwrap();
        let frames = boots.get(boot.0.as_slice());
        frames
            .map(|all| all.iter().map(|f| f.sequence).collect())
            .unwrap_or_default()
    }

    pub(super) async fn serve(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = RecordServiceServer::from_arc(Arc::clone(self));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        address
    }

    fn store(&self, request: AppendRequest) -> Result<u64, Status> {
        let mut boots = self.boots.lock().unwrap();
        let stored = boots.entry(request.boot).or_default();
        let expected = stored.len() as u64;
        if request.first_sequence > expected {
            let metadata = [
                ("expected_sequence", expected.to_string()),
                ("cause", "gap".into()),
            ];
            return Err(status_with(Code::RecordChainBroken, "gap", metadata));
        }
        for bytes in request.frames {
            let (frame, _, size) = Frame::decode(&bytes).unwrap();
            assert_eq!(size, bytes.len());
            if frame.sequence == stored.len() as u64 {
                stored.push(frame);
            }
        }
        let mut chain = None;
        for frame in stored.iter() {
            let chain =
                chain.get_or_insert_with(|| Chain::new(frame.node.clone(), frame.boot, None));
            let (_, hash) = frame.encode().unwrap();
            chain.accept(frame, hash).unwrap();
        }
        Ok(stored.len() as u64 - 1)
    }
}

#[tonic::async_trait]
impl RecordService for Ledger {
    type TailRecordsStream = tokio_stream::Empty<Result<TailRecordsResponse, Status>>;
    type ExportRecordsStream = tokio_stream::Empty<Result<ExportRecordsResponse, Status>>;

    async fn append(
        &self,
        request: Request<AppendRequest>,
    ) -> Result<Response<AppendResponse>, Status> {
        let token = request
            .metadata()
            .get("authorization")
            .unwrap()
            .to_str()
            .unwrap();
        self.tokens.lock().unwrap().push(token.to_owned());
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let failing = self.failing.load(Ordering::SeqCst);
        let is_turn = |turn| failing > 0 && call % failing == turn;
        if is_turn(0) {
            return Err(status(Code::Unreachable, "failing before"));
        }
        let durable_through = self.store(request.into_inner())?;
        if is_turn(1) {
            return Err(status(Code::Unreachable, "failing after"));
        }
        Ok(Response::new(AppendResponse { durable_through }))
    }

    async fn list_records(
        &self,
        _: Request<ListRecordsRequest>,
    ) -> Result<Response<ListRecordsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn tail_records(
        &self,
        _: Request<TailRecordsRequest>,
    ) -> Result<Response<Self::TailRecordsStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn export_records(
        &self,
        _: Request<ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

/// Gives a new token for each call.
#[derive(Default)]
pub(super) struct Tokens(AtomicUsize);

#[tonic::async_trait]
impl TokenSource for Tokens {
    async fn token(&self) -> Result<String, Status> {
        Ok(format!("token-{}", self.0.fetch_add(1, Ordering::SeqCst)))
    }
}
