//! Segment files: `<order of the boot>-<boot>-<first sequence>.seg`, so that names sort as frames do.
//! A boot begins a file of its own; no file is appended to by two boots.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use veto_core::BootId;

use super::Error;

/// A segment file by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    /// The place of the boot among the boots of this spool, from 1.
    pub(super) order: u64,
    /// The sequence of its first frame.
    pub(super) first: u64,
    /// The boot, as hexadecimal digits.
    boot: String,
}

impl Segment {
    pub(super) fn new(order: u64, boot: BootId, first: u64) -> Self {
        let boot = boot.to_string();
        Self { order, first, boot }
    }

    pub(super) fn boot(&self) -> BootId {
        BootId(bytes_of(&self.boot).unwrap_or_default())
    }

    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        let Self { order, first, boot } = self;
        dir.join(format!("{order:012}-{boot}-{first:020}.seg"))
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".seg")?.split('-');
        let (order, boot, first) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        bytes_of(boot)?;
        Some(Self {
            order: order.parse().ok()?,
            first: first.parse().ok()?,
            boot: boot.to_owned(),
        })
    }

    /// Creates the file; it and its name are on stable storage when this returns.
    pub(super) fn create(&self, dir: &Path) -> Result<File, Error> {
        let path = self.path(dir);
        let create = || {
            let file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?;
            file.sync_all()?;
            sync_dir(dir)?;
            Ok(file)
        };
        create().map_err(Error::storage(&path))
    }

    pub(super) fn remove(&self, dir: &Path) -> Result<(), Error> {
        let path = self.path(dir);
        fs::remove_file(&path).map_err(Error::storage(&path))
    }

    /// Renames the file, so that no reader takes it for a segment and people can look at it.
    pub(super) fn set_aside(&self, dir: &Path, ending: &str) -> Result<(), Error> {
        let path = self.path(dir);
        fs::rename(&path, aside(&path, ending))
            .and_then(|()| sync_dir(dir))
            .map_err(Error::storage(&path))
    }

    /// Copies the file beside itself before it is shortened.
    pub(super) fn copy_aside(&self, dir: &Path, ending: &str) -> Result<(), Error> {
        let path = self.path(dir);
        let copy = || {
            let beside = aside(&path, ending);
            fs::copy(&path, &beside)?;
            File::open(&beside)?.sync_all()?;
            sync_dir(dir)
        };
        copy().map_err(Error::storage(&path))
    }

    /// Cuts the file at `length`, for good.
    pub(super) fn truncate(&self, dir: &Path, length: u64) -> Result<(), Error> {
        let path = self.path(dir);
        let cut = || {
            let file = OpenOptions::new().write(true).open(&path)?;
            file.set_len(length)?;
            file.sync_all()
        };
        cut().map_err(Error::storage(&path))
    }

    pub(super) fn size(&self, dir: &Path) -> Result<u64, Error> {
        let path = self.path(dir);
        let size = fs::metadata(&path).map(|meta| meta.len());
        size.map_err(Error::storage(&path))
    }
}

/// All segments, oldest frame first.
pub(super) fn list(dir: &Path) -> Result<Vec<Segment>, Error> {
    let read = || -> io::Result<Vec<Segment>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            found.extend(name.to_str().and_then(Segment::parse));
        }
        found.sort();
        Ok(found)
    };
    read().map_err(Error::storage(dir))
}

/// Forces what was created, renamed or removed in a directory to stable storage.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn aside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(format!("seg.{ending}"))
}

fn bytes_of(hex: &str) -> Option<[u8; 16]> {
    if hex.len() != 32 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
