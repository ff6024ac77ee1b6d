//! A replica in a simulated process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use turmoil::Sim;
use turmoil::net::TcpListener;
use veto_identity::PeerName;
use veto_raft::{Config, Handle, Peers};
use veto_wire::status::Coded as _;

use crate::calls;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::net::{Net, PORT};
use crate::plan::Plan;
use crate::shared::Shared;
use crate::trace::What;

/// How often a leader says that it is there.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a proposal or a confirmation may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The name of a host on the network.
#[must_use]
pub fn name(host: usize) -> String {
    format!("h{host}")
}

/// Where peers reach a host.
#[must_use]
pub fn address(host: usize) -> String {
    format!("{}:{PORT}", name(host))
}

/// Makes a host whose process runs a replica, each time it is started.
pub fn add(sim: &mut Sim<'_>, shared: &Shared, plan: &Plan, host: usize) {
    let (shared, plan) = (shared.clone(), plan.clone());
    sim.host(name(host), move || {
        let (shared, plan) = (shared.clone(), plan.clone());
        async move {
            replica(&shared, &plan, host).await;
            Ok(())
        }
    });
}

async fn replica(shared: &Shared, plan: &Plan, host: usize) {
    let (member, run) = shared.with(|state| {
        let host = &mut state.hosts[host];
        host.runs += 1;
        (host.member.unwrap_or_default(), host.runs)
    });
    shared.push(host, run, What::Starts(member));
    let (code, words) = match live(shared, plan, host, run, member).await {
        Ok(words) => ("STOPPED".to_owned(), words),
        Err(error) => (error.code().as_str().to_owned(), error.to_string()),
    };
    shared.with(|state| {
        let host = &mut state.hosts[host];
        host.ended = Some(code.clone());
        (host.handle, host.inbox) = (None, None);
    });
    shared.push(host, run, What::Ends(code, words));
}

async fn live(
    shared: &Shared,
    plan: &Plan,
    host: usize,
    run: u64,
    member: u64,
) -> Result<String, veto_raft::Error> {
    let dice = |purpose: u64| Dice::new(plan.seed, purpose + host as u64 * 1_000 + run * 100_000);
    let (directory, cluster) =
        shared.with(|state| (state.hosts[host].directory.clone(), state.cluster.clone()));
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    let listener = listener.map_err(|e| veto_raft::Error::Setup(e.to_string()))?;
    let net = Net {
        shared: shared.clone(),
        host,
        run,
        name: PeerName {
            cluster: cluster.clone(),
            node: member,
        },
        listener,
    };
    let config = Config {
        bootstrap: (member == 1 && run == 1).then_some(cluster),
        peers: Some(Peers {
            transport: Arc::new(net),
            address: address(host),
        }),
        timeout: TIMEOUT,
        heartbeat: HEARTBEAT,
        snapshot_after: plan.snapshot_after,
        entropy: Arc::new(dice(7)),
        simulated: Some(Arc::new(Disk::new(shared, plan, host, run, dice(8)))),
        ..Config::new(directory)
    };
    let handle = Handle::start(config).await?;
    let (inbox, calls) = mpsc::unbounded_channel();
    shared.with(|state| {
        let host = &mut state.hosts[host];
        (host.handle, host.inbox) = (Some(handle.clone()), Some(inbox));
    });
    shared.push(host, run, What::Serves);
    let served = calls::serve(shared.clone(), host, handle.clone(), calls);
    tokio::select! {
        biased;
        failed = handle.failed() => Err(failed),
        () = served => Ok("nobody calls any more".to_owned()),
    }
}
