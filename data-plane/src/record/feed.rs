//! A reader with a cursor on the disk, for tasks: its files are read on a thread that may block.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use veto_core::BootId;

use super::cursor::{Cursor, Position};
use super::reader::{Batch, Reader};
use super::segment::{Segment, list};
use super::{Error, Handle};

/// Frames of one batch.
const FRAMES: usize = 512;
/// Bytes of one batch: half of what the ledger takes in one message.
const BYTES: usize = 2 << 20;
/// A cursor is at most this far behind: what was read since then is read again after a crash.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks at what may be deleted, when nothing else happens.
const IDLE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Feed {
    /// Absent while a thread has it.
    reader: Option<Reader>,
    handle: Handle,
    cursor: Cursor,
    done: Position,
    saved: Position,
    saved_at: Instant,
}

impl Feed {
    pub(super) fn open(handle: &Handle, name: &str) -> Result<Self, Error> {
        let cursor = Cursor::new(&handle.shared.dir, name);
        let done = cursor.load()?;
        Ok(Self {
            reader: Some(handle.reader(done)),
            handle: handle.clone(),
            cursor,
            done,
            saved: done,
            saved_at: Instant::now(),
        })
    }

    /// How far everything is done with.
    pub(super) const fn done(&self) -> Position {
        self.done
    }

    /// Where the next batch is read.
    pub(super) fn place(&self) -> Position {
        self.reader.as_ref().map_or(self.done, Reader::place)
    }

    /// Which boot stands at a place among the boots.
    pub(super) fn boot_of(&self, order: u64) -> Result<BootId, Error> {
        let segments = list(&self.handle.shared.dir)?;
        let found = segments.iter().find(|segment| segment.order == order);
        Ok(found.map_or(BootId([0; 16]), Segment::boot))
    }

    /// Reads the next batch.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, Error> {
        let mut reader = self.take();
        let read = tokio::task::spawn_blocking(move || {
            let batch = reader.next(FRAMES, BYTES);
            (reader, batch)
        });
        match read.await {
            Ok((reader, batch)) => {
                self.reader = Some(reader);
                batch
            }
            Err(error) => Err(Error::Failed(format!("a reader ended early: {error}"))),
        }
    }

    /// Waits for something to be committed, a while.
    pub(super) async fn wait(&mut self) {
        let mut reader = self.take();
        let _ = timeout(IDLE, reader.wait()).await;
        self.reader = Some(reader);
    }

    /// Goes to a place without being done with what is before it.
    pub(super) fn seek(&mut self, place: Position) {
        let mut reader = self.take();
        reader.seek(place);
        self.reader = Some(reader);
    }

    /// Leaves the rest of a boot out.
    pub(super) async fn skip_boot(&mut self, order: u64) -> Result<(), Error> {
        let next = Position {
            order: order + 1,
            next: 0,
        };
        self.seek(next);
        self.finish(next).await
    }

    pub(super) fn holds(&self, place: Position) -> Result<bool, Error> {
        self.handle.reader(place).holds(place)
    }

    /// Is done with everything before a place; now and then that reaches the disk.
    pub(super) async fn finish(&mut self, done: Position) -> Result<(), Error> {
        self.done = done;
        if self.saved_at.elapsed() < SAVE_EVERY {
            return Ok(());
        }
        self.save().await
    }

    /// Writes the cursor, when it moved.
    pub(super) async fn save(&mut self) -> Result<(), Error> {
        if self.saved == self.done {
            return Ok(());
        }
        let (cursor, done) = (self.cursor.clone(), self.done);
        let saved = tokio::task::spawn_blocking(move || cursor.save(done));
        let failed = |error| Error::Failed(format!("a save ended early: {error}"));
        saved.await.map_err(failed)??;
        self.saved = done;
        self.saved_at = Instant::now();
        Ok(())
    }

    /// A task that was dropped in the middle of a read leaves none; it begins where it was done.
    fn take(&mut self) -> Reader {
        let reader = self.reader.take();
        reader.unwrap_or_else(|| self.handle.reader(self.done))
    }
}
