//! The thread that writes: takes all appends that wait, stores them, syncs once, answers all.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot, watch};
use veto_core::{Clock, Timestamp};
use veto_trail::Link;

use crate::store::{Batch, Stored, Verified};
use crate::{Error, chain, frame};

/// Appends of one transaction.
const GROUP: usize = 64;

/// An append and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    /// The frames.
    pub(super) batch: Batch,
    /// Who waits; may be gone.
    pub(super) reply: oneshot::Sender<Result<u64, Error>>,
    /// Its share of the bytes that may wait.
    pub(super) _permit: OwnedSemaphorePermit,
}

/// Whether the writer has ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It takes records.
    No,
    /// It was told to.
    InOrder,
    /// The database failed.
    Failed(Error),
}

/// Owns the connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) feed: broadcast::Sender<Arc<Stored>>,
    pub(super) newest: Arc<AtomicU64>,
    pub(super) clock: Arc<dyn Clock>,
    /// Keeps other processes out for as long as this thread may write.
    pub(super) _lock: File,
}

impl Writer {
    /// Writes until the last sender is gone or the database fails.
    pub(super) fn run(mut self, end: &watch::Sender<Ended>) {
        let mut last = Ended::InOrder;
        while let Some(first) = self.queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = self.queue.try_recv()
            {
                group.push(job);
            }
            if let Err(error) = self.store(group)
                && !is_passing(&error)
            {
                // After a failed sync nobody knows what the disk holds: only a new start, which
                // reads it back, does.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "records are not stored"
                );
                last = Ended::Failed(error);
                break;
            }
        }
        // The connection and the lock go first, so that who waits for the end may open anew.
        drop(self);
        end.send_replace(last);
    }

    /// Stores a group in one transaction and answers each job.
    fn store(&mut self, group: Vec<Job>) -> Result<(), Error> {
        let (batches, waiting): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|job| (job.batch, (job.reply, job._permit)))
            .unzip();
        match self.write(batches) {
            Ok(answers) => {
                for ((reply, _permit), answer) in waiting.into_iter().zip(answers) {
                    // Who asked may have gone; the records are kept all the same.
                    let _ = reply.send(answer);
                }
                Ok(())
            }
            Err(error) => {
                for (reply, _permit) in waiting {
                    let _ = reply.send(Err(error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Returns an answer for each batch, or the error that took all of them back.
    fn write(&mut self, batches: Vec<Batch>) -> Result<Vec<Result<u64, Error>>, Error> {
        let now = self.clock.now();
        let listened = self.feed.receiver_count() > 0;
        let mut arrival = self.newest.load(Ordering::Acquire);
        let (mut answers, mut fresh) = (Vec::with_capacity(batches.len()), Vec::new());
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for batch in batches {
            let mut round = Round {
                transaction: &transaction,
                now,
                arrival: &mut arrival,
                listened,
            };
            match round.append(batch) {
                Ok((through, stored)) => {
                    fresh.extend(stored);
                    answers.push(Ok(through));
                }
                Err(Refused::Append(error)) => answers.push(Err(error)),
                Err(Refused::All(error)) => return Err(error),
            }
        }
        transaction.commit()?;
        self.newest.store(arrival, Ordering::Release);
        for stored in fresh {
            // When nobody listens any more, nothing is lost: it is stored.
            let _ = self.feed.send(Arc::new(stored));
        }
        Ok(answers)
    }
}

/// Whether the database can be expected to take the next group.
fn is_passing(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::DatabaseBusy)
    )
}

enum Refused {
    /// This append alone; nothing of it was written.
    Append(Error),
    /// The whole transaction.
    All(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Append(error)
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::All(error.into())
    }
}

/// One append within a transaction.
struct Round<'a> {
    transaction: &'a Transaction<'a>,
    now: Timestamp,
    arrival: &'a mut u64,
    listened: bool,
}

impl Round<'_> {
    fn append(&mut self, batch: Batch) -> Result<(u64, Vec<Stored>), Refused> {
        let found = self.chain_end(&batch)?;
        let end = found.as_ref().map(|(_, end)| end);
        let stored_hash = |sequence| match &found {
            Some((id, _)) => self.stored_hash(*id, sequence),
            None => Ok(None),
        };
        let skip = chain::join(end, &batch.frames, stored_hash)?;
        let Some(last) = batch.frames.get(skip..).and_then(<[_]>::last) else {
            // All of it was stored before.
            return Ok((end.map_or(0, |end| end.sequence), Vec::new()));
        };
        let through = last.sequence;
        let id = self.advance(&batch, found.map(|(id, _)| id), last)?;
        let mut stored = Vec::new();
        for frame in batch.frames.into_iter().skip(skip) {
            *self.arrival += 1;
            self.insert(id, &frame)?;
            if let (true, Some(decision)) = (self.listened, frame.decision) {
                stored.push(Stored {
                    arrival: *self.arrival,
                    stored_at: self.now,
                    node: batch.node.clone(),
                    boot: batch.boot,
                    sequence: frame.sequence,
                    hash: frame.hash,
                    time: frame.time,
                    decision,
                });
            }
        }
        Ok((through, stored))
    }

    fn chain_end(&self, batch: &Batch) -> Result<Option<(i64, Link)>, Refused> {
        let mut find = self.transaction.prepare_cached(
            "SELECT id, last_sequence, last_hash FROM boots
             WHERE home = ?1 AND node = ?2 AND boot = ?3",
        )?;
        let key = params![batch.home.as_str(), batch.node.as_str(), batch.boot.0];
        let row = find.query_row(key, |row| {
            let end = Link {
                sequence: row.get(1)?,
                hash: row.get(2)?,
            };
            Ok((row.get(0)?, end))
        });
        Ok(row.optional()?)
    }

    fn stored_hash(&self, boot: i64, sequence: u64) -> Result<Option<[u8; 32]>, Refused> {
        let mut find = self.transaction.prepare_cached(
            "SELECT arrival, frame FROM frames WHERE boot = ?1 AND sequence = ?2",
        )?;
        let row = find
            .query_row(params![boot, sequence], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((arrival, bytes)) = row else {
            return Ok(None);
        };
        match frame::decode(&bytes) {
            Ok(frame) => Ok(Some(frame.verified.hash)),
            Err(problem) => Err(Refused::Append(Error::Corrupt { arrival, problem })),
        }
    }

    /// Writes the new end of the chain.
    fn advance(&self, batch: &Batch, id: Option<i64>, last: &Verified) -> Result<i64, Refused> {
        if let Some(id) = id {
            let mut update = self.transaction.prepare_cached(
                "UPDATE boots SET last_sequence = ?2, last_hash = ?3, stored_at = ?4 WHERE id = ?1",
            )?;
            update.execute(params![id, last.sequence, last.hash, self.now.0])?;
            return Ok(id);
        }
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO boots (home, node, boot, last_sequence, last_hash, begun_at, stored_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        )?;
        insert.execute(params![
            batch.home.as_str(),
            batch.node.as_str(),
            batch.boot.0,
            last.sequence,
            last.hash,
            self.now.0,
        ])?;
        Ok(self.transaction.last_insert_rowid())
    }

    fn insert(&self, boot: i64, frame: &Verified) -> Result<(), Refused> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO frames (arrival, boot, sequence, stored_at, frame)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        insert.execute(params![
            *self.arrival,
            boot,
            frame.sequence,
            self.now.0,
            frame.bytes
        ])?;
        let Some(decision) = &frame.decision else {
            return Ok(());
        };
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO decisions (arrival, organization, project, environment, time, agent, tool,
                                    outcome, policy, rule, version, revision, trace_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        insert.execute(params![
            *self.arrival,
            decision.scope.organization.as_str(),
            decision.scope.project.as_str(),
            decision.scope.environment.as_str(),
            frame.time.0,
            decision.agent,
            decision.tool,
            decision.outcome,
            decision.policy,
            decision.rule,
            decision.policy_version.0,
            decision.revision.0,
            decision.trace_id,
        ])?;
        Ok(())
    }
}
