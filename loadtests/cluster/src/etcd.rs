//! etcd at its defaults: three nodes on loopback, data on the given disk. The few messages that are needed
//! stand here, so that its client is of the very same kind as ours.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::process::{self, Server, free_port, until};
use crate::target::{self, Client, Cluster, KEYS, VALUE};

const PUT: &str = "/etcdserverpb.KV/Put";
const STATUS: &str = "/etcdserverpb.Maintenance/Status";
const START: Duration = Duration::from_secs(60);

#[derive(Clone, PartialEq, prost::Message)]
struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResponseHeader {
    #[prost(uint64, tag = "2")]
    member_id: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PutResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StatusRequest {}

#[derive(Clone, PartialEq, prost::Message)]
struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
    #[prost(uint64, tag = "4")]
    leader: u64,
    #[prost(uint64, tag = "7")]
    raft_applied_index: u64,
}

/// A connection to one node.
#[derive(Clone)]
pub(crate) struct EtcdClient(Channel);

impl EtcdClient {
    async fn call<Q, A>(&self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: prost::Message + Default + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut client = Grpc::new(self.0.clone());
        let ready = client.ready().await;
        ready.map_err(|e| Status::unavailable(e.to_string()))?;
        let codec = ProstCodec::<Q, A>::default();
        let path = PathAndQuery::from_static(path);
        let answer = client.unary(Request::new(request), path, codec).await?;
        Ok(answer.into_inner())
    }
}

impl Client for EtcdClient {
    async fn put(&self, key: u64) -> Result<(), Status> {
        let request = PutRequest {
            key: format!("bench/agent-{}", key % KEYS).into_bytes(),
            value: target::noise(key, VALUE),
        };
        self.call::<_, PutResponse>(PUT, request).await.map(drop)
    }
}

/// Three nodes.
pub(crate) struct Etcd {
    nodes: Vec<(Server, String)>,
}

impl Etcd {
    /// Starts three nodes in a directory.
    pub(crate) async fn start(program: &Path, directory: &Path) -> Result<Self> {
        let ports = [(); 3].map(|()| Ok::<_, anyhow::Error>((free_port()?, free_port()?)));
        let ports: Vec<(u16, u16)> = ports.into_iter().collect::<Result<_>>()?;
        let member = |(i, (_, peer)): (usize, &(u16, u16))| format!("e{i}=http://127.0.0.1:{peer}");
        let members: Vec<_> = ports.iter().enumerate().map(member).collect();
        let members = members.join(",");
        let mut nodes = Vec::new();
        for (i, (client, peer)) in ports.iter().enumerate() {
            let data = directory.join(format!("etcd-{i}"));
            let client = format!("127.0.0.1:{client}");
            let arguments = [
                format!("--name=e{i}"),
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls=http://{client}"),
                format!("--advertise-client-urls=http://{client}"),
                format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
                format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"),
                format!("--initial-cluster={members}"),
                "--initial-cluster-state=new".to_owned(),
                "--log-level=error".to_owned(),
            ];
            let log = directory.join(format!("etcd-{i}.log"));
            let mut server = Server::new(program, arguments.into(), log);
            server.start()?;
            nodes.push((server, client));
        }
        let etcd = Self { nodes };
        etcd.level().await?;
        Ok(etcd)
    }

    /// What is installed.
    pub(crate) fn version(program: &Path) -> Result<String> {
        let text = process::run(program, &["--version"], &[])?;
        let version = text.lines().next().and_then(|line| line.split(": ").nth(1));
        Ok(format!("etcd {}", version.context("etcd has no version")?))
    }

    async fn status(&self, node: usize) -> Result<StatusResponse> {
        let client = self.client(node).await?;
        let call = client.call(STATUS, StatusRequest {});
        Ok(tokio::time::timeout(Duration::from_secs(1), call).await??)
    }

    /// Waits until all three name one leader and are equally far.
    async fn level(&self) -> Result<()> {
        until("three nodes of etcd", START, || async {
            let mut all = Vec::new();
            for node in 0..self.nodes.len() {
                all.push(self.status(node).await?);
            }
            let same = all.windows(2).all(|two| {
                two[0].leader == two[1].leader
                    && two[0].raft_applied_index == two[1].raft_applied_index
            });
            Ok((same && all[0].leader != 0).then_some(()))
        })
        .await
    }
}

impl Cluster for Etcd {
    type Client = EtcdClient;

    const NAME: &'static str = "etcd";

    async fn leader(&self) -> Result<usize> {
        until("a leader of etcd", START, || async {
            for (node, (server, _)) in self.nodes.iter().enumerate() {
                if !server.runs() {
                    continue;
                }
                let status = self.status(node).await?;
                if status.leader != 0 && status.header.is_some_and(|h| h.member_id == status.leader)
                {
                    return Ok(Some(node));
                }
            }
            Ok(None)
        })
        .await
    }

    async fn client(&self, node: usize) -> Result<EtcdClient> {
        Ok(EtcdClient(target::connect(&self.nodes[node].1).await?))
    }

    fn kill(&mut self, node: usize) -> Result<()> {
        self.nodes[node].0.kill()
    }

    async fn revive(&mut self, node: usize) -> Result<()> {
        self.nodes[node].0.start()?;
        self.level().await
    }
}
