//! A new learner takes a large state while writes go on, over a link that is cut in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::plan::Plan;
use crate::process::until;
use crate::proxy::Link;
use crate::target::Cluster as _;
use crate::veto::{PROJECT, Veto, VetoClient, agent};

/// So many entries that the log has given up the first: the learner needs the snapshot.
const AGENTS: u64 = 75_000;
const FILLERS: u64 = 32;
/// Writers while the learner learns.
const WRITERS: u64 = 8;
const PAUSE: Duration = Duration::from_millis(10);
const SETTLE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);
const CUT: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(900);

/// What was found. Memory is what a process holds, files in the page cache apart.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot {
    /// Of all rows that were written.
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) writes: u64,
    pub(crate) cuts: u32,
    pub(crate) cut_after: u64,
    pub(crate) leader_base: u64,
    pub(crate) leader_peak: u64,
    pub(crate) learner_base: u64,
    pub(crate) learner_peak: u64,
    pub(crate) revision: u64,
}

/// Fills the state, then adds a learner.
pub(crate) async fn measure(veto: &mut Veto, plan: Plan) -> Result<Snapshot> {
    let bytes = plan.snapshot << 20;
    eprintln!("==> a state of {} MiB", plan.snapshot);
    fill(veto, bytes).await?;
    veto.level().await?;
    tokio::time::sleep(SETTLE).await;
    eprintln!("==> a learner takes it");
    let leader = veto.leader().await?;
    let leader_base = veto.replicas[leader].server.resident()?;
    // The learner's id is known before its link leads anywhere.
    let mut link = None;
    let learner = {
        let runtime = tokio::runtime::Handle::current();
        veto.add(false, |peer| {
            let made = Link::to(peer.to_owned());
            let made = tokio::task::block_in_place(|| runtime.block_on(made))?;
            let address = made.address.clone();
            link = Some(made);
            Ok(address)
        })
        .await?
    };
    let link = link.context("no link")?;
    tokio::time::sleep(SETTLE).await;
    let learner_base = veto.replicas[learner].server.resident()?;
    let (stop, written) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let client = veto.client(leader).await?;
        writers.spawn(write(
            client,
            number,
            Arc::clone(&stop),
            Arc::clone(&written),
        ));
    }
    let mut found = Snapshot {
        bytes,
        seconds: 0.0,
        writes: 0,
        cuts: 0,
        cut_after: 0,
        leader_base,
        leader_peak: leader_base,
        learner_base,
        learner_peak: learner_base,
        revision: 0,
    };
    link.open();
    let begun = Instant::now();
    let mut cut_at = None;
    let mut asked = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        ensure!(begun.elapsed() < LIMIT, "the learner did not catch up");
        found.leader_peak = found
            .leader_peak
            .max(veto.replicas[leader].server.resident()?);
        found.learner_peak = found
            .learner_peak
            .max(veto.replicas[learner].server.resident()?);
        match cut_at {
            None if link.carried() > bytes / 2 => {
                link.cut();
                (found.cuts, found.cut_after) = (1, link.carried());
                cut_at = Some(Instant::now());
            }
            Some(at) if at.elapsed() > CUT => link.open(),
            Some(_) | None => {}
        }
        if asked.elapsed() > Duration::from_millis(500) {
            asked = Instant::now();
            if caught_up(veto, leader, learner).await.unwrap_or(false) {
                break;
            }
        }
    }
    ensure!(
        found.cuts > 0,
        "the learner was there before the link was cut"
    );
    found.seconds = begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    while let Some(end) = writers.join_next().await {
        end??;
    }
    found.writes = written.load(Ordering::Relaxed);
    found.revision = equal(veto).await?;
    Ok(found)
}

/// Writes different agents until the state has so many bytes.
async fn fill(veto: &Veto, bytes: u64) -> Result<()> {
    let leader = veto.leader().await?;
    let each = usize::try_from(bytes / AGENTS)?;
    let mut fillers = JoinSet::new();
    for filler in 0..FILLERS {
        let client = veto.client(leader).await?;
        fillers.spawn(async move {
            for number in (filler..AGENTS).step_by(FILLERS as usize) {
                let id = format!("stock-{number}");
                client.put_agent(agent(PROJECT, id, number, each)).await?;
            }
            Ok::<_, tonic::Status>(())
        });
    }
    while let Some(end) = fillers.join_next().await {
        end??;
    }
    Ok(())
}

async fn write(
    client: VetoClient,
    writer: u64,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
) -> Result<()> {
    let mut number = writer;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("busy-{}", number % 1_000);
        client.put_agent(agent(PROJECT, id, number, 1_024)).await?;
        written.fetch_add(1, Ordering::Relaxed);
        number += WRITERS;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Tells whether the learner has almost all that the leader has.
async fn caught_up(veto: &Veto, leader: usize, learner: usize) -> Result<bool> {
    let members = veto.status(leader).await?.members;
    let applied = |node: usize| {
        let id = veto.replicas[node].id;
        let member = members.iter().find(|member| member.id == id);
        member
            .filter(|member| member.reachable)
            .map(|member| member.applied)
    };
    let (ahead, behind) = (applied(leader), applied(learner));
    Ok(behind
        .zip(ahead)
        .is_some_and(|(behind, ahead)| behind > 0 && ahead - behind.min(ahead) < 100))
}

/// Waits until all are equally far, and compares their digests.
async fn equal(veto: &Veto) -> Result<u64> {
    until("equal digests", Duration::from_secs(60), || async {
        veto.level().await?;
        let members = veto.status(0).await?.members;
        let same = members.windows(2).all(|two| {
            two[0].applied == two[1].applied
                && two[0].digest == two[1].digest
                && !two[0].digest.is_empty()
        });
        Ok(members
            .first()
            .filter(|_| same)
            .map(|member| member.applied))
    })
    .await
}
