//! Whom this replica has heard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use veto_proto::raft::v1::Incarnation;
use veto_proto::storage::v1::{KnownPeer, KnownPeers};

use crate::{Error, codec, files};

const NAME: &str = "peers";

/// The newest incarnation of each peer, on the disk before it counts.
#[derive(Debug)]
pub(crate) struct Known {
    path: PathBuf,
    peers: Mutex<BTreeMap<u64, Incarnation>>,
}

impl Known {
    /// Reads whom the replica has heard before.
    pub(crate) fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(NAME);
        let stored: KnownPeers = match files::read(&path)? {
            Some(bytes) => codec::open(&bytes)?,
            None => KnownPeers::default(),
        };
        let peers = stored.peers.into_iter().map(|peer| {
            let incarnation = Incarnation {
                storage: peer.storage,
                starts: peer.starts,
                run: peer.run,
            };
            (peer.node, incarnation)
        });
        Ok(Self {
            path,
            peers: Mutex::new(peers.collect()),
        })
    }

    /// What is known of a peer.
    pub(crate) fn of(&self, node: u64) -> Option<Incarnation> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.get(&node).cloned()
    }

    /// Takes note of a peer that speaks.
    ///
    /// # Errors
    /// [`Error::StorageLost`] or [`Error::Superseded`] when it is not the peer that was heard before.
    pub(crate) fn hear(&self, node: u64, speaks: &Incarnation) -> Result<(), Error> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = match peers.get(&node) {
            None => true,
            Some(known) => compare(node, known, speaks)?,
        };
        if newer {
            let mut next = peers.clone();
            next.insert(node, speaks.clone());
            self.write(&next)?;
            *peers = next;
        }
        Ok(())
    }

    fn write(&self, peers: &BTreeMap<u64, Incarnation>) -> Result<(), Error> {
        let peer = |(node, incarnation): (&u64, &Incarnation)| KnownPeer {
            node: *node,
            storage: incarnation.storage.clone(),
            starts: incarnation.starts,
            run: incarnation.run,
        };
        let message = KnownPeers {
            peers: peers.iter().map(peer).collect(),
        };
        files::write(&self.path, &codec::seal(&message))
    }
}

/// Tells whether `speaks` is a later start than `known` on the same storage.
///
/// # Errors
/// [`Error::StorageLost`] on another storage, [`Error::Superseded`] for an earlier or a twin start.
pub(crate) fn compare(node: u64, known: &Incarnation, speaks: &Incarnation) -> Result<bool, Error> {
    if known.storage != speaks.storage {
        return Err(Error::StorageLost(node));
    }
    match speaks.starts.cmp(&known.starts) {
        std::cmp::Ordering::Greater => Ok(true),
        std::cmp::Ordering::Equal if speaks.run == known.run => Ok(false),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Err(Error::Superseded(node)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incarnation(storage: u8, starts: u64, run: u64) -> Incarnation {
        Incarnation {
            storage: vec![storage; 16],
            starts,
            run,
        }
    }

    #[test]
    fn a_copy_a_lost_disk_and_a_restored_backup_are_told_apart_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let known = Known::read(directory.path()).unwrap();
        known.hear(2, &incarnation(1, 3, 30)).unwrap();
        known.hear(2, &incarnation(1, 3, 30)).unwrap();
        known.hear(2, &incarnation(1, 4, 40)).unwrap();
        let known = Known::read(directory.path()).unwrap();
        let lost = known.hear(2, &incarnation(2, 9, 1));
        assert!(matches!(lost, Err(Error::StorageLost(2))), "{lost:?}");
        for (what, starts, run) in [("restored", 3, 31), ("copied", 4, 41)] {
            let refused = known.hear(2, &incarnation(1, starts, run));
            assert!(matches!(refused, Err(Error::Superseded(2))), "{what}");
        }
        assert_eq!(known.of(2), Some(incarnation(1, 4, 40)));
        known.hear(3, &incarnation(2, 1, 1)).unwrap();
    }
}
