//! A control plane, a ledger, nodes that write chains, and clients that read.

mod chain;
mod cluster;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use chain::{Node, boot_record};
pub(crate) use cluster::{ControlPlane, Signers};
use tonic::metadata::AsciiMetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use veto_core::clock::SeededEntropy;
use veto_core::{Code, ManualClock, Timestamp};
use veto_identity::{Audience, Claims, KeyKind};
use veto_ledger::{Config, Running, start_with};
use veto_proto::records::v1::record_service_client::RecordServiceClient;
use veto_proto::records::v1::{
    AppendRequest, ListRecordsRequest, RecordFilter, StoredRecord, TailRecordsRequest,
};
use veto_wire::status::code_of;

/// When the tests take place.
pub(crate) const NOON: Timestamp = Timestamp(1_800_000_000_000_000);
/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a token is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) kind: KeyKind,
    pub(crate) organization: &'static str,
    pub(crate) project: Option<&'static str>,
    pub(crate) environment: Option<&'static str>,
}

impl Grant {
    pub(crate) const fn new(kind: KeyKind, organization: &'static str) -> Self {
        Self {
            kind,
            organization,
            project: None,
            environment: None,
        }
    }

    pub(crate) fn claims(self, now: Timestamp) -> Claims {
        Claims {
            iss: String::new(),
            aud: String::new(),
            sub: "key-1".into(),
            exp: now.seconds() + 300,
            nbf: now.seconds(),
            iat: now.seconds(),
            jti: "token-1".into(),
            org: self.organization.into(),
            project: self.project.map(Into::into),
            env: self.environment.map(Into::into),
            agent: None,
            roles: Vec::new(),
            key: "key-1".into(),
            kind: self.kind.as_str().into(),
            act: None,
        }
    }
}

/// A ledger in this process, with its control plane and its files.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) signers: Signers,
    pub(crate) control_plane: ControlPlane,
    ledger: Option<Running>,
    region: &'static str,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of_region("").await
    }

    pub(crate) async fn of_region(region: &'static str) -> Self {
        let signers = Signers::new(1);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("trust.json"),
            signers.trust().to_json(),
        )
        .unwrap();
        let mut world = Self {
            control_plane: ControlPlane::start(&signers).await,
            directory,
            clock: Arc::new(ManualClock::new(NOON)),
            signers,
            ledger: None,
            region,
        };
        world.start().await;
        world
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: self.data_dir(),
            region: self.region.into(),
            control_planes: vec![self.control_plane.url()],
            trust_file: self.directory.path().join("trust.json"),
            allow_plaintext: false,
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Starts the ledger; one that was dropped may take a moment to let go of its files.
    pub(crate) async fn start(&mut self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let entropy = SeededEntropy::new(7);
            match start_with(self.config(), Arc::clone(&self.clock) as _, &entropy).await {
                Ok(running) => return self.ledger = Some(running),
                Err(e) if e.to_string().contains("in use") => {
                    assert!(tokio::time::Instant::now() < until, "{e}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(e) => panic!("{e}"),
            }
        }
    }

    /// Stops the ledger in order.
    pub(crate) async fn stop(&mut self) {
        self.ledger.take().unwrap().stop().await;
    }

    /// Lets go of the ledger without a word.
    pub(crate) fn drop_ledger(&mut self) {
        drop(self.ledger.take());
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.ledger.as_ref().unwrap().address)
    }

    pub(crate) fn token(&self, grant: Grant) -> String {
        let claims = grant.claims(veto_core::Clock::now(&*self.clock));
        self.signers.tokens.mint(Audience::Ledger, claims).unwrap()
    }

    pub(crate) async fn client(&self, grant: Grant) -> Client {
        Client::new(&self.url(), &self.token(grant)).await
    }

    /// A node key of `system`: decides for all organizations.
    pub(crate) async fn system_node(&self) -> Client {
        self.client(Grant::new(KeyKind::Node, "system")).await
    }

    pub(crate) async fn admin(&self, organization: &'static str) -> Client {
        self.client(Grant::new(KeyKind::Admin, organization)).await
    }
}

#[derive(Clone)]
pub(crate) struct Bearer(AsciiMetadataValue);

impl tonic::service::Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Rpc = RecordServiceClient<InterceptedService<Channel, Bearer>>;

/// A client with a credential.
#[derive(Clone)]
pub(crate) struct Client(pub(crate) Rpc);

impl Client {
    pub(crate) async fn new(url: &str, token: &str) -> Self {
        let endpoint = Endpoint::from_shared(url.to_owned())
            .unwrap()
            .timeout(PATIENCE);
        let channel = endpoint.connect().await.unwrap();
        let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
        Self(RecordServiceClient::with_interceptor(channel, bearer))
    }

    /// Appends frames that begin at `first`.
    pub(crate) async fn append_at(
        &self,
        node: &Node,
        first: u64,
        frames: Vec<Vec<u8>>,
    ) -> Result<u64, Status> {
        let request = AppendRequest {
            node: node.name.to_string(),
            boot: node.boot.0.to_vec(),
            first_sequence: first,
            frames,
        };
        Ok(self
            .0
            .clone()
            .append(request)
            .await?
            .into_inner()
            .durable_through)
    }

    /// Appends all frames of the node from `first` on.
    pub(crate) async fn append(&self, node: &Node, first: u64) -> Result<u64, Status> {
        let from = usize::try_from(first).unwrap();
        self.append_at(node, first, node.frames[from..].to_vec())
            .await
    }

    /// All records that match, in pages of `size`.
    pub(crate) async fn list(&self, filter: RecordFilter, size: u32) -> Vec<StoredRecord> {
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let filter = Some(filter.clone());
            let request = ListRecordsRequest {
                filter,
                page_size: size,
                page_token,
            };
            let page = self
                .0
                .clone()
                .list_records(request)
                .await
                .unwrap()
                .into_inner();
            assert!(page.records.len() <= size as usize);
            records.extend(page.records);
            if page.next_page_token.is_empty() {
                return records;
            }
            page_token = page.next_page_token;
        }
    }

    pub(crate) async fn all(&self) -> Vec<StoredRecord> {
        self.list(RecordFilter::default(), 1000).await
    }

    pub(crate) async fn page(
        &self,
        filter: RecordFilter,
        page_size: u32,
        page_token: &str,
    ) -> Result<veto_proto::records::v1::ListRecordsResponse, Status> {
        let request = ListRecordsRequest {
            filter: Some(filter),
            page_size,
            page_token: page_token.into(),
        };
        Ok(self.0.clone().list_records(request).await?.into_inner())
    }

    pub(crate) async fn tail(
        &self,
        filter: RecordFilter,
    ) -> Result<tonic::Streaming<veto_proto::records::v1::TailRecordsResponse>, Status> {
        let request = TailRecordsRequest {
            filter: Some(filter),
        };
        Ok(self.0.clone().tail_records(request).await?.into_inner())
    }
}

/// The stable code of a refusal.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Status>) -> Code {
    let status = result.unwrap_err();
    code_of(&status).unwrap_or_else(|| panic!("no code: {status:?}"))
}

/// The places of records, to compare lists of them.
pub(crate) fn sequences(records: &[StoredRecord]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}
