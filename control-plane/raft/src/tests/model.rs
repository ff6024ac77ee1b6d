//! The log against a map: random appends, truncations, purges and reopenings.

use std::collections::BTreeMap;

use openraft::storage::{RaftLogStorage, RaftLogStorageExt as _};
use openraft::{CommittedLeaderId, EntryPayload, RaftLogReader as _};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::log::Log;
use crate::types::{Entry, LogId, Vote};

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Truncate(u8),
    Purge(u8),
    Vote(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u8..6).prop_map(Step::Append),
        1 => any::<u8>().prop_map(Step::Truncate),
        1 => any::<u8>().prop_map(Step::Purge),
        1 => (1_u64..9).prop_map(Step::Vote),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..25)
}

fn id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, 1), index)
}

/// What the log must hold.
#[derive(Default)]
struct Model {
    entries: BTreeMap<u64, LogId>,
    purged: Option<LogId>,
    vote: Option<Vote>,
    term: u64,
}

impl Model {
    fn next(&self) -> u64 {
        let after = |id: &LogId| id.index + 1;
        self.entries
            .values()
            .next_back()
            .or(self.purged.as_ref())
            .map_or(0, after)
    }

    fn pick(&self, choice: u8) -> Option<LogId> {
        let count = self.entries.len();
        self.entries
            .values()
            .nth(usize::from(choice) % count.max(1))
            .copied()
    }

    async fn run(&mut self, log: &mut Log, step: &Step) {
        match step {
            Step::Append(count) => {
                self.term += 1;
                let first = self.next();
                let ids = (first..first + u64::from(*count)).map(|index| id(self.term, index));
                let ids: Vec<_> = ids.collect();
                let entries = ids.iter().map(|id| Entry {
                    log_id: *id,
                    payload: EntryPayload::Blank,
                });
                log.blocking_append(entries.collect::<Vec<_>>())
                    .await
                    .unwrap();
                self.entries
                    .extend(ids.into_iter().map(|id| (id.index, id)));
            }
            Step::Truncate(choice) => {
                let Some(from) = self.pick(*choice) else {
                    return;
                };
                log.truncate(from).await.unwrap();
                self.entries.retain(|index, _| *index < from.index);
            }
            Step::Purge(choice) => {
                let Some(upto) = self.pick(*choice) else {
                    return;
                };
                log.purge(upto).await.unwrap();
                self.entries.retain(|index, _| *index > upto.index);
                self.purged = Some(upto);
            }
            Step::Vote(term) => {
                let vote = Vote::new(*term, 1);
                log.save_vote(&vote).await.unwrap();
                self.vote = Some(vote);
            }
            Step::Reopen => {}
        }
    }

    async fn check(&self, log: &mut Log) {
        let state = log.get_log_state().await.unwrap();
        assert_eq!(state.last_purged_log_id, self.purged);
        let last = self.entries.values().next_back().copied().or(self.purged);
        assert_eq!(state.last_log_id, last);
        assert_eq!(log.read_vote().await.unwrap(), self.vote);
        let read = log.try_get_log_entries(..).await.unwrap();
        let ids: Vec<_> = read.iter().map(|entry| entry.log_id).collect();
        assert_eq!(ids, self.entries.values().copied().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("VETO_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24)
    ))]

    #[test]
    fn the_log_does_what_a_map_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        runtime.block_on(async {
            let directory = TempDir::new().unwrap();
            let (mut log, mut closed) = open(&directory);
            let mut model = Model::default();
            for step in &steps {
                if matches!(step, Step::Reopen) {
                    drop(log);
                    assert!(closed.recv().await.is_none());
                    (log, closed) = open(&directory);
                }
                model.run(&mut log, step).await;
                model.check(&mut log).await;
            }
        });
    }
}

fn open(directory: &TempDir) -> (Log, mpsc::Receiver<()>) {
    let (open, closed) = mpsc::channel(1);
    (
        Log::open(directory.path(), super::NODE, &open).unwrap(),
        closed,
    )
}
