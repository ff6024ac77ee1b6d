//! Several control planes that form one cluster, each on threads of its own, over real sockets and
//! mutual TLS.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::Status;
use veto_core::{Clock as _, Code, SystemClock};
use veto_identity::{Authority, ClusterSecret};
use veto_proto::administration::v1 as api;
use veto_server::{Config, Error, Running, start};
use veto_wire::status::Coded as _;

use super::{Client, PATIENCE};

const CLUSTER: &str = "000102030405060708090a0b0c0d0e0f";
const STEP: Duration = Duration::from_millis(20);

/// One replica.
pub(crate) struct Replica {
    pub(crate) id: u64,
    pub(crate) peer: String,
    runtime: Option<Runtime>,
    starting: Option<JoinHandle<Result<Running, Error>>>,
    pub(crate) running: Option<Running>,
}

/// A cluster and its files.
pub(crate) struct Replicas {
    directory: tempfile::TempDir,
    authority: Authority,
    pub(crate) all: Vec<Replica>,
}

/// An address that was free a moment ago.
pub(crate) fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

impl Replicas {
    /// A first replica that does not run yet.
    pub(crate) fn none() -> Self {
        let replicas = Self {
            directory: tempfile::tempdir().unwrap(),
            authority: Authority::generate(CLUSTER).unwrap(),
            all: vec![Replica::new(1, free())],
        };
        let secret = ClusterSecret::new([7; 32]);
        let path = replicas.directory.path().join("cluster.secret");
        std::fs::write(path, secret.reveal()).unwrap();
        replicas.issue(1);
        replicas
    }

    /// A cluster of one.
    pub(crate) async fn one() -> Self {
        let mut replicas = Self::none();
        replicas.start(1).await.unwrap();
        replicas
    }

    /// Makes an authority for the cluster that there is, and the first replica's certificate.
    pub(crate) fn adopt(&mut self, cluster: &str) {
        self.authority = Authority::generate(cluster).unwrap();
        self.issue(1);
    }

    /// A cluster of three voters.
    pub(crate) async fn three() -> Self {
        let mut replicas = Self::one().await;
        for _ in 0..2 {
            replicas.join(true, 0).await;
        }
        let root = replicas.root(1).await;
        until("three voters", async || {
            root.members().await.is_ok_and(|c| voters(&c).len() == 3)
        })
        .await;
        replicas
    }

    /// Adds a replica and starts it; its id.
    pub(crate) async fn join(&mut self, voter: bool, replaces: u64) -> u64 {
        let peer = free();
        let id = self.add(&peer, voter, replaces).await.unwrap();
        self.issue(id);
        self.all.push(Replica::new(id, peer));
        self.start(id).await.unwrap();
        id
    }

    /// Asks whoever runs first for a new member.
    pub(crate) async fn add(&self, peer: &str, voter: bool, replaces: u64) -> Result<u64, Status> {
        let runs = self.all.iter().find(|r| r.running.is_some()).unwrap().id;
        let request = api::AddMemberRequest {
            address: peer.to_owned(),
            voter,
            replaces,
            request_id: format!("add-{peer}"),
        };
        let answer = self.root(runs).await.cluster().add_member(request).await?;
        Ok(answer.into_inner().id)
    }

    /// Makes the certificate of a member.
    pub(crate) fn issue(&self, id: u64) {
        self.issue_by(&self.authority, id, id);
    }

