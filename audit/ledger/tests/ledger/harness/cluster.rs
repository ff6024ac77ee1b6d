//! What a ledger needs of a control plane: its keys.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use veto_identity::{ClusterSecret, TokenSigner, Trust};
use veto_proto::tokens::v1::token_service_server::{TokenService, TokenServiceServer};
use veto_proto::tokens::v1::{
    ExchangeKeyRequest, ExchangeKeyResponse, GetJwksRequest, GetJwksResponse,
};
use veto_wire::bundle::Signer;

const CLUSTER: &str = "cluster-1";

/// The signing keys of a cluster.
pub(crate) struct Signers {
    pub(crate) bundles: Signer,
    pub(crate) tokens: TokenSigner,
}

impl Signers {
    pub(crate) fn new(seed: u8) -> Self {
        let secret = ClusterSecret::new([seed; 32]);
        Self {
            bundles: Signer::from_seed(CLUSTER.into(), &secret.bundle_seed().unwrap()).unwrap(),
            tokens: secret.token_signer(CLUSTER).unwrap(),
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        self.bundles.trust()
    }

    pub(crate) fn key_set(&self) -> GetJwksResponse {
        let jwks_json = self.tokens.jwks_json();
        GetJwksResponse {
            signature: self.bundles.sign_jwks(&jwks_json),
            jwks_json,
        }
    }
}

/// A server that gives a key set.
pub(crate) struct ControlPlane {
    address: SocketAddr,
    key_set: Arc<Mutex<GetJwksResponse>>,
    task: JoinHandle<()>,
}

impl ControlPlane {
    pub(crate) async fn start(signers: &Signers) -> Self {
        let key_set = Arc::new(Mutex::new(signers.key_set()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TokenServiceServer::new(Keys(Arc::clone(&key_set)));
        let server = tonic::transport::Server::builder().add_service(service);
        let task = tokio::spawn(async move {
            server
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            address,
            key_set,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, it gives this key set.
    pub(crate) fn give(&self, key_set: GetJwksResponse) {
        *self.key_set.lock().unwrap() = key_set;
    }

    /// From now on, nothing answers.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

struct Keys(Arc<Mutex<GetJwksResponse>>);

#[tonic::async_trait]
impl TokenService for Keys {
    async fn exchange_key(
        &self,
        _: Request<ExchangeKeyRequest>,
    ) -> Result<Response<ExchangeKeyResponse>, Status> {
        Err(Status::unimplemented("tests mint their tokens"))
    }

    async fn get_jwks(
        &self,
        _: Request<GetJwksRequest>,
    ) -> Result<Response<GetJwksResponse>, Status> {
        Ok(Response::new(self.0.lock().unwrap().clone()))
    }
}
