//! Replicas of Veto's control plane: real certificates, mutual TLS between them, real keys, the public API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tonic::transport::Channel;
use tonic::{Request, Status};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;
use veto_proto::administration::v1::cluster_service_client::ClusterServiceClient;
use veto_wire::metadata::authorize;

use crate::process::{Server, free_port, run, until};
use crate::target::{self, Client, Cluster, KEYS, VALUE};

const START: Duration = Duration::from_secs(60);
/// No label is longer.
const LABEL: usize = 256;
/// The project that agents are written to.
pub(crate) const PROJECT: &str = "bench";

/// Adds the key to a request.
pub(crate) fn with_key<T>(message: T, key: &str) -> Result<Request<T>, Status> {
    let mut request = Request::new(message);
    authorize(&mut request, key)?;
    Ok(request)
}

/// An agent whose labels have so many bytes together.
pub(crate) fn agent(project: &str, id: String, seed: u64, bytes: usize) -> api::Agent {
    let value = target::noise(seed, bytes);
    let parts = value.as_bytes().chunks(LABEL).enumerate();
    let label = |(i, part): (usize, &[u8])| {
        let part = String::from_utf8_lossy(part).into_owned();
        (format!("label-{i}"), part)
    };
    api::Agent {
        project: project.to_owned(),
        id,
        labels: parts.map(label).collect(),
        ..api::Agent::default()
    }
}

/// A connection to one replica.
#[derive(Clone)]
pub(crate) struct VetoClient {
    agents: AgentServiceClient<Channel>,
    key: String,
}

impl VetoClient {
    pub(crate) async fn put_agent(&self, agent: api::Agent) -> Result<u64, Status> {
        let request = api::PutAgentRequest {
            agent: Some(agent),
            request_id: String::new(),
        };
        let request = with_key(request, &self.key)?;
        let answer = self.agents.clone().put_agent(request).await?.into_inner();
        let changed = answer.agent.and_then(|agent| agent.changed);
        Ok(changed.map_or(0, |change| change.revision))
    }
}

impl Client for VetoClient {
    async fn put(&self, key: u64) -> Result<(), Status> {
        let id = format!("agent-{}", key % KEYS);
        self.put_agent(agent(PROJECT, id, key, VALUE))
            .await
            .map(drop)
    }
}

/// One replica.
pub(crate) struct Replica {
    pub(crate) server: Server,
    pub(crate) address: String,
    pub(crate) id: u64,
}

/// A cluster.
pub(crate) struct Veto {
    pub(crate) bin: PathBuf,
    directory: PathBuf,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) root: String,
    /// The admin key of the organization.
    pub(crate) admin: String,
}

impl Veto {
    /// Starts three voters in a directory, and makes an organization and a project.
    pub(crate) async fn start(bin: &Path, directory: &Path) -> Result<Self> {
        let mut veto = Self {
            bin: bin.to_owned(),
            directory: directory.to_owned(),
            replicas: Vec::new(),
            root: String::new(),
            admin: String::new(),
        };
        let ca = veto.path("ca");
        veto.cli(&["cluster", "ca", "init", &ca])?;
        let (mut first, _) = veto.replica(0, true, None)?;
        veto.cli(&[
            "cluster",
            "ca",
            "issue",
            "1",
            "--ca",
            &ca,
            "--out",
            &veto.path("veto-0"),
        ])?;
        first.server.start()?;
        first.id = 1;
        veto.replicas.push(first);
        let root = directory.join("veto-0/root.key");
        veto.root = until("the root key", START, || async {
            let text = std::fs::read_to_string(&root).unwrap_or_default();
            Ok(Some(text.trim().to_owned()).filter(|key| !key.is_empty()))
        })
        .await?;
        veto.status_soon().await?;
        for _ in 0..2 {
            veto.add(true, |address| Ok(address.to_owned())).await?;
        }
        veto.level().await?;
        let root = veto.root.clone();
        veto.admin = veto.cli_as(&root, &["org", "create", "acme"])?;
        let admin = veto.admin.clone();
        veto.cli_as(&admin, &["project", "create", PROJECT])?;
        Ok(veto)
    }

