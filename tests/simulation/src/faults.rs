//! What goes wrong, and how it ends.

use std::time::Duration;

use veto_raft::Point;

use crate::cluster::name;
use crate::disk::Mood;
use crate::trace::What;
use crate::world::World;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A process is killed; what it wrote is still in a cache.
    Kill,
    /// The power of one host goes.
    Power,
    /// All processes are killed at once.
    KillAll,
    /// The power of all hosts goes at once.
    PowerAll,
    /// A process dies at a certain place; the power goes, or does not.
    DieAt,
    /// The hosts are parted into two sides.
    Split,
    /// One host is alone, often the leader.
    Isolate,
    /// What one host says does not arrive, or nothing arrives at it.
    OneWay,
    /// Two hosts do not reach each other.
    Pair,
    /// Messages of one host wait, and arrive all at once.
    Hold,
    /// Links break for moments.
    Flaky,
    /// Messages take long.
    Slow,
    /// A process stands still, its messages too.
    Pause,
    /// A disk is slow.
    SlowDisk,
    /// A disk is full.
    FullDisk,
    /// A clock is set.
    Clock,
    /// A member is replaced by a new one.
    Replace,
    /// A voter is added.
    Grow,
    /// A voter is removed.
    Shrink,
    /// A bit of a log flips.
    Flip,
    /// A disk is lost.
    Wipe,
}

impl Kind {
    /// All kinds.
    pub const ALL: &[Self] = &[
        Self::Kill,
        Self::Power,
        Self::KillAll,
        Self::PowerAll,
        Self::DieAt,
        Self::Split,
        Self::Isolate,
        Self::OneWay,
        Self::Pair,
        Self::Hold,
        Self::Flaky,
        Self::Slow,
        Self::Pause,
        Self::SlowDisk,
        Self::FullDisk,
        Self::Clock,
        Self::Replace,
        Self::Grow,
        Self::Shrink,
        Self::Flip,
        Self::Wipe,
    ];
}

/// How a fault ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The process is started again.
    Start(usize),
    /// All links work.
    Links,
    /// Links break no more.
    Steady,
    /// Messages take as long as before.
    Quick,
    /// A disk is as it was.
    Disk(usize),
}

const POINTS: &[Point] = &[
    Point::Append,
    Point::Vote,
    Point::Sync,
    Point::Synced,
    Point::Apply,
    Point::Truncate,
    Point::Purge,
    Point::Flush,
    Point::Build,
    Point::Install,
    Point::Chunk,
];

/// Lets one fault happen.
pub fn happen(world: &mut World<'_>) {
    let kinds = world.plan.faults.clone();
    let Some(kind) = world.dice.pick(&kinds) else {
        return;
    };
    let dice = world.dice.clone();
    let up = world.up();
    // The leader is hit most often.
    let leader = world.leader().filter(|_| !dice.one_in(3));
    let Some(host) = leader.or_else(|| dice.pick(&up)) else {
        return;
    };
    let length = dice.millis(200, 4_000);
    match kind {
        Kind::Kill => world.crash(host, false, "killed"),
        Kind::Power => world.crash(host, true, "power"),
        Kind::KillAll | Kind::PowerAll => {
            for host in up {
                world.crash(host, kind == Kind::PowerAll, "all at once");
            }
        }
        Kind::DieAt => {
            let dies = dice.pick(POINTS).map(|point| (point, 1 + dice.below(8)));
            world.fault(&format!("h{host} dies at {dies:?}"));
            world.mood(host, |mood| mood.dies = dies);
            world.later(length, End::Disk(host));
        }
        Kind::Split | Kind::Isolate | Kind::OneWay | Kind::Pair | Kind::Hold => {
            part(world, kind, host);
            world.later(length, End::Links);
        }
        Kind::Flaky => {
            world.fault("links break");
            world.sim.set_fail_rate(0.02);
            world.later(length, End::Steady);
        }
        Kind::Slow => {
            world.fault("messages are slow");
            world
                .sim
                .set_max_message_latency(Duration::from_millis(400));
            world.later(length, End::Quick);
        }
        Kind::Pause => {
            part(world, Kind::Hold, host);
            world.mood(host, |mood| mood.stalled = true);
            world.later(length, End::Disk(host));
            world.later(length, End::Links);
        }
        Kind::SlowDisk => {
            let slow = dice.millis(20, 1_500);
            world.fault(&format!("h{host} has a disk as slow as {slow:?}"));
            world.mood(host, |mood| mood.slow = slow);
            world.later(length, End::Disk(host));
        }
        Kind::FullDisk => {
            world.fault(&format!("h{host} has a full disk"));
            world.mood(host, |mood| mood.full = true);
            world.later(length, End::Disk(host));
        }
        Kind::Clock => {
            let minutes = i64::try_from(dice.below(21)).unwrap_or(0) - 10;
            world.fault(&format!("h{host} is {minutes} minutes off"));
            world
                .shared
                .with(|state| state.hosts[host].skew = minutes * 60_000_000);
        }
        Kind::Replace | Kind::Grow | Kind::Shrink => members(world, kind, host),
        Kind::Flip | Kind::Wipe => damage(world, kind, host),
    }
}

