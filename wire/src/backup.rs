//! The file of a backup: `vetobkp1 | length of the head, u32 little-endian | head | SHA-256 of all before |
//! the bytes of each file, in the head's order`, and nothing after. The head names every file with its
//! size and SHA-256, so a file that is cut, or in which one bit is not what it was, is refused.
//!
//! Bytes go in as they come, a piece at a time; nothing holds a backup as a whole.

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use veto_core::Code;
use veto_proto::storage::v1::{BackupHead, SnapshotFile};

use crate::status::Coded;

const MAGIC: &[u8; 8] = b"vetobkp1";
/// Magic and length.
const FIXED: usize = 12;
const DIGEST: usize = 32;
/// No head is larger, in bytes.
const MOST_HEAD: usize = 4 << 20;

/// Why bytes are no backup.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the backup is damaged: {0}")]
pub struct Error(String);

impl Coded for Error {
    fn code(&self) -> Code {
        Code::BackupCorrupt
    }

    fn public(&self) -> String {
        self.to_string()
    }
}

/// The bytes before the first file.
#[must_use]
pub fn seal(head: &BackupHead) -> Vec<u8> {
    let body = head.encode_to_vec();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut bytes = [MAGIC.as_slice(), &length.to_le_bytes(), &body].concat();
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

/// Some bytes of a file of the backup.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The file, by its place in the head.
    pub file: usize,
    /// Its next bytes; none for an empty file.
    pub bytes: &'a [u8],
    /// The file ends here, and is what the head says.
    pub last: bool,
}

/// Reads a backup piece by piece, and checks each file when it ends.
#[derive(Debug, Default)]
pub struct Reader {
    /// The bytes of the head, until it is whole.
    start: Vec<u8>,
    head: Option<BackupHead>,
    /// The file that comes next.
    file: usize,
    /// How much of it was read.
    offset: u64,
    digest: Sha256,
}

impl Reader {
    /// What the backup is of, as soon as its head was read and checked.
    #[must_use]
    pub fn head(&self) -> Option<&BackupHead> {
        self.head.as_ref()
    }

    /// Takes the next bytes and gives what they are of the files.
    ///
    /// # Errors
    /// When they are not what was written. Nothing that was read of the backup is to be used then.
    pub fn take<'a>(&mut self, mut bytes: &'a [u8]) -> Result<Vec<Piece<'a>>, Error> {
        if self.head.is_none() {
            bytes = self.start(bytes)?;
        }
        let mut pieces = Vec::new();
        while let Some(expected) = self.next() {
            let left = expected.size - self.offset;
            let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let last = count as u64 == left;
            if count == 0 && !last {
                return Ok(pieces);
            }
            let (piece, rest) = bytes.split_at(count);
            self.digest.update(piece);
            self.offset += count as u64;
            pieces.push(Piece {
                file: self.file,
                bytes: piece,
                last,
            });
            if last {
                self.close()?;
            }
            bytes = rest;
        }
        if self.head.is_some() && !bytes.is_empty() {
            return Err(Error("there are bytes after its end".into()));
        }
        Ok(pieces)
    }

    /// Ends the backup: all of it was there.
    ///
    /// # Errors
    /// When it ends early.
    pub fn finish(self) -> Result<BackupHead, Error> {
        let short = || Error("it is cut short".into());
        if self.next().is_some() {
            return Err(short());
        }
        self.head.ok_or_else(short)
    }

    /// Takes bytes of the head; gives what follows it.
    fn start<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Error> {
        fill(&mut self.start, &mut bytes, FIXED);
        if !MAGIC.starts_with(&self.start[..self.start.len().min(MAGIC.len())]) {
            return Err(Error("it is no backup of a control plane".into()));
        }
        let Some(length) = self.start.get(MAGIC.len()..FIXED) else {
            return Ok(bytes);
        };
        let length = length
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | usize::from(*byte));
        if length > MOST_HEAD {
            return Err(Error("its head is impossibly long".into()));
        }
        let end = FIXED + length;
        fill(&mut self.start, &mut bytes, end + DIGEST);
        let Some((signed, digest)) = self.start.split_at_checked(end) else {
            return Ok(bytes);
        };
        if digest.len() < DIGEST {
            return Ok(bytes);
        }
        if Sha256::digest(signed).as_slice() != digest {
            return Err(Error("its head does not match its digest".into()));
        }
        let head = BackupHead::decode(&signed[FIXED..]).map_err(|e| Error(e.to_string()))?;
        check(&head)?;
        self.head = Some(head);
        self.start = Vec::new();
        Ok(bytes)
    }

    fn next(&self) -> Option<&SnapshotFile> {
        self.head.as_ref()?.snapshot.as_ref()?.files.get(self.file)
    }

    fn close(&mut self) -> Result<(), Error> {
        let digest = std::mem::take(&mut self.digest).finalize();
        let expected = self.next();
        if expected.is_none_or(|expected| expected.sha256 != digest.as_slice()) {
            let name = expected.map(|file| file.name.as_str()).unwrap_or_default();
            return Err(Error(format!("`{name}` in it does not match its digest")));
        }
        self.file += 1;
        self.offset = 0;
        Ok(())
    }
}

/// Moves bytes over until `to` has so many.
fn fill(to: &mut Vec<u8>, from: &mut &[u8], size: usize) {
    let missing = size.saturating_sub(to.len()).min(from.len());
    let (taken, rest) = from.split_at(missing);
    to.extend_from_slice(taken);
    *from = rest;
}

/// The names become files: they are plain, and each is there once.
fn check(head: &BackupHead) -> Result<(), Error> {
    let Some(snapshot) = &head.snapshot else {
        return Err(Error("it names no state".into()));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain =
        |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed);
    let sorted = snapshot.files.is_sorted_by(|a, b| a.name < b.name);
    if !sorted || !snapshot.files.iter().all(|file| plain(&file.name)) {
        return Err(Error("it has impossible names".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
