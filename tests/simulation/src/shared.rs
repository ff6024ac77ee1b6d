//! What all parts of a simulation share. They run in one thread, one after the other.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use veto_history::Operation;
use veto_raft::Handle;

use crate::admin::Job;
use crate::calls::Request;
use crate::disk::{Forced, Mood};
use crate::invariants::{Checks, Violation};
use crate::trace::{Event, Status, What};

/// A place for a replica: a host with a disk of its own.
#[derive(Debug)]
pub struct Host {
    /// Its data.
    pub directory: PathBuf,
    /// The member that lives here, once there is one.
    pub member: Option<u64>,
    /// How often its replica was started.
    pub runs: u64,
    /// Its replica, while it serves.
    pub handle: Option<Handle>,
    /// Where calls of clients go, while it serves.
    pub inbox: Option<mpsc::UnboundedSender<Request>>,
    /// How it said last that it is.
    pub status: Option<Status>,
    /// What its disk does.
    pub mood: Mood,
    /// What of its write-ahead logs is on stable storage.
    pub forced: Arc<Mutex<Forced>>,
    /// Its process dies in this step, for this reason.
    pub dying: Option<String>,
    /// Its replica is running, or was not crashed.
    pub up: bool,
    /// It ended by itself, with this code.
    pub ended: Option<String>,
    /// Its disk was damaged: it may refuse to start, and is replaced.
    pub damaged: bool,
    /// Whether it votes.
    pub voter: bool,
    /// It is to be no member any more.
    pub leaves: bool,
    /// It was taken away.
    pub gone: bool,
    /// How far its clock is off, in microseconds.
    pub skew: i64,
}

impl Host {
    /// A host that was never used.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            member: None,
            runs: 0,
            handle: None,
            inbox: None,
            status: None,
            mood: Mood::default(),
            forced: Arc::default(),
            dying: None,
            up: false,
            ended: None,
            damaged: false,
            voter: true,
            leaves: false,
            gone: false,
            skew: 0,
        }
    }

    /// Tells whether it shall be a healthy member in the end.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.member.is_some() && !self.gone && !self.leaves && !self.damaged
    }
}

/// Everything that is shared.
#[derive(Debug)]
pub struct State {
    /// The cluster's id.
    pub cluster: String,
    /// The hosts; the first is nobody's, so that numbers begin with 1.
    pub hosts: Vec<Host>,
    /// What happened.
    pub trace: Vec<Event>,
    /// What clients saw.
    pub history: Vec<Operation>,
    /// The invariants, and what they know.
    pub checks: Checks,
    /// The first that did not hold.
    pub violation: Option<Violation>,
    /// What the administrator has to do.
    pub jobs: VecDeque<Job>,
    /// How many faults happened.
    pub faults: usize,
    /// Clients stop.
    pub quiet: bool,
    /// Clients that have not stopped yet.
    pub busy: usize,
    /// A clock that orders all that clients do.
    pub ticks: u64,
}

/// A handle to it.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    /// Shares it.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Looks at it, or changes it. Nothing in here may wait.
    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut state)
    }

    /// Notes what happened, and asks the invariants.
    pub fn push(&self, host: usize, run: u64, what: What) {
        let at = turmoil::sim_elapsed().unwrap_or_default();
        self.push_at(at, host, run, what);
    }

    /// The same at a time that the caller knows.
    pub fn push_at(&self, at: Duration, host: usize, run: u64, what: What) {
        let event = Event {
            at,
            host,
            run,
            what,
        };
        self.with(|state| {
            if state.violation.is_none() {
                state.violation = state.checks.observe(&event).err();
            }
            state.trace.push(event);
        });
    }

    /// The next moment of the clock that orders what clients do.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.with(|state| {
            state.ticks += 1;
            state.ticks
        })
    }
}
