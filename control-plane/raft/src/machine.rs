//! Applies committed commands. What a command changes and how far the machine is are one batch, so
//! that after a crash the rest of the log is applied to exactly the state that it belongs to.

mod again;
mod digest;
mod generation;
mod staged;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use openraft::storage::RaftStateMachine;
use openraft::{EntryPayload, RaftSnapshotBuilder, Snapshot, StorageIOError};
use rocksdb::checkpoint::Checkpoint;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;
use veto_core::Revision;
use veto_proto::storage::v1::CommandResult;
use veto_state::Event;

use crate::database::Open;
use crate::log::Log;
use crate::seams::{Applied, Note, Point, Work};
use crate::snapshot::{self, Current, Directory, Shelf};
use crate::types::{Entry, LogId, SnapshotMeta, StorageError, StoredMembership, Types};
use crate::{Error, codec, database};
pub(crate) use again::{describe, install, read, verify};
use digest::Digest;
use generation::Generation;
use staged::Staged;
pub use view::View;

const META: &str = "meta";
const APPLIED: &[u8] = b"applied";
/// Events that a watcher may lag behind before it is told that it missed some.
const EVENTS: usize = 4096;
/// How long a purge waits for the snapshot that takes its place.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(120);

/// The replicated state on disk.
#[derive(Clone)]
pub(crate) struct Machine(Arc<Inner>);

struct Inner {
    current: ArcSwap<Generation>,
    /// The directory of generations.
    states: PathBuf,
    shelf: Shelf,
    events: broadcast::Sender<Event>,
    /// The index after the last entry that is in the state, on stable storage.
    durable: watch::Sender<u64>,
    /// The index after the last entry that readers see.
    applied: watch::Sender<u64>,
    open: Open,
}

impl Machine {
    /// Opens or makes the state. One that is damaged is made again from the node's snapshot, if that is
    /// whole, and the log goes on from there; without a snapshot from the log, if that has all.
    pub(crate) fn open(directory: &Path, open: &Open) -> Result<Self, Error> {
        let states = directory.join("state");
        let pointer = generation::pointer(&states);
        let installed = pointer.as_ref().ok().and_then(|p| p.as_ref());
        let installed = installed.and_then(|p| p.installed.as_ref().map(codec::log_id));
        let shelf = Shelf::open(directory.join("snapshots"), installed)?;
        let kept = shelf.current();
        let opened = match (pointer, &kept) {
            (Ok(None), Current::Snapshot(_)) => Err(Error::Corrupt("the state is gone".into())),
            (pointer, _) => pointer.and_then(|pointer| generation::open(&states, pointer, open)),
        };
        let current = match (opened, kept) {
            (Err(Error::Corrupt(problem)), Current::Snapshot(kept)) => {
                tracing::warn!(problem, "the state is made again from the snapshot");
                let manifest = snapshot::verify(&kept.snapshot)?;
                generation::install(&states, &kept.snapshot, &manifest, open)?
            }
            (Err(Error::Corrupt(problem)), _) if Log::is_whole(directory) => {
                tracing::warn!(problem, "the state is made again from the log");
                generation::again(&states, open)?
            }
            (opened, _) => opened?,
        };
        generation::remove_others(&states, &current)?;
        let machine = Self(Arc::new(Inner {
            current: ArcSwap::from_pointee(current),
            states,
            shelf,
            events: broadcast::channel(EVENTS).0,
            durable: watch::Sender::new(0),
            applied: watch::Sender::new(0),
            open: open.clone(),
        }));
        // What a crash left in a cache only is forced to the disk before anything relies on it.
        machine.sync()?;
        machine.show()?;
        Ok(machine)
    }

    /// Tells those who wait how far readers see.
    fn show(&self) -> Result<(), Error> {
        let state = self.0.current.load().applied()?;
        let next = state.and_then(|state| state.last_applied);
        let next = next.map_or(0, |id| id.index + 1);
        self.0.applied.send_replace(next);
        Ok(())
    }

