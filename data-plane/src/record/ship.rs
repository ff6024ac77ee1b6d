//! Brings records to the region's ledger. What the ledger acknowledges is on its stable storage, and
//! only that may be deleted here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use veto_core::Entropy;
use veto_wire::limits::CONNECT_TIMEOUT;

use super::cursor::{Position, SHIPPED};
use super::feed::Feed;
use super::{Error, Handle};

mod run;

/// Gives out tokens of the ledger's audience.
#[tonic::async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid now.
    async fn token(&self) -> Result<String, tonic::Status>;
}

/// The task that ships.
#[derive(Debug)]
pub struct Shipper {
    handle: Handle,
    through: watch::Receiver<Position>,
    task: JoinHandle<()>,
}

impl Shipper {
    /// Starts it; the ledger need not be there.
    ///
    /// # Errors
    /// [`Error::Address`] when `ledger` is no address, [`Error::Storage`] when the cursor cannot be
    /// read.
    pub fn start(
        ledger: &str,
        handle: &Handle,
        tokens: Arc<dyn TokenSource>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let channel = endpoint(ledger)?.connect_lazy();
        let feed = Feed::open(handle, SHIPPED)?;
        let (sender, through) = watch::channel(feed.done());
        let run = run::Run::new(channel, handle.clone(), feed, tokens, entropy, sender);
        Ok(Self {
            handle: handle.clone(),
            through,
            task: tokio::spawn(run.run()),
        })
    }

    /// Shows how far the ledger has the records.
    #[must_use]
    pub fn through(&self) -> watch::Receiver<Position> {
        self.through.clone()
    }

    /// Resolves when the task has died, which it does not do by itself.
    pub async fn died(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Ends the task, after the ledger has all that is committed or `patience` is over; tells
    /// whether it has all. What it has not stays on the disk.
    pub async fn stop(mut self, patience: Duration) -> bool {
        let all = self.handle.committed();
        let shipped = self.through.wait_for(|through| *through >= all);
        let shipped = matches!(timeout(patience, shipped).await, Ok(Ok(_)));
        self.task.abort();
        let _ = (&mut self.task).await;
        shipped
    }
}

/// A server that is connected to when it is needed.
pub(super) fn endpoint(address: &str) -> Result<Endpoint, Error> {
    let endpoint = Endpoint::from_shared(address.to_owned());
    let endpoint = endpoint.map_err(|source| Error::Address {
        address: address.into(),
        source,
    })?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .tcp_nodelay(true))
}
