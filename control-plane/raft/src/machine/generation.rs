//! Which database is the state. Each is a directory of its own, and the file `CURRENT` names the one that
//! counts; a snapshot is installed beside the old state, and the name changes when the new one is open.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rocksdb::{ColumnFamily, DB};
use veto_proto::storage::v1::{AppliedState, SnapshotManifest, StatePointer};

use super::digest::Digest;
use super::{APPLIED, META};
use crate::database::{self, Database, Missing, Open, Writes};
use crate::snapshot::{Directory, failed, link_or_copy, sync_directory};
use crate::{Error, codec};

const CURRENT: &str = "CURRENT";

/// A database with state.
pub(super) struct Generation {
    // Fields are dropped in this order.
    pub(super) db: Database,
    directory: Removed,
}

/// A directory that goes when its database is closed, if it was told to.
struct Removed {
    path: PathBuf,
    remove: AtomicBool,
}

impl Drop for Removed {
    fn drop(&mut self) {
        if *self.remove.get_mut()
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(path = %self.path.display(), error, "an old state was not removed");
        }
    }
}

impl Generation {
    /// Opens a database and reads every row of it.
    fn new(path: PathBuf, missing: Missing, open: &Open) -> Result<Self, Error> {
        let generation = Self {
            db: database::open(&path, &[META], Writes::Each, missing, open)?,
            directory: Removed {
                path,
                remove: AtomicBool::new(false),
            },
        };
        let applied = generation.applied()?.unwrap_or_default();
        if Digest::of(&generation.db)? != Digest::stored(&applied.digest)? {
            return Err(Error::Corrupt("the state lost or changed a row".into()));
        }
        Ok(generation)
    }

    pub(super) fn meta(&self) -> Result<&ColumnFamily, Error> {
        let family = self.db.cf_handle(META);
        family.ok_or_else(|| Error::Corrupt("no meta".into()))
    }

    /// How far this state is.
    pub(super) fn applied(&self) -> Result<Option<AppliedState>, Error> {
        applied(&self.db)
    }

    /// Removes the directory, as soon as nobody reads it any more.
    pub(super) fn retire(&self) {
        self.directory.remove.store(true, Ordering::Release);
    }
}

pub(super) fn applied(db: &DB) -> Result<Option<AppliedState>, Error> {
    let family = db.cf_handle(META);
    let family = family.ok_or_else(|| Error::Corrupt("no meta".into()))?;
    let value = db.get_cf(family, APPLIED).map_err(database::failed)?;
    value.map(|value| codec::open(&value)).transpose()
}

/// How far the state in a checkpoint is; leaves the checkpoint as it was.
pub(super) fn applied_in(checkpoint: &Path) -> Result<Option<AppliedState>, Error> {
    let state = applied(&database::open_read_only(checkpoint, &[META], None)?);
    for entry in fs::read_dir(checkpoint).map_err(failed(checkpoint))? {
        let entry = entry.map_err(failed(checkpoint))?;
        // RocksDB's own log, and its lock.
        if entry.file_name().to_string_lossy().starts_with("LO") {
            fs::remove_file(entry.path()).map_err(failed(checkpoint))?;
        }
    }
    state
}

/// Reads which directory counts; `None` where there never was a state.
pub(super) fn pointer(states: &Path) -> Result<Option<StatePointer>, Error> {
    match fs::read(states.join(CURRENT)) {
        Ok(bytes) => codec::open(&bytes).map(Some),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(states)(e)),
    }
}

