//! What the log refuses, how it is opened, and what it never loses.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::{RaftLogStorage as _, RaftLogStorageExt as _, RaftStateMachine as _};
use openraft::{CommittedLeaderId, EntryPayload, RaftLogReader as _};
use tempfile::TempDir;
use veto_core::Code;
use veto_proto::storage::v1::Command;
use veto_wire::status::Coded as _;

use super::{NODE, open, scratch};
use crate::log::Log;
use crate::machine::Machine;
use crate::types::{Entry, LogId, Vote};
use crate::{Config, Error, Handle};

pub(super) fn id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, 1), index)
}

fn entry(index: u64, bytes: usize) -> Entry {
    let command = Command {
        actor: "x".repeat(bytes),
        ..Command::default()
    };
    Entry {
        log_id: id(1, index),
        payload: EntryPayload::Normal(Arc::new(command)),
    }
}

async fn log(directory: &Path, entries: u64, bytes: usize) -> Log {
    let mut log = Log::open(directory, NODE, &open()).unwrap();
    for index in 0..entries {
        log.blocking_append([entry(index, bytes)]).await.unwrap();
    }
    log
}

/// Closes a log and waits until it is.
async fn closed(directory: &Path, entries: u64) {
    let (open, mut closed) = tokio::sync::mpsc::channel(1);
    let open = super::opened_by(open);
    let mut log = Log::open(directory, NODE, &open).unwrap();
    drop(open);
    for index in 0..entries {
        log.blocking_append([entry(index, 100)]).await.unwrap();
    }
    log.save_vote(&Vote::new(1, 1)).await.unwrap();
    drop(log);
    closed.recv().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_for_replication_are_bounded_and_never_empty() {
    let directory = scratch();
    let mut log = log(directory.path(), 4, 400_000).await;
    let read = log.limited_get_log_entries(0, 4).await.unwrap();
    assert_eq!(read.len(), 2, "a third would pass 1 MiB");
    log.blocking_append([entry(4, 3 << 20)]).await.unwrap();
    assert_eq!(log.limited_get_log_entries(4, 5).await.unwrap().len(), 1);
    log.limited_get_log_entries(5, 6).await.unwrap_err();
    log.purge(id(1, 1)).await.unwrap();
    log.limited_get_log_entries(1, 4).await.unwrap_err();
    assert_eq!(log.limited_get_log_entries(2, 4).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_late_for_what_was_truncated_gets_nothing_and_no_error() {
    let directory = scratch();
    let mut log = log(directory.path(), 6, 10).await;
    let mut replication = log.get_log_reader().await;
    log.truncate(id(1, 4)).await.unwrap();
    let read = replication.limited_get_log_entries(4, 6).await.unwrap();
    assert!(read.is_empty(), "{read:?}");
    let read = replication.limited_get_log_entries(3, 6).await.unwrap();
    assert_eq!(read.len(), 1);
    replication.limited_get_log_entries(6, 7).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_changed_entry_is_an_error() {
    let directory = scratch();
    let mut log = log(directory.path(), 6, 10).await;
    log.forget();
    let other = log.database().get(4_u64.to_be_bytes()).unwrap().unwrap();
    log.database().put(3_u64.to_be_bytes(), other).unwrap();
    log.try_get_log_entries(0..6).await.unwrap_err();
    log.database().delete(3_u64.to_be_bytes()).unwrap();
    log.try_get_log_entries(0..6).await.unwrap_err();
    log.limited_get_log_entries(3, 6).await.unwrap_err();
    assert_eq!(log.try_get_log_entries(0..3).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rocksdb_runs_with_the_settings_that_its_durability_rests_on() {
    let directory = scratch();
    drop(log(directory.path(), 1, 1).await);
    let files = fs::read_dir(directory.path().join("log")).unwrap();
    let mut options = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("OPTIONS"));
    let text = fs::read_to_string(options.next().unwrap()).unwrap();
    for setting in [
        "max_bgerror_resume_count=0",
        "wal_recovery_mode=kTolerateCorruptedTailRecords",
        "track_and_verify_wals_in_manifest=true",
        "atomic_flush=true",
        "paranoid_checks=true",
    ] {
        assert!(text.contains(setting), "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_purged_before_the_state_holds_it() {
    let directory = scratch();
    let machine = Machine::open(directory.path(), &open()).unwrap();
    let log = log(directory.path(), 6, 10).await;
    let mut log = log.guarded_by(machine.clone()).unwrap();
    let mut purging = log.clone();
    let mut purge = tokio::spawn(async move { purging.purge(id(1, 3)).await });
    let early = tokio::time::timeout(Duration::from_millis(50), &mut purge).await;
    assert!(early.is_err(), "the state holds nothing");
    assert_eq!(log.try_get_log_entries(..).await.unwrap().len(), 6);
    let blank = |index| Entry {
        log_id: id(1, index),
        payload: EntryPayload::Blank,
    };
    let mut applying = machine.clone();
    applying.apply((0..4).map(blank)).await.unwrap();
    machine.durable(3).await.unwrap();
    purge.await.unwrap().unwrap();
    assert_eq!(log.try_get_log_entries(..).await.unwrap().len(), 2);
}

fn refused(directory: &TempDir) -> Error {
    Log::open(directory.path(), NODE, &open())
        .map(drop)
        .unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_gone_stops_the_start() {
    let directory = scratch();
    closed(directory.path(), 5).await;
    fs::remove_dir_all(directory.path().join("log")).unwrap();
    assert_eq!(refused(&directory).code(), Code::StorageRolledBack);
    let started = Handle::start(Config::new(directory.path().to_path_buf())).await;
    let error = started.unwrap_err();
    assert_eq!(error.code(), Code::StorageRolledBack);
    assert!(error.to_string().ends_with("replace this node"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_log_stops_the_start() {
    let directory = scratch();
    closed(directory.path(), 5).await;
    let kept = scratch();
    super::crash::copy(&directory.path().join("log"), kept.path());
    let mut log = Log::open(directory.path(), NODE, &open()).unwrap();
    log.blocking_append([entry(5, 100)]).await.unwrap();
    // A vote writes the floor at once, so that nothing here waits for a second.
    log.save_vote(&Vote::new(2, 1)).await.unwrap();
    let floor = directory.path().join("floor");
    fs::copy(floor, kept.path().join("floor")).unwrap();
    drop(log);
    let older = scratch();
    super::crash::copy(kept.path(), &older.path().join("log"));
    fs::rename(older.path().join("log/floor"), older.path().join("floor")).unwrap();
    assert_eq!(refused(&older).code(), Code::StorageRolledBack);
}

#[tokio::test(flavor = "multi_thread")]
async fn truncation_and_what_follows_it_open_again() {
    let directory = scratch();
    closed(directory.path(), 9).await;
    let (open, mut closed) = tokio::sync::mpsc::channel(1);
    let open = super::opened_by(open);
    let mut log = Log::open(directory.path(), NODE, &open).unwrap();
    drop(open);
    log.truncate(id(1, 4)).await.unwrap();
    drop(log);
    closed.recv().await;
    let mut log = Log::open(directory.path(), NODE, &super::open()).unwrap();
    let state = log.get_log_state().await.unwrap();
    assert_eq!(state.last_log_id, Some(id(1, 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_led_has_to_be_elected_again_and_others_are_remembered_as_leaders() {
    let directory = scratch();
    let mut log = log(directory.path(), 1, 10).await;
    let own = Vote::new_committed(7, NODE.node);
    log.save_vote(&own).await.unwrap();
    assert_eq!(
        log.read_vote().await.unwrap(),
        Some(Vote::new(7, NODE.node))
    );
    let other = Vote::new_committed(7, NODE.node + 1);
    log.save_vote(&other).await.unwrap();
    assert_eq!(log.read_vote().await.unwrap(), Some(other));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_on_the_disk_also_where_a_leader_did_not_wait() {
    let directory = scratch();
    let mut log = log(directory.path(), 1, 10).await;
    log.save_vote(&Vote::new_committed(1, NODE.node))
        .await
        .unwrap();
    for index in 1..200 {
        log.blocking_append([entry(index, 100)]).await.unwrap();
    }
    log.save_committed(Some(id(1, 199))).await.unwrap();
    assert!(log.tail().is_durable(199));
    log.truncate(id(1, 150)).await.unwrap();
    assert!(log.tail().is_durable(149));
}