    /// Adds a replica; `seen` says where its peers reach it, when that is not where it listens.
    pub(crate) async fn add(
        &mut self,
        voter: bool,
        seen: impl FnOnce(&str) -> Result<String>,
    ) -> Result<usize> {
        let number = self.replicas.len();
        let peer = format!("127.0.0.1:{}", free_port()?);
        let seen = seen(&peer)?;
        let (mut replica, out) = self.replica(number, false, Some((peer, seen.clone())))?;
        let (ca, root) = (self.path("ca"), self.root.clone());
        let mut arguments = vec!["cluster", "add", &seen, "--ca", &ca, "--out", &out];
        if voter {
            arguments.push("--voter");
        }
        replica.id = self.cli_as(&root, &arguments)?.parse()?;
        replica.server.start()?;
        self.replicas.push(replica);
        Ok(number)
    }

    /// A replica's files. `peer` is where it listens to its peers and where they reach it.
    fn replica(
        &self,
        number: usize,
        bootstrap: bool,
        peer: Option<(String, String)>,
    ) -> Result<(Replica, String)> {
        let data = self.path(&format!("veto-{number}"));
        std::fs::create_dir_all(&data)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let (peer, seen) = match peer {
            Some(peer) => peer,
            None => {
                let peer = format!("127.0.0.1:{}", free_port()?);
                (peer.clone(), peer)
            }
        };
        let config = serde_json::json!({
            "listen": address,
            "data_dir": data,
            "bootstrap": bootstrap,
            "cluster_secret_file": self.path("veto-0/cluster.secret"),
            "peer_listen": peer,
            "peer_address": seen,
        });
        let file = self.path(&format!("veto-{number}.yaml"));
        std::fs::write(&file, config.to_string())?;
        let arguments = vec!["--config".to_owned(), file, "run".to_owned()];
        let log = self.directory.join(format!("veto-{number}.log"));
        let replica = Replica {
            server: Server::new(&self.bin.join("veto-control-plane"), arguments, log),
            address,
            id: 0,
        };
        Ok((replica, data))
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    fn cli(&self, arguments: &[&str]) -> Result<String> {
        run(&self.bin.join("veto"), arguments, &[])
    }

    /// Runs the command-line client with a key.
    pub(crate) fn cli_as(&self, key: &str, arguments: &[&str]) -> Result<String> {
        let address = format!("http://{}", self.replicas[0].address);
        let environment = [("VETO_CONTROL_PLANE", address.as_str()), ("VETO_KEY", key)];
        run(&self.bin.join("veto"), arguments, &environment)
    }

    async fn status_soon(&self) -> Result<api::GetClusterResponse> {
        until("the first replica", START, || async {
            self.status(0).await.map(Some)
        })
        .await
    }

    pub(crate) async fn status(&self, node: usize) -> Result<api::GetClusterResponse> {
        let channel = target::connect(&self.replicas[node].address).await?;
        let request = with_key(api::GetClusterRequest {}, &self.root)?;
        let mut client = ClusterServiceClient::new(channel);
        let call = client.get_cluster(request);
        Ok(tokio::time::timeout(Duration::from_secs(2), call)
            .await??
            .into_inner())
    }

    /// Waits until all replicas that run are members and equally far.
    pub(crate) async fn level(&self) -> Result<()> {
        until("equal replicas", START, || async {
            let status = self.status(0).await?;
            let members = &status.members;
            let all = members.len() == self.replicas.len() && !status.changing;
            let done = |member: &api::Member| member.reachable && member.role == member.wanted;
            let equal = members
                .windows(2)
                .all(|two| two[0].applied == two[1].applied);
            Ok((all && equal && status.leader != 0 && members.iter().all(done)).then_some(()))
        })
        .await
    }
}

impl Cluster for Veto {
    type Client = VetoClient;

    const NAME: &'static str = "veto";

    async fn leader(&self) -> Result<usize> {
        until("a leader of Veto", START, || async {
            let running = |replica: &&Replica| replica.server.runs();
            let asked = self
                .replicas
                .iter()
                .position(|r| running(&r))
                .context("none runs")?;
            let leader = self.status(asked).await?.leader;
            let known = self.replicas.iter().filter(running).any(|r| r.id == leader);
            Ok(self
                .replicas
                .iter()
                .position(|r| r.id == leader)
                .filter(|_| known))
        })
        .await
    }

    async fn client(&self, node: usize) -> Result<VetoClient> {
        let channel = target::connect(&self.replicas[node].address).await?;
        Ok(VetoClient {
            agents: AgentServiceClient::new(channel),
            key: self.admin.clone(),
        })
    }

    fn kill(&mut self, node: usize) -> Result<()> {
        self.replicas[node].server.kill()
    }

    async fn revive(&mut self, node: usize) -> Result<()> {
        self.replicas[node].server.start()?;
        // It may be the very one that is asked.
        self.status_soon().await?;
        self.level().await
    }
}
