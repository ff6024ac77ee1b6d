//! A control plane that signs real bundles, sends what it is told to, and remembers what it hears.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use veto_core::Timestamp;
use veto_identity::{Audience, Claims, ClusterSecret, TokenSigner, Trust};
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1::sync_service_server::{SyncService, SyncServiceServer};
use veto_proto::sync::v1::{
    self as proto, subscribe_request::Message as FromNode, subscribe_response::Message as ToNode,
};
use veto_proto::tokens::v1 as tokens;
use veto_proto::tokens::v1::token_service_server::{TokenService, TokenServiceServer};
use veto_wire::bundle::Signer;
use veto_wire::metadata::bearer;

use crate::fixture::{NOON, claims};

/// The cluster's id.
pub(crate) const CLUSTER: &str = "cluster-1";

pub(crate) struct ControlPlane {
    pub(crate) address: SocketAddr,
    pub(crate) signer: Signer,
    pub(crate) tokens: TokenSigner,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    heard: Mutex<Vec<FromNode>>,
    credentials: Mutex<Vec<String>>,
    greeting: Mutex<Vec<ToNode>>,
    exchanges: Mutex<u32>,
    outbox: broadcast::Sender<ToNode>,
}

impl ControlPlane {
    pub(crate) fn start() -> Self {
        let secret = ClusterSecret::new([7; 32]);
        let signer = Signer::from_seed(CLUSTER.into(), &secret.bundle_seed().unwrap()).unwrap();
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            credentials: Mutex::default(),
            greeting: Mutex::default(),
            exchanges: Mutex::default(),
            outbox: broadcast::channel(64).0,
        });
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = incoming.local_addr().unwrap();
        let sync = SyncServiceServer::new(Service(shared.clone()));
        let tokens = TokenServiceServer::new(Service(shared.clone()));
        let server = tokio::spawn(async move {
            Server::builder()
                .add_service(sync)
                .add_service(tokens)
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        });
        let tokens = secret.token_signer(CLUSTER).unwrap();
        Self {
            address,
            signer,
            tokens,
            shared,
            server,
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        self.signer.trust()
    }

    /// What every stream begins with, instead of what it began with before.
    pub(crate) fn greet_with(&self, messages: impl IntoIterator<Item = ToNode>) {
        *self.shared.greeting.lock().unwrap() = messages.into_iter().collect();
    }

    /// Sends to the nodes that are connected.
    pub(crate) fn send(&self, message: ToNode) {
        self.shared.outbox.send(message).unwrap();
    }

    /// Signs and sends a whole bundle.
    pub(crate) fn publish(&self, bundle: &storage::Bundle, fresh_as_of: Timestamp) {
        self.send(snapshot(self.signer.sign(bundle, fresh_as_of)));
    }

    /// Sends a change from one bundle to the next.
    pub(crate) fn publish_delta(
        &self,
        base: &storage::Bundle,
        next: &storage::Bundle,
        fresh_as_of: Timestamp,
    ) {
        let (base, next) = (
            self.signer.sign(base, fresh_as_of),
            self.signer.sign(next, fresh_as_of),
        );
        self.send(ToNode::Delta(
            veto_wire::bundle::delta(&base, &next).unwrap(),
        ));
    }

    /// Says that a bundle is current.
    pub(crate) fn beat(&self, bundle: &storage::Bundle, fresh_as_of: Timestamp) {
        let header = self.signer.sign(bundle, fresh_as_of).header.unwrap();
        let headers = vec![self.signer.sign_header(&header, fresh_as_of)];
        self.send(ToNode::Heartbeat(proto::Heartbeat { headers }));
    }

    pub(crate) fn credentials(&self) -> Vec<String> {
        self.shared.credentials.lock().unwrap().clone()
    }

    /// Waits until a node has said something that `pick` picks, from the first message on.
    pub(crate) async fn hears<T>(&self, what: &str, pick: impl Fn(&FromNode) -> Option<T>) -> T {
        eventually(what, async || {
            self.shared.heard.lock().unwrap().iter().find_map(&pick)
        })
        .await
    }

    pub(crate) async fn hears_ack(&self, revision: u64) {
        let pick = |message: &FromNode| match message {
            FromNode::Ack(ack) => (ack.revision == revision).then_some(()),
            FromNode::Hello(_) | FromNode::Nack(_) => None,
        };
        self.hears(&format!("ack of {revision}"), pick).await;
    }

    pub(crate) async fn hears_nack(&self, code: &str) -> proto::Nack {
        let pick = |message: &FromNode| match message {
            FromNode::Nack(nack) => (nack.code == code).then(|| nack.clone()),
            FromNode::Hello(_) | FromNode::Ack(_) => None,
        };
        self.hears(&format!("nack with {code}"), pick).await
    }

    /// The hello of the newest stream.
    pub(crate) async fn hears_hello(&self) -> proto::Hello {
        let newest = async || {
            let heard = self.shared.heard.lock().unwrap();
            heard.iter().rev().find_map(|message| match message {
                FromNode::Hello(hello) => Some(hello.clone()),
                FromNode::Ack(_) | FromNode::Nack(_) => None,
            })
        };
        eventually("hello", newest).await
    }

    /// How many refusals were heard.
    pub(crate) fn nacks(&self) -> usize {
        let heard = self.shared.heard.lock().unwrap();
        heard
            .iter()
            .filter(|message| matches!(message, FromNode::Nack(_)))
            .count()
    }

    /// How often a key was exchanged for a token.
    pub(crate) fn exchanges(&self) -> u32 {
        *self.shared.exchanges.lock().unwrap()
    }

    pub(crate) fn forget(&self) {
        self.shared.heard.lock().unwrap().clear();
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn snapshot(signed: storage::SignedBundle) -> ToNode {
    ToNode::Snapshot(proto::Snapshot {
        bundle: Some(signed),
    })
}

/// Waits for a condition, and fails by its name when it does not come true in time.
pub(crate) async fn eventually<T>(what: &str, condition: impl AsyncFn() -> Option<T>) -> T {
    let poll = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(20), poll).await {
        Ok(found) => found,
        Err(_) => panic!("in vain: {what}"),
    }
}

