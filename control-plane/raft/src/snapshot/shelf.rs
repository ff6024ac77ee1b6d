//! Where the snapshots of a node are: at most one counts, the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use openraft::Snapshot;
use veto_proto::storage::v1::SnapshotManifest;

use super::{Directory, MANIFEST, failed, link_or_copy, load, meta, order, sync_directory};
use crate::Error;
use crate::types::{LogId, Types};

/// The directory of snapshots.
pub(crate) struct Shelf {
    path: PathBuf,
    current: Mutex<Option<(SnapshotManifest, Directory)>>,
    /// Numbers the directories of this process.
    next: AtomicU64,
}

/// What the shelf has.
pub(crate) enum Current {
    /// A snapshot.
    Snapshot(Snapshot<Types>),
    /// It had one that was found damaged.
    Damaged,
    /// None yet.
    None,
}

impl Shelf {
    /// Opens the directory and removes what is half-written, damaged or older. A state that was made
    /// from a snapshot up to `installed` has no use for earlier ones.
    pub(crate) fn open(path: PathBuf, installed: Option<LogId>) -> Result<Self, Error> {
        fs::create_dir_all(&path).map_err(failed(&path))?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed(&path))? {
            let entry = entry.map_err(failed(&path))?.path();
            match load(&entry) {
                Ok(manifest) if !is_temporary(&entry) => found.push((manifest, entry)),
                Ok(_) => remove(&entry)?,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(path = %entry.display(), error, "a snapshot is removed");
                    remove(&entry)?;
                }
            }
        }
        found.sort_by_key(|(manifest, _)| order(manifest));
        let newest = found.pop();
        for (_, older) in found {
            remove(&older)?;
        }
        let shelf = Self {
            path,
            current: Mutex::new(None),
            next: AtomicU64::new(0),
        };
        if let Some((manifest, entry)) = newest {
            let directory = Directory::new(entry, false);
            if order(&manifest) < installed.map(|id| (id.index, id.leader_id.term)) {
                directory.retire();
            } else {
                *shelf.lock() = Some((manifest, directory));
            }
        }
        Ok(shelf)
    }

    /// A directory that nothing is in yet, and that does not exist when `make` is not set. It goes with
    /// its last reader.
    pub(crate) fn temporary(&self, make: bool) -> Result<Directory, Error> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = self.path.join(format!("{number}.tmp"));
            if path.exists() {
                continue;
            }
            if make {
                fs::create_dir(&path).map_err(failed(&path))?;
            }
            return Ok(Directory::new(path, true));
        }
    }

    /// Makes a whole and synced directory the node's snapshot, unless it has a newer one; says which
    /// one it has now. The files get second names: the directory itself stays whose it is.
    pub(crate) fn publish(
        &self,
        manifest: SnapshotManifest,
        whole: &Directory,
    ) -> Result<Snapshot<Types>, Error> {
        let mut current = self.lock();
        if let Some((kept, directory)) = current.as_ref()
            && order(kept) >= order(&manifest)
            && !directory.is_damaged()
        {
            return Ok(snapshot(kept, directory));
        }
        let staged = self.temporary(true)?;
        let names = manifest.files.iter().map(|file| file.name.as_str());
        for name in names.chain([MANIFEST]) {
            link_or_copy(&whole.path().join(name), &staged.path().join(name))?;
        }
        sync_directory(staged.path())?;
        let path = (0_u64..)
            .map(|n| self.path.join(format!("{}.{n}", manifest.id)))
            .find(|path| !path.exists())
            .ok_or_else(|| Error::Storage("no name is left for a snapshot".into()))?;
        fs::rename(staged.path(), &path).map_err(failed(&path))?;
        staged.0.temporary.store(false, Ordering::Release);
        sync_directory(&self.path)?;
        let directory = Directory::new(path, false);
        let published = snapshot(&manifest, &directory);
        if let Some((_, older)) = current.replace((manifest, directory)) {
            older.retire();
        }
        Ok(published)
    }

    /// The node's snapshot.
    pub(crate) fn current(&self) -> Current {
        match self.lock().as_ref() {
            Some((_, directory)) if directory.is_damaged() => Current::Damaged,
            Some((manifest, directory)) => Current::Snapshot(snapshot(manifest, directory)),
            None => Current::None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(SnapshotManifest, Directory)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn snapshot(manifest: &SnapshotManifest, directory: &Directory) -> Snapshot<Types> {
    Snapshot {
        meta: meta(manifest),
        snapshot: Box::new(directory.clone()),
    }
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

fn remove(path: &Path) -> Result<(), Error> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(failed(path))
}
