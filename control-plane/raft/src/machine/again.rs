//! The state outside of a running replica: as it stands in a directory, and as the beginning of a new
//! cluster.

use std::path::Path;

use rocksdb::DB;
use veto_proto::storage::v1::{AppliedState, CommandResult, SnapshotManifest};

use super::digest::Digest;
use super::staged::Staged;
use super::{META, Machine, generation};
use crate::Error;
use crate::database::{self, Open};
use crate::snapshot::{self, Directory};
use crate::types::{Entry, StoredMembership};

/// Describes a checkpoint: how far it is, and each of its files.
pub(crate) fn describe(checkpoint: &Directory) -> Result<SnapshotManifest, Error> {
    let applied = generation::applied_in(checkpoint.path())?.unwrap_or_default();
    snapshot::seal(checkpoint.path(), applied)
}

/// Makes the first state in a directory of a snapshot's files.
pub(crate) fn install(
    directory: &Path,
    files: &Directory,
    manifest: &SnapshotManifest,
    open: &Open,
) -> Result<(), Error> {
    let states = directory.join("state");
    generation::install(&states, files, manifest, open).map(drop)
}

/// The state of a directory that nobody runs on: how far it is, when its rows come to their digest.
///
/// # Errors
/// When there is none, or it is damaged.
pub(crate) fn read(directory: &Path, logs: &Path) -> Result<AppliedState, Error> {
    let states = directory.join("state");
    let pointer = generation::pointer(&states)?;
    let pointer =
        pointer.ok_or_else(|| Error::Corrupt("nothing says which state counts".into()))?;
    verify(&states.join(pointer.directory), logs)
}

/// The same of the directory of one database.
pub(crate) fn verify(path: &Path, logs: &Path) -> Result<AppliedState, Error> {
    let db: DB = database::open_read_only(path, &[META], Some(logs))?;
    let applied = generation::applied(&db)?.unwrap_or_default();
    if Digest::of(&db)? != Digest::stored(&applied.digest)? {
        return Err(Error::Corrupt("the state lost or changed a row".into()));
    }
    Ok(applied)
}

impl Machine {
    /// Applies the entry that a new cluster begins with, under these members, and makes the snapshot that
    /// others join from.
    pub(crate) fn begin_again(
        &self,
        entry: &Entry,
        members: StoredMembership,
    ) -> Result<CommandResult, Error> {
        let (before, _) = self.applied()?;
        if before >= Some(entry.log_id) {
            let problem = "the state is further than its beginning";
            return Err(Error::Corrupt(problem.into()));
        }
        let current = self.0.current.load_full();
        let mut staged = Staged::begin(&current)?;
        let (result, _) = self.stage(entry, &mut staged, &mut Vec::new())?;
        staged.members = members;
        staged.write()?;
        self.build()?;
        Ok(result)
    }
}
