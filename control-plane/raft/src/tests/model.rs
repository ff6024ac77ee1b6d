//! Both stores against maps, with everything closed and opened again after every step.
//! `VETO_MODEL_OPS` is the number of steps, `VETO_MODEL_SEED` the first seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use openraft::storage::{RaftLogStorage, RaftLogStorageExt as _, RaftStateMachine as _};
use openraft::{EntryPayload, RaftLogReader as _, RaftSnapshotBuilder as _};
use tokio::sync::mpsc;

use super::log::id;
use super::snapshot::projects;
use super::{NODE, bootstrap, organization, project_named, scratch};
use crate::log::Log;
use crate::machine::Machine;
use crate::snapshot::{Incoming, Outgoing};
use crate::types::{Entry, LogId, Vote};

/// Steps in one directory.
const STEPS: u64 = 250;

/// Numbers that only look random.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (self.0 >> 33) % end.max(1)
    }
}

fn entry(id: LogId) -> Entry {
    let command = match id.index {
        0 => bootstrap(),
        1 => organization("acme"),
        index => project_named(&format!("p{index}-{}", id.leader_id.term)),
    };
    Entry {
        log_id: id,
        payload: EntryPayload::Normal(Arc::new(command)),
    }
}

/// The stores while they are open.
struct Stores {
    log: Log,
    machine: Machine,
    closed: mpsc::Receiver<()>,
}

impl Stores {
    fn open(directory: &Path) -> Self {
        let (open, closed) = mpsc::channel(1);
        let open = super::opened_by(open);
        let machine = Machine::open(directory, &open).unwrap();
        let log = Log::open(directory, NODE, &open).unwrap();
        let log = log.guarded_by(machine.clone()).unwrap();
        Self {
            log,
            machine,
            closed,
        }
    }

    async fn close(mut self) {
        drop((self.log, self.machine));
        assert!(self.closed.recv().await.is_none());
    }
}

/// What they must hold.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, LogId>,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    applied: Option<LogId>,
    projects: BTreeSet<String>,
    snapshot: Option<LogId>,
    term: u64,
}

fn after(id: Option<LogId>) -> u64 {
    id.map_or(0, |id| id.index + 1)
}

impl Model {
    fn last(&self) -> Option<LogId> {
        self.entries.values().next_back().copied().or(self.purged)
    }

    fn apply(&mut self, ids: &[LogId]) {
        for id in ids {
            self.applied = Some(*id);
            if id.index > 1 {
                let project = format!("p{}-{}", id.index, id.leader_id.term);
                self.projects.insert(project);
            }
        }
    }

    async fn step(&mut self, stores: &mut Stores, chance: &mut Chance) {
        match chance.below(20) {
            0..6 => {
                self.term += chance.below(2);
                let first = after(self.last());
                let ids = (first..=first + chance.below(6)).map(|index| id(self.term, index));
                let ids: Vec<_> = ids.collect();
                let entries = ids.iter().map(|id| entry(*id)).collect::<Vec<_>>();
                stores.log.blocking_append(entries).await.unwrap();
                self.entries.extend(ids.iter().map(|id| (id.index, *id)));
            }
            6..8 => {
                let from = after(self.applied).max(after(self.purged));
                let from = from + chance.below(4);
                let Some(since) = self.entries.get(&from).copied() else {
                    return;
                };
                stores.log.truncate(since).await.unwrap();
                self.entries.retain(|index, _| *index < from);
                // What is appended after a truncation is of a later leader.
                self.term += 1;
            }
            8..10 => {
                let Some(limit) = self.snapshot.min(self.applied) else {
                    return;
                };
                let upto = self.entries.range(..=limit.index).map(|(_, id)| *id);
                let upto: Vec<_> = upto.collect();
                let Some(upto) = upto.get(chance.below(upto.len() as u64) as usize) else {
                    return;
                };
                stores.log.purge(*upto).await.unwrap();
                self.entries.retain(|index, _| *index > upto.index);
                self.purged = Some(*upto);
            }
            10..12 => {
                let term = self.vote.map_or(1, |vote| vote.leader_id.term) + chance.below(2);
                let vote = Vote::new(term, 1);
                stores.log.save_vote(&vote).await.unwrap();
                self.vote = Some(vote);
            }
            12..14 => {
                stores.log.save_committed(self.last()).await.unwrap();
                self.committed = self.last().or(self.committed);
            }
            14..17 => {
                let from = after(self.applied);
                let ids = self.entries.range(from..=from + chance.below(5));
                let ids: Vec<_> = ids.map(|(_, id)| *id).collect();
                let entries = ids.iter().map(|id| entry(*id)).collect::<Vec<_>>();
                let results = stores.machine.apply(entries).await.unwrap();
                assert!(results.iter().all(|result| result.error_code.is_empty()));
                self.apply(&ids);
            }
            17..19 => {
                let built = stores.machine.build_snapshot().await.unwrap();
                self.snapshot = self.applied;
                assert_eq!(built.meta.last_log_id, self.applied);
            }
            _ => self.receive(stores, chance).await,
        }
    }

