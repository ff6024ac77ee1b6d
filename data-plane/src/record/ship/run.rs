//! The loop of the shipper.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Status};
use veto_core::{BootId, Code, Entropy};
use veto_proto::records::v1::AppendRequest;
use veto_proto::records::v1::record_service_client::RecordServiceClient;
use veto_trail::{Body, Gap, Record};
use veto_wire::status::{code_of, metadata_of};

use super::TokenSource;
use crate::record::cursor::Position;
use crate::record::feed::Feed;
use crate::record::pace::Pace;
use crate::record::reader::Batch;
use crate::record::retain;
use crate::record::{Error, Handle};

/// Time allowed for one append, with its token.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Run {
    client: RecordServiceClient<Channel>,
    handle: Handle,
    feed: Feed,
    tokens: Arc<dyn TokenSource>,
    pace: Pace,
    through: watch::Sender<Position>,
}

impl Run {
    pub(super) fn new(
        channel: Channel,
        handle: Handle,
        feed: Feed,
        tokens: Arc<dyn TokenSource>,
        entropy: Arc<dyn Entropy>,
        through: watch::Sender<Position>,
    ) -> Self {
        Self {
            client: RecordServiceClient::new(channel),
            handle,
            feed,
            tokens,
            pace: Pace::new(entropy),
            through,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.step().await {
                if self.pace.fail() {
                    let error: &(dyn std::error::Error + 'static) = &error;
                    tracing::error!(error, "records are not shipped");
                }
                self.pace.wait().await;
            }
        }
    }

    /// Ships one batch, or waits for one. An error is one of this node's disk.
    async fn step(&mut self) -> Result<(), Error> {
        match self.feed.next().await {
            Ok(Some(batch)) => self.ship(batch).await,
            Ok(None) => {
                self.feed.save().await?;
                self.sweep().await?;
                self.feed.wait().await;
                Ok(())
            }
            Err(error @ Error::Unreadable { .. }) => self.unreadable(error).await,
            Err(error) => Err(error),
        }
    }

    async fn ship(&mut self, batch: Batch) -> Result<(), Error> {
        let (start, end, boot) = (batch.start, batch.end(), batch.boot);
        let sent = timeout(DEADLINE, self.append(batch)).await;
        let late = || Status::deadline_exceeded("the ledger did not answer in time");
        match sent.unwrap_or_else(|_| Err(late())) {
            Ok(through) if through >= start.next => {
                if self.pace.succeed() > 0 {
                    tracing::info!("records are shipped again");
                }
                let next = end.next.min(through.saturating_add(1));
                let done = Position {
                    order: start.order,
                    next,
                };
                if done != end {
                    self.feed.seek(done);
                }
                self.through.send_replace(done);
                self.feed.finish(done).await?;
                self.sweep().await
            }
            Ok(through) => {
                let problem = format!("stored through {through}, asked from {}", start.next);
                self.retry(start, &Status::internal(problem)).await;
                Ok(())
            }
            Err(status) if code_of(&status) == Some(Code::RecordChainBroken) => {
                self.broken(start, boot, &status).await
            }
            Err(status) => {
                self.retry(start, &status).await;
                Ok(())
            }
        }
    }

    async fn append(&mut self, batch: Batch) -> Result<u64, Status> {
        let token = self.tokens.token().await?;
        let bearer = format!("Bearer {token}").parse();
        let bearer = bearer.map_err(|_| Status::unauthenticated("the token is no header"))?;
        let mut request = Request::new(AppendRequest {
            node: batch.node.to_string(),
            boot: batch.boot.0.to_vec(),
            first_sequence: batch.start.next,
            frames: batch.entries.into_iter().map(|entry| entry.bytes).collect(),
        });
        request.metadata_mut().insert("authorization", bearer);
        let response = self.client.append(request).await?;
        Ok(response.into_inner().durable_through)
    }

    async fn retry(&mut self, start: Position, status: &Status) {
        if self.pace.fail() {
            let code = code_of(status).map_or_else(|| status.code().to_string(), |c| c.to_string());
            let problem = status.message();
            tracing::warn!(
                code,
                problem,
                order = start.order,
                next = start.next,
                "not shipped"
            );
        }
        self.feed.seek(start);
        self.pace.wait().await;
    }

    /// The ledger continues elsewhere: it is taken there, if this disk still can.
    async fn broken(
        &mut self,
        start: Position,
        boot: BootId,
        status: &Status,
    ) -> Result<(), Error> {
        let expected = metadata_of(status, "expected_sequence").and_then(|text| text.parse().ok());
        let next = expected.unwrap_or(start.next);
        let place = Position {
            order: start.order,
            next,
        };
        let is_gap = metadata_of(status, "cause").is_none_or(|cause| cause == "gap");
        if is_gap && next < start.next && self.feed.holds(place)? {
            tracing::warn!(
                order = place.order,
                next,
                "the ledger asks for earlier records"
            );
            self.feed.seek(place);
            return Ok(());
        }
        if start.order == self.handle.shared.order {
            // The next boot begins a chain of its own; until then nothing is thrown away.
            self.retry(start, status).await;
            return Ok(());
        }
        self.lose(place, boot, status.message(), "refused").await
    }

    /// What was committed does not read back.
    async fn unreadable(&mut self, error: Error) -> Result<(), Error> {
        let place = self.feed.place();
        let Error::Unreadable { sequence, .. } = &error else {
            return Err(error);
        };
        let place = Position {
            next: *sequence,
            ..place
        };
        if place.order == self.handle.shared.order {
            self.handle.shared.fail(&error.to_string());
            return Err(error);
        }
        let boot = self.feed.boot_of(place.order)?;
        self.lose(place, boot, &error.to_string(), "corrupt").await
    }

    /// Declares the rest of an earlier boot lost, keeps its files aside and goes on.
    async fn lose(
        &mut self,
        from: Position,
        boot: BootId,
        reason: &str,
        ending: &'static str,
    ) -> Result<(), Error> {
        let first_sequence = from.next;
        tracing::error!(%boot, first_sequence, reason, "records of an earlier boot are lost");
        let gap = Gap {
            boot,
            first_sequence,
            reason: reason.to_owned(),
        };
        let time = self.handle.shared.clock.now();
        let gap = Record {
            time,
            body: Body::Gap(gap),
        };
        self.handle.note(&gap, false).await?;
        let shared = Arc::clone(&self.handle.shared);
        blocking(move || retain::set_aside(&shared, from, ending)).await?;
        self.feed.skip_boot(from.order).await?;
        self.through.send_replace(self.feed.done());
        Ok(())
    }

    async fn sweep(&self) -> Result<(), Error> {
        let (shared, done) = (Arc::clone(&self.handle.shared), self.feed.done());
        blocking(move || retain::sweep(&shared, done)).await
    }
}

async fn blocking(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::Failed(format!("work ended early: {error}"))))
}
