//! The whole state as one file: a head, the rows, a digest over all of it. A file appears under its
//! name only when it is whole and on stable storage, and is verified whole before it is installed.
//!
//! Layout: `length u32 | sealed head`, then for each row `length u32 | key | length u32 | value`, then
//! `u32::MAX` and the SHA-256 of everything before it.

use std::fs;
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use openraft::Snapshot;
use rocksdb::{DB, IteratorMode, WriteBatch};
use sha2::{Digest as _, Sha256};
use veto_proto::storage::v1::SnapshotHead;

use crate::machine::{APPLIED, META};
use crate::types::{LogId, SnapshotMeta, StoredMembership, Types};
use crate::{Error, codec, database};

const END: u32 = u32::MAX;
/// No key, value or head is larger.
const MOST: u32 = 64 << 20;

/// A snapshot on disk.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
}

impl File {
    /// Where a snapshot that is being received is written.
    pub(crate) fn incoming(directory: &Path) -> Self {
        Self {
            path: directory.join("incoming.tmp"),
        }
    }

    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Storage(error.to_string())
}

/// Makes the directory and removes what a crash left half-written.
pub(crate) fn prepare(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(failed)?;
    for path in files(directory, "tmp")? {
        fs::remove_file(path).map_err(failed)?;
    }
    Ok(())
}

/// Writes the state at this instant, and removes older snapshots.
pub(crate) fn write(
    db: &DB,
    directory: &Path,
    last_applied: Option<&LogId>,
    members: &StoredMembership,
) -> Result<Snapshot<Types>, Error> {
    // The view is taken first and says itself how far it is: commands may be applied meanwhile.
    let view = db.snapshot();
    let family = db
        .cf_handle(META)
        .ok_or_else(|| Error::Corrupt("no meta".into()))?;
    let applied = match view.get_cf(family, APPLIED).map_err(database::failed)? {
        Some(value) => codec::open(&value)?,
        None => codec::applied_message(last_applied, members),
    };
    let id = applied.last_applied.as_ref().map_or_else(
        || "empty".to_owned(),
        |id| format!("{:020}-{}-{}", id.index, id.term, id.node),
    );
    let head = SnapshotHead {
        id: id.clone(),
        applied: Some(applied),
    };
    let temporary = directory.join(format!("{id}.tmp"));
    let mut writer = Writer::create(&temporary)?;
    writer.bytes(&codec::seal(&head))?;
    for row in view.iterator(IteratorMode::Start) {
        let (key, value) = row.map_err(database::failed)?;
        writer.bytes(&key)?;
        writer.bytes(&value)?;
    }
    writer.finish()?;
    let path = publish(directory, &temporary, &id)?;
    Ok(Snapshot {
        meta: meta(&head),
        snapshot: Box::new(File { path }),
    })
}

/// Gives a whole and synced file its name, and removes older snapshots.
fn publish(directory: &Path, temporary: &Path, id: &str) -> Result<PathBuf, Error> {
    let path = directory.join(format!("{id}.snapshot"));
    fs::rename(temporary, &path).map_err(failed)?;
    fs::File::open(directory)
        .and_then(|dir| dir.sync_all())
        .map_err(failed)?;
    for old in files(directory, "snapshot")?
        .iter()
        .filter(|old| **old != path)
    {
        fs::remove_file(old).map_err(failed)?;
    }
    Ok(path)
}

/// The newest snapshot, verified.
pub(crate) fn newest(directory: &Path) -> Result<Option<Snapshot<Types>>, Error> {
    let Some(path) = files(directory, "snapshot")?.pop() else {
        return Ok(None);
    };
    let head = read(&path, |_, _| ())?;
    Ok(Some(Snapshot {
        meta: meta(&head),
        snapshot: Box::new(File { path }),
    }))
}

