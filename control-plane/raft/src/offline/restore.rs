//! A new cluster of a backup. It has an id of its own and begins with one member, 1; nothing of the old
//! cluster's log, votes and members is in it, so that no old member can ever take part.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use openraft::storage::RaftLogStorage as _;
use openraft::{BasicNode, CommittedLeaderId, EntryPayload, Membership};
use tokio::sync::mpsc;
use veto_core::{Entropy, OrganizationId};
use veto_proto::storage::v1::{self as storage, BackupHead, Command, command::Change};

use super::{Scratch, unpack};
use crate::database::Open;
use crate::floor::Owner;
use crate::identity::Identity;
use crate::log::Log;
use crate::machine::{self, Machine};
use crate::seams::Work;
use crate::snapshot::{Directory, failed, sync_directory};
use crate::start::{FIRST, number};
use crate::types::{Entry, LogId, StoredMembership, Vote};
use crate::{Error, codec};

/// How far the revisions of a restored cluster are above those of its backup: further than the old
/// cluster came after it, so that no revision ever names two things.
const GAP: u64 = 1_000_000_000;

/// What is to be restored.
#[derive(Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// The data directory to make: it is not there, or empty.
    pub directory: &'a Path,
    /// The new cluster's id.
    pub cluster: &'a str,
    /// Now, in microseconds since 1970-01-01 UTC.
    pub time: i64,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// What the backup says of itself: its cluster, its time.
    pub backup: BackupHead,
    /// The revision of the backup: what was acknowledged later may be missing.
    pub from_revision: u64,
    /// The first revision of the new cluster.
    pub revision: u64,
}

/// Makes a data directory of a backup. It appears under its name when it is whole.
///
/// # Errors
/// [`Error::Backup`] when the backup is damaged, [`Error::Setup`] when the directory is not empty; then
/// nothing was made.
pub async fn restore(restore: &Restore<'_>, entropy: &dyn Entropy) -> Result<Restored, Error> {
    let owner = Owner {
        cluster: number(restore.cluster),
        node: FIRST,
    };
    let wrong = |problem: String| Err(Error::Setup(problem));
    if owner.cluster.is_none() {
        return wrong(format!(
            "`{}` is no cluster's id of 32 hexadecimal digits",
            restore.cluster
        ));
    }
    let directory = std::path::absolute(restore.directory).map_err(failed(restore.directory))?;
    let (Some(parent), Some(name)) = (directory.parent(), directory.file_name()) else {
        return wrong(format!("`{}` is no place for it", directory.display()));
    };
    if fs::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return wrong(format!(
            "`{}` is not empty, and nothing is restored over what is there",
            directory.display()
        ));
    }
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(".restore");
    let made = Scratch::new(parent.join(beside))?;
    let restored = make(restore, owner, made.path()).await?;
    Identity::create(made.path(), restore.cluster, FIRST, entropy)?.joined(made.path())?;
    sync_directory(made.path())?;
    fs::rename(made.path(), &directory).map_err(failed(&directory))?;
    sync_directory(parent)?;
    Ok(restored)
}

/// Makes state, snapshot, log and floor.
async fn make(restore: &Restore<'_>, owner: Owner, to: &Path) -> Result<Restored, Error> {
    let files = Scratch::new(to.join("backup"))?;
    let head = unpack(restore.backup, files.path())?;
    let manifest = head.snapshot.clone().unwrap_or_default();
    let applied = manifest.applied.clone().unwrap_or_default();
    let last = applied.last_applied.as_ref().map(codec::log_id);
    let last = last.ok_or_else(|| Error::Setup("the backup is of an empty state".into()))?;
    let entry = beginning(restore, &head, last);

    let (sender, mut closed) = mpsc::channel(1);
    let open = Open::new(sender, Work::default());
    let directory = Directory::kept(files.path().to_owned());
    machine::install(to, &directory, &manifest, &open)?;
    let machine = Machine::open(to, &open)?;
    let result = machine.begin_again(&entry, members(entry.log_id))?;
    if !result.error_code.is_empty() {
        return Err(Error::Setup(result.error_message));
    }
    let mut log = Log::open(to, owner, &open)?.guarded_by(machine.clone())?;
    let leader = &entry.log_id.leader_id;
    let written = async {
        log.save_vote(&Vote::new(leader.term, leader.node_id))
            .await?;
        log.purge(entry.log_id).await
    };
    let written = written.await.map_err(|e| Error::Storage(e.to_string()));
    drop((log, machine, open));
    closed.recv().await;
    written?;
    Ok(Restored {
        backup: head,
        from_revision: last.index,
        revision: entry.log_id.index,
    })
}

/// The entry that stands for all before it. Its place and its term are above those of the old cluster, so
/// that it would be the newer one wherever they met.
fn beginning(restore: &Restore<'_>, head: &BackupHead, last: LogId) -> Entry {
    let leader = CommittedLeaderId::new(last.leader_id.term + 1, FIRST);
    let change = storage::Restore {
        cluster: restore.cluster.to_owned(),
        from_cluster: head.cluster.clone(),
        from_revision: last.index,
        from_time: head.time,
    };
    let command = Command {
        actor: "restore".to_owned(),
        time: restore.time,
        organization: OrganizationId::SYSTEM.to_owned(),
        change: Some(Change::Restore(change)),
        ..Command::default()
    };
    Entry {
        log_id: LogId::new(leader, last.index + GAP),
        payload: EntryPayload::Normal(Arc::new(command)),
    }
}

/// One member. Where its peers reach it, it says itself at its first start.
fn members(id: LogId) -> StoredMembership {
    let nodes = BTreeMap::from([(FIRST, BasicNode::default())]);
    let members = Membership::new(vec![BTreeSet::from([FIRST])], nodes);
    StoredMembership::new(Some(id), members)
}
