//! Changes on their way to the nodes: to one real data plane, and to many streams at one replica.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::fleet_service_client::FleetServiceClient;
use veto_proto::sync::v1::sync_service_client::SyncServiceClient;
use veto_proto::sync::v1::{
    Ack, Hello, SubscribeRequest, subscribe_request::Message as Said, subscribe_response::Message,
};

use crate::load::quantile;
use crate::plan::Plan;
use crate::process::{Server, free_port, until};
use crate::target::{self, Cluster as _};
use crate::veto::{Veto, VetoClient, agent, with_key};

/// A project with one environment, whose bundle every change makes anew.
const PROJECT: &str = "feed";
const ENVIRONMENT: &str = "live";
const LIMIT: Duration = Duration::from_secs(60);
/// One change at a time, and a moment between two.
const BETWEEN: Duration = Duration::from_millis(5);
/// Streams that open at once.
const OPENING: usize = 32;
/// Heartbeats come in this time as well.
const SETTLE: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Feed {
    pub(crate) changes: usize,
    /// From the acknowledgement of the write to its enforcement on the node, in milliseconds.
    pub(crate) applied_p50: f64,
    pub(crate) applied_p99: f64,
    /// From the moment the replica took the write to the node's word that it enforces it.
    pub(crate) sent_p50: f64,
    pub(crate) sent_p99: f64,
    pub(crate) subscribers: usize,
    pub(crate) broadcasts: usize,
    /// From the moment the write was sent to the moment the last subscriber has it.
    pub(crate) last_p50: f64,
    pub(crate) last_p99: f64,
    pub(crate) each_kib: f64,
}

/// Measures both at a replica that does not lead; writes go to the one that does.
pub(crate) async fn measure(veto: &mut Veto, plan: Plan) -> Result<Feed> {
    let admin = veto.admin.clone();
    veto.cli_as(&admin, &["project", "create", PROJECT])?;
    veto.cli_as(
        &admin,
        &["env", "create", ENVIRONMENT, "--project", PROJECT],
    )?;
    let key = veto.cli_as(&admin, &["key", "create", "--kind", "node"])?;
    let leader = veto.leader().await?;
    let replica = (leader + 1) % 3;
    let writer = veto.client(leader).await?;
    eprintln!("==> {} changes to one node", plan.changes);
    let (applied, sent) = one_node(veto, replica, &key, &writer, plan.changes).await?;
    eprintln!(
        "==> {} changes to {} subscribers",
        plan.broadcasts, plan.subscribers
    );
    let before = veto.replicas[replica].server.resident()?;
    let (last, after) = many(veto, replica, &key, &writer, plan).await?;
    Ok(Feed {
        changes: plan.changes,
        applied_p50: quantile(&applied, 0.5),
        applied_p99: quantile(&applied, 0.99),
        sent_p50: quantile(&sent, 0.5),
        sent_p99: quantile(&sent, 0.99),
        subscribers: plan.subscribers,
        broadcasts: plan.broadcasts,
        last_p50: quantile(&last, 0.5),
        last_p99: quantile(&last, 0.99),
        each_kib: after.saturating_sub(before) as f64 / plan.subscribers as f64 / 1024.0,
    })
}

/// Makes one change; its revision, and how long it took to be acknowledged.
async fn change(writer: &VetoClient, number: usize) -> Result<(u64, Duration)> {
    let begun = Instant::now();
    let agent = agent(
        PROJECT,
        format!("agent-{}", number % 20),
        number as u64,
        200,
    );
    let revision = writer.put_agent(agent).await?;
    Ok((revision, begun.elapsed()))
}

async fn one_node(
    veto: &Veto,
    replica: usize,
    key: &str,
    writer: &VetoClient,
    changes: usize,
) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let address = &veto.replicas[replica].address;
    let _node = node(veto, address, key)?;
    let fleet = FleetServiceClient::new(target::connect(address).await?);
    let (mut applied, mut sent) = (Vec::new(), Vec::new());
    for number in 0..changes {
        let (revision, acknowledged) = change(writer, number).await?;
        let took = until("the node", LIMIT, || async {
            let request = with_key(api::ListNodesRequest::default(), &veto.admin)?;
            let nodes = fleet.clone().list_nodes(request).await?.into_inner().nodes;
            let found = nodes.iter().find(|node| node.revision >= revision);
            Ok(found.map(|node| Duration::from_micros(node.propagation_micros)))
        })
        .await?;
        // The first ones meet a node that starts.
        if number >= changes / 20 {
            sent.push(took);
            applied.push(took.saturating_sub(acknowledged));
        }
        tokio::time::sleep(BETWEEN).await;
    }
    applied.sort();
    sent.sort();
    Ok((applied, sent))
}

