//! A control plane in this process, its files, and clients with keys.

mod client;
pub(crate) mod replicas;
pub(crate) mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use client::Client;
pub(crate) use stream::Stream;
use tonic::Status;
use veto_core::clock::SeededEntropy;
use veto_core::{Clock, Code, ManualClock, Timestamp};
use veto_identity::Trust;
use veto_proto::administration::v1 as api;
use veto_server::{Config, Error, Running, start_with};
use veto_wire::status::code_of;

/// When the tests take place.
pub(crate) const NOON: Timestamp = Timestamp(1_800_000_000_000_000);
/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A policy that compiles.
pub(crate) const GOOD: &str = "apiVersion: veto/v1
kind: Policy
metadata:
  name: orders
subjects: { roles: [support] }
rules:
  - id: look-up
    tools: [orders.get]
    effect: allow
    arguments: any
";

/// A control plane and its directory.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    running: Option<Running>,
}

impl World {
    /// A directory where nothing was started yet.
    pub(crate) fn empty() -> Self {
        Self::empty_seeded(7)
    }

    /// A cluster whose random numbers are others.
    pub(crate) async fn seeded(seed: u64) -> Self {
        let mut world = Self::empty_seeded(seed);
        world.start().await;
        world
    }

    fn empty_seeded(seed: u64) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(NOON)),
            entropy: Arc::new(SeededEntropy::new(seed)),
            running: None,
        }
    }

    pub(crate) async fn new() -> Self {
        let mut world = Self::empty();
        world.start().await;
        world
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: self.data_dir(),
            cluster_secret_file: None,
            bootstrap: true,
            ..Config::default()
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) async fn try_start(&mut self, config: Config) -> Result<(), Error> {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        self.running = Some(start_with(config, clock, entropy).await?);
        Ok(())
    }

    pub(crate) async fn start(&mut self) {
        self.try_start(self.config()).await.unwrap();
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.running.as_ref().unwrap().address)
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::read(&self.data_dir().join("trust.json")).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn client(&self, key: &str) -> Client {
        Client::new(&self.url(), key).await
    }

    /// The client of the key that the bootstrap left behind.
    pub(crate) async fn root(&self) -> Client {
        let key = std::fs::read_to_string(self.data_dir().join("root.key")).unwrap();
        self.client(key.trim()).await
    }

    /// Makes an organization with project `shop`, environment `dev` and agent `bot`; its admin.
    pub(crate) async fn tenant(&self, id: &str) -> Client {
        let admin = self.root().await.create_organization(id).await;
        let admin = self.client(&admin).await;
        admin.create_project("shop").await.unwrap();
        admin.create_environment("shop", "dev").await.unwrap();
        admin.put_agent(agent("bot")).await.unwrap();
        admin
    }

    /// The client of a new key of the caller's organization.
    pub(crate) async fn key(&self, by: &Client, request: api::CreateKeyRequest) -> Client {
        self.client(&by.create_key(request).await.unwrap().secret_key)
            .await
    }
}

pub(crate) fn scope(project: &str, environment: &str) -> Option<api::ScopeRef> {
    Some(api::ScopeRef {
        project: project.into(),
        environment: environment.into(),
    })
}

/// A request for a key of the whole organization.
pub(crate) fn wide(kind: api::KeyKind) -> api::CreateKeyRequest {
    api::CreateKeyRequest {
        kind: kind.into(),
        ..api::CreateKeyRequest::default()
    }
}

/// A request for a key of one environment, or of a project where none is named.
pub(crate) fn narrow(
    kind: api::KeyKind,
    project: &str,
    environment: &str,
) -> api::CreateKeyRequest {
    api::CreateKeyRequest {
        scope: scope(project, environment),
        ..wide(kind)
    }
}

/// A request for a key of the agent `bot` of `shop/dev`.
pub(crate) fn bot() -> api::CreateKeyRequest {
    api::CreateKeyRequest {
        agents: vec!["bot".into()],
        ..narrow(api::KeyKind::Agent, "shop", "dev")
    }
}

pub(crate) fn agent(id: &str) -> api::Agent {
    api::Agent {
        project: "shop".into(),
        id: id.into(),
        roles: vec!["support".into()],
        ..api::Agent::default()
    }
}

pub(crate) fn file(path: &str, text: &str) -> api::PolicyFile {
    api::PolicyFile {
        path: path.into(),
        text: text.into(),
    }
}

/// A request that publishes the good policy to `shop/dev`.
pub(crate) fn good() -> api::PublishPoliciesRequest {
    api::PublishPoliciesRequest {
        scope: scope("shop", "dev"),
        files: vec![file("orders.yaml", GOOD)],
        ..api::PublishPoliciesRequest::default()
    }
}

/// The stable code of a refusal.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Status>) -> Code {
    let status = result.unwrap_err();
    code_of(&status).unwrap_or_else(|| panic!("no code: {status:?}"))
}

/// The refusal of what is not there, or not the caller's: its text.
#[track_caller]
pub(crate) fn not_found<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    let status = result.unwrap_err();
    assert_eq!(code_of(&status), Some(Code::NotFound), "{status:?}");
    status.message().to_owned()
}
