//! The one thread that writes. It takes all that waits, writes it, syncs once and answers all: the
//! batch is what arrived during the sync before, so there is no timer.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use veto_trail::{Frame, GENESIS, Link};

use super::Error;
use super::handle::{Receipt, Shared};
use super::segment::Segment;

/// Bytes of one batch, about; more waits for the next sync.
const BATCH: usize = 4 << 20;

mod job;

use job::Answer;
pub(super) use job::{Committed, Job};

/// Owns the open segment and the end of the chain.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    segment_bytes: u64,
    segment: Segment,
    file: File,
    /// Bytes of the segment on stable storage.
    length: u64,
    end: Option<Link>,
    /// Frames that are not written yet, and who waits for them.
    buffer: Vec<u8>,
    waiting: Vec<(Answer, Receipt)>,
}

impl Writer {
    pub(super) fn create(shared: Arc<Shared>, segment_bytes: u64) -> Result<Self, Error> {
        let segment = Segment::new(shared.order, shared.boot, 0);
        let file = segment.create(&shared.dir)?;
        Ok(Self {
            shared,
            segment_bytes,
            segment,
            file,
            length: 0,
            end: None,
            buffer: Vec::new(),
            waiting: Vec::new(),
        })
    }

    /// Writes the first records of the boot.
    pub(super) fn begin(&mut self, payloads: impl Iterator<Item = Vec<u8>>) -> Result<(), Error> {
        for payload in payloads {
            let (job, _) = Job::new(payload, true);
            self.take(job)?;
        }
        self.flush()
    }

    /// Works until the spool is stopped, fails or has no users left.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let (result, last) = self.batch(job, &mut jobs);
            if let Err(error) = result {
                self.fail(&error);
                break;
            }
            if last || self.shared.failed.borrow().is_some() {
                break;
            }
        }
        jobs.close();
        while let Some(job) = jobs.blocking_recv() {
            let _ = job.done.send(Err(self.shared.closed()));
        }
    }

    fn batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Result<(), Error>, bool) {
        let mut next = Some(first);
        let mut last = false;
        while let Some(job) = next {
            last = job.last;
            if let Err(error) = self.take(job) {
                return (Err(error), last);
            }
            let more = !last && self.buffer.len() < BATCH;
            next = if more { jobs.try_recv().ok() } else { None };
        }
        (self.flush(), last)
    }

    /// Frames one record. An error is a failure of the disk; a refusal goes to who waits.
    fn take(&mut self, job: Job) -> Result<(), Error> {
        let frame = Frame {
            node: self.shared.node.clone(),
            boot: self.shared.boot,
            sequence: self.end.map_or(0, |end| end.sequence + 1),
            previous: self.end.map_or(GENESIS, |end| end.hash),
            payload: job.payload,
        };
        let (bytes, hash) = match frame.encode() {
            Ok(encoded) => encoded,
            Err(error) => {
                let _ = job.done.send(Err(Error::TooLarge(error)));
                return Ok(());
            }
        };
        let size = (self.buffer.len() + bytes.len()) as u64;
        let used = self.shared.used.load(Ordering::Relaxed);
        if !job.own && used + size > self.shared.max_bytes {
            let max = self.shared.max_bytes;
            let _ = job.done.send(Err(Error::Full { used, max }));
            return Ok(());
        }
        let grown = self.length + size > self.segment_bytes;
        if grown && frame.sequence > self.segment.first {
            // Before the job is dropped: who waits must learn of the failure, not of a stop.
            if let Err(error) = self.rotate(frame.sequence) {
                self.fail(&error);
                return Err(error);
            }
        }
        self.buffer.extend_from_slice(&bytes);
        let Frame {
            node,
            boot,
            sequence,
            ..
        } = frame;
        self.end = Some(Link { sequence, hash });
        self.waiting.push((
            job.done,
            Receipt {
                node,
                boot,
                sequence,
                hash,
            },
        ));
        Ok(())
    }

    fn rotate(&mut self, first: u64) -> Result<(), Error> {
        self.flush()?;
        self.segment = Segment::new(self.shared.order, self.shared.boot, first);
        self.file = self.segment.create(&self.shared.dir)?;
        self.length = 0;
        Ok(())
    }

    // INVARIANT (record-before-answer): nobody is answered before the sync that covers the frame.
    fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let path = self.segment.path(&self.shared.dir);
        let written = self.file.write_all(&self.buffer);
        written
            .and_then(|()| self.file.sync_data())
            .map_err(Error::storage(&path))?;
        let size = self.buffer.len() as u64;
        self.buffer.clear();
        self.length += size;
        let before = self.shared.used.fetch_add(size, Ordering::Relaxed);
        self.warn(before, before + size);
        self.shared.committed.send_replace(Committed {
            order: self.segment.order,
            first: self.segment.first,
            length: self.length,
            next: self.end.map_or(0, |end| end.sequence + 1),
        });
        for (done, receipt) in self.waiting.drain(..) {
            let _ = done.send(Ok(receipt));
        }
        Ok(())
    }

    fn warn(&self, before: u64, used: u64) {
        let max = self.shared.max_bytes;
        let limit = max / 10 * 8;
        if before <= limit && used > limit {
            tracing::warn!(used, max, "the spool is four fifths full");
        }
    }

    fn fail(&mut self, error: &Error) {
        let source = std::error::Error::source(error);
        let cause = source
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        let reason = format!("{error}{cause}");
        self.shared.fail(&reason);
        for (done, _) in self.waiting.drain(..) {
            let _ = done.send(Err(self.shared.closed()));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.fail("the writer panicked");
        }
    }
}
