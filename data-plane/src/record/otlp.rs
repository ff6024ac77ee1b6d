//! Copies decisions to an OpenTelemetry collector. The copy is for looking at: a collector may lose
//! it, so it gates no answer, frees no segment, and holds the ledger up in nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::Status;
use tonic::transport::Channel;
use veto_core::Entropy;

use super::cursor::COPIED;
use super::feed::Feed;
use super::pace::Pace;
use super::reader::Batch;
use super::{Error, Handle, ship};

mod convert;

/// Time allowed for one export.
const DEADLINE: Duration = Duration::from_secs(10);

/// What became of the copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Taken by the collector.
    pub exported: u64,
    /// Refused by the collector, alone or with their batch; never sent again.
    pub rejected: u64,
    /// Deleted or damaged before they were read.
    pub skipped: u64,
}

#[derive(Debug, Default)]
struct Counters {
    exported: AtomicU64,
    rejected: AtomicU64,
    damaged: AtomicU64,
}

/// The task that copies.
#[derive(Debug)]
pub struct Copier {
    handle: Handle,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

impl Copier {
    /// Starts it; the collector need not be there.
    ///
    /// # Errors
    /// [`Error::Address`] when `collector` is no address, [`Error::Storage`] when the cursor cannot
    /// be read.
    pub fn start(
        collector: &str,
        handle: &Handle,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Error> {
        let channel = ship::endpoint(collector)?.connect_lazy();
        let feed = Feed::open(handle, COPIED)?;
        *handle.shared.copied() = Some(feed.done());
        let counters = Arc::new(Counters::default());
        let run = Run {
            client: LogsServiceClient::new(channel),
            handle: handle.clone(),
            feed,
            pace: Pace::new(entropy),
            counters: Arc::clone(&counters),
        };
        let (handle, task) = (handle.clone(), tokio::spawn(run.run()));
        Ok(Self {
            handle,
            counters,
            task,
        })
    }

    /// What became of the copies since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            exported: of(&self.counters.exported),
            rejected: of(&self.counters.rejected),
            skipped: of(&self.counters.damaged) + of(&self.handle.shared.uncopied),
        }
    }

    /// Ends the task. What was not copied yet is copied after the next start.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        *self.handle.shared.copied() = None;
    }
}

struct Run {
    client: LogsServiceClient<Channel>,
    handle: Handle,
    feed: Feed,
    pace: Pace,
    counters: Arc<Counters>,
}

impl Run {
    async fn run(mut self) {
        loop {
            if let Err(error) = self.step().await {
                if self.pace.fail() {
                    let error: &(dyn std::error::Error + 'static) = &error;
                    tracing::warn!(error, "records are not copied");
                }
                self.pace.wait().await;
            }
        }
    }

    async fn step(&mut self) -> Result<(), Error> {
        match self.feed.next().await {
            Ok(Some(batch)) => self.copy(&batch).await,
            Ok(None) => {
                self.feed.save().await?;
                self.feed.wait().await;
                Ok(())
            }
            // The shipper and the next boot declare the loss; here it only ends the boot.
            Err(error @ Error::Unreadable { .. }) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not copied");
                self.counters.damaged.fetch_add(1, Ordering::Relaxed);
                let order = self.feed.place().order;
                self.feed.skip_boot(order).await?;
                *self.handle.shared.copied() = Some(self.feed.done());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn copy(&mut self, batch: &Batch) -> Result<(), Error> {
        let logs = convert::logs(batch);
        let count = convert::count(&logs);
        let answer = if count == 0 {
            Ok(0)
        } else {
            self.export(logs).await
        };
        match answer {
            Ok(rejected) => {
                if self.pace.succeed() > 0 {
                    tracing::info!("records are copied again");
                }
                let exported = count.saturating_sub(rejected);
                self.counters
                    .exported
                    .fetch_add(exported, Ordering::Relaxed);
                self.counters
                    .rejected
                    .fetch_add(rejected, Ordering::Relaxed);
            }
            Err(status) if is_passing(&status) => {
                if self.pace.fail() {
                    let (code, problem) = (status.code().to_string(), status.message());
                    tracing::warn!(code, problem, "not copied yet");
                }
                self.feed.seek(batch.start);
                self.pace.wait().await;
                return Ok(());
            }
            Err(status) => {
                let (code, problem) = (status.code().to_string(), status.message());
                tracing::error!(code, problem, count, "the collector refuses records");
                self.counters.rejected.fetch_add(count, Ordering::Relaxed);
            }
        }
        *self.handle.shared.copied() = Some(batch.end());
        self.feed.finish(batch.end()).await
    }

    /// Gives the number of records that the collector did not take.
    async fn export(&mut self, request: ExportLogsServiceRequest) -> Result<u64, Status> {
        let sent = timeout(DEADLINE, self.client.export(request)).await;
        let late = |_| Status::deadline_exceeded("the collector did not answer in time");
        let response = sent.map_err(late)??.into_inner();
        // "Partial success" means: taken, do not send again, even where records were refused.
        let Some(partial) = response.partial_success else {
            return Ok(0);
        };
        let rejected = u64::try_from(partial.rejected_log_records).unwrap_or(0);
        if rejected > 0 || !partial.error_message.is_empty() {
            let problem = partial.error_message;
            tracing::warn!(rejected, problem, "the collector took a part");
        }
        Ok(rejected)
    }
}

/// What the OTLP specification lets a client send again.
fn is_passing(status: &Status) -> bool {
    use tonic::Code as C;
    matches!(
        status.code(),
        C::Cancelled
            | C::DeadlineExceeded
            | C::ResourceExhausted
            | C::Aborted
            | C::OutOfRange
            | C::Unavailable
            | C::DataLoss
            // What a broken connection looks like to this client.
            | C::Unknown
    )
}
