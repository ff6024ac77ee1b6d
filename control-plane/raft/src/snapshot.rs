//! Snapshots of the state: each is a directory with a RocksDB checkpoint and a manifest that names every
//! file with its size and SHA-256. A snapshot appears under its name only when it is whole and on stable
//! storage; its files never change.
//!
//! How a snapshot travels, which is the network's part. The sender turns the [`Directory`] that openraft
//! hands to `full_snapshot` into an [`Outgoing`] and sends its [`Chunk`]s in their order; `meta` and the
//! vote go before. The receiver asks openraft for an empty directory (`Raft::begin_receiving_snapshot`),
//! makes an [`Incoming`] of it, gives it the chunks, and passes what `finish` returns to
//! `Raft::install_full_snapshot`. Both read and write files: call them with `spawn_blocking`. A transfer
//! that is given up is dropped, and with it all that it wrote.

mod incoming;
mod manifest;
mod outgoing;
mod shelf;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use veto_proto::storage::v1::SnapshotManifest;

use crate::types::SnapshotMeta;
use crate::{Error, codec};

pub(crate) use incoming::Incoming;
pub(crate) use manifest::{link_or_copy, load, seal, sync_directory, verify};
#[cfg(test)]
pub(crate) use outgoing::CHUNK;
pub(crate) use outgoing::{Chunk, Outgoing};
pub(crate) use shelf::{Current, Shelf};

/// The name of the manifest in a snapshot's directory.
pub(crate) const MANIFEST: &str = "snapshot.manifest";

/// A snapshot's directory, kept as long as somebody reads it.
#[derive(Debug, Clone)]
pub(crate) struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Goes with the last reader.
    temporary: AtomicBool,
    /// Every byte was checked against the manifest, by this process.
    verified: AtomicBool,
    damaged: AtomicBool,
}

impl Directory {
    /// A directory that nobody has yet, or one that is kept.
    fn new(path: PathBuf, temporary: bool) -> Self {
        Self(Arc::new(Inner {
            path,
            temporary: AtomicBool::new(temporary),
            verified: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
        }))
    }

    /// A directory that this does not remove.
    pub(crate) fn kept(path: PathBuf) -> Self {
        Self::new(path, false)
    }

    /// Where its files are.
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Removes it, as soon as nobody reads it any more.
    fn retire(&self) {
        self.0.temporary.store(true, Ordering::Release);
    }

    /// Its files are not what they were: it is not offered again.
    fn condemn(&self) {
        self.0.damaged.store(true, Ordering::Release);
        self.retire();
    }

    fn is_damaged(&self) -> bool {
        self.0.damaged.load(Ordering::Acquire)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if *self.temporary.get_mut()
            && let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(path = %self.path.display(), error, "a snapshot was not removed");
        }
    }
}

/// What openraft knows of a snapshot.
pub(crate) fn meta(manifest: &SnapshotManifest) -> SnapshotMeta {
    let state = manifest.applied.clone().unwrap_or_default();
    let (last_log_id, last_membership) = codec::applied(&state);
    SnapshotMeta {
        last_log_id,
        last_membership,
        snapshot_id: manifest.id.clone(),
    }
}

/// The last entry in the snapshot: index, term.
pub(crate) fn order(manifest: &SnapshotManifest) -> Option<(u64, u64)> {
    let id = manifest.applied.as_ref()?.last_applied.as_ref()?;
    Some((id.index, id.term))
}

pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::Storage(format!("{}: {error}", path.display()))
}
