//! Reads the frames of all boots in order, oldest first, and only what is on stable storage.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use tokio::sync::watch;
use veto_trail::{Frame, chain::MAX_FRAME};

use super::Error;
use super::cursor::Position;
use super::segment::{Segment, list};
use super::writer::Committed;

mod batch;

pub use batch::{Batch, Entry};

/// Goes through the spool; each has a place of its own.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    committed: watch::Receiver<Committed>,
    place: Position,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    segment: Segment,
    file: File,
    offset: u64,
    /// The sequence at `offset`.
    next: u64,
}

impl Reader {
    pub(super) fn new(dir: &Path, committed: watch::Receiver<Committed>, from: Position) -> Self {
        Self {
            dir: dir.to_owned(),
            committed,
            place: from,
            open: None,
        }
    }

    /// The place of the next frame.
    #[must_use]
    pub const fn place(&self) -> Position {
        self.place
    }

    /// Goes to a place, forwards or back.
    pub fn seek(&mut self, place: Position) {
        self.place = place;
        self.open = None;
    }

    /// Leaves the rest of a boot out.
    pub fn skip_boot(&mut self) {
        self.seek(Position {
            order: self.place.order + 1,
            next: 0,
        });
    }

    /// Whether the frame at a place is still on this disk.
    ///
    /// # Errors
    /// [`Error::Storage`] when the directory cannot be read.
    pub fn holds(&self, place: Position) -> Result<bool, Error> {
        let committed = self.committed.borrow().position();
        let segments = list(&self.dir)?;
        let mut segments = segments.iter();
        let first = segments.find(|segment| segment.order == place.order);
        Ok(place < committed && first.is_some_and(|segment| segment.first <= place.next))
    }

    /// Waits until something new is committed.
    pub async fn wait(&mut self) {
        // The sender lives as long as the spool; without it there is nothing left to wait for.
        if self.committed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Reads the next frames, of one segment; `None` at the end of what is committed. Blocks.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when a frame is damaged: the reader stays before it.
    /// [`Error::Storage`] when a file cannot be read.
    pub fn next(&mut self, max_frames: usize, max_bytes: usize) -> Result<Option<Batch>, Error> {
        let committed = *self.committed.borrow_and_update();
        loop {
            let open = match self.open.take() {
                Some(open) => Some(open),
                None => self.find(&committed)?,
            };
            let Some(mut open) = open else {
                return Ok(None);
            };
            let skipped = self.enter(&open.segment);
            let entries = self.read(&mut open, &committed, max_frames, max_bytes.max(MAX_FRAME))?;
            if let Some(first) = entries.first() {
                let (node, start) = (first.frame.node.clone(), self.place);
                let boot = open.segment.boot();
                let batch = Batch {
                    node,
                    boot,
                    start,
                    entries,
                    skipped,
                };
                self.place = batch.end();
                self.open = Some(open);
                return Ok(Some(batch));
            }
            if is_current(&open.segment, &committed) {
                self.open = Some(open);
                return Ok(None);
            }
            if !self.leave(&open.segment, &committed)? {
                return Ok(None);
            }
        }
    }

    /// Moves the place forward to where a segment begins; gives the records left out.
    const fn enter(&mut self, segment: &Segment) -> u64 {
        let (order, next) = (segment.order, segment.first);
        if self.place.order == order && self.place.next >= next {
            return 0;
        }
        let same = self.place.order == order;
        let skipped = if same { next - self.place.next } else { 0 };
        self.place = Position { order, next };
        skipped
    }

    /// The segment that holds the place, or the first one after it.
    fn find(&self, committed: &Committed) -> Result<Option<Open>, Error> {
        let segments = list(&self.dir)?;
        let place = (self.place.order, self.place.next);
        let holding = segments
            .partition_point(|s| (s.order, s.first) <= place)
            .checked_sub(1);
        let holding = holding.and_then(|at| segments.get(at));
        let holding = holding.filter(|segment| segment.order == self.place.order);
        let after = || segments.iter().find(|s| (s.order, s.first) > place);
        let Some(segment) = holding.or_else(after).filter(|s| !is_future(s, committed)) else {
            return Ok(None);
        };
        let path = segment.path(&self.dir);
        let file = File::open(&path).map_err(Error::storage(&path))?;
        Ok(Some(Open {
            segment: segment.clone(),
            file,
            offset: 0,
            next: segment.first,
        }))
    }

    /// Goes to the segment after one that was read to its end; tells whether there is one.
    fn leave(&mut self, done: &Segment, committed: &Committed) -> Result<bool, Error> {
        let segments = list(&self.dir)?;
        let mut later = segments.iter().filter(|segment| *segment > done);
        match later
            .next()
            .filter(|segment| !is_future(segment, committed))
        {
            Some(next) if next.order != done.order => {
                self.place = Position {
                    order: next.order,
                    next: next.first,
                };
                Ok(true)
            }
            // Within a boot the place is the next sequence, whether or not its segment is there.
            Some(next) => {
                let path = next.path(&self.dir);
                let file = File::open(&path).map_err(Error::storage(&path))?;
                let (segment, first) = (next.clone(), next.first);
                self.open = Some(Open {
                    segment,
                    file,
                    offset: 0,
                    next: first,
                });
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn read(
        &self,
        open: &mut Open,
        committed: &Committed,
        max_frames: usize,
        max_bytes: usize,
    ) -> Result<Vec<Entry>, Error> {
        let path = open.segment.path(&self.dir);
        let end = if is_current(&open.segment, committed) {
            committed.length
        } else {
            open.file.metadata().map_err(Error::storage(&path))?.len()
        };
        let mut entries = Vec::new();
        while entries.is_empty() && open.offset < end {
            let size = (end - open.offset).min(max_bytes as u64);
            let mut bytes = vec![0; usize::try_from(size).unwrap_or(max_bytes)];
            let read = open.file.read_exact_at(&mut bytes, open.offset);
            read.map_err(Error::storage(&path))?;
            let mut at = 0;
            while entries.len() < max_frames && at < bytes.len() {
                let rest = bytes.get(at..).unwrap_or_default();
                let unreadable = |problem: String| Error::Unreadable {
                    path: path.clone(),
                    sequence: open.next,
                    problem,
                };
                let (frame, hash, size) = match Frame::decode(rest) {
                    Ok(decoded) => decoded,
                    Err(veto_trail::chain::Error::Truncated) if at > 0 => break,
                    Err(error) if at == 0 => return Err(unreadable(error.to_string())),
                    // What stands before the damage is handed out first.
                    Err(_) => break,
                };
                if frame.boot != open.segment.boot() || frame.sequence != open.next {
                    if at > 0 {
                        break;
                    }
                    return Err(unreadable(format!("holds record {}", frame.sequence)));
                }
                if frame.sequence >= self.place.next {
                    let bytes = rest.get(..size).unwrap_or_default().to_vec();
                    entries.push(Entry { frame, hash, bytes });
                }
                at += size;
                open.offset += size as u64;
                open.next += 1;
            }
        }
        Ok(entries)
    }
}

fn is_current(segment: &Segment, committed: &Committed) -> bool {
    (segment.order, segment.first) == (committed.order, committed.first)
}

fn is_future(segment: &Segment, committed: &Committed) -> bool {
    (segment.order, segment.first) > (committed.order, committed.first)
}
