//! Small files of the data directory: read whole, replaced whole and durably.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use veto_core::{Entropy, Secret};

use crate::Error;

/// Largest file that is read, in bytes.
const MAX: u64 = 1024 * 1024;
const SECRET_FILE: &str = "page.secret";

/// Makes the data directory when it is not there; nobody else may read it.
pub(crate) fn make_dir(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| Error::file("make", path, e))
}

/// Reads a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::file("open", path, e)),
    };
    let mut bytes = Vec::new();
    file.take(MAX)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::file("read", path, e))?;
    Ok(Some(bytes))
}

/// Puts new content in place of a file's: after a loss of power it holds the old or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |action: &'static str| move |e| Error::file(action, path, e);
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&fresh).map_err(failed("write"))?;
    file.write_all(bytes).map_err(failed("write"))?;
    file.sync_all().map_err(failed("sync"))?;
    std::fs::rename(&fresh, path).map_err(failed("replace"))?;
    let Some(directory) = path.parent() else {
        return Ok(());
    };
    File::open(directory)
        .and_then(|d| d.sync_all())
        .map_err(failed("sync the directory of"))
}

/// Reads the secret of the page tokens, and makes it on first use.
pub(crate) fn secret(data_dir: &Path, entropy: &dyn Entropy) -> Result<Secret<[u8; 32]>, Error> {
    let path = data_dir.join(SECRET_FILE);
    if let Some(bytes) = read(&path)? {
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| Error::Config(format!("{} is not 32 bytes; remove it", path.display())))?;
        return Ok(Secret::new(bytes));
    }
    let mut bytes = [0; 32];
    entropy
        .fill(&mut bytes)
        .map_err(|e| Error::file("draw randomness for", &path, e))?;
    replace(&path, &bytes)?;
    Ok(Secret::new(bytes))
}
