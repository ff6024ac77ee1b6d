//! How long to wait after a failure: twice as long each time, up to a bound, and never in step.

use std::sync::Arc;
use std::time::Duration;

use veto_core::Entropy;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug)]
pub(super) struct Pace {
    entropy: Arc<dyn Entropy>,
    failures: u32,
}

impl Pace {
    pub(super) const fn new(entropy: Arc<dyn Entropy>) -> Self {
        let failures = 0;
        Self { entropy, failures }
    }

    /// Notes a success; gives the failures before it.
    pub(super) const fn succeed(&mut self) -> u32 {
        std::mem::replace(&mut self.failures, 0)
    }

    /// Notes a failure; tells whether it is worth a line in the log: the first, second, fourth …
    pub(super) const fn fail(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures.is_power_of_two()
    }

    /// Waits as long as the failures so far ask for.
    pub(super) async fn wait(&self) {
        tokio::time::sleep(self.delay()).await;
    }

    /// Between half of the step and all of it, so that nodes do not come back all at once.
    fn delay(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(10);
        let step = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let mut byte = [0];
        // Without randomness the wait is the longest, which is right as well.
        let share = match self.entropy.fill(&mut byte) {
            Ok(()) => u32::from(byte[0]),
            Err(_) => 255,
        };
        step / 2 + step / 2 * share / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_over_after_a_success() {
        let entropy = veto_core::clock::SeededEntropy::new(1);
        let mut pace = Pace::new(Arc::new(entropy));
        let mut logged = 0;
        for _ in 0..20 {
            logged += u32::from(pace.fail());
        }
        assert_eq!(logged, 5);
        for _ in 0..100 {
            assert!((LONGEST / 2..=LONGEST).contains(&pace.delay()));
        }
        assert_eq!(pace.succeed(), 20);
        assert!(pace.fail());
        assert!((FIRST / 2..=FIRST).contains(&pace.delay()));
    }
}
