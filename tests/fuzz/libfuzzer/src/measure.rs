//! What inputs cost, in time and in memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::ALLOCATOR;

/// The longest that one input may take, in time of the processor: a target waits for nothing, and what other
/// programs do on the machine is not the input's fault.
const MOST_TIME: Duration = Duration::from_millis(50);
/// The most that one input may allocate at a time, and that all may leave behind.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// What is set up once (regular expressions, tables of the parser) is no growth.
const WARM_UP: u64 = 1_000;

/// The costs so far.
pub(crate) struct Measure {
    folder: Option<PathBuf>,
    executions: u64,
    slowest: Duration,
    largest: usize,
    /// Allocated after the warm-up.
    start: usize,
    /// The most that was left behind since.
    kept: usize,
}

impl Measure {
    /// `VETO_FUZZ_REPORT` names the folder of the report.
    pub(crate) fn new(name: &str) -> Self {
        let folder =
            std::env::var_os("VETO_FUZZ_REPORT").map(|folder| Path::new(&folder).join(name));
        Self {
            folder,
            executions: 0,
            slowest: Duration::ZERO,
            largest: 0,
            start: 0,
            kept: 0,
        }
    }

    /// Runs it, and again when it took longer than anything before: the shortest of four runs counts.
    pub(crate) fn around(
        &mut self,
        input: &[u8],
        run: impl Fn() -> Result<(), String>,
    ) -> Result<(), String> {
        let before = ALLOCATOR.current_usage();
        ALLOCATOR.reset_peak_usage();
        let mut took = timed(&run)?;
        let largest = ALLOCATOR.peak_usage().saturating_sub(before);
        self.executions += 1;
        let mut told = false;
        if took > self.slowest {
            for _ in 0..3 {
                took = took.min(timed(&run)?);
            }
            if took > self.slowest {
                self.slowest = took;
                self.keep("slowest", input);
                told = true;
            }
        }
        if largest > self.largest {
            self.largest = largest;
            self.keep("largest", input);
            told = true;
        }
        let now = ALLOCATOR.current_usage();
        if self.executions <= WARM_UP {
            self.start = now;
        }
        self.kept = self.kept.max(now.saturating_sub(self.start));
        if took > MOST_TIME {
            return Err(format!("it takes {} ms", took.as_millis()));
        }
        if largest > MOST_BYTES {
            return Err(format!("it allocates {largest} bytes"));
        }
        if self.kept > MOST_BYTES {
            let (kept, executions) = (self.kept, self.executions);
            return Err(format!(
                "{kept} bytes are left behind by {executions} inputs"
            ));
        }
        if told || self.executions.is_multiple_of(10_000) {
            self.report(None);
        }
        Ok(())
    }

    fn keep(&self, name: &str, input: &[u8]) {
        if let Some(folder) = &self.folder {
            write(&folder.join(name), input);
        }
    }

    /// Writes what is known so far.
    pub(crate) fn report(&self, finding: Option<&str>) {
        let Some(folder) = &self.folder else { return };
        let report = serde_json::json!({
            "executions": self.executions,
            "slowest_microseconds": u64::try_from(self.slowest.as_micros()).unwrap_or(u64::MAX),
            "largest_bytes": self.largest,
            "kept_bytes": self.kept,
            "finding": finding,
        });
        write(&folder.join("report.json"), report.to_string().as_bytes());
    }
}

fn timed(run: &impl Fn() -> Result<(), String>) -> Result<Duration, String> {
    let start = processor_time();
    run()?;
    Ok(processor_time().saturating_sub(start))
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn write(file: &Path, bytes: &[u8]) {
    if let Err(error) = std::fs::write(file, bytes) {
        eprintln!("{}: {error}", file.display());
    }
}
