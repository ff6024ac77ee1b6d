//! What a node keeps of its decisions, and where it goes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio_stream::Empty;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use veto_core::{Clock, Code, NodeId, OsEntropy, Revision, Version};
use veto_data_plane::record::{Config as Place, Position, Spool};
use veto_identity::{Audience, TokenVerifier};
use veto_proto::authorization::v1 as proto;
use veto_proto::records::v1 as records;
use veto_proto::records::v1::record_service_server::{RecordService, RecordServiceServer};
use veto_trail::{Body, Boot, Decision, Durability, Frame};
use veto_wire::metadata::{authorize, bearer};
use veto_wire::status::code_of;

use crate::control_plane::{CLUSTER, eventually};
use crate::fixture::{Fixture, call, refund};
use crate::health::comes_to;

/// Everything that the stopped node's spool holds.
fn kept(fixture: &Fixture) -> Vec<Body> {
    let boot = Boot {
        region: String::new(),
        software_version: String::new(),
        config_digest: [0; 32],
        durability: Durability::Strict,
        previous: None,
    };
    let place = Place::new(fixture.config.data_dir.join("spool"));
    let node = NodeId::new("reader").unwrap();
    let spool = Spool::open(&place, node, boot, fixture.clock.clone(), &OsEntropy).unwrap();
    let mut reader = spool.handle().reader(Position::default());
    let mut bodies = Vec::new();
    while let Some(batch) = reader.next(1_000, 1 << 20).unwrap() {
        bodies.extend(batch.entries.iter().map(|entry| body(&entry.frame)));
    }
    bodies
}

fn body(frame: &Frame) -> Body {
    veto_wire::record::decode(&frame.payload).unwrap().body
}

