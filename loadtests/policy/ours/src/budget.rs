//! What is promised, and whether it was kept.

use serde::Serialize;
use veto_bench::{Case, Form, Row};

use crate::large::Large;

/// A promise with what was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    pub(crate) name: String,
    pub(crate) measured: f64,
    pub(crate) bound: f64,
    pub(crate) unit: &'static str,
    pub(crate) met: bool,
}

impl Budget {
    fn new(name: String, measured: f64, bound: f64, unit: &'static str) -> Self {
        let met = measured <= bound;
        Self {
            name,
            measured,
            bound,
            unit,
            met,
        }
    }
}

/// How much a decision may cost more with the most rules than with the fewest.
const FLAT: f64 = 1.3;

/// The longest that a decision may take, in microseconds.
const fn longest(form: Form) -> f64 {
    match form {
        Form::Parsed => 1.0,
        Form::Text => 2.0,
    }
}

/// Checks all promises. `engines` are the ones with a promise for each decision.
pub(crate) fn check(rows: &[Row], engines: &[&str], large: Option<&Large>) -> Vec<Budget> {
    let mut budgets = Vec::new();
    for engine in engines {
        for form in [Form::Parsed, Form::Text] {
            for case in Case::ALL {
                decisions(rows, engine, form, case, &mut budgets);
            }
        }
    }
    if let Some(large) = large {
        let mut one = |name: &str, measured: f64, bound: f64, unit| {
            let name = format!("{name}, {} rules", large.rules);
            budgets.push(Budget::new(name, measured, bound, unit));
        };
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        one("compile", large.cpu_seconds, 10.0, "s");
        one(
            "compile, peak of memory",
            mib(large.peak_bytes),
            2048.0,
            "MiB",
        );
        one("one changed policy", large.update_milliseconds, 50.0, "ms");
    }
    budgets
}

fn decisions(rows: &[Row], engine: &str, form: Form, case: Case, budgets: &mut Vec<Budget>) {
    let name = |what: &str| {
        format!(
            "{engine}: {} on {} arguments{what}",
            case.as_str(),
            form.as_str()
        )
    };
    let mine = || {
        rows.iter()
            .filter(move |row| row.engine == engine && row.form == form && row.case == case)
    };
    let at_most = |rules: usize| mine().filter(move |row| row.rules <= rules);
    let Some(fewest) = mine().min_by_key(|row| row.rules) else {
        return;
    };
    let slowest = |few: bool| {
        let of = mine().filter(|row| (row.rules < 100_000) == few && row.rules <= 100_000);
        of.map(|row| row.nanoseconds).max_by(f64::total_cmp)
    };
    if let Some(slowest) = slowest(true) {
        budgets.push(Budget::new(
            name(", to 1,000 rules"),
            slowest / 1e3,
            longest(form),
            "µs",
        ));
    }
    if let Some(slowest) = slowest(false) {
        let most = at_most(100_000).map(|row| row.rules).max().unwrap_or(0);
        let with = format!(", {most} rules");
        budgets.push(Budget::new(
            name(&with),
            slowest / 1e3,
            longest(form) * FLAT,
            "µs",
        ));
        let ratio = slowest / fewest.nanoseconds;
        budgets.push(Budget::new(
            name(&format!("{with} over {}", fewest.rules)),
            ratio,
            FLAT,
            "×",
        ));
    }
}
