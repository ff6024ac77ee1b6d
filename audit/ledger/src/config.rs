//! What an operator sets: a YAML file, and environment variables over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use veto_process::config;

use crate::Error;

/// The configuration of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The directory of the database, the kept key set and the secret of the page tokens.
    pub data_dir: PathBuf,
    /// The region whose records are kept. When set, nodes that say another region are refused.
    pub region: String,
    /// Addresses of control planes, such as `http://127.0.0.1:7700`; asked in this order.
    pub control_planes: Vec<String>,
    /// The file that pins the cluster, written by its first control plane.
    pub trust_file: PathBuf,
    /// Says that others see to the secrecy of the connection when `listen` is not loopback.
    pub allow_plaintext: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7702)),
            data_dir: "veto-data/ledger".into(),
            region: String::new(),
            control_planes: vec!["http://127.0.0.1:7700".into()],
            trust_file: "veto-data/control-plane/trust.json".into(),
            allow_plaintext: false,
        }
    }
}

impl Config {
    /// The settings that a `VETO_<KEY>` variable may give; others belong to other programs.
    const KEYS: &[&str] = &[
        "listen",
        "data_dir",
        "region",
        "control_planes",
        "trust_file",
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
        config::check_listen("listen", self.listen, self.allow_plaintext)?;
        config::check_data_dir(&self.data_dir)?;
        config::check_control_planes(&self.control_planes)?;
        Ok(())
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
        let config = read("region: eu\ncontrol_planes: ['http://cp:7700']\n").unwrap();
        assert_eq!((config.region.as_str(), config.listen.port()), ("eu", 7702));
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_named() {
        let error = read("regoin: eu\n").unwrap_err();
        assert!(error.to_string().contains("regoin"), "{error}");
        let error = read("listen: nowhere\n").unwrap_err();
        assert!(error.to_string().contains("listen"), "{error}");
        let error = read("control_planes: ['cp:7700']\n").unwrap_err();
        assert!(error.to_string().contains("cp:7700"), "{error}");
        assert!(read("control_planes: []\n").is_err());
    }

    #[test]
    fn an_open_address_must_be_said_out_loud() {
        assert!(read("listen: 0.0.0.0:7702\n").is_err());
        assert!(read("listen: 0.0.0.0:7702\nallow_plaintext: true\n").is_ok());
    }

    #[test]
    fn a_missing_file_is_an_error() {
        assert!(Config::load(Some(Path::new("/nonexistent/ledger.yaml"))).is_err());
    }
}
