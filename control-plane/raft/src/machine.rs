//! Applies committed commands. What a command changes and how far the machine is are one batch, so
//! that after a crash the rest of the log is applied to exactly the state that it belongs to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::RaftStateMachine;
use openraft::{EntryPayload, RaftSnapshotBuilder, Snapshot, StorageIOError};
use rocksdb::{DB, Direction, IteratorMode, ReadOptions, WriteBatch};
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;
use veto_core::Revision;
use veto_proto::storage::v1::{AppliedState, Command, CommandResult};
use veto_state::rows::Row;
use veto_state::{Event, Rows};

use crate::database::{Database, Open};
use crate::snapshot::{self, File};
use crate::types::{Entry, LogId, SnapshotMeta, StorageError, StoredMembership, Types};
use crate::{Error, codec, database};

pub(crate) const META: &str = "meta";
pub(crate) const APPLIED: &[u8] = b"applied";
/// Events that a watcher may lag behind before it is told that it missed some.
const EVENTS: usize = 4096;
/// How long a purge waits for the snapshot that takes its place.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(120);

/// The replicated state on disk.
#[derive(Clone)]
pub(crate) struct Machine {
    db: Arc<Database>,
    snapshots: PathBuf,
    events: broadcast::Sender<Event>,
    /// The index after the last entry that is in the state, on stable storage.
    durable: watch::Sender<u64>,
}

impl Machine {
    /// Opens or makes the state.
    pub(crate) fn open(directory: &Path, open: &Open) -> Result<Self, Error> {
        let db = Arc::new(database::open(&directory.join("state"), &[META], open)?);
        let snapshots = directory.join("snapshots");
        snapshot::prepare(&snapshots)?;
        let machine = Self {
            db,
            snapshots,
            events: broadcast::channel(EVENTS).0,
            durable: watch::Sender::new(0),
        };
        // What a crash left in a cache only is forced to the disk before anything relies on it.
        machine.sync()?;
        Ok(machine)
    }

    /// Shows one consistent state to the reader.
    pub(crate) fn view<T>(&self, read: impl FnOnce(&View<'_>) -> T) -> T {
        read(&View {
            db: &self.db,
            snapshot: self.db.snapshot(),
        })
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// How far the machine is.
    pub(crate) fn applied(&self) -> Result<(Option<LogId>, StoredMembership), Error> {
        let family = self
            .db
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        let value = self.db.get_cf(family, APPLIED).map_err(database::failed)?;
        let state: Option<AppliedState> = value.map(|value| codec::open(&value)).transpose()?;
        Ok(codec::applied(&state.unwrap_or_default()))
    }

    /// Forces all that was applied to the disk.
    fn sync(&self) -> Result<(), Error> {
        let next = self.applied()?.0.map_or(0, |id| id.index + 1);
        if let Err(error) = self.db.flush_wal(true).map_err(database::failed) {
            database::abort("state sync", &error);
        }
        self.durable
            .send_if_modified(|durable| std::mem::replace(durable, next.max(*durable)) < next);
        Ok(())
    }

    /// Returns when the entry of this index is in the state, on stable storage.
    ///
    /// # Errors
    /// When a snapshot that holds it is not installed in time.
    pub(crate) async fn durable(&self, index: u64) -> Result<(), Error> {
        if *self.durable.borrow() <= index {
            let machine = self.clone();
            let synced = tokio::task::spawn_blocking(move || machine.sync()).await;
            synced.unwrap_or_else(|e| Err(Error::Stopped(e.to_string())))?;
        }
        let mut durable = self.durable.subscribe();
        let reached = durable.wait_for(|durable| *durable > index);
        match timeout(INSTALL_TIMEOUT, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Error::Storage(format!(
                "the state does not hold entry {index}, so the log keeps it"
            ))),
        }
    }

    fn apply_entry(
        &self,
        entry: &Entry,
        members: &mut StoredMembership,
    ) -> Result<CommandResult, Error> {
        let mut batch = WriteBatch::default();
        let mut events = Vec::new();
        let result = match &entry.payload {
            EntryPayload::Blank => CommandResult::default(),
            EntryPayload::Membership(changed) => {
                *members = StoredMembership::new(Some(entry.log_id), changed.clone());
                CommandResult::default()
            }
            EntryPayload::Normal(command) => self.run(entry, command, &mut batch, &mut events)?,
        };
        let family = self
            .db
            .cf_handle(META)
            .ok_or_else(|| Error::Corrupt("no meta".into()))?;
        let state = codec::applied_message(Some(&entry.log_id), members);
        batch.put_cf(family, APPLIED, codec::seal(&state));
        // Not synced: the log is, and is applied again from where this state is.
        let written = self.db.write(batch).map_err(database::failed);
        if let Err(error) = written.and_then(|()| self.db.check()) {
            database::abort("state write", &error);
        }
        for event in events {
            // Nobody may be listening, and that is fine.
            let _ = self.events.send(event);
        }
        Ok(result)
    }

    fn run(
        &self,
        entry: &Entry,
        command: &Command,
        batch: &mut WriteBatch,
        events: &mut Vec<Event>,
    ) -> Result<CommandResult, Error> {
        let revision = Revision(entry.log_id.index);
        let applied = self.view(|rows| veto_state::apply(rows, revision, command))?;
        for write in applied.writes {
            match write.value {
                Some(value) => batch.put(write.key, value),
                None => batch.delete(write.key),
            }
        }
        events.extend(applied.events);
        Ok(applied.result)
    }

    fn build(&self) -> Result<Snapshot<Types>, Error> {
        let (last_applied, members) = self.applied()?;
        let built = snapshot::write(&self.db, &self.snapshots, last_applied.as_ref(), &members)?;
        // The log is purged up to a snapshot: what it shows must not depend on a cache.
        self.sync()?;
        Ok(built)
    }
}

/// The rows of one consistent state.
pub struct View<'a> {
    db: &'a DB,
    snapshot: rocksdb::SnapshotWithThreadMode<'a, DB>,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("path", &self.db.path())
            .finish_non_exhaustive()
    }
}

