//! A node, its directory, its clock and its control plane.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Request, Status};
use veto_core::clock::SeededEntropy;
use veto_core::{Code, Entropy as _, ManualClock, OsEntropy, Timestamp};
use veto_data_plane::{Config, Machine, Running, start_on};
use veto_identity::{ApiKey, Audience, Claims, KeyKind};
use veto_proto::authorization::v1::authorization_service_client::AuthorizationServiceClient;
use veto_proto::authorization::v1::{self as proto, Call, Decision};
use veto_proto::storage::v1 as storage;
use veto_wire::metadata::authorize;
use veto_wire::status::code_of;

use crate::control_plane::{ControlPlane, eventually, snapshot};

/// When the tests happen.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_700_000_000);
/// The staleness bound of the bundles, in seconds.
pub(crate) const BOUND: u64 = 60;

const POLICY: &str = "\
apiVersion: veto/v1
kind: Policy
metadata: { name: refunds }
subjects: { roles: [support] }
rules:
  - id: small
    tools: [payments.refund]
    effect: allow
    arguments:
      amount: { type: number, maximum: 50 }
  - id: large
    tools: [payments.refund]
    effect: require_approval
    arguments: any
    when: args.amount > 50.0
    approval: { approvers: ['role:finance-lead'], quorum: 2, expires: 15m }
  - id: never-export
    tools: ['**.export']
    effect: deny
    reason: Customer data leaves through the data team only.
    severity: high
    redact: [filter]
";

pub(crate) struct Fixture {
    pub(crate) control_plane: ControlPlane,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: Config,
    directory: TempDir,
}

pub(crate) struct Node {
    pub(crate) running: Running,
    pub(crate) client: AuthorizationServiceClient<Channel>,
}

impl Fixture {
    /// A control plane that gives every node the first bundle.
    pub(crate) fn new() -> Self {
        let fixture = Self::empty();
        let first = fixture.bundle(10);
        let signed = fixture.control_plane.signer.sign(&first, NOON);
        fixture.control_plane.greet_with([snapshot(signed)]);
        fixture
    }

    /// A control plane that gives nothing.
    pub(crate) fn empty() -> Self {
        let control_plane = ControlPlane::start();
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("trust.json"), control_plane.trust().to_json()).unwrap();
        let key = ApiKey::generate(KeyKind::Node, None, &SeededEntropy::new(1)).unwrap();
        std::fs::write(at("node.key"), key.reveal()).unwrap();
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: at("data"),
            control_planes: vec![format!("http://{}", control_plane.address)],
            key_file: at("node.key"),
            trust_file: at("trust.json"),
            region: "eu".into(),
            ..Config::default()
        };
        Self {
            control_plane,
            clock: Arc::new(ManualClock::new(NOON)),
            config,
            directory,
        }
    }

    /// Starts a node.
    pub(crate) async fn start(&self) -> Node {
        Node::start(self.config.clone(), self.clock.clone()).await
    }

    /// Starts a node that reaches no control plane.
    pub(crate) async fn start_alone(&self) -> Node {
        let config = Config {
            control_planes: vec!["http://127.0.0.1:1".into()],
            ..self.config.clone()
        };
        Node::start(config, self.clock.clone()).await
    }

    /// Starts a node and waits until it enforces the first bundle.
    pub(crate) async fn start_synced(&self) -> Node {
        let node = self.start().await;
        self.control_plane.hears_ack(10).await;
        node
    }

    /// A bundle with the policies and agents of these tests.
    pub(crate) fn bundle(&self, revision: u64) -> storage::Bundle {
        let agent = |id: &str, roles: &[&str], disabled| storage::BundleAgent {
            id: id.into(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            labels: Vec::new(),
            disabled,
        };
        storage::Bundle {
            scope: Some(storage::Scope {
                organization: "acme".into(),
                project: "shop".into(),
                environment: "dev".into(),
            }),
            revision,
            policy_version: 3,
            policies: vec![storage::BundlePolicy {
                path: "refunds.yaml".into(),
                text: POLICY.into(),
            }],
            agents: vec![
                agent("bot", &["support"], false),
                agent("idle", &["support"], true),
            ],
            revoked_keys: Vec::new(),
            token_keys: vec![storage::TokenKey {
                id: self.control_plane.tokens.key_id().to_owned(),
                ed25519: self.control_plane.tokens.public_key().to_vec(),
            }],
            staleness_seconds: BOUND,
        }
    }

    /// The last-good file of the tests' environment.
    pub(crate) fn bundle_file(&self) -> PathBuf {
        self.directory
            .path()
            .join("data/bundles/acme+shop+dev.bundle")
    }

    /// A good token of the agent `bot`.
    pub(crate) fn token(&self) -> String {
        self.mint(claims())
    }

    pub(crate) fn mint(&self, claims: Claims) -> String {
        self.control_plane
            .tokens
            .mint(Audience::DataPlane, claims)
            .unwrap()
    }
}

/// What a good token says.
pub(crate) fn claims() -> Claims {
    let now = NOON.seconds();
    let mut id = [0; 8];
    OsEntropy.fill(&mut id).unwrap();
    Claims {
        iss: String::new(),
        aud: String::new(),
        sub: "bot".into(),
        exp: now + 300,
        nbf: now,
        iat: now,
        jti: format!("token-{}", u64::from_le_bytes(id)),
        org: "acme".into(),
        project: Some("shop".into()),
        env: Some("dev".into()),
        agent: Some("bot".into()),
        roles: Vec::new(),
        key: "key-1".into(),
        kind: "agent".into(),
        act: None,
    }
}

impl Node {
    async fn start(config: Config, clock: Arc<ManualClock>) -> Self {
        let machine = Machine {
            clock,
            entropy: Arc::new(OsEntropy),
        };
        let running = start_on(config, machine).await.unwrap();
        let client = AuthorizationServiceClient::new(channel(running.address));
        Self { running, client }
    }

    /// Asks for a decision.
    pub(crate) async fn ask(&self, token: &str, call: Call) -> Result<Decision, Status> {
        let body = proto::AuthorizeRequest {
            call: Some(call),
            at_least_revision: 0,
        };
        let mut request = Request::new(body);
        authorize(&mut request, token).unwrap();
        let answer = self.client.clone().authorize(request).await?;
        Ok(answer.into_inner().decision.unwrap())
    }

    /// Asks, and expects to be refused.
    pub(crate) async fn refusal(&self, token: &str) -> (Code, String) {
        let status = self.ask(token, refund(20)).await.unwrap_err();
        (code_of(&status).unwrap(), status.message().to_owned())
    }

    /// Waits until the good call gets this code; `None` waits for an answer.
    pub(crate) async fn comes_to(&self, token: &str, expected: Option<Code>) {
        let matches = async || {
            let got = self
                .ask(token, refund(20))
                .await
                .map_err(|status| code_of(&status));
            (got.err().flatten() == expected).then_some(())
        };
        eventually(&format!("answer {expected:?}"), matches).await;
    }
}

pub(crate) fn channel(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy()
}

/// A refund of so much.
pub(crate) fn refund(amount: u32) -> Call {
    call("payments.refund", &format!(r#"{{"amount":{amount}}}"#))
}

pub(crate) fn call(tool: &str, arguments: &str) -> Call {
    Call {
        tool: tool.into(),
        arguments_json: arguments.into(),
        ..Default::default()
    }
}
