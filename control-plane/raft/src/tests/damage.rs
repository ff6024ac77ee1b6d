//! Flipped bytes and cut files: the node refuses to start or has repaired what it serves; it never
//! serves another value.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openraft::storage::{RaftLogStorage as _, RaftLogStorageExt as _};
use openraft::{EntryPayload, RaftLogReader as _, RaftSnapshotBuilder as _};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::log::id;
use super::snapshot::{apply, machine, projects};
use super::{NODE, crash, project, scratch};
use crate::Error;
use crate::log::Log;
use crate::machine::Machine;
use crate::types::{Entry, Vote};

const ENTRIES: u64 = 40;

fn entry(index: u64) -> Entry {
    Entry {
        log_id: id(1, index),
        payload: EntryPayload::Normal(Arc::new(project(index))),
    }
}

/// A closed log, part of it in tables and part in the write-ahead log.
async fn written_log() -> TempDir {
    let directory = scratch();
    let (open, mut closed) = mpsc::channel(1);
    let open = super::opened_by(open);
    let mut log = Log::open(directory.path(), NODE, &open).unwrap();
    drop(open);
    for index in 0..ENTRIES {
        log.blocking_append([entry(index)]).await.unwrap();
        if index == ENTRIES / 2 {
            log.database().flush().unwrap();
        }
    }
    log.save_vote(&Vote::new(1, 1)).await.unwrap();
    drop(log);
    closed.recv().await;
    directory
}

/// Files, and places in them that are spread over the whole file.
fn places(directory: &Path, each: usize) -> Vec<(PathBuf, usize)> {
    let mut places = Vec::new();
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("LOG") || name.starts_with("OPTIONS") {
            continue;
        }
        let size = fs::metadata(&path).unwrap().len() as usize;
        let count = each.min(size);
        places.extend((0..count).map(|n| (path.clone(), n * size / count)));
    }
    places
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Flip,
    Cut,
    Delete,
}

