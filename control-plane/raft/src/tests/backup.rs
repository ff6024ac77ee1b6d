//! A backup under writes, what is made of it, and what is found of damage.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;
use veto_core::{Code, OsEntropy};
use veto_proto::storage::v1::{Bootstrap, Command, command::Change};
use veto_wire::status::Coded as _;

use super::{bootstrap, organization, project, projects, scratch, taken};
use crate::offline::{self, Finding, Restore, Restored};
use crate::{Config, Error, Handle};

const OLD: &str = "00112233445566778899aabbccddeeff";
const NEW: &str = "ffeeddccbbaa99887766554433221100";

fn config(directory: &Path) -> Config {
    Config {
        bootstrap: Some(OLD.into()),
        snapshot_after: 20,
        ..Config::new(directory.to_owned())
    }
}

/// A cluster with so many projects.
async fn cluster(directory: &Path, count: u64) -> Handle {
    let handle = Handle::start(config(directory)).await.unwrap();
    let made = match bootstrap().change {
        Some(Change::Bootstrap(made)) => Bootstrap {
            cluster: OLD.into(),
            ..made
        },
        _ => unreachable!(),
    };
    let made = Command {
        change: Some(Change::Bootstrap(made)),
        ..bootstrap()
    };
    taken(&handle, made).await;
    taken(&handle, organization("acme")).await;
    for number in 0..count {
        taken(&handle, project(number)).await;
    }
    handle
}

async fn back_up(handle: &Handle, to: &Path) {
    let mut backup = handle.back_up(7).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = backup.recv().await {
        bytes.extend(piece.unwrap());
    }
    fs::write(to, bytes).unwrap();
}

async fn restore(backup: &Path, directory: &Path, cluster: &str) -> Result<Restored, Error> {
    let restore = Restore {
        backup,
        directory,
        cluster,
        time: 9,
    };
    offline::restore(&restore, &OsEntropy).await
}

fn check(directory: &Path) -> Vec<Finding> {
    offline::check_directory(directory, directory.parent().unwrap()).unwrap()
}

fn damaged(findings: &[Finding]) -> Vec<(&'static str, Code)> {
    let damaged = findings.iter().filter_map(|finding| {
        let error = finding.found.as_ref().err()?;
        Some((finding.part, error.code()))
    });
    damaged.collect()
}

