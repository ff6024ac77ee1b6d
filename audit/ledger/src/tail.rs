//! Follows decisions as they are stored.
//!
//! A follower hears of each decision by a bounded feed. One that is too slow for it reads what it
//! missed from the store and goes back to the feed: nothing is left out and nothing comes twice,
//! because arrivals only count up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast::error::RecvError, mpsc, watch};
use tonic::Status;
use veto_core::Clock;
use veto_proto::records::v1::TailRecordsResponse;
use veto_wire::status;

use crate::Error;
use crate::access::Caller;
use crate::filter::Filter;
use crate::seats::Seat;
use crate::store::{Order, Position, Query, Store, Stored};

/// Answers that may wait for the reader.
const AHEAD: usize = 32;
const PAGE: usize = 256;
const PAGE_BYTES: usize = 1024 * 1024;

type Answers = mpsc::Sender<Result<TailRecordsResponse, Status>>;

/// One reader that follows.
#[derive(Debug)]
pub struct Follower<S> {
    /// Where missed records are.
    pub store: Arc<S>,
    /// Who follows, and until when.
    pub caller: Caller,
    /// What it follows.
    pub filter: Filter,
    /// Tells the time that ends the token.
    pub clock: Arc<dyn Clock>,
    /// Turns true when the ledger stops.
    pub stopping: watch::Receiver<bool>,
    /// Its place among the followers.
    pub seat: Seat,
}

impl<S: Store> Follower<S> {
    /// Begins with what is stored from now on.
    pub fn start(self) -> mpsc::Receiver<Result<TailRecordsResponse, Status>> {
        let (answers, receiver) = mpsc::channel(AHEAD);
        // In this order: what is stored in between is heard, and then passed over as known.
        let feed = self.store.subscribe();
        let seen = self.store.newest();
        tokio::spawn(self.run(feed, seen, answers));
        receiver
    }

    async fn run(
        self,
        feed: tokio::sync::broadcast::Receiver<Arc<Stored>>,
        seen: u64,
        answers: Answers,
    ) {
        let mut stopping = self.stopping.clone();
        let end = tokio::select! {
            biased;
            () = answers.closed() => return,
            _ = stopping.wait_for(|stopping| *stopping) => Error::Stopping,
            () = self.expired() => veto_identity::Error::Expired.into(),
            error = self.follow(feed, seen, &answers) => error,
        };
        // A reader that takes nothing gets no last word either.
        let last = answers.send_timeout(Err(status::from_error(&end)), Duration::from_secs(1));
        let _ = last.await;
    }

    /// Resolves when the token ends: a stream never outlives the credential that opened it.
    async fn expired(&self) {
        loop {
            let left = self.caller.expires.since(self.clock.now());
            if left.is_zero() {
                return;
            }
            // Looked at again now and then, since wall time may be set.
            tokio::time::sleep(left.min(Duration::from_secs(5))).await;
        }
    }

    async fn follow(
        &self,
        mut feed: tokio::sync::broadcast::Receiver<Arc<Stored>>,
        mut seen: u64,
        answers: &Answers,
    ) -> Error {
        loop {
            match feed.recv().await {
                Ok(stored) if stored.arrival <= seen => {}
                Ok(stored) => {
                    seen = stored.arrival;
                    if self.filter.matches(&self.caller.tenant, &stored)
                        && send(answers, &stored).await.is_err()
                    {
                        return Error::Stopping;
                    }
                }
                Err(RecvError::Lagged(_)) => match self.catch_up(seen, answers).await {
                    Ok(through) => seen = through,
                    Err(error) => return error,
                },
                Err(RecvError::Closed) => return Error::Stopping,
            }
        }
    }

    /// Reads from the store what the feed no longer has.
    async fn catch_up(&self, seen: u64, answers: &Answers) -> Result<u64, Error> {
        let through = self.store.newest();
        let mut query = Query {
            tenant: self.caller.tenant.clone(),
            filter: self.filter.clone(),
            order: Order::Arrival,
            after: Some(Position {
                time: veto_core::Timestamp(0),
                arrival: seen,
            }),
            through: Some(through),
            limit: PAGE,
            bytes: PAGE_BYTES,
        };
        loop {
            let page = self.store.read(query.clone()).await?;
            for stored in &page.records {
                send(answers, stored).await?;
            }
            match page.records.last() {
                Some(last) if page.more => query.after = Some(last.position()),
                Some(_) | None => return Ok(through),
            }
        }
    }
}

async fn send(answers: &Answers, stored: &Stored) -> Result<(), Error> {
    let answer = TailRecordsResponse {
        record: Some(stored.message()),
    };
    answers.send(Ok(answer)).await.map_err(|_| Error::Stopping)
}
