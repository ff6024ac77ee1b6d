//! The node's time, which never runs backwards: not when the machine's clock is set back, and not
//! over a restart. Otherwise a stale bundle could be made to look fresh, and an expired token valid.
//!
//! It is the highest of the machine's clock, the monotonic time since the start, and a mark on the
//! disk. A clock that was wrongly ahead keeps the node ahead until real time has caught up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;
use veto_core::{Clock, Timestamp};

use crate::Error;
use crate::file;

/// The node's time.
#[derive(Debug)]
pub struct SteadyClock {
    clock: Arc<dyn Clock>,
    started: (Timestamp, Instant),
    mark: AtomicI64,
    path: PathBuf,
}

impl SteadyClock {
    /// Reads the mark, when there is one.
    ///
    /// # Errors
    /// [`Error::Storage`] when the file is there and cannot be read.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let path = directory.join("clock");
        let mark = match file::read(&path)? {
            None => Timestamp::default(),
            Some(bytes) => parse(&bytes).unwrap_or_else(|| {
                tracing::error!(path = %path.display(), "clock mark is damaged; it starts anew");
                Timestamp::default()
            }),
        };
        let now = clock.now();
        if now < mark {
            tracing::warn!(clock = %now, mark = %mark, "the machine's clock was set back");
        }
        let start = now.max(mark);
        Ok(Self {
            clock,
            started: (start, Instant::now()),
            mark: AtomicI64::new(start.0),
            path,
        })
    }

    /// Writes the mark to the disk.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written.
    pub fn persist(&self) -> Result<(), Error> {
        file::replace(&self.path, format!("{}\n", self.now().0).as_bytes())
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let (start, instant) = self.started;
        let now = self.clock.now().max(start.plus(instant.elapsed()));
        Timestamp(self.mark.fetch_max(now.0, Ordering::Relaxed).max(now.0))
    }
}

fn parse(bytes: &[u8]) -> Option<Timestamp> {
    std::str::from_utf8(bytes)
        .ok()?
        .strip_suffix('\n')?
        .parse()
        .ok()
        .map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use veto_core::ManualClock;

    #[test]
    fn time_stands_still_rather_than_running_backwards_even_over_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let machine = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000)));
        let clock = SteadyClock::open(directory.path(), machine.clone()).unwrap();
        machine.advance(Duration::from_secs(500));
        assert!(clock.now() >= Timestamp::from_seconds(1_500));
        machine.set(Timestamp::from_seconds(10));
        assert!(clock.now() >= Timestamp::from_seconds(1_500));
        clock.persist().unwrap();

        let clock = SteadyClock::open(directory.path(), machine).unwrap();
        assert!(clock.now() >= Timestamp::from_seconds(1_500));
    }

    #[test]
    fn a_damaged_mark_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("clock"), "99999999999999x\n").unwrap();
        let machine = Arc::new(ManualClock::new(Timestamp::from_seconds(7)));
        let clock = SteadyClock::open(directory.path(), machine).unwrap();
        assert!(clock.now() < Timestamp::from_seconds(8 + 60));
    }
}