/// Replaces the whole state by the snapshot's, in one batch: a crash leaves the old or the new.
pub(crate) fn install(db: &DB, directory: &Path, file: &File) -> Result<(), Error> {
    let mut batch = WriteBatch::default();
    for row in db.iterator(IteratorMode::Start) {
        batch.delete(row.map_err(database::failed)?.0);
    }
    let head = read(&file.path, |key, value| batch.put(key, value))?;
    let family = db
        .cf_handle(META)
        .ok_or_else(|| Error::Corrupt("no meta".into()))?;
    batch.put_cf(
        family,
        APPLIED,
        codec::seal(&head.applied.clone().unwrap_or_default()),
    );
    let result = db.write(batch).and_then(|()| db.flush_wal(true));
    if let Err(error) = result.map_err(database::failed) {
        database::abort("snapshot install", &error);
    }
    // It is this replica's own snapshot from now on.
    let temporary = directory.join(format!("{}.tmp", head.id));
    if temporary != file.path {
        fs::copy(&file.path, &temporary).map_err(failed)?;
    }
    fs::File::open(&temporary)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    publish(directory, &temporary, &head.id).map(drop)
}

/// Reads a snapshot row by row; the rows count only when the function returns well.
fn read(path: &Path, mut row: impl FnMut(&[u8], &[u8])) -> Result<SnapshotHead, Error> {
    let mut reader = Reader {
        file: BufReader::new(fs::File::open(path).map_err(failed)?),
        digest: Sha256::new(),
    };
    let cut = || Error::Corrupt("a snapshot has no head".into());
    let head = codec::open(&reader.bytes()?.ok_or_else(cut)?)?;
    while let Some(key) = reader.bytes()? {
        let value = reader.bytes()?.ok_or_else(cut)?;
        row(&key, &value);
    }
    reader.finish()?;
    Ok(head)
}

fn meta(head: &SnapshotHead) -> SnapshotMeta {
    let state = head.applied.clone().unwrap_or_default();
    let (last_log_id, last_membership) = codec::applied(&state);
    SnapshotMeta {
        last_log_id,
        last_membership,
        snapshot_id: head.id.clone(),
    }
}

/// The files of this kind, sorted by name, which sorts them by log index.
fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(directory).map_err(failed)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed));
    let mut paths: Vec<_> = paths.collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == extension));
    paths.sort();
    Ok(paths)
}

struct Writer {
    file: BufWriter<fs::File>,
    digest: Sha256,
}

impl Writer {
    fn create(path: &Path) -> Result<Self, Error> {
        let file = fs::File::create(path).map_err(failed)?;
        Ok(Self {
            file: BufWriter::new(file),
            digest: Sha256::new(),
        })
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.digest.update(bytes);
        self.file.write_all(bytes).map_err(failed)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let length = u32::try_from(bytes.len())
            .ok()
            .filter(|length| *length <= MOST);
        let length = length.ok_or_else(|| Error::Storage("a row is too large".into()))?;
        self.raw(&length.to_le_bytes())?;
        self.raw(bytes)
    }

    fn finish(mut self) -> Result<(), Error> {
        self.raw(&END.to_le_bytes())?;
        let digest = self.digest.finalize();
        self.file.write_all(&digest).map_err(failed)?;
        let file = self.file.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)
    }
}

struct Reader {
    file: BufReader<fs::File>,
    digest: Sha256,
}

impl Reader {
    fn raw(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let cut = |e: std::io::Error| Error::Corrupt(format!("a snapshot is cut short: {e}"));
        self.file.read_exact(bytes).map_err(cut)?;
        self.digest.update(bytes);
        Ok(())
    }

    /// The next field, or `None` at the end mark.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut length = [0; 4];
        self.raw(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length == END {
            return Ok(None);
        }
        if length > MOST {
            return Err(Error::Corrupt("a snapshot has an impossible length".into()));
        }
        let mut bytes = vec![0; length as usize];
        self.raw(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn finish(mut self) -> Result<(), Error> {
        let mut digest = Vec::new();
        self.file.read_to_end(&mut digest).map_err(failed)?;
        if digest == self.digest.finalize().as_slice() {
            return Ok(());
        }
        Err(Error::Corrupt(
            "a snapshot does not match its digest".into(),
        ))
    }
}
