//! Starts and stops the ledger.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use veto_core::{Clock, Entropy, OsEntropy, SystemClock};
use veto_identity::Trust;
use veto_proto::records::v1::record_service_server::{RecordServiceServer, SERVICE_NAME};
use veto_wire::limits;

use crate::access::Access;
use crate::grpc::{Limits, Records};
use crate::jwks::Keys;
use crate::page::Sealer;
use crate::store::Store as _;
use crate::store::sqlite::Sqlite;
use crate::{Config, Error, files};

/// How long calls in progress may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// A ledger that runs.
#[derive(Debug)]
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    store: Arc<Sqlite>,
    stop: watch::Sender<bool>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    helpers: Vec<JoinHandle<()>>,
}

/// Starts a ledger with the machine's clock and random numbers.
///
/// # Errors
/// [`Error::Config`] when the configuration or the trust file has an error, [`Error::Listen`],
/// [`Error::File`] or [`Error::Database`].
pub async fn start(config: Config) -> Result<Running, Error> {
    start_with(config, Arc::new(SystemClock), &OsEntropy).await
}

/// Starts a ledger with a clock and random numbers of the caller's.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    config: Config,
    clock: Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Result<Running, Error> {
    config.check()?;
    let trust = Trust::read(&config.trust_file)?;
    files::make_dir(&config.data_dir)?;
    let sealer = Sealer::new(&files::secret(&config.data_dir, entropy)?);
    let store = Arc::new(Sqlite::open(&config.data_dir, Arc::clone(&clock))?);
    let keys = Arc::new(Keys::open(trust, &config.data_dir, &config.control_planes)?);

    let listen = |e: std::io::Error| Error::Listen {
        address: config.listen.to_string(),
        problem: e.to_string(),
    };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    // Else the end of an answer waits for the client's delayed acknowledgement: 40 ms.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (stop, stopping) = watch::channel(false);
    let records = Records {
        store: Arc::clone(&store),
        access: Access::new(Arc::clone(&keys), Arc::clone(&clock)),
        sealer,
        region: config.region.as_str().into(),
        clock,
        stopping: stopping.clone(),
        limits: Limits::default(),
    };
    let records = RecordServiceServer::new(records)
        .max_decoding_message_size(limits::ADMIN_MESSAGE)
        .max_encoding_message_size(limits::ADMIN_MESSAGE);
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut stopped = stopping.clone();
    let server = limits::server(limits::ADMIN_TIMEOUT)
        .add_service(health)
        .add_service(records)
        .serve_with_incoming_shutdown(incoming, async move {
            let _ = stopped.wait_for(|stopping| *stopping).await;
        });
    let server = tokio::spawn(server);
    let fetching = Arc::clone(&keys);
    let helpers = vec![
        tokio::spawn(report_health(reporter, keys.held(), stopping)),
        tokio::spawn(async move { fetching.keep_fresh().await }),
    ];
    tracing::info!(%address, region = config.region, newest = store.newest(), "ledger started");
    Ok(Running {
        address,
        store,
        stop,
        server,
        helpers,
    })
}

/// Says that the ledger serves once it can verify tokens, and until it stops.
async fn report_health(
    reporter: HealthReporter,
    mut held: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) {
    for name in ["", SERVICE_NAME] {
        reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => return,
        _ = held.wait_for(|held| *held) => {}
    }
    for name in ["", SERVICE_NAME] {
        reporter
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let _ = stopping.wait_for(|stopping| *stopping).await;
    for name in ["", SERVICE_NAME] {
        reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

impl Running {
    /// Resolves when a part of the ledger died; it serves no more then.
    pub async fn failed(&mut self) -> Error {
        tokio::select! {
            error = self.store.failed() => error,
            end = &mut self.server => Error::Listen {
                address: self.address.to_string(),
                problem: match end {
                    Ok(Ok(())) => "the server ended".into(),
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                },
            },
        }
    }

    /// Ends streams, lets calls in progress finish, and closes the store.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if !self.server.is_finished()
            && tokio::time::timeout(DRAIN, &mut self.server).await.is_err()
        {
            tracing::warn!("calls did not end in time");
            self.server.abort();
        }
        self.store.close().await;
        tracing::info!(address = %self.address, "ledger stopped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
        for helper in &self.helpers {
            helper.abort();
        }
    }
}

impl veto_process::Server for Running {
    const NAME: &'static str = "veto-ledger";
    const ABOUT: &'static str = "Keeps the decision records of one region";
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