fn unread(error: rocksdb::Error) -> veto_state::Error {
    veto_state::Error::Read(error.into_string())
}

impl Rows for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, veto_state::Error> {
        self.snapshot.get(key).map_err(unread)
    }

    fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Row>, veto_state::Error> {
        let start = if from > prefix { from } else { prefix };
        let mode = IteratorMode::From(start, Direction::Forward);
        let mut rows = Vec::new();
        for row in self
            .snapshot
            .iterator_opt(mode, ReadOptions::default())
            .take(limit)
        {
            let (key, value) = row.map_err(unread)?;
            if !key.starts_with(prefix) {
                break;
            }
            rows.push((key.into_vec(), value.into_vec()));
        }
        Ok(rows)
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
        let read = |e: Error| StorageError::from(StorageIOError::read_state_machine(&e));
        let (_, mut members) = self.applied().map_err(read)?;
        let mut results = Vec::new();
        for entry in entries {
            let result = self.apply_entry(&entry, &mut members);
            results.push(result.map_err(|e| StorageIOError::apply(entry.log_id, &e))?);
        }
        Ok(results)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<File>, StorageError> {
        Ok(Box::new(File::incoming(&self.snapshots)))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        file: Box<File>,
    ) -> Result<(), StorageError> {
        let installed = snapshot::install(&self.db, &self.snapshots, &file);
        installed
            .and_then(|()| self.sync())
            .map_err(|e| StorageIOError::write_snapshot(Some(meta.signature()), &e).into())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError> {
        snapshot::newest(&self.snapshots)
            .map_err(|e| StorageIOError::read_snapshot(None, &e).into())
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError> {
        let machine = self.clone();
        let built = tokio::task::spawn_blocking(move || machine.build()).await;
        let built = built.unwrap_or_else(|e| Err(Error::Stopped(e.to_string())));
        built.map_err(|e| StorageIOError::write_snapshot(None, &e).into())
    }
}

#[cfg(test)]
impl Machine {
    pub(crate) fn clone_snapshot(
        &self,
        last_applied: Option<&LogId>,
        members: &StoredMembership,
    ) -> File {
        *snapshot::write(&self.db, &self.snapshots, last_applied, members)
            .unwrap()
            .snapshot
    }

    pub(crate) fn install_file(&self, file: &File) -> Result<(), Error> {
        snapshot::install(&self.db, &self.snapshots, file)
    }
}
