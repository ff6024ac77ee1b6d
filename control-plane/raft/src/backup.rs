//! A backup while the replica serves: a checkpoint of its state, sent as the bytes of the file that
//! `veto_wire::backup` reads. Never more than a few pieces of it are in memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use veto_proto::storage::v1::BackupHead;
use veto_wire::backup;

use crate::meters::Meters;
use crate::peers::read;
use crate::seams::{Point, Work};
use crate::snapshot::{Directory, MANIFEST};
use crate::{Error, Handle, machine};

/// Pieces on their way.
const QUEUE: usize = 4;
/// Who takes nothing for so long is given up.
const STALL: Duration = Duration::from_secs(30);

/// The bytes of a backup's file, in order. It is whole when they end without an error.
pub type Backup = mpsc::Receiver<Result<Vec<u8>, Error>>;

impl Handle {
    /// Makes a backup. Every write that was acknowledged anywhere before this was called is in it.
    ///
    /// # Errors
    /// When that cannot be known in time, or another backup is being made here.
    pub async fn back_up(&self, time: i64) -> Result<Backup, Error> {
        let begun = self.begin_backup(time).await;
        if begun.is_err() {
            self.core.meters.backed_up(&begun);
        }
        begun
    }

    async fn begin_backup(&self, time: i64) -> Result<Backup, Error> {
        let core = &self.core;
        let permit = Arc::clone(&core.backing_up).try_acquire_owned();
        let permit = permit.map_err(|_| Error::BackingUp)?;
        core.confirm().await?;
        let head = BackupHead {
            cluster: self.cluster(),
            node: self.node(),
            time,
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            snapshot: None,
        };
        // Made while the replica is held; read without it, so that it may stop meanwhile.
        let (machine, work) = (core.machine.clone(), core.links.work.clone());
        let make = move || machine.checkpoint();
        let checkpoint = work.blocking(Point::Build, make).await?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let sending = Sending { sender, work };
        tokio::spawn(sending.run(checkpoint, head, core.meters.clone(), permit));
        Ok(receiver)
    }
}

/// A backup on its way.
struct Sending {
    sender: mpsc::Sender<Result<Vec<u8>, Error>>,
    work: Work,
}

impl Sending {
    async fn run(
        self,
        checkpoint: Directory,
        head: BackupHead,
        meters: Meters,
        _permit: OwnedSemaphorePermit,
    ) {
        let sent = self.send(checkpoint, head).await;
        meters.backed_up(&sent);
        if let Err(error) = sent {
            tracing::warn!(%error, "a backup failed");
            let _ = timeout(STALL, self.sender.send(Err(error))).await;
        }
    }

    async fn send(&self, checkpoint: Directory, head: BackupHead) -> Result<(), Error> {
        let described = checkpoint.clone();
        let describe = move || machine::describe(&described);
        let snapshot = Some(self.work.blocking(Point::Build, describe).await?);
        self.give(backup::seal(&BackupHead { snapshot, ..head }))
            .await?;
        let mut chunks = read(self.work.clone(), checkpoint);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            // The head of the backup says the same.
            if chunk.file != MANIFEST {
                self.give(chunk.bytes).await?;
            }
        }
        Ok(())
    }

    async fn give(&self, bytes: Vec<u8>) -> Result<(), Error> {
        let given = timeout(STALL, self.sender.send(Ok(bytes))).await;
        given.ok().and_then(Result::ok).ok_or(Error::NotTaken)
    }
}
