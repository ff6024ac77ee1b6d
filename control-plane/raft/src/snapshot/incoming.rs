//! Takes a snapshot in pieces. Nothing of it is believed before all of it was checked.

use std::fs;
use std::io::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use std::sync::atomic::Ordering;
use veto_proto::storage::v1::SnapshotManifest;

use super::{Chunk, Directory, MANIFEST, failed, manifest, meta};
use crate::Error;
use crate::types::SnapshotMeta;

/// A snapshot that is being received. Dropped before it is whole, it removes what it wrote.
pub(crate) struct Incoming {
    directory: Directory,
    /// The manifest's bytes, until the first file begins.
    head: Vec<u8>,
    manifest: Option<SnapshotManifest>,
    /// Files that are whole.
    done: usize,
    open: Option<Open>,
}

struct Open {
    file: fs::File,
    offset: u64,
    digest: Context,
}

impl Incoming {
    /// Begins to receive into the empty directory that openraft hands out.
    pub(crate) fn new(directory: Directory) -> Self {
        Self {
            directory,
            head: Vec::new(),
            manifest: None,
            done: 0,
            open: None,
        }
    }

    /// Takes the next piece. Writes a file: not for a thread of the runtime.
    ///
    /// # Errors
    /// When it is not the piece that must come next, or a file does not match its digest. The transfer
    /// has failed then.
    pub(crate) fn take(&mut self, chunk: &Chunk) -> Result<(), Error> {
        if self.manifest.is_none() && chunk.file == MANIFEST {
            let place = self.head.len() as u64;
            if chunk.offset != place || self.head.len() + chunk.bytes.len() > manifest::MOST {
                return Err(unexpected(chunk));
            }
            self.head.extend(&chunk.bytes);
            return Ok(());
        }
        if self.manifest.is_none() {
            self.manifest = Some(manifest::parse(&self.head)?);
        }
        let files = self.manifest.iter().flat_map(|manifest| &manifest.files);
        let expected = files.skip(self.done).find(|_| true);
        let expected = expected.filter(|expected| expected.name == chunk.file);
        let expected = expected.ok_or_else(|| unexpected(chunk))?;
        let path = self.directory.path().join(&expected.name);
        if self.open.is_none() {
            self.open = Some(Open {
                file: fs::File::create_new(&path).map_err(failed(&path))?,
                offset: 0,
                digest: Context::new(&SHA256),
            });
        }
        let Some(open) = &mut self.open else {
            return Err(unexpected(chunk));
        };
        let end = chunk.offset + chunk.bytes.len() as u64;
        if chunk.offset != open.offset || end > expected.size {
            return Err(unexpected(chunk));
        }
        open.file.write_all(&chunk.bytes).map_err(failed(&path))?;
        open.digest.update(&chunk.bytes);
        open.offset = end;
        if end == expected.size
            && let Some(open) = self.open.take()
        {
            if open.digest.finish().as_ref() != expected.sha256 {
                return Err(manifest::corrupt(&path, "it does not match its digest"));
            }
            open.file.sync_all().map_err(failed(&path))?;
            self.done += 1;
        }
        Ok(())
    }

    /// Ends the transfer: all of it is here, checked, and on stable storage.
    ///
    /// # Errors
    /// When a piece is missing.
    pub(crate) fn finish(mut self) -> Result<(SnapshotMeta, Box<Directory>), Error> {
        let manifest = match self.manifest.take() {
            Some(manifest) => manifest,
            None => manifest::parse(&self.head)?,
        };
        if self.done != manifest.files.len() {
            let problem = "the transfer ended early";
            return Err(manifest::corrupt(self.directory.path(), problem));
        }
        manifest::write(self.directory.path(), &self.head)?;
        self.directory.0.verified.store(true, Ordering::Release);
        Ok((meta(&manifest), Box::new(self.directory)))
    }
}

fn unexpected(chunk: &Chunk) -> Error {
    Error::Corrupt(format!(
        "a piece of a snapshot is out of place: `{}` at {}",
        chunk.file, chunk.offset
    ))
}
