//! What is done to data directories that no process runs on: to make one of a backup, and to check one.
//! Both answer for a process that runs: it must not.

mod check;
mod restore;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use veto_proto::storage::v1::BackupHead;
use veto_wire::backup::Reader;

use crate::Error;
use crate::snapshot::failed;
pub use check::{Finding, check_backup, check_directory};
pub use restore::{Restore, Restored, restore};

/// Read at once, in bytes.
const BLOCK: usize = 1 << 20;

/// A directory that goes when this does, unless it was given another name.
struct Scratch(PathBuf);

impl Scratch {
    /// Makes the directory anew.
    fn new(path: PathBuf) -> Result<Self, Error> {
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed(&path))?;
        }
        fs::create_dir_all(&path).map_err(failed(&path))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is gone already where it got its name.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Puts the files of a backup into an empty directory, each checked and on stable storage.
fn unpack(backup: &Path, to: &Path) -> Result<BackupHead, Error> {
    let mut file = fs::File::open(backup).map_err(failed(backup))?;
    let mut reader = Reader::default();
    let mut block = vec![0; BLOCK];
    let mut open: Option<fs::File> = None;
    loop {
        let count = file.read(&mut block).map_err(failed(backup))?;
        if count == 0 {
            return Ok(reader.finish()?);
        }
        for piece in reader.take(&block[..count])? {
            let snapshot = reader.head().and_then(|head| head.snapshot.as_ref());
            let entry = snapshot.and_then(|snapshot| snapshot.files.get(piece.file));
            let name = entry.map(|entry| entry.name.as_str()).unwrap_or_default();
            let path = to.join(name);
            let mut out = match open.take() {
                Some(out) => out,
                None => fs::File::create_new(&path).map_err(failed(&path))?,
            };
            std::io::Write::write_all(&mut out, piece.bytes).map_err(failed(&path))?;
            if piece.last {
                out.sync_all().map_err(failed(&path))?;
            } else {
                open = Some(out);
            }
        }
    }
}
