//! Starts and stops the parts.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use crate::{Error, node_key};

/// Above the time that each part takes to drain by itself.
const STOP: Duration = Duration::from_secs(10);

/// Where to keep state and where to listen; port 0 takes a free one.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of all state.
    pub data_dir: PathBuf,
    /// Where the control plane listens.
    pub control_plane: SocketAddr,
    /// Where the data plane listens.
    pub data_plane: SocketAddr,
    /// Where the ledger listens.
    pub ledger: SocketAddr,
}

/// Where the parts listen, and the key of the operators.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The control plane.
    pub control_plane: SocketAddr,
    /// The data plane.
    pub data_plane: SocketAddr,
    /// The ledger.
    pub ledger: SocketAddr,
    /// An admin key of the organization `system`.
    pub root_key: veto_core::Secret<String>,
}

/// The parts, running.
#[derive(Debug)]
pub struct Running {
    /// Where they listen.
    pub addresses: Addresses,
    control_plane: veto_server::Running,
    ledger: veto_ledger::Running,
    data_plane: veto_data_plane::Running,
}

/// Starts the parts: the control plane first, since it makes the trust anchor and the keys that the
/// others need; the ledger before the node that writes to it.
///
/// # Errors
/// When a part does not start; what had started is stopped.
pub async fn start(config: Config) -> Result<Running, Error> {
    let folder = |name: &str| config.data_dir.join(name);
    make(&config.data_dir)?;
    let control_plane = veto_server::start(veto_server::Config {
        listen: config.control_plane,
        data_dir: folder("control-plane"),
        bootstrap: true,
        ..veto_server::Config::default()
    })
    .await
    .map_err(Error::ControlPlane)?;
    let root_key = read(&folder("control-plane").join("root.key"))?;
    let trust_file = folder("control-plane").join("trust.json");
    let control_planes = vec![format!("http://{}", control_plane.address)];
    let key_file = node_key::ensure(&config.data_dir, control_plane.address, &root_key).await?;

    let ledger = veto_ledger::start(veto_ledger::Config {
        listen: config.ledger,
        data_dir: folder("ledger"),
        control_planes: control_planes.clone(),
        trust_file: trust_file.clone(),
        ..veto_ledger::Config::default()
    })
    .await
    .map_err(Error::Ledger)?;
    let data_plane = veto_data_plane::start(veto_data_plane::Config {
        listen: config.data_plane,
        data_dir: folder("data-plane"),
        node: "dev".to_owned(),
        control_planes,
        key_file,
        trust_file,
        ledger: Some(format!("http://{}", ledger.address)),
        ..veto_data_plane::Config::default()
    })
    .await
    .map_err(Error::DataPlane)?;

    let addresses = Addresses {
        control_plane: control_plane.address,
        data_plane: data_plane.address,
        ledger: ledger.address,
        root_key: veto_core::Secret::new(root_key),
    };
    Ok(Running {
        addresses,
        control_plane,
        ledger,
        data_plane,
    })
}

impl Running {
    /// Resolves when a part died.
    pub async fn failed(&mut self) -> Error {
        tokio::select! {
            error = self.control_plane.failed() => died("the control plane", error),
            error = self.ledger.failed() => died("the ledger", error),
            error = self.data_plane.failed() => died("the data plane", error),
        }
    }

    /// Stops the parts: the node first, so that its last records still find a ledger.
    ///
    /// # Errors
    /// [`Error::StopTimeout`] when a part hangs; its state is safe all the same, as after a crash.
    pub async fn stop(self) -> Result<(), Error> {
        bounded("the data plane", self.data_plane.stop()).await?;
        bounded("the ledger", self.ledger.stop()).await?;
        bounded("the control plane", self.control_plane.stop()).await
    }
}

fn died(part: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> Error {
    let source = Box::new(source);
    Error::Died { part, source }
}

async fn bounded(part: &'static str, stop: impl Future<Output = ()>) -> Result<(), Error> {
    timeout(STOP, stop)
        .await
        .map_err(|_| Error::StopTimeout { part })
}

fn make(folder: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|source| Error::File {
        path: folder.display().to_string(),
        source,
    })
}

fn read(path: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| Error::File {
        path: path.display().to_string(),
        source,
    })?;
    Ok(text.trim().to_owned())
}