    /// A leader that is ahead sends its state, which takes the place of the log.
    async fn receive(&mut self, stores: &mut Stores, chance: &mut Chance) {
        let directory = scratch();
        let leader = Machine::open(directory.path(), &super::open()).unwrap();
        if self.applied.is_some() {
            let own = stores.machine.build_snapshot().await.unwrap();
            let mut leader = leader.clone();
            let meta = own.meta.clone();
            leader.install_snapshot(&meta, own.snapshot).await.unwrap();
        }
        self.term += 1;
        let (from, to) = (
            after(self.applied),
            after(self.last()) + chance.below(4) + 1,
        );
        let ids: Vec<_> = (from..to).map(|index| id(self.term, index)).collect();
        let entries = ids.iter().map(|id| entry(*id)).collect::<Vec<_>>();
        leader.clone().apply(entries).await.unwrap();
        let sent = leader.clone().build_snapshot().await.unwrap();
        let into = stores.machine.begin_receiving_snapshot().await.unwrap();
        let mut outgoing = Outgoing::open(&sent.snapshot).unwrap();
        let mut incoming = Incoming::new(*into);
        while let Some(chunk) = outgoing.next_chunk().unwrap() {
            incoming.take(&chunk).unwrap();
        }
        let (meta, whole) = incoming.finish().unwrap();
        // As openraft does: what conflicts is truncated, and the rest purged.
        if let Some(first) = self.entries.get(&from).copied() {
            stores.log.truncate(first).await.unwrap();
        }
        stores.machine.install_snapshot(&meta, whole).await.unwrap();
        self.apply(&ids);
        let upto = self.applied.unwrap();
        stores.log.purge(upto).await.unwrap();
        self.entries.clear();
        (self.purged, self.snapshot) = (Some(upto), Some(upto));
    }

    async fn check(&self, stores: &mut Stores) {
        let log = &mut stores.log;
        let state = log.get_log_state().await.unwrap();
        assert_eq!(state.last_purged_log_id, self.purged);
        assert_eq!(state.last_log_id, self.last());
        assert_eq!(log.read_vote().await.unwrap(), self.vote);
        let committed = log.read_committed().await.unwrap();
        let expected = self.committed.filter(|id| Some(*id) <= self.last());
        assert_eq!(committed, expected, "never beyond the log");
        let read = log.try_get_log_entries(..).await.unwrap();
        let expected: Vec<_> = self.entries.values().map(|id| entry(*id)).collect();
        assert_eq!(read, expected);
        assert_eq!(stores.machine.applied().unwrap().0, self.applied);
        let held: BTreeSet<_> = projects(&stores.machine).into_iter().collect();
        assert_eq!(held, self.projects);
        let snapshot = stores.machine.get_current_snapshot().await.unwrap();
        assert_eq!(snapshot.and_then(|s| s.meta.last_log_id), self.snapshot);
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let value = std::env::var(variable).ok();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_do_what_maps_do() {
    let mut left = number("VETO_MODEL_OPS", 300);
    let mut seed = number("VETO_MODEL_SEED", 1);
    while left > 0 {
        let directory = scratch();
        let (mut model, mut chance) = (Model::default(), Chance(seed));
        let mut stores = Stores::open(directory.path());
        for step in 0..STEPS.min(left) {
            // A failure shows this last.
            if std::env::var_os("VETO_MODEL_SHOW").is_some() {
                eprintln!("seed {seed} step {step}");
            }
            model.step(&mut stores, &mut chance).await;
            model.check(&mut stores).await;
            stores.close().await;
            stores = Stores::open(directory.path());
            model.check(&mut stores).await;
        }
        stores.close().await;
        left -= STEPS.min(left);
        seed += 1;
    }
}
