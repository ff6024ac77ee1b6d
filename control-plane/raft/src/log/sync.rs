//! The one thread that forces the write-ahead log to the disk: each turn takes all that wait, syncs
//! once, and tells them. No timer: the batch is what arrived during the sync before. It also keeps the
//! floor, in the same order: what was synced raises it, what is to be truncated lowers it first.

use std::sync::Arc;

use openraft::storage::LogFlushed;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::Tail;
use crate::database::{Database, Open};
use crate::floor::Floor;
use crate::seams::Point;
use crate::types::{LogId, Types, Vote};
use crate::{Error, database};

/// Those who may wait at once; openraft itself never has so many.
const QUEUE: usize = 1024;

/// What has been written, and who waits for it to be on stable storage.
pub(super) enum Written {
    /// Entries up to this one, and who is to be called back.
    Entries(LogId, Option<LogFlushed<Types>>),
    /// A vote.
    Vote(Vote, oneshot::Sender<()>),
    /// The log was purged up to this entry, which may be beyond its end.
    Purged(LogId, oneshot::Sender<()>),
    /// Nothing yet: entries after this one are to be truncated.
    Truncating(Option<LogId>, oneshot::Sender<()>),
    /// They were.
    Truncated(oneshot::Sender<()>),
}

/// Asks for syncs.
#[derive(Clone)]
pub(super) struct Syncer(mpsc::Sender<Written>);

impl Syncer {
    pub(super) fn start(
        db: Arc<Database>,
        floor: Floor,
        tail: Tail,
        open: &Open,
    ) -> Result<Self, Error> {
        let failed = |e: std::io::Error| Error::Storage(e.to_string());
        let (sender, written) = mpsc::channel(QUEUE);
        let open = open.clone();
        if open.work.is_simulated() {
            tokio::spawn(async move { run(&db, floor, &tail, &open, written).await });
            return Ok(Self(sender));
        }
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(failed)?;
        std::thread::Builder::new()
            .name("raft-log-sync".into())
            .spawn(move || runtime.block_on(run(&db, floor, &tail, &open, written)))
            .map_err(failed)?;
        Ok(Self(sender))
    }

    /// Returns when everything written before is on stable storage.
    pub(super) async fn wait(
        &self,
        written: impl FnOnce(oneshot::Sender<()>) -> Written,
    ) -> Result<(), Error> {
        let (sender, done) = oneshot::channel();
        let stopped = || Error::Stopped("the sync thread".into());
        let sent = self.0.send(written(sender)).await;
        sent.map_err(|_| stopped())?;
        done.await.map_err(|_| stopped())
    }

    /// Raises the tail, and calls back, when everything written before is on stable storage.
    pub(super) async fn then(&self, last: LogId, callback: Option<LogFlushed<Types>>) {
        let written = Written::Entries(last, callback);
        if let Err(mpsc::error::SendError(Written::Entries(_, Some(callback)))) =
            self.0.send(written).await
        {
            callback.log_io_completed(Err(std::io::Error::other("the sync thread has stopped")));
        }
    }
}

async fn run(
    db: &Database,
    floor: Floor,
    tail: &Tail,
    open: &Open,
    written: mpsc::Receiver<Written>,
) {
    if let Err(error) = serve(db, floor, tail, open, written).await {
        database::abort("log sync", &error);
    }
}

async fn serve(
    db: &Database,
    mut floor: Floor,
    tail: &Tail,
    open: &Open,
    mut written: mpsc::Receiver<Written>,
) -> Result<(), Error> {
    let mut batch = Vec::with_capacity(QUEUE);
    loop {
        let more = written.recv_many(&mut batch, QUEUE);
        let count = match floor.due() {
            Some(due) => timeout_at(due, more).await.ok(),
            None => Some(more.await),
        };
        if count == Some(0) {
            return if floor.due().is_some() {
                floor.write()
            } else {
                Ok(())
            };
        }
        if count.is_some() {
            open.work.reach(Point::Sync).await;
            let begun = Instant::now();
            db.flush_wal(true).map_err(database::failed)?;
            open.meters.synced(begun);
            db.check()?;
            open.work.reach(Point::Synced).await;
        }
        for written in batch.drain(..) {
            settle(&mut floor, tail, written)?;
        }
        floor.write_if_due(Instant::now())?;
    }
}

/// Tells one that waited.
fn settle(floor: &mut Floor, tail: &Tail, written: Written) -> Result<(), Error> {
    let tell = |sender: oneshot::Sender<()>| {
        let _ = sender.send(());
    };
    match written {
        Written::Entries(last, callback) => {
            tail.synced(last.index);
            if let Some(callback) = callback {
                callback.log_io_completed(Ok(()));
            }
            floor.rise(last, Instant::now());
        }
        Written::Vote(vote, sender) => {
            floor.vote(vote)?;
            tell(sender);
        }
        Written::Purged(upto, sender) => {
            floor.purged(upto, Instant::now());
            tell(sender);
        }
        Written::Truncating(last, sender) => {
            floor.sink(last)?;
            tell(sender);
        }
        Written::Truncated(sender) => tell(sender),
    }
    Ok(())
}
