//! The keys that `veto dev` made: one file each, readable by their owner alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use veto_core::Secret;

use crate::error::Error;

/// The folder of keys.
pub(super) struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Opens the folder below the data directory, and makes it when it is not there.
    pub(super) fn open(data_dir: &Path) -> Result<Self, Error> {
        let folder = data_dir.join("keys");
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(at(&folder))?;
        Ok(Self { folder })
    }

    /// The file of a key.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    /// Reads a key; none when it was never kept.
    pub(super) fn read(&self, name: &str) -> Result<Option<Secret<String>>, Error> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secret::new(text.trim().to_owned()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Keeps a key: whole or not at all, since its secret is shown only once.
    pub(super) fn keep(&self, name: &str, key: &str) -> Result<Secret<String>, Error> {
        let path = self.path(name);
        let draft = path.with_extension("key.new");
        let write = || {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            writeln!(file, "{key}")?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        write().map_err(at(&path))?;
        Ok(Secret::new(key.to_owned()))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |source| Error::File {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        assert!(keys.read("admin").unwrap().is_none());
        keys.keep("admin", "veto_admin_x").unwrap();
        assert_eq!(
            keys.read("admin").unwrap().unwrap().expose(),
            "veto_admin_x"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys.path("admin")), 0o600);
        assert_eq!(mode(&folder.path().join("keys")), 0o700);
    }
}
