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
    /// The address to listen on for the other replicas. Absent: there are none.
    pub peer_listen: Option<SocketAddr>,
    /// Where the other replicas reach this one, `host:port`; by default `peer_listen`. It never changes.
    pub peer_address: Option<String>,
    /// The certificate that names this replica to the others, PEM; by default `peer.pem` in `data_dir`.
    pub peer_certificate: Option<PathBuf>,
    /// The key of that certificate, PEM; by default `peer.key` in `data_dir`.
    pub peer_key: Option<PathBuf>,
    /// The authority that issued the certificates, PEM; by default `authority.pem` in `data_dir`.
    pub peer_authority: Option<PathBuf>,
    /// How often the leader says that it is there; an election follows after 8 to 10 times that.
    pub heartbeat_milliseconds: u64,
    /// The address of `GET /metrics` for Prometheus. Absent: there is none.
    pub metrics_listen: Option<SocketAddr>,
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
            peer_listen: None,
            peer_address: None,
            peer_certificate: None,
            peer_key: None,
            peer_authority: None,
            heartbeat_milliseconds: 100,
            metrics_listen: None,
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
        "peer_listen",
        "peer_address",
        "peer_certificate",
        "peer_key",
        "peer_authority",
        "heartbeat_milliseconds",
        "metrics_listen",
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
        if let Some(listen) = self.metrics_listen {
            config::check_listen("metrics_listen", listen, self.allow_plaintext)?;
        }
        config::check_data_dir(&self.data_dir)?;
        if !(20..=10_000).contains(&self.heartbeat_milliseconds) {
            let problem = "`heartbeat_milliseconds` is not between 20 and 10000";
            return Err(Error::Config(problem.into()));
        }
        match (&self.peer_address, self.peer_listen) {
            (Some(_), None) => Err(Error::Config("`peer_address` needs `peer_listen`".into())),
            (Some(address), Some(_)) if !is_peer_address(address) => Err(Error::Config(format!(
                "`peer_address`: `{address}` is not `host:port`"
            ))),
            (None, Some(listen)) if listen.ip().is_unspecified() || listen.port() == 0 => {
                Err(Error::Config(format!(
                    "`peer_listen` {listen} is no address for others: set `peer_address`"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Where peers reach this replica. Empty: it has none.
    #[must_use]
    pub fn peer_address(&self) -> String {
        let listen = self.peer_listen.map(|listen| listen.to_string());
        self.peer_address.clone().or(listen).unwrap_or_default()
    }

    /// Where the cluster's secret is.
    #[must_use]
    pub fn secret_file(&self) -> PathBuf {
        self.cluster_secret_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("cluster.secret"))
    }
}

/// Tells whether peers can be reached at the text: a host and a port.
pub(crate) fn is_peer_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@';
    text.len() <= 255
        && !text.contains(odd)
        && text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
        })
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

    #[test]
    fn peers_need_an_address_that_others_can_use() {
        for bad in [
            "peer_address: h:1\n",
            "peer_listen: 0.0.0.0:1\n",
            "peer_listen: 127.0.0.1:0\n",
            "peer_listen: 0.0.0.0:1\npeer_address: h\n",
            "peer_listen: 0.0.0.0:1\npeer_address: 'a/b:1'\n",
            "heartbeat_milliseconds: 1\n",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let config = read("peer_listen: 127.0.0.1:7710\n").unwrap();
        assert_eq!(config.peer_address(), "127.0.0.1:7710");
        let config = read("peer_listen: 0.0.0.0:1\npeer_address: h:2\n").unwrap();
        assert_eq!(config.peer_address(), "h:2");
    }
}