/// Cuts links.
fn part(world: &mut World<'_>, kind: Kind, host: usize) {
    let dice = world.dice.clone();
    let others: Vec<_> = world.placed().into_iter().filter(|h| *h != host).collect();
    world.fault(&format!("{kind:?} of h{host}"));
    match kind {
        Kind::Split => {
            let mut side = vec![host];
            side.extend(others.iter().copied().filter(|_| dice.one_in(3)));
            for there in others.iter().filter(|h| !side.contains(h)) {
                for here in &side {
                    world.sim.partition(name(*here), name(*there));
                }
            }
        }
        Kind::OneWay => {
            let out = dice.one_in(2);
            for other in others {
                let (from, to) = if out { (host, other) } else { (other, host) };
                world.sim.partition_oneway(name(from), name(to));
            }
        }
        Kind::Pair => {
            if let Some(other) = dice.pick(&others) {
                world.sim.partition(name(host), name(other));
            }
        }
        Kind::Hold => {
            for other in others {
                world.sim.hold(name(host), name(other));
            }
        }
        _ => {
            for other in others {
                world.sim.partition(name(host), name(other));
            }
        }
    }
}

/// Changes the members, when they are not changing already.
fn members(world: &mut World<'_>, kind: Kind, host: usize) {
    if !world.settled() {
        return;
    }
    let staying = world.staying();
    let voters = world
        .shared
        .with(|state| staying.iter().filter(|h| state.hosts[**h].voter).count());
    match kind {
        Kind::Shrink if voters > 3 => world.leave(host),
        Kind::Grow if voters < 5 => world.join(true, None),
        Kind::Replace if world.shared.with(|state| state.hosts[host].voter) => {
            world.join(true, Some(host));
        }
        _ => {}
    }
}

/// Damages a disk. Its replica is replaced; one at a time, so that the others are enough.
fn damage(world: &mut World<'_>, kind: Kind, host: usize) {
    if !world.settled() || world.plan.voters < 3 {
        return;
    }
    world.crash(host, false, "its disk is damaged");
    world.damage(host, kind == Kind::Wipe);
    let voter = world.shared.with(|state| state.hosts[host].voter);
    if voter {
        world.join(true, Some(host));
    } else {
        world.leave(host);
        world.join(false, None);
    }
}

/// A disk without faults.
pub fn mended(mood: &mut Mood) {
    *mood = Mood::default();
}

/// Ends a fault.
pub fn end(world: &mut World<'_>, end: &End) {
    let text = format!("over: {end:?}");
    let at = world.sim.elapsed();
    world.shared.push_at(at, 0, 0, What::Fault(text));
    match end {
        End::Start(host) => world.start(*host),
        End::Links => world.repair(),
        End::Steady => world.sim.set_fail_rate(0.0),
        End::Quick => world.sim.set_max_message_latency(world.plan.latency),
        End::Disk(host) => world.mood(*host, mended),
    }
}
