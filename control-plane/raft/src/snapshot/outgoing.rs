//! Reads a snapshot in pieces, to be sent.

use std::fs;
use std::io::Read as _;

use aws_lc_rs::digest::{Context, SHA256};
use veto_proto::storage::v1::SnapshotFile;

use super::{Directory, MANIFEST, failed, manifest};
use crate::Error;

/// The most bytes of one piece.
pub(crate) const CHUNK: usize = 1 << 20;

/// A piece of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The file that it is of.
    pub file: String,
    /// Where in the file it begins.
    pub offset: u64,
    /// At most [`CHUNK`] bytes; none for an empty file.
    pub bytes: Vec<u8>,
}

/// A snapshot that is being sent: the manifest first, then each file from its beginning to its end.
pub(crate) struct Outgoing {
    directory: Directory,
    /// What follows the open file, in reverse.
    rest: Vec<SnapshotFile>,
    open: Option<Open>,
}

struct Open {
    file: fs::File,
    name: String,
    offset: u64,
    size: u64,
    /// What it must come to. The manifest has its own check.
    expected: Option<Vec<u8>>,
    digest: Context,
}

impl Outgoing {
    /// Begins to send a snapshot.
    ///
    /// # Errors
    /// When it is damaged; then it is not offered again.
    pub(crate) fn open(directory: &Directory) -> Result<Self, Error> {
        let loaded = manifest::load(directory.path()).inspect_err(|_| directory.condemn())?;
        let path = directory.path().join(MANIFEST);
        let size = fs::metadata(&path).map_err(failed(&path))?.len();
        let mut outgoing = Self {
            directory: directory.clone(),
            rest: loaded.files.into_iter().rev().collect(),
            open: None,
        };
        outgoing.open = Some(outgoing.file(MANIFEST.to_owned(), size, None)?);
        Ok(outgoing)
    }

    /// The next piece, or `None` after the last. Reads a file: not for a thread of the runtime.
    ///
    /// # Errors
    /// When a file is not what the manifest says: the receiver must drop what it has. The snapshot is
    /// not offered again, a new one is built.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<Chunk>, Error> {
        if self.open.is_none() {
            let Some(next) = self.rest.pop() else {
                return Ok(None);
            };
            self.open = Some(self.file(next.name, next.size, Some(next.sha256))?);
        }
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        let path = self.directory.path().join(&open.name);
        let left = usize::try_from(open.size - open.offset).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(CHUNK)];
        if let Err(error) = open.file.read_exact(&mut bytes) {
            self.directory.condemn();
            return Err(manifest::corrupt(&path, &error.to_string()));
        }
        open.digest.update(&bytes);
        let chunk = Chunk {
            file: open.name.clone(),
            offset: open.offset,
            bytes,
        };
        open.offset += chunk.bytes.len() as u64;
        if open.offset == open.size
            && let Some(open) = self.open.take()
            && let digest = open.digest.finish()
            && open
                .expected
                .is_some_and(|expected| expected != digest.as_ref())
        {
            self.directory.condemn();
            return Err(manifest::corrupt(&path, "it does not match its digest"));
        }
        Ok(Some(chunk))
    }

    fn file(&self, name: String, size: u64, expected: Option<Vec<u8>>) -> Result<Open, Error> {
        let path = self.directory.path().join(&name);
        Ok(Open {
            file: fs::File::open(&path).map_err(failed(&path))?,
            name,
            offset: 0,
            size,
            expected,
            digest: Context::new(&SHA256),
        })
    }
}
