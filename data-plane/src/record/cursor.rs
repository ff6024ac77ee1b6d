//! How far a reader has come, kept in a small file that is either old or new after a crash.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use super::segment::sync_dir;

/// The name of the shipper's cursor.
pub(super) const SHIPPED: &str = "ledger";
/// The name of the OTLP copy's cursor.
pub(super) const COPIED: &str = "otlp";

/// A place in the spool: everything before it is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The place of the boot among the boots of this spool, from 1.
    pub order: u64,
    /// The next sequence of that boot.
    pub next: u64,
}

/// The file of one cursor.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    dir: PathBuf,
    path: PathBuf,
}

impl Cursor {
    pub(super) fn new(dir: &Path, name: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join(format!("{name}.cursor")),
        }
    }

    /// Reads it. One that is missing or damaged means the start: frames are shipped twice rather
    /// than not at all, and the ledger drops what it has.
    pub(super) fn load(&self) -> Result<Position, Error> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(path = %self.path.display(), %error, "cursor is damaged");
                Position::default()
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Position::default()),
            Err(error) => Err(Error::storage(&self.path)(error)),
        }
    }

    pub(super) fn save(&self, position: Position) -> Result<(), Error> {
        let beside = self.path.with_extension("cursor.tmp");
        let write = || {
            let mut file = File::create(&beside)?;
            serde_json::to_writer(&mut file, &position)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            sync_dir(&self.dir)
        };
        write().map_err(Error::storage(&self.path))
    }
}
