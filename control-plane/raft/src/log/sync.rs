//! The one thread that forces the write-ahead log to the disk: each turn takes all that wait, syncs
//! once, and tells them. No timer: the batch is what arrived during the sync before.

use std::sync::Arc;

use openraft::storage::LogFlushed;
use tokio::sync::{mpsc, oneshot};

use crate::database::Database;
use crate::types::Types;
use crate::{Error, database};

/// Those who may wait at once; openraft itself never has so many.
const QUEUE: usize = 1024;

enum Waiter {
    Append(LogFlushed<Types>),
    Sync(oneshot::Sender<()>),
}

/// Asks for syncs.
#[derive(Clone)]
pub(super) struct Syncer(mpsc::Sender<Waiter>);

impl Syncer {
    pub(super) fn start(db: Arc<Database>) -> Result<Self, Error> {
        let (sender, waiters) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("raft-log-sync".into())
            .spawn(move || run(&db, waiters))
            .map_err(|e| Error::Storage(e.to_string()))?;
        Ok(Self(sender))
    }

    /// Returns when everything written before is on stable storage.
    pub(super) async fn sync(&self) -> Result<(), Error> {
        let (sender, done) = oneshot::channel();
        let stopped = || Error::Stopped("the sync thread".into());
        self.0
            .send(Waiter::Sync(sender))
            .await
            .map_err(|_| stopped())?;
        done.await.map_err(|_| stopped())
    }

    /// Calls back when everything written before is on stable storage.
    pub(super) async fn then(&self, callback: LogFlushed<Types>) {
        if let Err(mpsc::error::SendError(Waiter::Append(callback))) =
            self.0.send(Waiter::Append(callback)).await
        {
            callback.log_io_completed(Err(std::io::Error::other("the sync thread has stopped")));
        }
    }
}

fn run(db: &Database, mut waiters: mpsc::Receiver<Waiter>) {
    let mut waiting = Vec::with_capacity(QUEUE);
    while waiters.blocking_recv_many(&mut waiting, QUEUE) > 0 {
        if let Err(error) = db.flush_wal(true) {
            database::abort("log sync", &error);
        }
        for waiter in waiting.drain(..) {
            match waiter {
                Waiter::Append(callback) => callback.log_io_completed(Ok(())),
                Waiter::Sync(sender) => drop(sender.send(())),
            }
        }
    }
}
