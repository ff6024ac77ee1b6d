//! Snapshots that are built, sent, received, installed, and damaged on the way.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use openraft::storage::RaftStateMachine as _;
use openraft::{EntryPayload, RaftSnapshotBuilder as _};
use veto_core::Code;
use veto_state::{Event, Tables};
use veto_wire::status::Coded as _;

use super::log::id;
use super::{NODE, bootstrap, open, organization, project, scratch};
use crate::log::Log;
use crate::machine::Machine;
use crate::snapshot::{CHUNK, Chunk, Directory, Incoming, MANIFEST, Outgoing};
use crate::types::{Entry, SnapshotMeta};

/// Applies entry 0, which makes the cluster, 1, which makes an organization, and then projects.
pub(super) async fn apply(machine: &Machine, from: u64, to: u64) {
    let mut machine = machine.clone();
    let entries = (from..to).map(|index| Entry {
        log_id: id(1, index),
        payload: EntryPayload::Normal(Arc::new(match index {
            0 => bootstrap(),
            1 => organization("acme"),
            index => project(index),
        })),
    });
    let entries: Vec<_> = entries.collect();
    for result in machine.apply(entries).await.unwrap() {
        assert_eq!(result.error_code, "");
    }
}

pub(super) fn projects(machine: &Machine) -> Vec<String> {
    let rows = machine.view(|view| Tables(view).projects("acme").unwrap());
    rows.into_iter().map(|row| row.id).collect()
}

/// The entries after the first two are a project each.
pub(super) fn assert_holds(machine: &Machine, entries: u64) {
    let applied = machine.applied().unwrap().0;
    assert_eq!(applied, Some(id(1, entries - 1)));
    assert_eq!(projects(machine).len() as u64, entries - 2);
}

pub(super) fn machine(directory: &Path) -> Machine {
    Machine::open(directory, &open()).unwrap()
}

async fn built(machine: &Machine) -> (SnapshotMeta, Directory) {
    let built = machine.clone().build_snapshot().await.unwrap();
    (built.meta, *built.snapshot)
}

fn chunks(directory: &Directory) -> Vec<Chunk> {
    let mut outgoing = Outgoing::open(directory).unwrap();
    std::iter::from_fn(|| outgoing.next_chunk().unwrap()).collect()
}

/// Gives the chunks to an empty directory of this machine.
async fn receive(
    machine: &Machine,
    chunks: &[Chunk],
) -> Result<(SnapshotMeta, Box<Directory>), crate::Error> {
    let directory = machine.clone().begin_receiving_snapshot().await.unwrap();
    let mut incoming = Incoming::new(*directory);
    for chunk in chunks {
        incoming.take(chunk)?;
    }
    incoming.finish()
}

