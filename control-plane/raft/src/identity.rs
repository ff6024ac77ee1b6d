//! Who this replica is, and whom it has heard. Both are files of the data directory: a copy of it, a
//! disk that was lost and a backup that was put back are told apart from the replica itself.
//!
//! INVARIANT (one-storage): a peer's id is bound for ever to the storage that it was first heard with.

mod known;

use std::path::Path;

use veto_core::Entropy;
use veto_proto::raft::v1::Incarnation;
use veto_proto::storage::v1::ReplicaIdentity;

use crate::{Error, codec, files};
pub(crate) use known::{Known, compare};

const NAME: &str = "identity";

/// The identity of this run of the replica.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    pub(crate) file: ReplicaIdentity,
    run: u64,
}

impl Identity {
    /// Reads the identity of a data directory that has one, and counts this start.
    pub(crate) fn restart(directory: &Path, entropy: &dyn Entropy) -> Result<Option<Self>, Error> {
        let Some(bytes) = files::read(&directory.join(NAME))? else {
            return Ok(None);
        };
        let mut file: ReplicaIdentity = codec::open(&bytes)?;
        file.starts += 1;
        let identity = Self {
            file,
            run: draw(entropy)?,
        };
        identity.write(directory)?;
        Ok(Some(identity))
    }

    /// Gives a data directory its identity.
    pub(crate) fn create(
        directory: &Path,
        cluster: &str,
        node: u64,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        let mut storage = vec![0; 16];
        entropy.fill(&mut storage).map_err(files::failed)?;
        let file = ReplicaIdentity {
            cluster: cluster.to_owned(),
            node,
            storage,
            starts: 1,
            joined: false,
        };
        let identity = Self {
            file,
            run: draw(entropy)?,
        };
        identity.write(directory)?;
        Ok(identity)
    }

    /// Notes that the replica has taken part.
    pub(crate) fn joined(&mut self, directory: &Path) -> Result<(), Error> {
        if self.file.joined {
            return Ok(());
        }
        self.file.joined = true;
        self.write(directory)
    }

    /// What peers are told of this run.
    pub(crate) fn incarnation(&self) -> Incarnation {
        Incarnation {
            storage: self.file.storage.clone(),
            starts: self.file.starts,
            run: self.run,
        }
    }

    fn write(&self, directory: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(directory).map_err(files::failed)?;
        files::write(&directory.join(NAME), &codec::seal(&self.file))
    }
}

fn draw(entropy: &dyn Entropy) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes).map_err(files::failed)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use veto_core::clock::SeededEntropy;

    use super::*;

    #[test]
    fn each_start_is_counted_and_the_storage_stays() {
        let directory = tempfile::tempdir().unwrap();
        let entropy = SeededEntropy::new(1);
        let restart = || Identity::restart(directory.path(), &entropy).unwrap();
        assert_eq!(restart(), None);
        let first = Identity::create(directory.path(), "c", 7, &entropy).unwrap();
        let second = restart().unwrap();
        assert_eq!(second.file.storage, first.file.storage);
        assert_eq!((second.file.node, second.file.starts), (7, 2));
        assert_ne!(second.incarnation().run, first.incarnation().run);
    }

    #[test]
    fn a_damaged_identity_is_no_identity_and_no_start() {
        let directory = tempfile::tempdir().unwrap();
        let entropy = SeededEntropy::new(1);
        Identity::create(directory.path(), "c", 7, &entropy).unwrap();
        let path = directory.path().join(NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[9] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let refused = Identity::restart(directory.path(), &entropy);
        assert!(matches!(refused, Err(Error::Corrupt(_))), "{refused:?}");
    }

    /// The bytes of the first format: they must decode for ever. Add formats, never edit this.
    #[test]
    fn the_first_format_is_frozen() {
        let file = ReplicaIdentity {
            cluster: "00112233445566778899aabbccddeeff".into(),
            node: 7,
            storage: vec![0xab; 16],
            starts: 3,
            joined: true,
        };
        let bytes = codec::seal(&file);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("identity/frozen_identity_v1.hex").trim());
    }
}
