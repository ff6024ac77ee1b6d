//! The embedded store: one SQLite file in WAL mode.
//!
//! One thread writes. It takes all appends that wait, stores them in one transaction and syncs once
//! (`synchronous = FULL`), so that an acknowledged record survives the loss of power, and many
//! appends share the cost of a sync. Reads run beside it on a few connections of their own, each
//! read in a transaction as short as a page.

mod database;
mod pool;
mod select;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use veto_core::Clock;

use super::{Batch, Page, Query, Store, Stored};
use crate::Error;

/// Appends that may wait for the writer.
const QUEUE: usize = 256;
/// Bytes of frames that may wait for the writer.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// How long an append may take, the wait for its turn included.
const APPEND_DEADLINE: Duration = Duration::from_secs(10);
/// Decisions that a reader of the live feed may lag behind.
const FEED: usize = 512;
/// How long the store may take to end.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// The database file in a ledger's data directory.
const FILE: &str = "ledger.sqlite";

/// Keeps records in SQLite.
#[derive(Debug)]
pub struct Sqlite {
    /// Taken away to end the writer: it stores what is queued first.
    jobs: Mutex<Option<mpsc::Sender<writer::Job>>>,
    budget: Arc<Semaphore>,
    feed: broadcast::Sender<Arc<Stored>>,
    newest: Arc<AtomicU64>,
    readers: pool::Pool,
    ended: watch::Receiver<writer::Ended>,
}

impl Sqlite {
    /// Opens the database of a data directory, and makes it on first use.
    ///
    /// # Errors
    /// [`Error::Database`] when SQLite refuses, [`Error::Config`] when the file is of another
    /// program or of a newer version.
    pub fn open(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let path: PathBuf = data_dir.join(FILE);
        let lock = database::lock(data_dir)?;
        let connection = database::open_writer(&path)?;
        let newest = Arc::new(AtomicU64::new(database::newest(&connection)?));
        let readers = pool::Pool::open(&path)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (feed, _) = broadcast::channel(FEED);
        let (end, ended) = watch::channel(writer::Ended::No);
        let writer = writer::Writer {
            connection,
            queue,
            feed: feed.clone(),
            newest: Arc::clone(&newest),
            clock,
            _lock: lock,
        };
        std::thread::Builder::new()
            .name("ledger-writer".into())
            .spawn(move || writer.run(&end))
            .map_err(|e| Error::Internal(format!("start the writer: {e}")))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            budget: Arc::new(Semaphore::new(QUEUE_BYTES)),
            feed,
            newest,
            readers,
            ended,
        })
    }

    async fn submit(&self, batch: Batch) -> Result<u64, Error> {
        let bytes: usize = batch.frames.iter().map(|frame| frame.bytes.len()).sum();
        let share = u32::try_from(bytes.min(QUEUE_BYTES)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.budget).acquire_many_owned(share).await;
        let permit = permit.map_err(|_| Error::Stopping)?;
        let (reply, answer) = oneshot::channel();
        let job = writer::Job {
            batch,
            reply,
            _permit: permit,
        };
        let jobs = self
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let jobs = jobs.ok_or_else(|| self.why_ended())?;
        jobs.send(job).await.map_err(|_| self.why_ended())?;
        drop(jobs);
        answer.await.map_err(|_| self.why_ended())?
    }

    fn why_ended(&self) -> Error {
        match &*self.ended.borrow() {
            writer::Ended::Failed(error) => error.clone(),
            writer::Ended::No | writer::Ended::InOrder => Error::Stopping,
        }
    }
}

impl Store for Sqlite {
    async fn append(&self, batch: Batch) -> Result<u64, Error> {
        // An append that is given up here may still be stored; its repetition finds it stored.
        tokio::time::timeout(APPEND_DEADLINE, self.submit(batch))
            .await
            .map_err(|_| Error::Deadline("the append"))?
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        self.readers
            .run(move |connection| select::page(connection, &query))
            .await
    }

    fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<Stored>> {
        self.feed.subscribe()
    }

    async fn failed(&self) -> Error {
        let mut ended = self.ended.clone();
        let end = ended
            .wait_for(|ended| !matches!(ended, writer::Ended::No))
            .await;
        match end.as_deref() {
            Ok(writer::Ended::Failed(error)) => error.clone(),
            Ok(writer::Ended::No | writer::Ended::InOrder) | Err(_) => Error::Stopping,
        }
    }

    async fn close(&self) {
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if tokio::time::timeout(CLOSE_DEADLINE, self.failed())
            .await
            .is_err()
        {
            tracing::warn!("the writer of records did not end in time");
        }
    }
}