    /// Makes a certificate for `named` by some authority, and gives it to `id`.
    pub(crate) fn issue_by(&self, authority: &Authority, named: u64, id: u64) {
        let now = SystemClock.now();
        let root = authority.root(now).unwrap();
        let issued = authority.issue(named, now, 2).unwrap();
        let directory = self.certificates(id);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("authority.pem"), root.certificate).unwrap();
        std::fs::write(directory.join("peer.pem"), issued.certificate).unwrap();
        std::fs::write(directory.join("peer.key"), issued.key.expose()).unwrap();
    }

    fn certificates(&self, id: u64) -> PathBuf {
        self.directory.path().join(format!("certificates-{id}"))
    }

    pub(crate) fn data(&self, id: u64) -> PathBuf {
        self.directory.path().join(format!("data-{id}"))
    }

    pub(crate) fn config(&self, id: u64) -> Config {
        let peer = self.of(id).peer.clone();
        let certificates = self.certificates(id);
        Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: self.data(id),
            cluster_secret_file: Some(self.directory.path().join("cluster.secret")),
            bootstrap: id == 1,
            peer_listen: Some(peer.parse().unwrap()),
            peer_certificate: Some(certificates.join("peer.pem")),
            peer_key: Some(certificates.join("peer.key")),
            peer_authority: Some(certificates.join("authority.pem")),
            ..Config::default()
        }
    }

    pub(crate) fn of(&self, id: u64) -> &Replica {
        self.all.iter().find(|replica| replica.id == id).unwrap()
    }

    fn of_mut(&mut self, id: u64) -> &mut Replica {
        self.all
            .iter_mut()
            .find(|replica| replica.id == id)
            .unwrap()
    }

    /// Starts a replica on threads of its own.
    pub(crate) async fn start(&mut self, id: u64) -> Result<(), Error> {
        let config = self.config(id);
        self.start_with(id, config).await
    }

    pub(crate) async fn start_with(&mut self, id: u64, config: Config) -> Result<(), Error> {
        self.begin(id, config);
        self.began(id).await
    }

    /// Starts replicas that need each other.
    pub(crate) async fn start_all(&mut self, ids: &[u64]) {
        for id in ids {
            let config = self.config(*id);
            self.begin(*id, config);
        }
        for id in ids {
            self.began(*id).await.unwrap();
        }
    }

    fn begin(&mut self, id: u64, config: Config) {
        let replica = self.of_mut(id);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        replica.starting = Some(runtime.spawn(start(config)));
        replica.runtime = Some(runtime);
    }

    async fn began(&mut self, id: u64) -> Result<(), Error> {
        let replica = self.of_mut(id);
        let starting = replica.starting.take().unwrap();
        let started = tokio::time::timeout(3 * PATIENCE, starting).await;
        match started.unwrap().unwrap() {
            Ok(running) => replica.running = Some(running),
            Err(error) => {
                replica.kill().await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// The code of a start that must fail.
    pub(crate) async fn refused(&mut self, id: u64, config: Config) -> Code {
        self.start_with(id, config).await.unwrap_err().code()
    }

    /// Ends a replica without a word: its tasks go no further.
    pub(crate) async fn kill(&mut self, id: u64) {
        self.of_mut(id).kill().await;
    }

    /// A client of a replica under the root key.
    pub(crate) async fn root(&self, id: u64) -> Client {
        let key = std::fs::read_to_string(self.data(1).join("root.key")).unwrap();
        self.client(id, key.trim()).await
    }

    pub(crate) async fn client(&self, id: u64, key: &str) -> Client {
        let running = self.of(id).running.as_ref().unwrap();
        Client::new(&format!("http://{}", running.address), key).await
    }

    /// Who leads, as soon as one that runs knows.
    pub(crate) async fn leader(&self) -> u64 {
        let mut leader = 0;
        let ids: Vec<u64> = self.running();
        until("a leader that runs", async || {
            for id in &ids {
                if let Ok(cluster) = self.root(*id).await.members().await {
                    leader = cluster.leader;
                }
            }
            ids.contains(&leader)
        })
        .await;
        leader
    }

    pub(crate) fn running(&self) -> Vec<u64> {
        let runs = self.all.iter().filter(|replica| replica.running.is_some());
        runs.map(|replica| replica.id).collect()
    }
}

impl Replica {
    fn new(id: u64, peer: String) -> Self {
        Self {
            id,
            peer,
            runtime: None,
            starting: None,
            running: None,
        }
    }

    async fn kill(&mut self) {
        let (runtime, running) = (self.runtime.take(), self.running.take());
        let end = move || {
            if let Some(runtime) = runtime {
                runtime.shutdown_timeout(Duration::from_secs(10));
            }
            drop(running);
        };
        tokio::task::spawn_blocking(end).await.unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn voters(cluster: &api::GetClusterResponse) -> Vec<u64> {
    let votes = |member: &&api::Member| member.role() == api::MemberRole::Voter;
    cluster.members.iter().filter(votes).map(|m| m.id).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + 3 * PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(STEP).await;
    }
}
