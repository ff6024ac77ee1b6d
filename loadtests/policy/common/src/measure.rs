//! How a figure is taken: after a warm-up, the median of samples, in time that the thread had a processor.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long figures are taken.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Before the first sample.
    pub warm_up: Duration,
    /// How many samples; the median counts.
    pub samples: usize,
    /// How long a sample takes.
    pub sample: Duration,
}

/// A median with the best of the samples.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Nanoseconds of processor time for one execution, median.
    pub median: f64,
    /// The same, of the quickest sample.
    pub best: f64,
}

impl Plan {
    /// The plan for the committed table.
    pub const FULL: Self = Self {
        warm_up: Duration::from_millis(200),
        samples: 5,
        sample: Duration::from_millis(250),
    };
    /// The plan for a first answer.
    pub const QUICK: Self = Self {
        warm_up: Duration::from_millis(50),
        samples: 5,
        sample: Duration::from_millis(50),
    };

    /// For what is too slow to be sampled.
    pub const ONCE: Self = Self {
        warm_up: Duration::ZERO,
        samples: 1,
        sample: Duration::ZERO,
    };

    /// Chooses by the environment: `QUICK=1` is the quick one.
    #[must_use]
    pub fn chosen() -> Self {
        if is_quick() { Self::QUICK } else { Self::FULL }
    }

    /// Times one execution of the work.
    pub fn time(self, mut work: impl FnMut()) -> Figure {
        let start = cpu_of_thread();
        let mut executions: u64 = 0;
        while cpu_of_thread() - start < self.warm_up {
            work();
            executions += 1;
        }
        let each = (cpu_of_thread() - start).as_secs_f64() / executions.max(1) as f64;
        let batch = ((self.sample.as_secs_f64() / each).ceil() as u64).max(1);
        let mut samples: Vec<f64> = (0..self.samples)
            .map(|_| {
                let start = cpu_of_thread();
                (0..batch).for_each(|_| work());
                (cpu_of_thread() - start).as_secs_f64() * 1e9 / batch as f64
            })
            .collect();
        samples.sort_by(f64::total_cmp);
        Figure {
            median: samples[samples.len() / 2],
            best: samples[0],
        }
    }
}

/// Tells whether a first answer is asked for.
#[must_use]
pub fn is_quick() -> bool {
    std::env::var("QUICK").is_ok_and(|value| !value.is_empty() && value != "0")
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Processor time of this thread: what other programs do on the machine is not in it.
#[must_use]
pub fn cpu_of_thread() -> Duration {
    clock(ClockId::ThreadCPUTime)
}

/// Processor time of this process, of the kernel's work for it too.
#[must_use]
pub fn cpu_of_process() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// Does something once; gives it back with its processor time and its time by the clock on the wall.
pub fn once<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (cpu, wall) = (cpu_of_process(), std::time::Instant::now());
    let done = work();
    (done, cpu_of_process() - cpu, wall.elapsed())
}

/// The most memory that this process ever had, in bytes.
#[must_use]
pub fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