/// Opens the state that counts, or makes the first.
pub(super) fn open(
    states: &Path,
    pointer: Option<StatePointer>,
    open: &Open,
) -> Result<Generation, Error> {
    if let Some(pointer) = pointer {
        let state = Generation::new(states.join(pointer.directory), Missing::Refuse, open)?;
        let empty = state.applied()?.is_none();
        if empty && pointer.installed.is_some() {
            return Err(Error::Corrupt("the state lacks what it began with".into()));
        }
        return Ok(state);
    }
    // A first start that was cut short left a directory, in which nothing can be.
    let first = states.join(name(1));
    let others = numbers(states)?.iter().any(|number| *number != 1);
    let state = Generation::new(first, Missing::Make, open)?;
    if others || state.applied()?.is_some() {
        let problem = "nothing says which directory is the state";
        return Err(Error::Corrupt(problem.into()));
    }
    sync_directory(states)?;
    publish(states, &name(1), None)?;
    Ok(state)
}

/// Makes a new state in which nothing is, in place of one that is damaged.
pub(super) fn again(states: &Path, open: &Open) -> Result<Generation, Error> {
    let number = numbers(states)?.into_iter().max().unwrap_or(0) + 1;
    let state = Generation::new(states.join(name(number)), Missing::Make, open)?;
    sync_directory(states)?;
    publish(states, &name(number), None)?;
    Ok(state)
}

/// Makes a new state of a verified snapshot, opens it, and only then lets it count.
pub(super) fn install(
    states: &Path,
    snapshot: &Directory,
    manifest: &SnapshotManifest,
    open: &Open,
) -> Result<Generation, Error> {
    let number = numbers(states)?.into_iter().max().unwrap_or(0) + 1;
    let path = states.join(name(number));
    fs::create_dir_all(&path).map_err(failed(&path))?;
    let made = Removed {
        path: path.clone(),
        remove: AtomicBool::new(true),
    };
    for file in &manifest.files {
        let (from, to) = (snapshot.path().join(&file.name), path.join(&file.name));
        // Tables never change and may be shared; the rest is written on.
        if file.name.ends_with(".sst") {
            link_or_copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)
                .and_then(|_| fs::File::open(&to)?.sync_all())
                .map_err(failed(&to))?;
        }
    }
    sync_directory(&path)?;
    sync_directory(states)?;
    let state = Generation::new(path, Missing::Refuse, open)?;
    if state.applied()? != manifest.applied {
        return Err(Error::Corrupt("a snapshot is not as far as it says".into()));
    }
    let installed = manifest.applied.as_ref();
    let installed = installed.and_then(|applied| applied.last_applied);
    publish(states, &name(number), installed)?;
    made.remove.store(false, Ordering::Release);
    Ok(state)
}

/// Lets a directory count.
fn publish(
    states: &Path,
    directory: &str,
    installed: Option<veto_proto::storage::v1::LogId>,
) -> Result<(), Error> {
    let pointer = StatePointer {
        directory: directory.to_owned(),
        installed,
    };
    let temporary = states.join("CURRENT.tmp");
    fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(&codec::seal(&pointer))?;
            file.sync_all()
        })
        .map_err(failed(&temporary))?;
    let renamed = fs::rename(&temporary, states.join(CURRENT)).map_err(failed(states));
    // After a failure here nobody knows which directory counts.
    if let Err(error) = renamed.and_then(|()| sync_directory(states)) {
        database::abort("state pointer", &error);
    }
    Ok(())
}

/// Removes states that do not count: older ones, and what a crash left half-made.
pub(super) fn remove_others(states: &Path, current: &Generation) -> Result<(), Error> {
    for number in numbers(states)? {
        let path = states.join(name(number));
        if path != current.directory.path {
            fs::remove_dir_all(&path).map_err(failed(&path))?;
        }
    }
    Ok(())
}

fn name(number: u64) -> String {
    format!("{number:08}")
}

/// The states that there are.
fn numbers(states: &Path) -> Result<Vec<u64>, Error> {
    let entries = match fs::read_dir(states) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(states)(e)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<_> = names.collect::<Result<_, _>>().map_err(failed(states))?;
    let number = |name: &std::ffi::OsString| name.to_str()?.parse().ok();
    Ok(names.iter().filter_map(number).collect())
}
