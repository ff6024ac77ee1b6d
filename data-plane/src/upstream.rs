//! The control planes that this node may ask, and the key that it shows them.

use std::time::Duration;

use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use veto_core::Secret;
use veto_wire::limits::CONNECT_TIMEOUT;
use veto_wire::metadata;

use crate::{Config, Error};

const KEEPALIVE: Duration = Duration::from_secs(10);
const WINDOW: u32 = 2 << 20;
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The control planes, and the node's key.
#[derive(Debug)]
pub(crate) struct Upstream {
    control_planes: Vec<ControlPlane>,
    key: Secret<String>,
}

/// One control plane.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    address: String,
    endpoint: Endpoint,
}

impl Upstream {
    /// Reads addresses and key from the configuration; connects to nothing yet.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let control_plane = |address: &String| {
            let endpoint = Endpoint::from_shared(address.clone())
                .map_err(|e| Error::Config(format!("`control_planes`: {e}")))?
                .connect_timeout(CONNECT_TIMEOUT)
                .http2_keep_alive_interval(KEEPALIVE)
                .keep_alive_timeout(KEEPALIVE_TIMEOUT)
                .keep_alive_while_idle(true)
                // A bundle of many megabytes must not wait for a round trip every 64 KiB.
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(2 * WINDOW)
                .tcp_nodelay(true);
            Ok(ControlPlane {
                address: address.clone(),
                endpoint,
            })
        };
        let control_planes: Vec<_> = config
            .control_planes
            .iter()
            .map(control_plane)
            .collect::<Result<_, Error>>()?;
        if control_planes.is_empty() {
            return Err(Error::Config("`control_planes` is empty".into()));
        }
        Ok(Self {
            control_planes,
            key: config.node_key()?,
        })
    }

    /// The control planes, one after the other, over and over.
    pub(crate) fn in_turn(&self, turn: usize) -> &ControlPlane {
        &self.control_planes[turn % self.control_planes.len()]
    }

    /// Every control plane once.
    pub(crate) fn all(&self) -> &[ControlPlane] {
        &self.control_planes
    }

    /// Shows the node's key.
    pub(crate) fn authorize<T>(&self, request: &mut Request<T>) -> Result<(), Error> {
        metadata::authorize(request, self.key.expose())
            .map_err(|status| Error::Config(format!("`key_file`: {}", status.message())))
    }
}

impl ControlPlane {
    /// Its address, for logs.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A connection that is made when it is first used.
    pub(crate) fn channel(&self) -> Channel {
        self.endpoint.connect_lazy()
    }

    /// An error that names it.
    pub(crate) fn failed(&self, problem: String) -> Error {
        Error::ControlPlane {
            address: self.address.clone(),
            problem,
        }
    }
}
