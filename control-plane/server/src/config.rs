//! What an operator sets: a YAML file, and environment variables over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use veto_process::config;

use crate::Error;

/// The configuration of a control-plane replica.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The directory of log, state, snapshots, and of the files made at the bootstrap.
    pub data_dir: PathBuf,
    /// The file with the cluster's 32-byte secret; by default `cluster.secret` in `data_dir`.
    pub cluster_secret_file: Option<PathBuf>,
    /// Whether a new cluster is made where there is none.
    pub bootstrap: bool,
    /// Says that others see to the secrecy of the connection when `listen` is not loopback.
    pub allow_plaintext: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7700)),
            data_dir: "veto-data/control-plane".into(),
            cluster_secret_file: None,
            bootstrap: false,
            allow_plaintext: false,
        }
    }
}

impl Config {
    /// The settings that a `VETO_<KEY>` variable may give; others belong to other programs.
    const KEYS: &[&str] = &[
        "listen",
        "data_dir",
        "cluster_secret_file",
        "bootstrap",
        "allow_plaintext",
    ];

    /// Reads the file, when there is one, and the environment over it.
    ///
    /// # Errors
    /// [`Error::Config`] when either has an error; the text names the key.
    pub fn load(file: Option<&Path>) -> Result<Self, Error> {
        let config: Self = config::load(file, Self::KEYS)?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// [`Error::Config`] with the key and the problem.
    pub fn check(&self) -> Result<(), Error> {
        config::check_listen(self.listen, self.allow_plaintext)?;
        config::check_data_dir(&self.data_dir)?;
        Ok(())
    }

    /// Where the cluster's secret is.
    #[must_use]
    pub fn secret_file(&self) -> PathBuf {
        self.cluster_secret_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("cluster.secret"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path()))
    }

    #[test]
    fn what_a_file_leaves_out_has_a_default() {
        let config = read("bootstrap: true\ndata_dir: /x\n").unwrap();
        assert_eq!((config.bootstrap, config.listen.port()), (true, 7700));
        assert_eq!(config.secret_file(), PathBuf::from("/x/cluster.secret"));
    }

    #[test]
    fn an_unknown_key_and_an_open_address_are_named() {
        assert!(
            read("bootstarp: true\n")
                .unwrap_err()
                .to_string()
                .contains("bootstarp")
        );
        assert!(
            read("listen: 0.0.0.0:1\n")
                .unwrap_err()
                .to_string()
                .contains("listen")
        );
        assert!(read("listen: 0.0.0.0:1\nallow_plaintext: true\n").is_ok());
    }
}
