//! Starts and stops a control-plane replica.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use veto_core::{Clock, Entropy, OsEntropy, SystemClock, Timestamp};
use veto_identity::ClusterSecret;
use veto_process::metrics;
use veto_proto::administration::v1::agent_service_server::AgentServiceServer;
use veto_proto::administration::v1::cluster_service_server::ClusterServiceServer;
use veto_proto::administration::v1::fleet_service_server::FleetServiceServer;
use veto_proto::administration::v1::key_service_server::KeyServiceServer;
use veto_proto::administration::v1::organization_service_server::OrganizationServiceServer;
use veto_proto::administration::v1::policy_service_server::PolicyServiceServer;
use veto_proto::storage::v1::TokenKey;
use veto_proto::sync::v1::sync_service_server::SyncServiceServer;
use veto_proto::tokens::v1::token_service_server::TokenServiceServer;
use veto_raft::Handle;
use veto_wire::bundle::Signer;
use veto_wire::limits;

use crate::access::Access;
use crate::feed::Feed;
use crate::grpc::{Control, Shared};
use crate::meters::Meters;
use crate::rollout::Rollout;
use crate::{Config, Error, bootstrap, files, peers};

/// How many heartbeats a leader that stops may take to hand over.
const HAND_OVER: u64 = 16;
/// How long calls in progress may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// A control-plane replica that runs.
#[derive(Debug)]
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The address of its metrics.
    pub metrics: Option<SocketAddr>,
    handle: Handle,
    stop: watch::Sender<bool>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    health: HealthReporter,
    hand_over: Duration,
    feed: JoinHandle<()>,
}

/// Starts a replica with the machine's clock and random numbers.
///
/// # Errors
/// [`Error::Config`], [`Error::File`], [`Error::Raft`] or [`Error::Listen`].
pub async fn start(config: Config) -> Result<Running, Error> {
    start_with(config, Arc::new(SystemClock), Arc::new(OsEntropy)).await
}

/// Starts a replica with a clock and random numbers of the caller's.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Running, Error> {
    config.check()?;
    std::fs::create_dir_all(&config.data_dir).map_err(files::failed(&config.data_dir))?;
    let secret = bootstrap::secret(&config, entropy.as_ref())?;
    let begun = clock.now();
    let handle = Handle::start(peers::config(&config, &entropy).await?).await?;
    let running = run(&config, secret, handle.clone(), begun, clock, entropy).await;
    if running.is_err() {
        handle.stop().await;
    }
    running
}

