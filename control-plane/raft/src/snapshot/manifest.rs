//! The manifest of a snapshot: written when all files are in place, checked before any is believed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use prost::Message as _;
use veto_proto::storage::v1::{AppliedState, SnapshotFile, SnapshotManifest};

use super::{Directory, MANIFEST, failed};
use crate::{Error, codec};
use std::sync::atomic::Ordering;

/// No manifest is larger, in bytes.
pub(super) const MOST: usize = 4 << 20;
/// Read at once, in bytes.
const BLOCK: usize = 1 << 20;

/// Writes the manifest of a directory whose files are in place, and forces all of it to the disk.
pub(crate) fn seal(path: &Path, applied: AppliedState) -> Result<SnapshotManifest, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed(path))? {
        let entry = entry.map_err(failed(path))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.push(describe(&entry.path(), name)?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let id = applied.last_applied.as_ref().map_or_else(
        || "empty".to_owned(),
        |id| format!("{:020}-{}-{}", id.index, id.term, id.node),
    );
    let manifest = SnapshotManifest {
        id,
        applied: Some(applied),
        files,
    };
    write(path, &codec::seal(&manifest))?;
    Ok(manifest)
}

/// Writes the manifest's bytes and forces the directory to the disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = path.join(MANIFEST);
    fs::File::create(&file)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(failed(&file))?;
    sync_directory(path)
}

/// Forces a directory's entries to the disk.
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    let synced = fs::File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(failed(path))
}

/// Gives a file that never changes a second name, or copies it where that cannot be.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> Result<(), Error> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)
        .and_then(|_| fs::File::open(to)?.sync_all())
        .map_err(failed(to))
}

/// Reads the manifest and checks that each file has its size; the content is not read.
pub(crate) fn load(path: &Path) -> Result<SnapshotManifest, Error> {
    let file = path.join(MANIFEST);
    let manifest = parse(&fs::read(&file).map_err(|e| corrupt(&file, &e.to_string()))?)?;
    for expected in &manifest.files {
        let file = path.join(&expected.name);
        let size = fs::metadata(&file).map(|meta| meta.len());
        if size.as_ref().ok() != Some(&expected.size) {
            return Err(corrupt(&file, "the size differs, or it is missing"));
        }
    }
    Ok(manifest)
}

/// Opens the manifest's bytes; the names in it may come from another node.
pub(super) fn parse(bytes: &[u8]) -> Result<SnapshotManifest, Error> {
    let manifest: SnapshotManifest = codec::open(bytes)?;
    let plain = |name: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !name.starts_with('.') && !name.is_empty() && name.chars().all(allowed) && name != MANIFEST
    };
    let sorted = manifest.files.is_sorted_by(|a, b| a.name < b.name);
    if !sorted || manifest.files.iter().any(|file| !plain(&file.name)) {
        return Err(Error::Corrupt("a snapshot has impossible names".into()));
    }
    debug_assert!(manifest.encoded_len() <= bytes.len());
    Ok(manifest)
}

/// Checks every byte, once in the life of a directory.
pub(crate) fn verify(directory: &Directory) -> Result<SnapshotManifest, Error> {
    let manifest = load(directory.path())?;
    if directory.0.verified.load(Ordering::Acquire) {
        return Ok(manifest);
    }
    for expected in &manifest.files {
        let file = directory.path().join(&expected.name);
        if describe(&file, expected.name.clone())? != *expected {
            return Err(corrupt(&file, "it does not match its digest"));
        }
    }
    directory.0.verified.store(true, Ordering::Release);
    Ok(manifest)
}

/// Reads a file through, and forces it to the disk.
fn describe(path: &Path, name: String) -> Result<SnapshotFile, Error> {
    let mut file = fs::File::open(path).map_err(failed(path))?;
    file.sync_all().map_err(failed(path))?;
    let mut digest = Context::new(&SHA256);
    let mut block = vec![0; BLOCK];
    let mut size = 0;
    loop {
        let count = file.read(&mut block).map_err(failed(path))?;
        if count == 0 {
            break;
        }
        size += count as u64;
        digest.update(&block[..count]);
    }
    Ok(SnapshotFile {
        name,
        size,
        sha256: digest.finish().as_ref().to_vec(),
    })
}

pub(super) fn corrupt(path: &Path, problem: &str) -> Error {
    Error::Corrupt(format!("snapshot {}: {problem}", path.display()))
}
