//! What an operator sets: a YAML file, and environment variables over it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use veto_core::{NodeId, Secret};
use veto_identity::{ApiKey, KeyKind};
use veto_process::config;

use crate::Error;

/// A few of the largest records must fit.
const LEAST_SPOOL: u64 = 2 << 20;

/// The configuration of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The directory of the last-good bundles and of the record spool.
    pub data_dir: PathBuf,
    /// The node's name, unique in the fleet.
    pub node: String,
    /// The region it answers for. Empty: none.
    pub region: String,
    /// Addresses of control planes, such as `http://127.0.0.1:7700`; tried in turn.
    pub control_planes: Vec<String>,
    /// The file that holds the node's API key.
    pub key_file: PathBuf,
    /// The file that pins the cluster, written by its first control plane.
    pub trust_file: PathBuf,
    /// How many bytes of records the spool may hold; above it calls are refused.
    pub spool_bytes: u64,
    /// The address of the region's ledger. Absent: records stay in the spool.
    pub ledger: Option<String>,
    /// Where a copy of the records goes as OpenTelemetry logs. Absent: nowhere.
    pub otlp: Option<Otlp>,
    /// Says that others see to the secrecy of the connection when `listen` is not loopback.
    pub allow_plaintext: bool,
}

/// Where the copy of the records goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// The address of an OTLP/gRPC collector, such as `http://127.0.0.1:4317`.
    pub endpoint: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7701)),
            data_dir: "veto-data/data-plane".into(),
            node: "node-1".into(),
            region: String::new(),
            control_planes: vec!["http://127.0.0.1:7700".into()],
            key_file: "veto-data/data-plane/node.key".into(),
            trust_file: "veto-data/control-plane/trust.json".into(),
            spool_bytes: 8 << 30,
            ledger: None,
            otlp: None,
            allow_plaintext: false,
        }
    }
}

impl Config {
    /// The settings that a `VETO_<KEY>` variable may give; others belong to other programs. An
    /// inner setting takes two underscores: `VETO_OTLP__ENDPOINT`.
    const KEYS: &[&str] = &[
        "listen",
        "data_dir",
        "node",
        "region",
        "control_planes",
        "key_file",
        "trust_file",
        "spool_bytes",
        "ledger",
        "otlp.endpoint",
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
        if let Some(address) = &self.ledger {
            config::check_address("ledger", address)?;
        }
        if let Some(otlp) = &self.otlp {
            config::check_address("otlp.endpoint", &otlp.endpoint)?;
        }
        if self.spool_bytes < LEAST_SPOOL {
            return Err(Error::Config(format!(
                "`spool_bytes` is below {LEAST_SPOOL}"
            )));
        }
        if self.region.len() > 63 {
            return Err(Error::Config("`region` has more than 63 bytes".into()));
        }
        self.node_id().map(|_| ())
    }

    /// The node's name.
    ///
    /// # Errors
    /// [`Error::Config`] when it breaks the grammar of names.
    pub fn node_id(&self) -> Result<NodeId, Error> {
        NodeId::new(&self.node).map_err(|e| Error::Config(format!("`node`: {e}")))
    }

    /// Reads the node's key.
    ///
    /// # Errors
    /// [`Error::Config`] when the file cannot be read or does not hold a node key.
    pub fn node_key(&self) -> Result<Secret<String>, Error> {
        let failed = |problem: &dyn std::fmt::Display| {
            Error::Config(format!("`key_file` {}: {problem}", self.key_file.display()))
        };
        let text = std::fs::read_to_string(&self.key_file).map_err(|e| failed(&e))?;
        let key = ApiKey::parse(text.trim()).map_err(|e| failed(&e))?;
        if key.kind != KeyKind::Node {
            return Err(failed(&format!(
                "a {} key stands where a node key must",
                key.kind.as_str()
            )));
        }
        Ok(Secret::new(key.reveal()))
    }

    /// SHA-256 of the configuration, for the boot record.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("{self:?}")).into()
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
        let config = read("region: eu\notlp: { endpoint: 'http://collector:4317' }\n").unwrap();
        assert_eq!((config.region.as_str(), config.listen.port()), ("eu", 7701));
        assert_eq!(config.otlp.unwrap().endpoint, "http://collector:4317");
    }

    #[test]
    fn an_unknown_key_and_a_wrong_value_are_named() {
        for (text, named) in [
            ("regoin: eu\n", "regoin"),
            ("listen: nowhere\n", "listen"),
            ("node: 'Not A Name'\n", "node"),
            ("control_planes: ['cp:7700']\n", "cp:7700"),
            ("spool_bytes: 1000\n", "spool_bytes"),
            ("ledger: 'https://ledger'\n", "ledger"),
            ("otlp: { endpoint: 'http://c:1', retries: 3 }\n", "retries"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
        assert!(read("control_planes: []\n").is_err());
    }

    #[test]
    fn an_open_address_must_be_said_out_loud() {
        assert!(read("listen: 0.0.0.0:7701\n").is_err());
        assert!(read("listen: 0.0.0.0:7701\nallow_plaintext: true\n").is_ok());
    }

    #[test]
    fn only_a_node_key_serves_as_node_key() {
        let directory = tempfile::tempdir().unwrap();
        let key_file = directory.path().join("node.key");
        let config = Config {
            key_file: key_file.clone(),
            ..Config::default()
        };
        assert!(config.node_key().is_err());
        let entropy = veto_core::clock::SeededEntropy::new(1);
        for (kind, good) in [(KeyKind::Node, true), (KeyKind::Admin, false)] {
            let key = ApiKey::generate(kind, None, &entropy).unwrap();
            std::fs::write(&key_file, format!("{}\n", key.reveal())).unwrap();
            assert_eq!(config.node_key().is_ok(), good, "{kind:?}");
        }
    }
}
