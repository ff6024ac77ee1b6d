//! How a replica begins: again, as the first of a new cluster, or as one that its peers have added.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use openraft::{BasicNode, Raft, SnapshotPolicy};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use veto_identity::PeerName;
use veto_proto::raft::v1::peer_service_server::PeerServiceServer;
use veto_state::Tables;
use veto_wire::limits;

use crate::database::Open;
use crate::floor::Owner;
use crate::forward::Confirms;
use crate::handle::{Parts, stop};
use crate::identity::{Identity, Known};
use crate::log::{Log, PURGE_STEP};
use crate::machine::Machine;
use crate::network::Network;
use crate::peers::{Links, MOST_MESSAGE, Peers, Service, Voice, incoming};
use crate::replica::Replica;
use crate::seams::Work;
use crate::{Config, Error, members};

/// The first member of a cluster.
pub(crate) const FIRST: u64 = 1;
/// How long a replica without peers may take to lead.
const ALONE: Duration = Duration::from_secs(20);
/// Between two looks for a leader.
const LOOK: Duration = Duration::from_millis(50);
/// How often a start that waits says so.
const SAY: Duration = Duration::from_secs(10);
/// The longest call of a peer: a snapshot.
const CALL: Duration = Duration::from_secs(3_600);

pub(crate) async fn start(mut config: Config) -> Result<(Arc<Replica>, Parts), Error> {
    let peers = config.peers.take();
    let (open, closed) = mpsc::channel(1);
    let work = Work::new(config.simulated.take());
    let open = Open::new(open, work.clone());
    let meters = open.meters.clone();
    let machine = Machine::open(&config.directory, &open)?;
    let identity = identify(&config, peers.as_ref(), &machine)?;
    let owner = Owner {
        cluster: number(&identity.file.cluster),
        node: identity.file.node,
    };
    let log = Log::open(&config.directory, owner, &open)?.guarded_by(machine.clone())?;
    drop(open);
    let (node, joined) = (identity.file.node, identity.file.joined);
    let transport = peers.as_ref().map(|peers| Arc::clone(&peers.transport));
    let known = Known::read(&config.directory)?;
    let voice = Arc::new(Voice::new(identity.clone(), known));
    let links = Arc::new(Links::new(voice, transport, work));
    let settings = openraft(&config).validate().map_err(|e| stopped(&e))?;
    let network = Network {
        links: Arc::clone(&links),
        tail: log.tail(),
    };
    let raft = Raft::new(node, Arc::new(settings), network, log, machine.clone());
    let core = Arc::new(Replica {
        raft: raft.await.map_err(|e| stopped(&e))?,
        machine,
        links,
        local: OnceLock::new(),
        confirms: Confirms::default(),
        timeout: config.timeout,
        meters,
        entropy: Arc::clone(&config.entropy),
        leaving: AtomicBool::new(false),
        backing_up: Arc::new(Semaphore::new(1)),
    });
    let parts = Parts {
        tasks: Mutex::new(JoinSet::new()),
        closed: tokio::sync::Mutex::new(closed),
    };
    match begin(&config, peers, joined, &core, &parts).await {
        Ok(()) => {}
        Err(error) => {
            stop(core, &parts).await;
            return Err(error);
        }
    }
    let mut identity = identity;
    identity.joined(&config.directory)?;
    Ok((core, parts))
}

