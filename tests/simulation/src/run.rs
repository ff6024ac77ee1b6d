//! One simulation, from an empty disk to a healed cluster.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use turmoil::Builder;

use crate::admin::{self, Job};
use crate::dice::Dice;
use crate::faults;
use crate::invariants::{Checks, Final, Violation};
use crate::load::Client;
use crate::plan::{Mutation, Plan};
use crate::shared::{Host, Shared, State};
use crate::trace::Event;
use crate::world::World;

/// How far all hosts go before the next message moves.
const TICK: Duration = Duration::from_millis(2);
/// How long it may take to make the cluster.
const SET_UP: Duration = Duration::from_secs(60);
/// How long it may take to heal.
const HEAL: Duration = Duration::from_secs(60);
/// A file system in memory, where there is one.
const MEMORY: &str = "/dev/shm";

/// What came of a simulation.
#[derive(Debug)]
pub struct Report {
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
    /// All that happened.
    pub trace: Vec<Event>,
    /// How many operations clients did, and how many were acknowledged.
    pub operations: (usize, usize),
    /// How many faults there were.
    pub faults: usize,
    /// How long it took, in simulated time.
    pub simulated: Duration,
}

impl Report {
    /// A digest of all that happened.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for event in &self.trace {
            digest.update(event.to_string());
        }
        hex::encode(&digest.finalize()[..8])
    }
}

/// Runs a seed.
///
/// # Errors
/// When the simulation itself cannot go on, which is no violation but a fault of it.
pub fn run(plan: &Plan, only: &[String]) -> anyhow::Result<Report> {
    // Named by the process: where a name is taken another one is drawn, and all chance after it differs.
    let prefix = format!("veto-simulation-{:010}-", std::process::id());
    let memory = Path::new(MEMORY);
    let parent = if memory.is_dir() {
        memory
    } else {
        &std::env::temp_dir()
    };
    let directory = TempDir::with_prefix_in(prefix, parent)?;
    veto_raft::draw_from(Arc::new(Dice::new(plan.seed, 3)));
    let cluster = format!("{:032x}", plan.seed);
    let shared = Shared::new(State {
        cluster,
        hosts: vec![Host::new(directory.path().join("0"))],
        trace: Vec::new(),
        history: Vec::new(),
        checks: Checks::new(only),
        violation: None,
        jobs: VecDeque::new(),
        faults: 0,
        quiet: false,
        busy: 0,
        ticks: 0,
    });
    let sim = Builder::new()
        .rng_seed(plan.seed)
        .epoch(UNIX_EPOCH)
        .tick_duration(TICK)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(plan.latency)
        .tcp_capacity(1 << 20)
        .enable_random_order()
        .build();
    let root = directory.path().join("hosts");
    let mut world = World::new(sim, shared.clone(), plan.clone(), root.clone());
    all(&mut world, &root)?;
    let simulated = world.sim.elapsed();
    drop(world);
    Ok(shared.with(|state| Report {
        violation: state.violation.clone(),
        operations: (
            state.history.len(),
            state
                .history
                .iter()
                .filter(|o| o.revision.is_some())
                .count(),
        ),
        faults: state.faults,
        trace: std::mem::take(&mut state.trace),
        simulated,
    }))
}

fn violated(world: &World<'_>) -> bool {
    world.shared.with(|state| state.violation.is_some())
}