/// A data plane that subscribes to one replica.
fn node(veto: &Veto, control_plane: &str, key: &str) -> Result<Server> {
    let key_file = veto.path("node.key");
    std::fs::write(&key_file, key)?;
    let config = serde_json::json!({
        "listen": format!("127.0.0.1:{}", free_port()?),
        "data_dir": veto.path("node"),
        "node": "bench",
        "control_planes": [format!("http://{control_plane}")],
        "key_file": key_file,
        "trust_file": veto.path("veto-0/trust.json"),
    });
    let file = veto.path("node.yaml");
    std::fs::write(&file, config.to_string())?;
    let arguments = vec!["--config".to_owned(), file, "run".to_owned()];
    let log = veto.path("node.log");
    let mut node = Server::new(
        &veto.bin.join("veto-data-plane"),
        arguments,
        Path::new(&log).into(),
    );
    node.start()?;
    Ok(node)
}

/// What a subscriber has, and since when.
type Arrival = (usize, u64, Instant);

async fn many(
    veto: &Veto,
    replica: usize,
    key: &str,
    writer: &VetoClient,
    plan: Plan,
) -> Result<(Vec<Duration>, u64)> {
    let server = &veto.replicas[replica];
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut streams = JoinSet::new();
    for number in 0..plan.subscribers {
        let (address, key) = (server.address.clone(), key.to_owned());
        let (arrived, opening) = (arrived.clone(), Arc::clone(&opening));
        streams.spawn(async move { subscribe(number, &address, &key, &opening, arrived).await });
    }
    drop(arrived);
    let mut last = Vec::new();
    for number in 0..=plan.broadcasts {
        let begun = Instant::now();
        let (revision, _) = change(writer, number).await?;
        let have = all_have(&mut arrivals, plan.subscribers, revision);
        let latest = match timeout(LIMIT, have).await {
            Ok(latest) => latest,
            Err(_) => {
                let ended = streams
                    .try_join_next()
                    .map(|end| end.map(|end| format!("{end:?}")));
                bail!("revision {revision} did not reach all subscribers: {ended:?}");
            }
        };
        // The first one meets streams that open.
        if number > 0 {
            last.push(latest.context("a stream ended")?.duration_since(begun));
        }
        tokio::time::sleep(BETWEEN).await;
    }
    tokio::time::sleep(SETTLE).await;
    let after = server.server.resident()?;
    ensure!(streams.try_join_next().is_none(), "a stream ended");
    last.sort();
    Ok((last, after))
}

/// When the last one had it.
async fn all_have(
    arrivals: &mut mpsc::UnboundedReceiver<Arrival>,
    subscribers: usize,
    revision: u64,
) -> Option<Instant> {
    let mut have = vec![false; subscribers];
    let (mut missing, mut latest) = (subscribers, None);
    while missing > 0 {
        let (number, held, at) = arrivals.recv().await?;
        if held >= revision && !std::mem::replace(&mut have[number], true) {
            missing -= 1;
            latest = latest.max(Some(at));
        }
    }
    latest
}

/// One stream on a connection of its own, which acknowledges what it gets.
async fn subscribe(
    number: usize,
    address: &str,
    key: &str,
    opening: &Semaphore,
    arrived: mpsc::UnboundedSender<Arrival>,
) -> Result<()> {
    let opens = opening.acquire().await?;
    let channel = target::connect(address).await?;
    let (said, outgoing) = mpsc::channel(4);
    let say = |message| SubscribeRequest {
        message: Some(message),
    };
    let hello = Hello {
        node: format!("bench-{number}"),
        boot: vec![1; 16],
        ..Hello::default()
    };
    said.send(say(Said::Hello(hello))).await?;
    let request = with_key(ReceiverStream::new(outgoing), key)?;
    let answer = SyncServiceClient::new(channel).subscribe(request).await?;
    let mut stream = answer.into_inner();
    drop(opens);
    while let Some(message) = stream.message().await? {
        let header = match message.message {
            Some(Message::Snapshot(snapshot)) => snapshot.bundle.and_then(|bundle| bundle.header),
            Some(Message::Delta(delta)) => delta.header,
            Some(Message::Heartbeat(_) | Message::Withdrawal(_)) | None => None,
        };
        let Some(header) = header else { continue };
        arrived.send((number, header.revision, Instant::now()))?;
        let ack = Ack {
            scope: header.scope,
            revision: header.revision,
        };
        said.send(say(Said::Ack(ack))).await?;
    }
    bail!("stream {number} ended")
}
