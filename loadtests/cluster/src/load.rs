//! Writes: how long one takes, how many pass at once, and how soon they go on without the leader. Both
//! stores take turns in short slices, so that whatever else the machine does meets both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::plan::Plan;
use crate::target::{Client, Cluster};

/// Clients of the throughput, each with a connection of its own.
pub(crate) const CLIENTS: u64 = 64;
/// How long a writer waits for one answer while there may be no leader, and between two tries.
const PATIENCE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(2);
/// Writes go on by then, or never.
const LONGEST: Duration = Duration::from_secs(30);

/// What one store did.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// Latencies of one client, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) writes: usize,
    /// Writes a second of all clients: the median of the slices, and each.
    pub(crate) throughput: f64,
    pub(crate) slices: Vec<f64>,
    /// Latencies under that load, in milliseconds.
    pub(crate) loaded_p50: f64,
    pub(crate) loaded_p99: f64,
    /// From the kill of the leader to the next acknowledged write, in milliseconds.
    pub(crate) recovery: f64,
    pub(crate) recoveries: Vec<f64>,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    alone: Vec<Duration>,
    loaded: Vec<Duration>,
    slices: Vec<f64>,
    recoveries: Vec<f64>,
}

/// Measures two stores in turns.
pub(crate) async fn side_by_side<A: Cluster, B: Cluster>(
    a: &mut A,
    b: &mut B,
    plan: Plan,
) -> Result<[Figures; 2]> {
    let (mut seen_a, mut seen_b) = (Seen::default(), Seen::default());
    eprintln!(
        "==> {} slices of one client and of {CLIENTS} clients, in turns",
        plan.slices
    );
    for slice in 0..=plan.slices {
        // The first one warms up.
        let (warm_a, warm_b) = (&mut Seen::default(), &mut Seen::default());
        let (to_a, to_b) = match slice {
            0 => (warm_a, warm_b),
            _ => (&mut seen_a, &mut seen_b),
        };
        alone(a, to_a, plan).await.context(A::NAME)?;
        alone(b, to_b, plan).await.context(B::NAME)?;
        together(a, to_a, plan).await.context(A::NAME)?;
        together(b, to_b, plan).await.context(B::NAME)?;
    }
    eprintln!("==> {} kills of each leader", plan.kills);
    for _ in 0..plan.kills {
        seen_a.recoveries.push(recovery(a).await.context(A::NAME)?);
        seen_b.recoveries.push(recovery(b).await.context(B::NAME)?);
    }
    Ok([figures(A::NAME, seen_a), figures(B::NAME, seen_b)])
}

async fn alone<C: Cluster>(cluster: &C, seen: &mut Seen, plan: Plan) -> Result<()> {
    let client = cluster.client(cluster.leader().await?).await?;
    let end = Instant::now() + plan.slice;
    let mut key = 0;
    while Instant::now() < end {
        let begun = Instant::now();
        client.put(key).await?;
        seen.alone.push(begun.elapsed());
        key += 1;
    }
    Ok(())
}

async fn together<C: Cluster>(cluster: &C, seen: &mut Seen, plan: Plan) -> Result<()> {
    let leader = cluster.leader().await?;
    let next = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(cluster.client(leader).await?);
    }
    let mut writers = JoinSet::new();
    let begun = Instant::now();
    let end = begun + plan.slice;
    for client in clients {
        let next = Arc::clone(&next);
        writers.spawn(async move {
            let mut taken = Vec::new();
            while Instant::now() < end {
                let begun = Instant::now();
                client.put(next.fetch_add(1, Ordering::Relaxed)).await?;
                taken.push(begun.elapsed());
            }
            Ok::<_, tonic::Status>(taken)
        });
    }
    let before = seen.loaded.len();
    while let Some(taken) = writers.join_next().await {
        seen.loaded.extend(taken??);
    }
    let count = (seen.loaded.len() - before) as f64;
    seen.slices.push(count / begun.elapsed().as_secs_f64());
    Ok(())
}

/// Kills the leader; a writer goes on over a node that lives.
async fn recovery<C: Cluster>(cluster: &mut C) -> Result<f64> {
    let leader = cluster.leader().await?;
    let client = cluster.client((leader + 1) % 3).await?;
    for key in 0..20 {
        client.put(key).await?;
    }
    cluster.kill(leader)?;
    let begun = Instant::now();
    for key in 0.. {
        ensure!(
            begun.elapsed() < LONGEST,
            "no write in {} s",
            LONGEST.as_secs()
        );
        if let Ok(Ok(())) = timeout(PATIENCE, client.put(key)).await {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    cluster.revive(leader).await?;
    Ok(took)
}

fn figures(name: &'static str, mut seen: Seen) -> Figures {
    seen.alone.sort();
    seen.loaded.sort();
    Figures {
        name,
        p50: quantile(&seen.alone, 0.5),
        p99: quantile(&seen.alone, 0.99),
        writes: seen.alone.len(),
        throughput: median(&seen.slices),
        slices: seen.slices,
        loaded_p50: quantile(&seen.loaded, 0.5),
        loaded_p99: quantile(&seen.loaded, 0.99),
        recovery: median(&seen.recoveries),
        recoveries: seen.recoveries,
    }
}

/// A quantile of sorted times, in milliseconds.
pub(crate) fn quantile(sorted: &[Duration], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * part).round() as usize;
    sorted
        .get(place)
        .map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
}

/// The middle one.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    match (sorted.get(last / 2), sorted.get(last.div_ceil(2))) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}