/// Serves a replica that has caught up. Whoever calls closes the stores when this fails, so nothing is
/// spawned before the last thing that can fail.
async fn run(
    config: &Config,
    secret: ClusterSecret,
    handle: Handle,
    begun: Timestamp,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Running, Error> {
    let cluster =
        bootstrap::cluster(config, &handle, &secret, clock.as_ref(), entropy.as_ref()).await?;
    let signer = Arc::new(Signer::from_seed(cluster.clone(), &secret.bundle_seed()?)?);
    bootstrap::trust(config, &signer.trust())?;
    let tokens = secret.token_signer(&cluster)?;
    let token_keys = vec![TokenKey {
        id: tokens.key_id().to_owned(),
        ed25519: tokens.public_key().to_vec(),
    }];

    let meters = Meters::default();
    let events = handle.events();
    let asked = clock.now();
    let confirmed = confirmed(handle.confirm().await, asked, begun)?;
    let feed = Arc::new(Feed::new(
        handle.clone(),
        Arc::clone(&signer),
        token_keys,
        Arc::clone(&clock),
        meters.clone(),
        confirmed,
    )?);
    let (stop, stopping) = watch::channel(false);
    let rollout = Arc::new(Rollout::default());
    let control = Control(Arc::new(Shared {
        access: Access {
            handle: handle.clone(),
            secret: secret.clone(),
        },
        handle: handle.clone(),
        secret,
        tokens,
        signer,
        feed: Arc::clone(&feed),
        rollout: Arc::clone(&rollout),
        meters: meters.clone(),
        clock: Arc::clone(&clock),
        entropy,
        stopping: stopping.clone(),
    }));
    let metrics = match config.metrics_listen {
        Some(listen) => {
            let mut registry = metrics::registry("veto-control-plane");
            handle.measure(&mut registry);
            meters.register(&mut registry);
            let served = metrics::serve(listen, registry, stopping.clone()).await;
            Some(served.map_err(|e| not_heard(listen, &e))?)
        }
        None => None,
    };
    let (address, server, health) = serve(config, control, stopping).await?;
    handle.serve_local(Arc::new(peers::Local {
        rollout,
        clock,
        address,
    }));
    let feed = tokio::spawn(feed.run(events));
    tracing::info!(%address, cluster, revision = %handle.applied(), "control plane started");
    Ok(Running {
        address,
        metrics,
        handle,
        stop,
        server,
        health,
        hand_over: Duration::from_millis(config.heartbeat_milliseconds * HAND_OVER),
        feed,
    })
}

/// When the state was confirmed last. It was while the replica started: an election right now is no
/// reason to end.
fn confirmed(
    answer: Result<(), veto_raft::Error>,
    asked: Timestamp,
    begun: Timestamp,
) -> Result<Timestamp, Error> {
    match answer {
        Ok(()) => Ok(asked),
        Err(error @ veto_raft::Error::Stopped(_)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the state was not confirmed again");
            Ok(begun)
        }
    }
}

type Serving = JoinHandle<Result<(), tonic::transport::Error>>;

async fn serve(
    config: &Config,
    control: Control,
    mut stopping: watch::Receiver<bool>,
) -> Result<(SocketAddr, Serving, HealthReporter), Error> {
    let listen = |e: std::io::Error| not_heard(config.listen, &e);
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    // Else the end of an answer waits for the client's delayed acknowledgement: 40 ms.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("", ServingStatus::Serving)
        .await;
    let most = limits::ADMIN_MESSAGE;
    let organizations = OrganizationServiceServer::new(control.clone());
    let cluster = ClusterServiceServer::new(control.clone());
    let agents = AgentServiceServer::new(control.clone());
    let keys = KeyServiceServer::new(control.clone());
    let policies = PolicyServiceServer::new(control.clone());
    let fleet = FleetServiceServer::new(control.clone());
    let tokens = TokenServiceServer::new(control.clone());
    let sync = SyncServiceServer::new(control);
    let server = limits::server(limits::ADMIN_TIMEOUT)
        .add_service(health)
        .add_service(organizations.max_decoding_message_size(most))
        .add_service(cluster.max_decoding_message_size(most))
        .add_service(agents.max_decoding_message_size(most))
        .add_service(keys.max_decoding_message_size(most))
        .add_service(policies.max_decoding_message_size(most))
        .add_service(fleet.max_decoding_message_size(most))
        .add_service(tokens.max_decoding_message_size(most))
        .add_service(
            sync.max_decoding_message_size(most)
                .max_encoding_message_size(limits::BUNDLE_MESSAGE),
        )
        .serve_with_incoming_shutdown(incoming, async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
    Ok((address, tokio::spawn(server), reporter))
}

fn not_heard(listen: SocketAddr, error: &std::io::Error) -> Error {
    Error::Listen {
        address: listen.to_string(),
        problem: error.to_string(),
    }
}

impl Running {
    /// Resolves when a part of the replica died; it serves no more then.
    pub async fn failed(&mut self) -> Error {
        let problem = tokio::select! {
            error = self.handle.failed() => return Error::Raft(error),
            end = &mut self.server => format!("the server ended: {end:?}"),
            end = &mut self.feed => format!("the feed ended: {end:?}"),
        };
        Error::Listen {
            address: self.address.to_string(),
            problem,
        }
    }

    /// Ends streams, lets calls in progress finish, and stops the replica.
    pub async fn stop(mut self) {
        // Those who ask whether it serves go elsewhere from now on.
        self.health
            .set_service_status("", ServingStatus::NotServing)
            .await;
        // Nodes too, while others are led by another; calls go on until then.
        match self.handle.hand_over(self.hand_over).await {
            Ok(true) => tracing::info!("the lead was handed over"),
            Ok(false) => {}
            Err(error) => tracing::info!(%error, "the lead was not handed over"),
        }
        self.stop.send_replace(true);
        if !self.server.is_finished()
            && tokio::time::timeout(DRAIN, &mut self.server).await.is_err()
        {
            tracing::warn!("calls did not end in time");
            self.server.abort();
        }
        self.feed.abort();
        let _ = (&mut self.feed).await;
        self.handle.stop().await;
        tracing::info!(address = %self.address, "control plane stopped");
    }
}

impl veto_process::Server for Running {
    const NAME: &'static str = "veto-control-plane";
    const ABOUT: &'static str =
        "Keeps organizations, agents, keys and policies, and streams them to nodes";
    const LOG: &'static str = "info,openraft=off";
    type Config = Config;
    type Error = Error;

    fn load(file: Option<&std::path::Path>) -> Result<Config, Error> {
        Config::load(file)
    }

    async fn start(config: Config) -> Result<Self, Error> {
        start(config).await
    }

    async fn failed(&mut self) -> Error {
        Self::failed(self).await
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_does_not_end_a_start_and_what_it_serves_is_as_old_as_its_begin() {
        let (begun, asked) = (Timestamp(1), Timestamp(2));
        assert_eq!(confirmed(Ok(()), asked, begun).unwrap(), asked);
        for passing in [veto_raft::Error::NotLeader, veto_raft::Error::Unconfirmed] {
            assert_eq!(confirmed(Err(passing), asked, begun).unwrap(), begun);
        }
        let stopped = veto_raft::Error::Stopped("it ended".into());
        assert!(confirmed(Err(stopped), asked, begun).is_err());
    }
}
