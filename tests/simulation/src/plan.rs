//! What a seed picks before anything happens.

use std::time::Duration;

use crate::dice::Dice;
use crate::faults::Kind;

/// What is broken on purpose, so that an invariant must not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mutation {
    /// Clients read whatever a replica has, without asking the leader. C1.
    UnconfirmedReads,
    /// Disks say that something is on stable storage, and forget it when the power goes. C2.
    LyingDisks,
    /// One replica says that it applied another command. C3.
    OtherEntry,
    /// A replica says that it leads under the leader id of another one. C4.
    SecondLeader,
    /// A replica goes back to an older vote. C5.
    OlderVote,
    /// One replica's rows differ. C6.
    OtherRows,
    /// Each try of a request has an id of its own. C7.
    NewRequestIds,
    /// The network is not repaired in the end. C8.
    NeverHeals,
    /// Commands do not say who asked. C9.
    NoActor,
}

/// What a seed picks.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many replicas vote in the beginning.
    pub voters: usize,
    /// Whether there is also one that only learns.
    pub learner: bool,
    /// How many clients there are.
    pub clients: u64,
    /// The longest that a client waits between two calls, in milliseconds.
    pub pause: u64,
    /// One answer in so many is waited for only shortly.
    pub impatience: u64,
    /// After how many entries a snapshot is taken.
    pub snapshot_after: u64,
    /// How long faults happen.
    pub chaos: Duration,
    /// The longest between two faults, in milliseconds.
    pub calm: u64,
    /// The longest that a message usually takes.
    pub latency: Duration,
    /// Which faults may happen.
    pub faults: Vec<Kind>,
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
}

impl Plan {
    /// What this seed picks.
    #[must_use]
    pub fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        let dice = Dice::new(seed, 1);
        let number = |from: &[u64]| dice.pick(from).unwrap_or(1);
        let mut plan = Self {
            seed,
            voters: if dice.one_in(4) { 5 } else { 3 },
            learner: dice.one_in(4),
            clients: 3 + dice.below(3),
            pause: number(&[30, 80, 200]),
            impatience: number(&[8, 20, 60]),
            snapshot_after: number(&[25, 80, 300, 100_000]),
            chaos: dice.millis(6_000, 14_000),
            calm: number(&[400, 1_000, 2_500]),
            latency: Duration::from_millis(number(&[5, 20, 60])),
            faults: Vec::new(),
            mutation,
        };
        // Not all at once: some faults hide what others would show.
        let some = 1 + dice.below(3);
        for kind in Kind::ALL {
            if dice.below(4) < some {
                plan.faults.push(*kind);
            }
        }
        if plan.faults.is_empty() {
            plan.faults.push(Kind::Kill);
        }
        if mutation.is_some() {
            plan.voters = 3;
            plan.learner = false;
            plan.impatience = 4;
            plan.faults = vec![Kind::Isolate, Kind::Kill];
            plan.calm = 1_000;
        }
        plan
    }
}