async fn begin(
    config: &Config,
    peers: Option<Peers>,
    joined: bool,
    core: &Arc<Replica>,
    parts: &Parts,
) -> Result<(), Error> {
    let initialized = core.raft.is_initialized().await.map_err(|e| stopped(&e))?;
    let node = core.node();
    if joined && !initialized {
        return Err(Error::StorageLost(node));
    }
    let address = peers
        .as_ref()
        .map_or_else(String::new, |p| p.address.clone());
    if !initialized && node == FIRST {
        if config.bootstrap.is_none() {
            return Err(Error::NoCluster);
        }
        let members = BTreeMap::from([(node, BasicNode::new(&address))]);
        let made = core.raft.initialize(members).await;
        made.map_err(|e| stopped(&e))?;
    }
    let metrics = core.metrics();
    let voters = metrics.membership_config.membership().voter_ids();
    if initialized && voters.eq([node]) {
        // Nobody else is to be waited for.
        let elected = core.raft.trigger().elect().await;
        elected.map_err(|e| stopped(&e))?;
    }
    let others = metrics.membership_config.nodes().any(|(id, _)| *id != node);
    if others && peers.is_none() {
        return Err(Error::Setup(
            "this cluster has other members, and no peer address or certificate is set".into(),
        ));
    }
    let patience = if peers.is_some() {
        config.patience
    } else {
        ALONE
    };
    serve(peers, core, parts, address.clone());
    wait(core, patience).await?;
    let metrics = core.metrics();
    let own = metrics.membership_config.membership().get_node(&node);
    match own {
        Some(own) if own.addr != address && !own.addr.is_empty() => Err(Error::Setup(format!(
            "the cluster knows this member at `{}`, and it was told `{address}`: an address never \
             changes; replace the member instead",
            own.addr
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Listens to peers, and keeps the members as the state says.
fn serve(peers: Option<Peers>, core: &Arc<Replica>, parts: &Parts, address: String) {
    let mut tasks = parts
        .tasks
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    tasks.spawn(members::reconcile(Arc::downgrade(core), address));
    let Some(peers) = peers else { return };
    let stream = incoming(peers.transport, &mut tasks);
    let service = PeerServiceServer::new(Service::new(core))
        .max_decoding_message_size(MOST_MESSAGE)
        .max_encoding_message_size(MOST_MESSAGE);
    let server = limits::server(CALL).add_service(service);
    tasks.spawn(async move {
        if let Err(error) = server.serve_with_incoming(stream).await {
            tracing::error!(%error, "peers are heard no more");
        }
    });
}

/// Waits until all that was acknowledged before is applied here.
async fn wait(core: &Arc<Replica>, patience: Duration) -> Result<(), Error> {
    let (begun, mut said) = (Instant::now(), Instant::now());
    let fenced = core.links.voice.fenced();
    loop {
        if let Some(fence) = fenced.borrow().clone() {
            return Err(Error::Refused {
                node: core.node(),
                code: fence.code,
                message: fence.message,
            });
        }
        let problem = match core.metrics().current_leader {
            Some(_) => match core.confirm().await {
                Ok(()) => return Ok(()),
                Err(error @ Error::Stopped(_)) => return Err(error),
                Err(error) => error,
            },
            None => Error::NotLeader,
        };
        if let Err(fatal) = core.metrics().running_state {
            return Err(stopped(&fatal));
        }
        if begun.elapsed() > patience {
            return Err(problem);
        }
        if said.elapsed() > SAY {
            said = Instant::now();
            tracing::info!(node = core.node(), %problem, "waiting for the cluster");
        }
        sleep(LOOK).await;
    }
}

/// Finds out who this replica is, and that directory and certificate say the same.
fn identify(config: &Config, peers: Option<&Peers>, machine: &Machine) -> Result<Identity, Error> {
    let named = peers.map(|peers| peers.transport.name());
    let identity = match Identity::restart(&config.directory, config.entropy.as_ref())? {
        Some(identity) => identity,
        None => {
            let kept = machine.view(|view| Tables(view).cluster())?;
            let (cluster, node) = new(config, named, kept)?;
            Identity::create(&config.directory, &cluster, node, config.entropy.as_ref())?
        }
    };
    if let Some(named) = named {
        fits(named, &identity.file.cluster, identity.file.node)?;
    }
    Ok(identity)
}

/// Who a replica without an identity is.
fn new(
    config: &Config,
    named: Option<&PeerName>,
    kept: Option<String>,
) -> Result<(String, u64), Error> {
    match (kept, named) {
        // From before replicas had identities: there was one.
        (Some(cluster), named) => {
            named.map_or(Ok(()), |named| fits(named, &cluster, FIRST))?;
            Ok((cluster, FIRST))
        }
        (None, Some(named)) if config.bootstrap.is_some() => {
            fits(named, &named.cluster, FIRST)?;
            Ok((named.cluster.clone(), FIRST))
        }
        (None, Some(named)) if named.node == FIRST => Err(Error::NoCluster),
        (None, Some(named)) => Ok((named.cluster.clone(), named.node)),
        (None, None) => {
            let cluster = config.bootstrap.clone().ok_or(Error::NoCluster)?;
            Ok((cluster, FIRST))
        }
    }
}

fn fits(named: &PeerName, cluster: &str, node: u64) -> Result<(), Error> {
    let what = "the certificate";
    if named.cluster != cluster {
        return Err(Error::ClusterMismatch {
            what,
            theirs: named.cluster.clone(),
            ours: cluster.to_owned(),
        });
    }
    if named.node != node {
        return Err(Error::MemberMismatch {
            what,
            theirs: named.node,
            ours: node,
        });
    }
    Ok(())
}

/// A cluster's id as a number; `None` for one that has none.
pub(crate) fn number(cluster: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(cluster, 16).ok()?;
    (cluster.len() == 32).then(|| number.to_be_bytes())
}

fn openraft(config: &Config) -> openraft::Config {
    let heartbeat = u64::try_from(config.heartbeat.as_millis()).unwrap_or(u64::MAX);
    openraft::Config {
        cluster_name: "veto".to_owned(),
        heartbeat_interval: heartbeat,
        // A follower waits for the longest and one of its own after the last it heard: 8 to 10 heartbeats.
        election_timeout_min: heartbeat.saturating_mul(3),
        election_timeout_max: heartbeat.saturating_mul(5),
        install_snapshot_timeout: 120_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(config.snapshot_after),
        max_in_snapshot_log_to_keep: config.snapshot_after * 5 / 2,
        replication_lag_threshold: config.snapshot_after * 2,
        purge_batch_size: PURGE_STEP.min(config.snapshot_after),
        ..openraft::Config::default()
    }
}

fn stopped(error: &dyn std::fmt::Display) -> Error {
    Error::Stopped(error.to_string())
}
