//! Runs a target for libFuzzer: a finding, a panic, more than 50 ms or more than 64 MiB ends the
//! process, and libFuzzer keeps the input. What was slowest and largest so far stands in a file.

mod measure;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use measure::Measure;
use peak_alloc::PeakAlloc;
use veto_fuzz_targets::Target;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

thread_local! {
    static RUNNER: RefCell<Option<Runner>> = const { RefCell::new(None) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Runner {
    target: Target,
    measure: Measure,
}

/// Runs one input of the target; ends the process when something does not hold.
pub fn execute(name: &str, input: &[u8]) {
    RUNNER.with_borrow_mut(|runner| {
        let runner = runner.get_or_insert_with(|| start(name));
        if let Err(finding) = runner.run(input) {
            runner.measure.report(Some(&finding));
            eprintln!("FINDING in `{name}`: {finding}");
            std::process::abort();
        }
    });
}

fn start(name: &str) -> Runner {
    // libFuzzer's own hook would end the process before the finding is written down.
    std::panic::set_hook(Box::new(|info| {
        PANIC.with_borrow_mut(|text| *text = info.to_string());
    }));
    let Some(target) = Target::named(name) else {
        eprintln!("there is no target `{name}`");
        std::process::exit(2);
    };
    Runner {
        target,
        measure: Measure::new(name),
    }
}

impl Runner {
    fn run(&mut self, input: &[u8]) -> Result<(), String> {
        let target = self.target;
        let once = || {
            catch_unwind(AssertUnwindSafe(|| target.run(input)))
                .map_err(|_| format!("it panics: {}", PANIC.with_borrow(String::clone)))?
                .map(drop)
                .map_err(|finding| finding.to_string())
        };
        self.measure.around(input, once)
    }
}