    /// Returns when readers see the entry of this index.
    pub(crate) async fn shows(&self, index: u64) {
        let mut applied = self.0.applied.subscribe();
        // The sender is here as well, so it cannot be gone.
        let _ = applied.wait_for(|applied| *applied > index).await;
    }

    /// Shows one consistent state to the reader.
    pub(crate) fn view<T>(&self, read: impl FnOnce(&View<'_>) -> T) -> T {
        let current = self.0.current.load_full();
        read(&View {
            db: &current.db,
            snapshot: current.db.snapshot(),
        })
    }

    fn work(&self) -> &Work {
        &self.0.open.work
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// How far the machine is.
    pub(crate) fn applied(&self) -> Result<(Option<LogId>, StoredMembership), Error> {
        let state = self.0.current.load().applied()?;
        Ok(codec::applied(&state.unwrap_or_default()))
    }

    /// Forces all that was applied to the disk.
    fn sync(&self) -> Result<(), Error> {
        let current = self.0.current.load_full();
        let state = current.applied()?.and_then(|state| state.last_applied);
        let next = state.map_or(0, |id| id.index + 1);
        if let Err(error) = current.db.flush_wal(true).map_err(database::failed) {
            database::abort("state sync", &error);
        }
        self.work().note(|| Note::Flushed);
        self.0
            .durable
            .send_if_modified(|durable| std::mem::replace(durable, next.max(*durable)) < next);
        Ok(())
    }

    /// Returns when the entry of this index is in the state, on stable storage.
    ///
    /// # Errors
    /// When a snapshot that holds it is not installed in time.
    pub(crate) async fn durable(&self, index: u64) -> Result<(), Error> {
        if *self.0.durable.borrow() <= index {
            let machine = self.clone();
            self.work()
                .blocking(Point::Flush, move || machine.sync())
                .await?;
        }
        let mut durable = self.0.durable.subscribe();
        let reached = durable.wait_for(|durable| *durable > index);
        match timeout(INSTALL_TIMEOUT, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Error::Storage(format!(
                "the state does not hold entry {index}, so the log keeps it"
            ))),
        }
    }

    /// How far the state is, and the digest of its rows.
    pub(crate) fn digest(&self) -> Result<(Option<LogId>, Vec<u8>), Error> {
        let state = self.0.current.load().applied()?.unwrap_or_default();
        let id = state.last_applied.as_ref().map(codec::log_id);
        Ok((id, Digest::stored(&state.digest)?.to_bytes()))
    }

    /// Applies entries: those that fit together are one batch.
    fn apply_all(&self, entries: &[Entry]) -> Result<Vec<CommandResult>, (LogId, Error)> {
        let mut results = Vec::with_capacity(entries.len());
        while results.len() < entries.len() {
            let current = self.0.current.load_full();
            let first = entries[results.len()].log_id;
            let mut staged = Staged::begin(&current).map_err(|e| (first, e))?;
            let (mut events, mut notes) = (Vec::new(), Vec::new());
            for entry in &entries[results.len()..] {
                let done = self.stage(entry, &mut staged, &mut notes);
                let (result, mut happened) = done.map_err(|e| (entry.log_id, e))?;
                results.push(result);
                events.append(&mut happened);
                if staged.is_full() {
                    break;
                }
            }
            staged.write().map_err(|e| (first, e))?;
            for note in notes {
                self.work().note(|| note);
            }
            let last = &entries[results.len() - 1];
            self.0.applied.send_replace(last.log_id.index + 1);
            for event in events {
                // Nobody may be listening, and that is fine.
                let _ = self.0.events.send(event);
            }
        }
        Ok(results)
    }

    /// Says what an entry does to what is staged.
    fn stage(
        &self,
        entry: &Entry,
        staged: &mut Staged<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<(CommandResult, Vec<Event>), Error> {
        let (mut writes, mut events, mut result) = Default::default();
        match &entry.payload {
            EntryPayload::Blank => {}
            EntryPayload::Membership(changed) => {
                staged.members = StoredMembership::new(Some(entry.log_id), changed.clone());
            }
            EntryPayload::Normal(command) => {
                let revision = Revision(entry.log_id.index);
                let done = veto_state::apply(&*staged, revision, command)?;
                (writes, events, result) = (done.writes, done.events, done.result);
            }
        }
        let rows = match self.work().is_simulated() {
            true => writes.clone(),
            false => Vec::new(),
        };
        staged.put(entry.log_id, writes)?;
        if self.work().is_simulated() {
            notes.push(Note::Applied(Box::new(Applied {
                entry: codec::entry_message(entry),
                result: result.clone(),
                rows: rows.into_iter().map(|row| (row.key, row.value)).collect(),
                digest: staged.digest.to_bytes(),
            })));
        }
        Ok((result, events))
    }

    /// Makes a checkpoint while commands are applied; it goes with its last reader.
    pub(crate) fn checkpoint(&self) -> Result<Directory, Error> {
        let directory = self.0.shelf.temporary(false)?;
        let current = self.0.current.load_full();
        Checkpoint::new(&current.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint(directory.path()))
            .map_err(database::failed)?;
        Ok(directory)
    }

    /// Makes a snapshot while commands are applied: the checkpoint says itself how far it is.
    fn build(&self) -> Result<Snapshot<Types>, Error> {
        let directory = self.checkpoint()?;
        let applied = generation::applied_in(directory.path())?.unwrap_or_default();
        let manifest = snapshot::seal(directory.path(), applied)?;
        let built = self.0.shelf.publish(manifest, &directory)?;
        // The log is purged up to a snapshot: what it shows must not depend on a cache.
        self.sync()?;
        Ok(built)
    }

    /// Replaces the state by a snapshot's. The old one stays until the new one is open.
    fn install(&self, directory: &Directory, meta: &SnapshotMeta) -> Result<(), Error> {
        let manifest = snapshot::verify(directory)?;
        if snapshot::meta(&manifest).last_log_id != meta.last_log_id {
            return Err(Error::Corrupt("a snapshot is not the one announced".into()));
        }
        let installed = generation::install(&self.0.states, directory, &manifest, &self.0.open)?;
        let old = self.0.current.swap(Arc::new(installed));
        old.retire();
        drop(old);
        // It is this node's own snapshot from now on.
        self.0.shelf.publish(manifest, directory)?;
        self.sync()?;
        self.show()?;
        let (id, digest) = self.digest()?;
        self.work().note(|| Note::Installed {
            index: id.map_or(0, |id| id.index),
            digest,
        });
        let _ = self.0.events.send(Event::Replaced);
        Ok(())
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), StorageError> {
        self.applied()
            .map_err(|e| StorageIOError::read_state_machine(&e).into())
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<CommandResult>, StorageError>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let mut all = Vec::new();
        for entry in entries {
            self.work().reach(Point::Apply).await;
            all.push(entry);
        }
        let applied = self.apply_all(&all);
        applied.map_err(|(id, e)| StorageIOError::apply(id, &e).into())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Directory>, StorageError> {
        let directory = self.0.shelf.temporary(true);
        directory
            .map(Box::new)
            .map_err(|e| StorageIOError::write_snapshot(None, &e).into())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        directory: Box<Directory>,
    ) -> Result<(), StorageError> {
        let (machine, announced) = (self.clone(), meta.clone());
        let install = move || machine.install(&directory, &announced);
        self.work()
            .blocking(Point::Install, install)
            .await
            .map_err(|e| StorageIOError::write_snapshot(Some(meta.signature()), &e).into())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError> {
        match self.0.shelf.current() {
            Current::Snapshot(snapshot) => Ok(Some(snapshot)),
            Current::None => Ok(None),
            Current::Damaged => self.build_snapshot().await.map(Some),
        }
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError> {
        let machine = self.clone();
        self.work()
            .blocking(Point::Build, move || machine.build())
            .await
            .map_err(|e| StorageIOError::write_snapshot(None, &e).into())
    }
}