struct Service(Arc<Shared>);

#[tonic::async_trait]
impl SyncService for Service {
    type SubscribeStream = ReceiverStream<Result<proto::SubscribeResponse, Status>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<proto::SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let credential = bearer(request.metadata())?.to_owned();
        self.0.credentials.lock().unwrap().push(credential);
        let (shared, mut incoming) = (self.0.clone(), request.into_inner());
        let mut outbox = shared.outbox.subscribe();
        let (send, receive) = mpsc::channel(64);
        for message in shared.greeting.lock().unwrap().iter() {
            send.try_send(Ok(response(message.clone()))).unwrap();
        }
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    message = incoming.message() => match message {
                        Ok(Some(message)) => {
                            shared.heard.lock().unwrap().extend(message.message);
                        }
                        Ok(None) | Err(_) => return,
                    },
                    message = outbox.recv() => {
                        let Ok(message) = message else { return };
                        if send.send(Ok(response(message))).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receive)))
    }
}

const fn response(message: ToNode) -> proto::SubscribeResponse {
    proto::SubscribeResponse {
        message: Some(message),
    }
}

#[tonic::async_trait]
impl TokenService for Service {
    async fn exchange_key(
        &self,
        request: Request<tokens::ExchangeKeyRequest>,
    ) -> Result<Response<tokens::ExchangeKeyResponse>, Status> {
        let key = bearer(request.metadata())?;
        assert!(key.starts_with("veto_node_"), "{key}");
        let request = request.into_inner();
        assert_eq!(request.audience(), tokens::Audience::Ledger);
        *self.0.exchanges.lock().unwrap() += 1;
        let now = NOON.seconds();
        let exp = now + i64::from(request.lifetime_seconds);
        let claims = Claims {
            kind: "node".into(),
            exp,
            agent: None,
            ..claims()
        };
        let signer = ClusterSecret::new([7; 32]).token_signer(CLUSTER).unwrap();
        let token = signer.mint(Audience::Ledger, claims).unwrap();
        let expires_at = Timestamp::from_seconds(exp).0;
        Ok(Response::new(tokens::ExchangeKeyResponse {
            token,
            expires_at,
        }))
    }

    async fn get_jwks(
        &self,
        _: Request<tokens::GetJwksRequest>,
    ) -> Result<Response<tokens::GetJwksResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}
