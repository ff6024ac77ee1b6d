//! What the other replicas are told, and how they are reached.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use veto_core::{Clock, Entropy};
use veto_proto::raft::v1::FleetRow;
use veto_raft::{Credentials, Peers};

use crate::grpc::fleet;
use crate::rollout::Rollout;
use crate::{Config, Error, bootstrap};

/// How the replica below this server runs.
pub(crate) async fn config(
    config: &Config,
    entropy: &Arc<dyn Entropy>,
) -> Result<veto_raft::Config, Error> {
    let bootstrap = match config.bootstrap {
        true => Some(bootstrap::draw_id(config, entropy.as_ref())?),
        false => None,
    };
    Ok(veto_raft::Config {
        bootstrap,
        peers: peers(config).await?,
        heartbeat: Duration::from_millis(config.heartbeat_milliseconds),
        entropy: Arc::clone(entropy),
        ..veto_raft::Config::new(config.data_dir.clone())
    })
}

async fn peers(config: &Config) -> Result<Option<Peers>, Error> {
    let Some(listen) = config.peer_listen else {
        return Ok(None);
    };
    let file = |given: &Option<PathBuf>, name: &str| {
        let given = given.clone();
        given.unwrap_or_else(|| config.data_dir.join(name))
    };
    let credentials = Credentials::read(
        &file(&config.peer_authority, "authority.pem"),
        &file(&config.peer_certificate, "peer.pem"),
        &file(&config.peer_key, "peer.key"),
    )?;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.map_err(|e| Error::Listen {
        address: listen.to_string(),
        problem: e.to_string(),
    })?;
    let address = config.peer_address();
    Ok(Some(Peers::tls(listener, address, credentials)))
}

/// What peers may ask of this server; it holds no replica, so that it keeps none alive.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) rollout: Arc<Rollout>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) address: SocketAddr,
}

impl veto_raft::Local for Local {
    fn fleet(&self, organization: &str) -> Vec<FleetRow> {
        let picked = |scope: &veto_core::Scope| {
            organization.is_empty() || scope.organization.as_str() == organization
        };
        let rows = self.rollout.list(self.clock.now(), picked);
        rows.into_iter().map(fleet::row).collect()
    }

    fn client_address(&self) -> String {
        self.address.to_string()
    }
}