fn hurt(path: &Path, place: usize, damage: Damage) {
    let mut bytes = fs::read(path).unwrap();
    match damage {
        Damage::Flip => bytes[place] ^= 0x10,
        Damage::Cut => bytes.truncate(place),
        Damage::Delete => return fs::remove_file(path).unwrap(),
    }
    // A new file: others may share the old one's content.
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Opens the log; where that works, it must hold every entry and the vote, or say that it cannot read.
async fn whole_or_refused(directory: &Path) -> Result<(), String> {
    let (open, mut closed) = mpsc::channel(1);
    let open = super::opened_by(open);
    let opened = Log::open(directory, NODE, &open);
    drop(open);
    let result = match opened {
        Err(error) => Err(error.to_string()),
        Ok(mut log) => {
            let read = log.try_get_log_entries(..).await;
            let result = match (read, log.read_vote().await) {
                (Ok(entries), Ok(vote)) => {
                    assert_eq!(entries, (0..ENTRIES).map(entry).collect::<Vec<_>>());
                    assert_eq!(vote, Some(Vote::new(1, 1)));
                    Ok(())
                }
                (Err(error), _) => Err(error.to_string()),
                (_, Err(error)) => Err(error.to_string()),
            };
            drop(log);
            result
        }
    };
    closed.recv().await;
    result
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_is_refused_or_whole() {
    let written = written_log().await;
    let mut refused = 0;
    for damage in [Damage::Flip, Damage::Cut, Damage::Delete] {
        let each = if matches!(damage, Damage::Delete) {
            1
        } else {
            12
        };
        for (path, place) in places(&written.path().join("log"), each) {
            let copied = scratch();
            crash::copy(written.path(), copied.path());
            let name = path.file_name().unwrap();
            hurt(&copied.path().join("log").join(name), place, damage);
            let result = whole_or_refused(copied.path()).await;
            refused += usize::from(result.is_err());
            let log = path.extension().is_some_and(|extension| extension == "log");
            let table = path.extension().is_some_and(|extension| extension == "sst");
            if (log || table) && !matches!(damage, Damage::Flip) {
                assert!(
                    result.is_err(),
                    "{path:?} {place} {damage:?}: entries are lost"
                );
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

/// A closed state, part of it in tables; with a snapshot if asked for.
async fn written_state(snapshot: bool) -> TempDir {
    let directory = scratch();
    let (open, mut closed) = mpsc::channel(1);
    let open = super::opened_by(open);
    let machine = Machine::open(directory.path(), &open).unwrap();
    drop(open);
    apply(&machine, 0, 20).await;
    if snapshot {
        machine.clone().build_snapshot().await.unwrap();
    }
    apply(&machine, 20, ENTRIES).await;
    machine.durable(ENTRIES - 1).await.unwrap();
    drop(machine);
    closed.recv().await;
    directory
}

/// Opens the state; where that works, what it shows is what was applied up to where it says it is.
fn true_or_refused(directory: &Path) -> Result<u64, Error> {
    let machine = Machine::open(directory, &super::open())?;
    let Some(applied) = machine.applied()?.0 else {
        return Ok(0);
    };
    let rows = machine.view(|view| veto_state::Tables(view).projects("acme").map(|_| ()));
    if rows.is_ok() {
        let expected = (2..=applied.index).map(|index| format!("p{index}"));
        let mut expected: Vec<_> = expected.collect();
        expected.sort();
        assert_eq!(projects(&machine), expected);
    }
    Ok(applied.index + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_is_refused_repaired_or_replayed_from() {
    for snapshot in [false, true] {
        let written = written_state(snapshot).await;
        assert_eq!(true_or_refused(&copy(&written)).unwrap(), ENTRIES);
        let (mut refused, mut opened) = (Vec::new(), 0);
        for damage in [Damage::Flip, Damage::Cut, Damage::Delete] {
            let each = if matches!(damage, Damage::Delete) {
                1
            } else {
                6
            };
            let state = written.path().join("state");
            let files = places(&state.join("00000001"), each);
            let pointer = [(state.join("CURRENT"), 7)];
            for (path, place) in files.into_iter().chain(pointer) {
                let copied = copy(&written);
                let name = path.strip_prefix(written.path()).unwrap();
                hurt(&copied.join(name), place, damage);
                match true_or_refused(&copied) {
                    Ok(_) => opened += 1,
                    Err(error) => refused.push((path, place, damage, error)),
                }
                fs::remove_dir_all(copied).unwrap();
            }
        }
        assert!(opened > 0);
        assert_eq!(
            refused.is_empty(),
            snapshot,
            "{refused:#?}, {opened} opened"
        );
    }
}

fn copy(from: &TempDir) -> PathBuf {
    let path = scratch().keep();
    crash::copy(from.path(), &path);
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_leaves_opens_with_all_that_was_acknowledged() {
    let directory = scratch();
    let state = machine(directory.path());
    let log = Log::open(directory.path(), NODE, &super::open()).unwrap();
    let mut log = log.guarded_by(state.clone()).unwrap();
    for step in 0..30 {
        log.blocking_append([entry(step)]).await.unwrap();
        apply(&state, step, step + 1).await;
        match step % 6 {
            2 => drop(state.clone().build_snapshot().await.unwrap()),
            3 => log.purge(id(1, step - 1)).await.unwrap(),
            4 => {
                let extra: Vec<_> = (1..5).map(|more| entry(step + more)).collect();
                log.blocking_append(extra).await.unwrap();
                log.truncate(id(1, step + 1)).await.unwrap();
            }
            5 => log.save_vote(&Vote::new(step, 1)).await.unwrap(),
            _ => {}
        }
        let copied = scratch();
        crash::copy(directory.path(), copied.path());
        let after = machine(copied.path());
        let opened = Log::open(copied.path(), NODE, &super::open()).unwrap();
        let mut opened = opened.guarded_by(after.clone()).unwrap();
        let (before, now) = (log.get_log_state().await, opened.get_log_state().await);
        assert_eq!(now.unwrap().last_log_id, before.unwrap().last_log_id);
        assert_eq!(opened.read_vote().await, log.read_vote().await);
        let entries = opened.try_get_log_entries(..).await;
        assert_eq!(entries, log.try_get_log_entries(..).await);
        assert_eq!(projects(&after), projects(&state));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_without_a_snapshot_begins_anew_where_the_log_has_all() {
    let directory = scratch();
    let state = machine(directory.path());
    let log = Log::open(directory.path(), NODE, &super::open()).unwrap();
    let mut log = log.guarded_by(state.clone()).unwrap();
    log.blocking_append((0..20).map(entry)).await.unwrap();
    apply(&state, 0, 20).await;
    let damaged = || {
        let copied = scratch();
        crash::copy(directory.path(), copied.path());
        hurt(&copied.path().join("state/CURRENT"), 7, Damage::Flip);
        copied
    };
    let copied = damaged();
    let again = machine(copied.path());
    assert_eq!(again.applied().unwrap().0, None);
    let opened = Log::open(copied.path(), NODE, &super::open()).unwrap();
    opened.guarded_by(again.clone()).unwrap();
    apply(&again, 0, 20).await;
    assert_eq!(again.digest().unwrap(), state.digest().unwrap());

    log.purge(id(1, 5)).await.unwrap();
    let copied = damaged();
    let refusal = Machine::open(copied.path(), &super::open()).map(drop);
    assert!(matches!(refusal, Err(Error::Corrupt(_))), "{refusal:?}");
}
