//! Reads a data directory, or a backup, wholly. Nothing in it is changed, not even RocksDB's own log.

use std::fs;
use std::os::linux::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use veto_proto::storage::v1::{AppliedState, KnownPeers, ReplicaIdentity};

use super::{Scratch, unpack};
use crate::floor::{self, Claim, Owner};
use crate::log::{self, Stored};
use crate::snapshot::{self, Directory, failed};
use crate::start::number;
use crate::{Error, codec, database, files, machine};

/// What was found of one part.
#[derive(Debug)]
pub struct Finding {
    /// The part.
    pub part: &'static str,
    /// What it holds, or why it is not what it must be.
    pub found: Result<String, Error>,
}

const fn finding(part: &'static str, found: Result<String, Error>) -> Finding {
    Finding { part, found }
}

/// Checks a backup: every byte, and that its rows come to their digest. `scratch` is a directory with
/// room for it, in which nothing is left.
///
/// # Errors
/// When the scratch directory cannot be used.
pub fn check_backup(backup: &Path, scratch: &Path) -> Result<Vec<Finding>, Error> {
    let scratch = scratch_in(scratch)?;
    let files = Scratch::new(scratch.path().join("files"))?;
    let head = match unpack(backup, files.path()) {
        Ok(head) => head,
        Err(error) => return Ok(vec![finding("backup", Err(error))]),
    };
    let made = format!(
        "of cluster {}, made by member {} with {}",
        head.cluster, head.node, head.software_version
    );
    let told = head.snapshot.and_then(|snapshot| snapshot.applied);
    let state = machine::verify(files.path(), scratch.path()).and_then(|state| {
        let further = "the state is not as far as the backup says";
        let same = Some(&state) == told.as_ref();
        same.then(|| until(&state))
            .ok_or_else(|| Error::Corrupt(further.into()))
    });
    Ok(vec![finding("backup", Ok(made)), finding("state", state)])
}

/// Checks the data directory of a replica that does not run: each part, and that they fit each other.
///
/// # Errors
/// When a process runs on it, or the scratch directory cannot be used.
pub fn check_directory(directory: &Path, scratch: &Path) -> Result<Vec<Finding>, Error> {
    if let Some(process) = holder(&directory.join("log/LOCK")) {
        let problem = format!("process {process} runs on `{}`", directory.display());
        return Err(Error::Setup(problem));
    }
    let scratch = scratch_in(scratch)?;
    let logs = scratch.path();
    let state = machine::read(directory, logs);
    let who = identity(directory).map(|id| format!("member {} of cluster {}", id.node, id.cluster));
    let mut findings = vec![
        finding("identity", who),
        finding("peers", peers(directory)),
        finding("log", entries(directory, logs, state.as_ref().ok())),
        finding("state", state.map(|state| until(&state))),
    ];
    findings.extend(snapshots(&directory.join("snapshots"))?);
    Ok(findings)
}

fn scratch_in(directory: &Path) -> Result<Scratch, Error> {
    Scratch::new(directory.join(format!("veto-check-{}", std::process::id())))
}

fn until(state: &AppliedState) -> String {
    let last = state.last_applied.as_ref().map_or(0, |id| id.index);
    format!("up to revision {last}")
}

fn identity(directory: &Path) -> Result<ReplicaIdentity, Error> {
    let bytes = files::read(&directory.join("identity"))?;
    codec::open(&bytes.ok_or_else(|| Error::Corrupt("it is not there".into()))?)
}

fn peers(directory: &Path) -> Result<String, Error> {
    let Some(bytes) = files::read(&directory.join("peers"))? else {
        return Ok("none heard".into());
    };
    let known: KnownPeers = codec::open(&bytes)?;
    Ok(format!("{} heard", known.peers.len()))
}

/// The log, held against the floor and the state.
fn entries(directory: &Path, logs: &Path, state: Option<&AppliedState>) -> Result<String, Error> {
    let db = database::open_read_only(&directory.join("log"), &[log::META], Some(logs))?;
    let held = Stored(&db);
    held.verify()?;
    let ends = held.state()?;
    let claim = Claim {
        vote: held.vote()?,
        last: ends.last_log_id,
    };
    let identity = identity(directory)?;
    let owner = Owner {
        cluster: number(&identity.cluster),
        node: identity.node,
    };
    floor::verify(directory, owner, &claim, |index| held.id_at(index))?;
    let applied = state.and_then(|state| state.last_applied.as_ref());
    if state.is_some() && ends.last_purged_log_id > applied.map(codec::log_id) {
        let problem = "the state ends before the log begins";
        return Err(Error::RolledBack(problem.into()));
    }
    let first = ends.last_purged_log_id.map_or(0, |id| id.index + 1);
    let last = ends.last_log_id.map_or(0, |id| id.index);
    Ok(match first > last {
        true => format!("no entry after {last}"),
        false => format!("entries {first} to {last}"),
    })
}

fn snapshots(shelf: &Path) -> Result<Vec<Finding>, Error> {
    let entries = match fs::read_dir(shelf) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(shelf)(e)),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(failed(shelf))?;
    // What a crash left half-made is removed by the next start.
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "tmp"));
    paths.sort();
    let check = |path: PathBuf| {
        let found = snapshot::verify(&Directory::kept(path))?;
        let bytes: u64 = found.files.iter().map(|file| file.size).sum();
        let (count, state) = (found.files.len(), found.applied.unwrap_or_default());
        Ok(format!("{}, {count} files, {bytes} bytes", until(&state)))
    };
    let finding = |path| finding("snapshot", check(path));
    Ok(paths.into_iter().map(finding).collect())
}

/// The process that holds a lock on a file, as the kernel says.
fn holder(lock: &Path) -> Option<u32> {
    let inode = fs::metadata(lock).ok()?.st_ino().to_string();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        // Number, kind, mode, type, process, device with inode.
        let same = words.get(5)?.rsplit(':').next() == Some(inode.as_str());
        same.then(|| words.get(4)?.parse().ok()).flatten()
    })
}
