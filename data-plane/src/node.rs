//! Starts the parts of the node and stops them in order.

use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tonic::transport::server::TcpIncoming;
use veto_core::{Clock, Entropy, OsEntropy, SystemClock};
use veto_identity::Trust;
use veto_proto::authorization::v1::authorization_service_server::AuthorizationServiceServer;
use veto_trail as trail;
use veto_wire::limits::{self, DECIDE_MESSAGE, DECIDE_TIMEOUT};

use crate::bundle::Bundles;
use crate::bundle::apply::Applier;
use crate::bundle::cache::Cache;
use crate::bundle::sync::{Introduction, Sync};
use crate::clock::SteadyClock;
use crate::config::Otlp;
use crate::grpc::authorization::Service;
use crate::grpc::health::Health;
use crate::identity::Identity;
use crate::ledger_token::LedgerTokens;
use crate::record::otlp::Copier;
use crate::record::ship::Shipper;
use crate::record::{self, Spool};
use crate::upstream::Upstream;
use crate::{Config, Error};

/// Time for the calls that are under way when the node is told to stop: a little over the longest
/// decision.
const DRAIN: Duration = Duration::from_millis(2_500);
/// Time for the last records to reach the ledger.
const SHIP: Duration = Duration::from_secs(2);
/// How often freshness and time go to the disk.
const KEEP: Duration = Duration::from_secs(5);

/// The machine that the node runs on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}

/// A node that answers.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<Result<(), Error>>,
    spool: Spool,
    shipper: Option<Shipper>,
    copier: Option<Copier>,
    _lock: File,
}

/// Starts a node.
///
/// # Errors
/// When the configuration, the pinned trust, the disk or the address is not usable. That no control
/// plane answers is no error: the last good bundles hold.
pub async fn start(config: Config) -> Result<Running, Error> {
    start_on(config, Machine::default()).await
}

/// Starts a node on a machine whose time and chance are the caller's.
///
/// # Errors
/// As [`start`].
pub async fn start_on(config: Config, machine: Machine) -> Result<Running, Error> {
    config.check()?;
    let node = config.node_id()?;
    let trust = Trust::read(&config.trust_file).map_err(Error::Trust)?;
    let upstream = Arc::new(Upstream::new(&config)?);
    let lock = lock(&config.data_dir)?;

    let steady = Arc::new(SteadyClock::open(&config.data_dir, machine.clock.clone())?);
    let clock: Arc<dyn Clock> = steady.clone();
    let bundles = Arc::new(Bundles::default());
    let cache = Cache::open(config.data_dir.join("bundles"))?;
    let applier = {
        let (cache, bundles) = (cache.clone(), bundles.clone());
        spawn_blocking(move || Applier::open(trust, cache, bundles))
            .await
            .map_err(|_| Error::Internal("the kept bundles could not be read".into()))??
    };

    let spool = open_spool(&config, &machine, clock.clone()).await?;
    let records = spool.handle();
    let tokens = Arc::new(LedgerTokens::new(upstream.clone(), clock.clone()));
    let ship = |ledger: &String| {
        Shipper::start(ledger, &records, tokens, machine.entropy.clone()).map_err(Error::Spool)
    };
    let shipper = config.ledger.as_ref().map(ship).transpose()?;
    let copy = |otlp: &Otlp| {
        Copier::start(&otlp.endpoint, &records, machine.entropy.clone()).map_err(Error::Spool)
    };
    let copier = config.otlp.as_ref().map(copy).transpose()?;

    let incoming = TcpIncoming::bind(config.listen)
        .map_err(|source| Error::Listen {
            address: config.listen,
            source,
        })?
        .with_nodelay(Some(true));
    let address = incoming.local_addr().map_err(|source| Error::Listen {
        address: config.listen,
        source,
    })?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let identity = Arc::new(Identity::new(bundles.clone()));
    let service = Service::new(identity, records.clone(), clock.clone());
    let (reporter, health) = tonic_health::server::health_reporter();
    let authorization = AuthorizationServiceServer::new(service)
        .max_decoding_message_size(DECIDE_MESSAGE)
        .max_encoding_message_size(DECIDE_MESSAGE);
    let router = limits::server(DECIDE_TIMEOUT)
        .add_service(health)
        .add_service(authorization);
    let mut told = stopped.clone();
    tasks.spawn(async move {
        let told = async move {
            // A sender that is gone is a stop, too.
            let _ = told.wait_for(|stop| *stop).await;
        };
        router
            .serve_with_incoming_shutdown(incoming, told)
            .await
            .map_err(|e| Error::Internal(format!("server: {e}")))
    });

    let applier = Arc::new(Mutex::new(applier));
    let introduction = Introduction {
        node,
        region: config.region.clone(),
        boot: records.boot(),
    };
    let sync = Sync {
        upstream,
        introduction,
        bundles: bundles.clone(),
        applier: applier.clone(),
        entropy: machine.entropy,
    };
    tasks.spawn(ended(sync.run(stopped.clone())));
    let health = Health {
        reporter,
        bundles: bundles.clone(),
        records: records.clone(),
        spool_bytes: config.spool_bytes,
        clock,
    };
    tasks.spawn(ended(health.run(stopped.clone())));
    tasks.spawn(spool_failed(records, stopped.clone()));
    tasks.spawn(ended(keep(cache, applier, bundles, steady, stopped)));

    tracing::info!(%address, "answering");
    Ok(Running {
        address,
        stop,
        tasks,
        spool,
        shipper,
        copier,
        _lock: lock,
    })
}