/// Every file below, with its size and when it was changed.
fn files(below: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path, (meta.len(), meta.mtime(), meta.mtime_nsec()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_in_the_new_cluster() {
    let place = scratch();
    let (old, new, file) = (
        place.path().join("old"),
        place.path().join("new"),
        place.path().join("b"),
    );
    let handle = cluster(&old, 40).await;
    let busy = handle.clone();
    let writer = tokio::spawn(async move {
        for number in 40..200 {
            taken(&busy, project(number)).await;
        }
    });
    let before = projects(&handle);
    back_up(&handle, &file).await;
    writer.await.unwrap();
    let last = handle.applied().0;
    handle.stop().await;

    let restored = restore(&file, &new, NEW).await.unwrap();
    assert_eq!(restored.backup.cluster, OLD);
    assert!(restored.from_revision <= last && last < restored.revision);
    assert_eq!(damaged(&check(&new)), []);
    let config = || Config {
        bootstrap: None,
        ..config(&new)
    };
    for _ in 0..2 {
        let handle = Handle::start(config()).await.unwrap();
        assert_eq!(handle.cluster(), NEW);
        assert_eq!(handle.node(), 1);
        assert!(projects(&handle) >= before);
        let kept = handle.read(|tables| tables.restores()).unwrap();
        assert_eq!(kept[0].from_revision, restored.from_revision);
        let next = taken(&handle, project(1_000 + handle.applied().0)).await;
        assert!(next.revision > restored.revision);
        handle.stop().await;
    }
    // The old cluster's directory is as it was, and is none of the new one.
    let handle = Handle::start(self::config(&old)).await.unwrap();
    assert_eq!((handle.cluster().as_str(), projects(&handle)), (OLD, 200));
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_by_name_and_leaves_nothing() {
    let place = scratch();
    let file = place.path().join("b");
    let handle = cluster(&place.path().join("old"), 3).await;
    back_up(&handle, &file).await;
    handle.stop().await;
    let whole = fs::read(&file).unwrap();
    let damaged = place.path().join("damaged");
    let into = place.path().join("empty");
    fs::create_dir(&into).unwrap();
    let before = files(place.path()).len();
    let mut kinds: Vec<Vec<u8>> = [0, 5, 100, whole.len() / 2, whole.len() - 1]
        .map(|end| whole[..end].to_vec())
        .into();
    for place in (0..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.clone();
        flipped[place] ^= 4;
        kinds.push(flipped);
    }
    for bytes in kinds {
        fs::write(&damaged, bytes).unwrap();
        let refused = restore(&damaged, &into, NEW).await.unwrap_err();
        assert_eq!(refused.code(), Code::BackupCorrupt, "{refused}");
        let found = offline::check_backup(&damaged, place.path()).unwrap();
        assert_eq!(self::damaged(&found), [("backup", Code::BackupCorrupt)]);
        assert_eq!(files(place.path()).len(), before + 1);
        assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
    }
    let found = offline::check_backup(&file, place.path()).unwrap();
    assert_eq!(self::damaged(&found), []);
    // Neither is it restored as the old cluster, nor over what is there.
    for (directory, cluster) in [(&into, OLD), (&into, "x"), (&place.path().join("old"), NEW)] {
        assert!(restore(&file, directory, cluster).await.is_err());
    }
    assert_eq!(files(place.path()).len(), before + 1);
    assert_eq!(fs::read_dir(&into).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backup_is_made_at_a_time_and_a_stopped_reader_frees_its_place() {
    let place = scratch();
    let handle = cluster(place.path(), 3).await;
    let first = handle.back_up(7).await.unwrap();
    let second = handle.back_up(7).await.unwrap_err();
    assert_eq!(second.code(), Code::Overloaded);
    drop(first);
    let freed = async {
        while handle.back_up(7).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), freed).await.unwrap();
    handle.stop().await;
    assert_eq!(damaged(&check(place.path())), []);
    let left = fs::read_dir(place.path().join("snapshots")).unwrap();
    let left = left.filter(|e| {
        e.as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "tmp")
    });
    assert_eq!(left.count(), 0);
}

/// The newest file of this directory whose name ends so, with a byte of its middle changed.
fn flip(directory: &Path, end: &str) {
    let mut found: Vec<_> = files(directory).into_keys().collect();
    found.retain(|path| {
        path.to_string_lossy().ends_with(end) && fs::metadata(path).unwrap().len() > 0
    });
    let path = found.pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&path).unwrap(); // Tables are shared with the snapshot.
    fs::write(path, bytes).unwrap();
}

type Harm = (fn(&Path), &'static str, Code);

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_the_part_that_is_damaged_and_changes_nothing() {
    let harms: [Harm; 6] = [
        (|to| flip(to, "identity"), "identity", Code::StorageCorrupt),
        (
            |to| flip(&to.join("log"), ".log"),
            "log",
            Code::StorageCorrupt,
        ),
        (
            |to| fs::remove_dir_all(to.join("log")).unwrap(),
            "log",
            Code::StorageCorrupt,
        ),
        (
            |to| fs::remove_file(to.join("floor")).unwrap(),
            "log",
            Code::StorageRolledBack,
        ),
        (
            |to| flip(&to.join("state"), ".sst"),
            "state",
            Code::StorageCorrupt,
        ),
        (
            |to| flip(&to.join("snapshots"), ".sst"),
            "snapshot",
            Code::StorageCorrupt,
        ),
    ];
    for (harm, part, code) in harms {
        let place = scratch();
        let directory = place.path().join("data");
        let handle = cluster(&directory, 60).await;
        let running = offline::check_directory(&directory, place.path());
        assert_eq!(running.unwrap_err().code(), Code::ConfigInvalid);
        handle.stop().await;
        let before = files(&directory);
        assert_eq!(damaged(&check(&directory)), []);
        assert_eq!(files(&directory), before);
        harm(&directory);
        let before = files(&directory);
        let found = damaged(&check(&directory));
        assert!(found.contains(&(part, code)), "{part}: {found:?}");
        assert_eq!(files(&directory), before);
    }
}