fn decisions(bodies: &[Body]) -> Vec<&Decision> {
    let mut decisions = Vec::new();
    for body in bodies {
        match body {
            Body::Decision(decision) => decisions.push(decision.as_ref()),
            Body::Boot(_) | Body::Close(_) | Body::Gap(_) => {}
        }
    }
    decisions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_who_asked_what_under_which_rule_and_why() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let mut asked = call(
        "payments.refund",
        r#"{ "order": 9007199254740993, "amount": 51 }"#,
    );
    asked.user = Some(proto::User {
        id: "ann".into(),
        ..Default::default()
    });
    (asked.session_id, asked.request_id) = ("session-1".into(), "request-1".into());
    let body = proto::AuthorizeRequest {
        call: Some(asked),
        at_least_revision: 0,
    };
    let mut request = Request::new(body);
    authorize(&mut request, &fixture.token()).unwrap();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse().unwrap());
    node.client.clone().authorize(request).await.unwrap();
    let secret = r#"{"filter":"ssn 078-05-1120","format":"csv"}"#;
    node.ask(&fixture.token(), call("customers.export", secret))
        .await
        .unwrap();
    node.running.stop().await;

    let bodies = kept(&fixture);
    let Body::Boot(boot) = &bodies[0] else {
        panic!("{:?}", bodies[0])
    };
    assert_eq!(
        (boot.region.as_str(), boot.durability),
        ("eu", Durability::Strict)
    );
    assert_eq!(boot.config_digest, fixture.config.digest());
    let kept = decisions(&bodies);
    assert_eq!(kept.len(), 2);
    let first = kept[0];
    assert_eq!(first.scope.to_string(), "acme/shop/dev");
    assert_eq!((first.agent.as_str(), first.user.as_str()), ("bot", "ann"));
    assert_eq!(first.roles, ["support"]);
    assert_eq!(
        first.arguments_json,
        r#"{"amount":51,"order":9007199254740993}"#
    );
    assert_eq!(first.outcome, "approval");
    assert_eq!(
        (first.policy.as_str(), first.rule.as_str()),
        ("refunds", "large")
    );
    assert_eq!(
        (first.policy_version, first.revision),
        (Version(3), Revision(10))
    );
    assert_eq!(first.matched, ["refunds/large"]);
    assert_eq!(first.trace_id.map(|id| id[0]), Some(0x0a));
    assert_eq!(first.span_id.map(|id| id[7]), Some(0x31));
    assert_eq!(
        (first.session_id.as_str(), first.request_id.as_str()),
        ("session-1", "request-1")
    );
    assert_eq!(first.key_id, "key-1");
    assert!(first.token_id.starts_with("token-"));
    let second = kept[1];
    // The policy redacts it, and the digest is still that of what was sent.
    assert_eq!(
        second.arguments_json,
        r#"{"filter":"[redacted]","format":"csv"}"#
    );
    let sent = veto_policy::Arguments::parse(secret).unwrap();
    assert_eq!(second.arguments_digest, sent.digest());
    assert_eq!(
        (second.outcome.as_str(), second.severity.as_str()),
        ("deny", "high")
    );
    assert_eq!(second.reason_code, "denied_by_rule");
    assert_eq!((second.trace_id, second.user.as_str()), (None, ""));
    assert!(
        bodies.iter().any(|body| matches!(body, Body::Close(_))),
        "{bodies:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_decided_leaves_no_decision() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    node.ask("garbage", refund(20)).await.unwrap_err();
    node.ask(&fixture.token(), call("payments.refund", "[]"))
        .await
        .unwrap_err();
    node.running.stop().await;
    assert_eq!(decisions(&kept(&fixture)).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_calls_and_the_node_serves_no_more() {
    let mut fixture = Fixture::new();
    fixture.config.spool_bytes = 2 << 20;
    let node = fixture.start_synced().await;
    comes_to(&node, ServingStatus::Serving).await;
    let token = fixture.token();
    let large = || {
        call(
            "payments.refund",
            &format!(r#"{{"note":"{}"}}"#, "x".repeat(200_000)),
        )
    };
    let mut answered = 0;
    let status = loop {
        match node.ask(&token, large()).await {
            Ok(_) => answered += 1,
            Err(status) => break status,
        }
        assert!(answered < 20, "the bound is not kept");
    };
    assert_eq!(code_of(&status), Some(Code::RecordUnavailable));
    assert_eq!(status.message(), "the decision could not be recorded");
    comes_to(&node, ServingStatus::NotServing).await;
    node.running.stop().await;
    assert_eq!(decisions(&kept(&fixture)).len(), answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_reach_the_ledger_with_a_token_for_the_node_key() {
    let mut fixture = Fixture::new();
    let ledger = Ledger::start();
    fixture.config.ledger = Some(format!("http://{}", ledger.address));
    let node = fixture.start_synced().await;
    node.ask(&fixture.token(), refund(20)).await.unwrap();
    let shipped = async || (ledger.decisions() == 1).then_some(());
    eventually("the first record is shipped", shipped).await;
    node.ask(&fixture.token(), refund(20)).await.unwrap();
    node.running.stop().await;
    assert_eq!(
        ledger.decisions(),
        2,
        "the last records are shipped before the node ends"
    );

    let keys = &fixture.control_plane.tokens;
    let keys = [(keys.key_id().to_owned(), keys.public_key())];
    let verifier = TokenVerifier::new(Audience::Ledger, CLUSTER, keys).unwrap();
    let seen = ledger.seen.lock().unwrap();
    for token in &seen.tokens {
        let claims = verifier.verify(token, fixture.clock.now()).unwrap();
        assert_eq!(claims.kind, "node");
    }
    assert_eq!(
        fixture.control_plane.exchanges(),
        1,
        "a token is kept while it is good"
    );
}

/// A ledger that takes everything.
struct Ledger {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    tokens: Vec<String>,
    frames: Vec<Vec<u8>>,
}

impl Ledger {
    fn start() -> Self {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = incoming.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let service = RecordServiceServer::new(Service(seen.clone()));
        let server = tokio::spawn(async move {
            Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        });
        Self {
            address,
            seen,
            server,
        }
    }

    fn decisions(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let bodies: Vec<_> = seen
            .frames
            .iter()
            .map(|bytes| body(&Frame::decode(bytes).unwrap().0))
            .collect();
        decisions(&bodies).len()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Service(Arc<Mutex<Seen>>);

#[tonic::async_trait]
impl RecordService for Service {
    type TailRecordsStream = Empty<Result<records::TailRecordsResponse, Status>>;
    type ExportRecordsStream = Empty<Result<records::ExportRecordsResponse, Status>>;

    async fn append(
        &self,
        request: Request<records::AppendRequest>,
    ) -> Result<Response<records::AppendResponse>, Status> {
        let token = bearer(request.metadata())?.to_owned();
        let request = request.into_inner();
        let durable_through = request.first_sequence + request.frames.len() as u64 - 1;
        let mut seen = self.0.lock().unwrap();
        seen.tokens.push(token);
        seen.frames.extend(request.frames);
        Ok(Response::new(records::AppendResponse { durable_through }))
    }

    async fn list_records(
        &self,
        _: Request<records::ListRecordsRequest>,
    ) -> Result<Response<records::ListRecordsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn tail_records(
        &self,
        _: Request<records::TailRecordsRequest>,
    ) -> Result<Response<Self::TailRecordsStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn export_records(
        &self,
        _: Request<records::ExportRecordsRequest>,
    ) -> Result<Response<Self::ExportRecordsStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}
