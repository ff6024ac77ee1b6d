//! Says whether the node answers calls: only with a bundle that is fresh enough, and a spool that
//! takes records.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tonic::server::NamedService as _;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use veto_core::Clock;
use veto_proto::authorization::v1::authorization_service_server::AuthorizationServiceServer;
use veto_trail::chain::MAX_FRAME;

use super::authorization::Service;
use crate::bundle::Bundles;
use crate::record;

/// How late a change may be seen.
const INTERVAL: Duration = Duration::from_millis(250);

/// The task that reports.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) reporter: HealthReporter,
    pub(crate) bundles: Arc<Bundles>,
    pub(crate) records: record::Handle,
    /// The bound of the spool.
    pub(crate) spool_bytes: u64,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Health {
    /// Reports until told to stop; then says so and ends the streams of those who watch.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let spool = self.records.failed();
        let mut last = None;
        while !*stop.borrow_and_update() {
            let records = spool.borrow().is_none() && self.has_room();
            let serving = records && self.bundles.is_serving(self.clock.now());
            if last != Some(serving) {
                tracing::info!(serving, "health");
                self.report(serving).await;
                last = Some(serving);
            }
            // A sender that is gone is a stop, too.
            if let Ok(Err(_)) = tokio::time::timeout(INTERVAL, stop.changed()).await {
                break;
            }
        }
        self.report(false).await;
        for name in Self::names() {
            self.reporter.clear_service_status(name).await;
        }
    }

    /// Whether the largest record still fits.
    fn has_room(&self) -> bool {
        self.records.used().saturating_add(MAX_FRAME as u64) <= self.spool_bytes
    }

    async fn report(&self, serving: bool) {
        let status = if serving {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in Self::names() {
            self.reporter.set_service_status(name, status).await;
        }
    }

    const fn names() -> [&'static str; 2] {
        ["", AuthorizationServiceServer::<Service>::NAME]
    }
}
