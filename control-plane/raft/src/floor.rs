//! What this node has acknowledged, kept apart from the log: its vote and the last entry that it forced
//! to the disk. A log that lost a synced suffix looks whole to itself; against the floor it does not, and
//! the node refuses to start instead of voting or counting again with what it forgot.
//!
//! INVARIANT (floor-is-below): the floor never claims what the log could not hold after a loss of power.
//! It rises after the log was synced, and sinks before entries are truncated.

mod slot;

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::types::{LogId, Vote};
pub(crate) use slot::Claim;
use slot::{SIZE, Slot};

/// How long the log may be ahead of the floor.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// How many entries the log may be ahead of the floor.
const ENTRIES: u64 = 1_000;
const NAME: &str = "floor";

/// Whose storage this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The cluster, or `None` while the node does not know it yet.
    pub cluster: Option<[u8; 16]>,
    /// The node.
    pub node: u64,
}

/// The floor file: two slots, written in turn.
#[derive(Debug)]
pub(crate) struct Floor {
    file: fs::File,
    slot: Slot,
    /// When the claim became newer than the file.
    since: Option<Instant>,
    entries: u64,
}

impl Floor {
    /// Opens the floor of a log that says it holds `held`. `at` reads the id of an entry of the log.
    ///
    /// # Errors
    /// [`Error::RolledBack`] when the log holds less than it did, or the floor itself is lost.
    pub(crate) fn open(
        directory: &Path,
        owner: Owner,
        held: &Claim,
        at: impl FnOnce(u64) -> Result<Option<LogId>, Error>,
    ) -> Result<Self, Error> {
        let path = directory.join(NAME);
        let slot = match fs::read(&path) {
            Ok(bytes) => newest(&bytes)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && *held == Claim::default() => {
                create(directory, owner)?
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(rolled_back("there is a log, and no floor beside it"));
            }
            Err(e) => return Err(failed(&e)),
        };
        check_owner(owner, slot.owner)?;
        check(&slot.claim, held, at)?;
        let file = fs::File::options().read(true).write(true).open(&path);
        let mut floor = Self {
            file: file.map_err(|e| failed(&e))?,
            slot,
            since: None,
            entries: 0,
        };
        floor.slot.owner.cluster = owner.cluster.or(floor.slot.owner.cluster);
        // Opening the log forced all it holds to the disk. Two writes also mend a damaged slot.
        floor.slot.claim = *held;
        floor.write()?;
        floor.write()?;
        Ok(floor)
    }

    /// The log was synced up to and with this entry.
    pub(crate) fn rise(&mut self, last: LogId, now: Instant) {
        let before = self.slot.claim.last.map_or(0, |id| id.index + 1);
        self.entries += (last.index + 1).saturating_sub(before);
        self.slot.claim.last = Some(last);
        self.since.get_or_insert(now);
    }

    /// The log was purged up to this entry, and begins after it.
    pub(crate) fn purged(&mut self, upto: LogId, now: Instant) {
        if self.slot.claim.last.is_none_or(|last| last < upto) {
            self.rise(upto, now);
        }
    }

    /// The vote was synced. Votes are rare: the file is written at once.
    pub(crate) fn vote(&mut self, vote: Vote) -> Result<(), Error> {
        self.slot.claim.vote = Some(vote);
        self.write()
    }

    /// Entries after `last` are about to be truncated. Both slots forget them: were the newer one
    /// damaged later, the older one must not claim what was given up.
    pub(crate) fn sink(&mut self, last: Option<LogId>) -> Result<(), Error> {
        self.slot.claim.last = last;
        self.write()?;
        self.write()
    }

    /// When the file must be written at the latest; `None` when it says what is claimed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + EVERY)
    }

    /// Writes the file when it is time to.
    pub(crate) fn write_if_due(&mut self, now: Instant) -> Result<(), Error> {
        let due = self.entries >= ENTRIES || self.due().is_some_and(|due| due <= now);
        if due { self.write() } else { Ok(()) }
    }

    /// Writes the older slot and forces it to the disk.
    pub(crate) fn write(&mut self) -> Result<(), Error> {
        self.slot.sequence += 1;
        let place = self.slot.sequence % 2 * SIZE as u64;
        let bytes = self.slot.encode();
        let written = self.file.write_all_at(&bytes, place);
        written
            .and_then(|()| self.file.sync_data())
            .map_err(|e| failed(&e))?;
        (self.since, self.entries) = (None, 0);
        Ok(())
    }
}

/// Holds a log against the floor beside it, and changes neither.
///
/// # Errors
/// As [`Floor::open`].
pub(crate) fn verify(
    directory: &Path,
    owner: Owner,
    held: &Claim,
    at: impl FnOnce(u64) -> Result<Option<LogId>, Error>,
) -> Result<(), Error> {
    let lost = |_| rolled_back("there is a log, and no floor beside it");
    let slot = newest(&fs::read(directory.join(NAME)).map_err(lost)?)?;
    check_owner(owner, slot.owner)?;
    check(&slot.claim, held, at)
}

fn newest(bytes: &[u8]) -> Result<Slot, Error> {
    let slots = bytes.chunks(SIZE).take(2).filter_map(Slot::decode);
    slots
        .max_by_key(|slot| slot.sequence)
        .ok_or_else(|| rolled_back("the floor is damaged, so nothing says what the log must hold"))
}

/// Makes the file whole before anything is in the log, so that a log without one is a loss.
fn create(directory: &Path, owner: Owner) -> Result<Slot, Error> {
    let slot = Slot {
        sequence: 0,
        owner,
        claim: Claim::default(),
    };
    let temporary = directory.join("floor.tmp");
    let mut bytes = slot.encode();
    bytes.extend(slot.encode());
    let create = || {
        fs::write(&temporary, &bytes)?;
        fs::File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, directory.join(NAME))?;
        fs::File::open(directory)?.sync_all()
    };
    create().map_err(|e| failed(&e))?;
    Ok(slot)
}

fn check_owner(expected: Owner, found: Owner) -> Result<(), Error> {
    let other = matches!((expected.cluster, found.cluster), (Some(a), Some(b)) if a != b);
    if other || expected.node != found.node {
        return Err(rolled_back(&format!(
            "the storage is of node {} of another cluster or of another node, and this is node {}",
            found.node, expected.node
        )));
    }
    Ok(())
}

fn check(
    floor: &Claim,
    held: &Claim,
    at: impl FnOnce(u64) -> Result<Option<LogId>, Error>,
) -> Result<(), Error> {
    if floor.vote > held.vote {
        return Err(rolled_back("the log forgot a vote"));
    }
    let Some(last) = floor.last else {
        return Ok(());
    };
    if held.last.is_none_or(|held| held.index < last.index) {
        return Err(rolled_back(&format!(
            "the log ends before entry {}, which it acknowledged",
            last.index
        )));
    }
    match at(last.index)? {
        Some(id) if id != last => Err(rolled_back(&format!(
            "entry {} is not the one that was acknowledged",
            last.index
        ))),
        // Purged since: a snapshot holds it.
        Some(_) | None => Ok(()),
    }
}

fn rolled_back(problem: &str) -> Error {
    Error::RolledBack(problem.to_owned())
}

fn failed(error: &std::io::Error) -> Error {
    Error::Storage(format!("floor: {error}"))
}

#[cfg(test)]
mod tests;