fn entries(path: &Path) -> usize {
    fs::read_dir(path).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_travels_in_pieces_and_replaces_the_state() {
    let (here, there) = (scratch(), scratch());
    let source = machine(here.path());
    apply(&source, 0, 50).await;
    let (_, directory) = built(&source).await;
    let pieces = chunks(&directory);
    assert_eq!(pieces[0].file, MANIFEST);
    assert!(pieces.iter().all(|piece| piece.bytes.len() <= CHUNK));

    let target = machine(there.path());
    apply(&target, 0, 5).await;
    let mut events = target.events();
    let (meta, received) = receive(&target, &pieces).await.unwrap();
    target.view(|view| {
        let mut installing = target.clone();
        let install = installing.install_snapshot(&meta, received);
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            runtime.block_on(install).unwrap();
        });
        assert_eq!(
            Tables(view).projects("acme").unwrap().len(),
            3,
            "a reader keeps the state that it began with"
        );
    });
    assert_holds(&target, 50);
    assert_eq!(events.recv().await.unwrap(), Event::Replaced);
    assert_eq!(
        entries(&there.path().join("state")),
        2,
        "the state and CURRENT"
    );
    assert_eq!(entries(&there.path().join("snapshots")), 1);
    let own = target
        .clone()
        .get_current_snapshot()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(own.meta, meta);
    assert_eq!(chunks(&own.snapshot), pieces, "it can be sent on");
    apply(&target, 50, 60).await;
    drop(target);
    assert_holds(&machine(there.path()), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_cut_into_pieces() {
    let here = scratch();
    let directory = here.path().join("0.tmp");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("a.sst"), vec![7; CHUNK * 2 + 1]).unwrap();
    fs::write(directory.join("b.log"), []).unwrap();
    crate::snapshot::seal(&directory, Default::default()).unwrap();
    let pieces = chunks(&Directory::kept(directory));
    let sizes: Vec<_> = pieces[1..].iter().map(|piece| piece.bytes.len()).collect();
    assert_eq!(sizes, [CHUNK, CHUNK, 1, 0]);
    let offsets: Vec<_> = pieces[1..]
        .iter()
        .map(|piece| piece.offset as usize)
        .collect();
    assert_eq!(offsets, [0, CHUNK, CHUNK * 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transfer_leaves_nothing_and_harms_nothing() {
    let (here, there) = (scratch(), scratch());
    let source = machine(here.path());
    apply(&source, 0, 20).await;
    let pieces = chunks(&built(&source).await.1);
    let target = machine(there.path());
    apply(&target, 0, 5).await;
    let mut broken = Vec::new();
    for place in 0..pieces.len() {
        let mut missing = pieces.clone();
        missing.remove(place);
        broken.push(missing);
        broken.push(pieces[..place].to_vec());
        let mut twice = pieces.clone();
        twice.insert(place, pieces[place].clone());
        broken.push(twice);
        if !pieces[place].bytes.is_empty() {
            for byte in [
                0,
                pieces[place].bytes.len() / 2,
                pieces[place].bytes.len() - 1,
            ] {
                let mut flipped = pieces.clone();
                flipped[place].bytes[byte] ^= 1;
                broken.push(flipped);
            }
        }
        for name in ["../CURRENT", "unknown", MANIFEST] {
            let mut renamed = pieces.clone();
            renamed[place].file = name.into();
            if renamed != pieces {
                broken.push(renamed);
            }
        }
        let mut moved = pieces.clone();
        moved[place].offset += 1;
        broken.push(moved);
    }
    for (number, pieces) in broken.iter().enumerate() {
        receive(&target, pieces)
            .await
            .map(drop)
            .expect_err(&number.to_string());
        assert_eq!(entries(&there.path().join("snapshots")), 0, "{number}");
    }
    assert_holds(&target, 5);
    drop(target);
    assert_holds(&machine(there.path()), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_changed_on_disk_is_not_installed() {
    let (here, there) = (scratch(), scratch());
    let source = machine(here.path());
    apply(&source, 0, 20).await;
    let (meta, directory) = built(&source).await;
    let target = machine(there.path());
    apply(&target, 0, 5).await;
    for file in fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        let whole = fs::read(&path).unwrap();
        for damage in 0..3 {
            let mut bytes = whole.clone();
            match damage {
                0 if bytes.is_empty() => bytes.push(0),
                0 => bytes[whole.len() / 2] ^= 1,
                1 => bytes.push(0),
                _ => fs::remove_file(&path).unwrap(),
            }
            if damage < 2 {
                replace(&path, &bytes);
            }
            let snapshot = Box::new(Directory::kept(directory.path().to_path_buf()));
            let installed = target.clone().install_snapshot(&meta, snapshot).await;
            installed.expect_err(&format!("{} {damage}", path.display()));
            replace(&path, &whole);
        }
    }
    assert_holds(&target, 5);
    assert_eq!(
        entries(&there.path().join("state")),
        2,
        "nothing half-made stays"
    );
    drop(target);
    assert_holds(&machine(there.path()), 5);
}

/// Writes a new file: the old one's content may have other names.
fn replace(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_shows_one_instant_while_commands_are_applied() {
    let here = scratch();
    let source = machine(here.path());
    apply(&source, 0, 2).await;
    let applying = source.clone();
    let writer = tokio::spawn(async move {
        for index in 2..400 {
            apply(&applying, index, index + 1).await;
        }
    });
    for _ in 0..8 {
        let (meta, directory) = built(&source).await;
        let there = scratch();
        let target = machine(there.path());
        let (received, whole) = receive(&target, &chunks(&directory)).await.unwrap();
        assert_eq!(received, meta);
        target.clone().install_snapshot(&meta, whole).await.unwrap();
        assert_holds(&target, meta.last_log_id.unwrap().index + 1);
    }
    writer.await.unwrap();
    assert_holds(&source, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_stops_no_start_and_is_made_anew() {
    for file in [MANIFEST, "CURRENT"] {
        let here = scratch();
        let source = machine(here.path());
        apply(&source, 0, 20).await;
        let path = built(&source).await.1.path().join(file);
        drop(source);
        replace(&path, b"x");
        let source = machine(here.path());
        assert_holds(&source, 20);
        let kept = source.clone().get_current_snapshot().await.unwrap();
        assert!(kept.is_none(), "openraft builds one when the log needs it");
        assert_eq!(entries(&here.path().join("snapshots")), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_found_damaged_while_it_is_sent_is_built_again() {
    let here = scratch();
    let source = machine(here.path());
    apply(&source, 0, 20).await;
    let (_, directory) = built(&source).await;
    let path = directory.path().join("CURRENT");
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 1;
    replace(&path, &bytes);
    let mut outgoing = Outgoing::open(&directory).unwrap();
    let failed = std::iter::repeat_with(|| outgoing.next_chunk()).find(Result::is_err);
    assert!(failed.is_some());
    let again = source
        .clone()
        .get_current_snapshot()
        .await
        .unwrap()
        .unwrap();
    let there = scratch();
    receive(&machine(there.path()), &chunks(&again.snapshot))
        .await
        .unwrap();
    drop((outgoing, directory));
    assert_eq!(entries(&here.path().join("snapshots")), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_is_made_again_from_the_snapshot_and_the_log() {
    let here = scratch();
    let source = machine(here.path());
    apply(&source, 0, 20).await;
    built(&source).await;
    apply(&source, 20, 30).await;
    drop(source);
    fs::remove_dir_all(here.path().join("state/00000001")).unwrap();
    assert_holds(&machine(here.path()), 20);
    fs::remove_file(here.path().join("state/CURRENT")).unwrap();
    assert_holds(&machine(here.path()), 20);
    replace(&here.path().join("state/CURRENT"), b"x");
    assert_holds(&machine(here.path()), 20);
    fs::remove_dir_all(here.path().join("state")).unwrap();
    assert_holds(&machine(here.path()), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_ends_before_the_log_begins_is_refused() {
    use openraft::storage::RaftLogStorage as _;
    let here = scratch();
    let source = machine(here.path());
    apply(&source, 0, 20).await;
    let log = Log::open(here.path(), NODE, &open()).unwrap();
    let mut log = log.guarded_by(source.clone()).unwrap();
    log.purge(id(1, 15)).await.unwrap();
    drop(source);
    let refusal = |directory: &Path| {
        let empty = machine(directory);
        log.clone().guarded_by(empty).map(drop).unwrap_err().code()
    };
    let elsewhere = scratch();
    assert_eq!(refusal(elsewhere.path()), Code::StorageRolledBack);
}