impl Running {
    /// Stops: no new calls, those under way are answered, what is recorded is shipped while there is
    /// time. Takes at most five seconds.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let drained = timeout(DRAIN, async {
            while self.tasks.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::warn!("calls or streams were still open; they are cut off");
            self.tasks.shutdown().await;
        }
        if let Err(error) = self.spool.stop("stopped").await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the last record is not kept");
        }
        if let Some(shipper) = self.shipper
            && !shipper.stop(SHIP).await
        {
            tracing::warn!("records are left to ship; they go after the next start");
        }
        if let Some(copier) = self.copier {
            copier.stop().await;
        }
        tracing::info!("stopped");
    }

    /// Waits until a part of the node dies, and says which.
    pub async fn failed(&mut self) -> Error {
        let ended = tokio::select! {
            ended = self.tasks.join_next() => ended,
            () = died(self.shipper.as_mut()) => {
                return Error::Internal("the task that ships records died".into());
            }
        };
        match ended {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(()))) => Error::Internal("a part of the node ended".into()),
            Some(Err(error)) => Error::Internal(format!("a part of the node died: {error}")),
            None => Error::Internal("the node is stopped".into()),
        }
    }
}

/// Opens the spool on a thread that may wait for the disk.
async fn open_spool(
    config: &Config,
    machine: &Machine,
    clock: Arc<dyn Clock>,
) -> Result<Spool, Error> {
    let boot = trail::Boot {
        region: config.region.clone(),
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        config_digest: config.digest(),
        durability: trail::Durability::Strict,
        previous: None,
    };
    let (node, entropy) = (config.node_id()?, machine.entropy.clone());
    let mut place = record::Config::new(config.data_dir.join("spool"));
    place.max_bytes = config.spool_bytes;
    spawn_blocking(move || Spool::open(&place, node, boot, clock, entropy.as_ref()))
        .await
        .map_err(|_| Error::Internal("the spool could not be opened".into()))?
        .map_err(Error::Spool)
}

/// A spool that failed never recovers: the process must start anew, with a new boot.
async fn spool_failed(
    records: record::Handle,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    let mut failed = records.failed();
    tokio::select! {
        reason = failed.wait_for(Option::is_some) => {
            let reason = reason.ok().and_then(|reason| reason.clone());
            Err(Error::Spool(record::Error::Failed(reason.unwrap_or_default())))
        }
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

/// Two nodes on one directory would write over each other.
fn lock(directory: &Path) -> Result<File, Error> {
    fs::create_dir_all(directory).map_err(Error::storage(directory))?;
    let path = directory.join("lock");
    let file = File::create(&path).map_err(Error::storage(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Config(format!(
            "`data_dir` {} is in use",
            directory.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::storage(&path)(error)),
    }
}

async fn died(shipper: Option<&mut Shipper>) {
    match shipper {
        Some(shipper) => shipper.died().await,
        None => std::future::pending().await,
    }
}

async fn ended(part: impl Future<Output = ()>) -> Result<(), Error> {
    part.await;
    Ok(())
}

/// Keeps freshness and time on the disk, now and then and at the end, so that a restart without a
/// control plane knows how old its bundles are.
async fn keep(
    cache: Cache,
    applier: Arc<Mutex<Applier>>,
    bundles: Arc<Bundles>,
    clock: Arc<SteadyClock>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let last = *stop.borrow();
        let (cache, applier) = (cache.clone(), applier.clone());
        let (bundles, clock) = (bundles.clone(), clock.clone());
        let write = move || {
            applier
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .keep_floors()?;
            cache.store_heartbeat(&bundles.heartbeat())?;
            clock.persist()
        };
        if let Ok(Err(error)) = spawn_blocking(write).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "freshness is not kept on the disk");
        }
        if last {
            return;
        }
        tokio::select! {
            () = sleep(KEEP) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

impl veto_process::Server for Running {
    const NAME: &'static str = "veto-data-plane";
    const ABOUT: &'static str = "Answers agents' calls in one region";
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