/// Steps until it is so, a violation was seen, or the time is over; tells whether it is so.
fn until(
    world: &mut World<'_>,
    within: Duration,
    so: impl Fn(&World<'_>) -> bool,
) -> anyhow::Result<bool> {
    let end = world.sim.elapsed() + within;
    while world.sim.elapsed() < end && !violated(world) {
        if so(world) {
            return Ok(true);
        }
        world.step()?;
    }
    Ok(so(world))
}

fn all(world: &mut World<'_>, root: &Path) -> anyhow::Result<()> {
    set_up(world)?;
    if violated(world) {
        return Ok(());
    }
    clients(world);
    chaos(world, root)?;
    if violated(world) {
        return Ok(());
    }
    let healed = heal(world)?;
    if violated(world) {
        return Ok(());
    }
    let end = end(world, healed);
    world.shared.with(|state| {
        state.violation = state.checks.end(&end).err();
    });
    Ok(())
}

/// Makes a cluster of the planned size.
fn set_up(world: &mut World<'_>) -> anyhow::Result<()> {
    let (shared, dice) = (world.shared.clone(), Dice::new(world.plan.seed, 4));
    world.sim.host("admin", move || {
        let work = admin::run(shared.clone(), dice.clone());
        async move {
            work.await;
            Ok(())
        }
    });
    let first = world.host(true);
    world.shared.with(|state| {
        state.hosts[first].member = Some(1);
        state.jobs.push_back(Job::SetUp);
    });
    for _ in 1..world.plan.voters {
        world.join(true, None);
    }
    if world.plan.learner {
        world.join(false, None);
    }
    let ready = until(world, SET_UP, |world| world.settled() && serving(world))?;
    if !ready {
        world.violated("C8", "the cluster was not made");
    }
    Ok(())
}

fn serving(world: &World<'_>) -> bool {
    let staying = world.staying();
    world.shared.with(|state| {
        let serves = |host: &usize| state.hosts[*host].inbox.is_some();
        staying.iter().all(serves)
    })
}

fn clients(world: &mut World<'_>) {
    let (shared, plan) = (world.shared.clone(), world.plan.clone());
    shared.with(|state| state.busy = usize::try_from(plan.clients).unwrap_or(0));
    world.sim.host("clients", move || {
        let (shared, plan) = (shared.clone(), plan.clone());
        async move {
            let mut tasks = Vec::new();
            for number in 1..=plan.clients {
                let client = Client {
                    number,
                    shared: shared.clone(),
                    dice: Dice::new(plan.seed, 10 + number),
                    plan: plan.clone(),
                };
                tasks.push(tokio::task::spawn_local(client.run()));
            }
            for task in tasks {
                task.await?;
            }
            Ok(())
        }
    });
}

/// Lets faults happen.
fn chaos(world: &mut World<'_>, root: &Path) -> anyhow::Result<()> {
    let begun = world.sim.elapsed();
    let dice = world.dice.clone();
    let mut next = begun + dice.millis(50, world.plan.calm);
    let lies = world.plan.mutation == Some(Mutation::LyingDisks);
    let kept = root.with_extension("kept");
    let (mut keep, mut forget) = (lies, lies);
    while world.sim.elapsed() < begun + world.plan.chaos && !violated(world) {
        world.step()?;
        let now = world.sim.elapsed();
        if keep && now > begun + Duration::from_secs(1) {
            keep = false;
            all_down(world);
            copy(root, &kept)?;
        }
        if forget && now > begun + Duration::from_secs(4) {
            forget = false;
            all_down(world);
            fs::remove_dir_all(root).and_then(|()| fs::rename(&kept, root))?;
        }
        if now >= next {
            if !lies {
                world.shared.with(|state| state.faults += 1);
                faults::happen(world);
            }
            next = now + dice.millis(50, world.plan.calm);
        }
    }
    Ok(())
}

fn all_down(world: &mut World<'_>) {
    for host in world.up() {
        world.crash(host, false, "all at once");
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if here.is_dir() {
            copy(&here, &there)?;
        } else {
            fs::copy(&here, &there).with_context(|| here.display().to_string())?;
        }
    }
    Ok(())
}

/// Ends all faults and waits until all works again; tells whether it does.
fn heal(world: &mut World<'_>) -> anyhow::Result<bool> {
    world.heal();
    if world.plan.mutation == Some(Mutation::NeverHeals) {
        let hosts = world.placed();
        for other in hosts.iter().skip(1) {
            let (one, other) = (crate::cluster::name(hosts[0]), crate::cluster::name(*other));
            world.sim.partition(one, other);
        }
    }
    // Clients see for a while that all works again.
    let calm = world.sim.elapsed() + Duration::from_secs(2);
    until(world, HEAL, |world| world.sim.elapsed() >= calm)?;
    world.shared.with(|state| state.quiet = true);
    let settled = |world: &World<'_>| {
        world.shared.with(|state| state.busy == 0) && world.settled() && serving(world)
    };
    if !until(world, HEAL, settled)? {
        return Ok(false);
    }
    for host in world.staying() {
        world
            .shared
            .with(|state| state.jobs.push_back(Job::Try(host)));
    }
    until(world, HEAL, |world| settled(world) && world.is_uniform())
}

fn end(world: &World<'_>, healed: bool) -> Final {
    let staying = world.staying();
    world.shared.with(|state| {
        let mut end = Final {
            history: state.history.clone(),
            healed,
            ..Final::default()
        };
        for host in staying {
            let host = &state.hosts[host];
            let member = host.member.unwrap_or_default();
            end.wanted.insert(member, host.voter);
            end.replicas.insert(member, host.status.clone());
            let digest = host.handle.as_ref().and_then(|handle| handle.digest().ok());
            if let Some((revision, digest)) = digest {
                end.digests.insert(member, (revision.0, digest));
            }
        }
        end
    })
}
