//! Makes the calls of suites.

use crate::compile::PolicySet;
use crate::evaluate::evaluate;
use crate::explain::{Verdict, explain};
use crate::source::Source;

use super::coverage::Measure;
use super::{CaseReport, Report, Suite, SuiteReport};

/// Failing cases that are explained, so that a report stays readable and bounded.
const MOST_EXPLAINED: usize = 200;
/// Rules that are shown of a failing case, those for the agent first.
const MOST_RULES: usize = 50;

/// Makes the calls of all cases whose `suite/case` contains the filter. `sources` are the files of the
/// policy set, for the lines of its rules. Nothing of it depends on a clock: a case says when it is made.
#[must_use]
pub fn run(set: &PolicySet, sources: &[Source], suites: &[Suite], filter: &str) -> Report {
    let mut measure = Measure::new(set, sources);
    let mut report = Report::default();
    let mut explained = 0;
    for suite in suites {
        let mut cases = Vec::new();
        for case in &suite.cases {
            if !format!("{}/{}", suite.name, case.name).contains(filter) {
                continue;
            }
            let decision = evaluate(set, &case.call, case.now);
            measure.see(case, &decision);
            let passed = case.expected.holds(&decision);
            let mut rules = Vec::new();
            let mut more_rules = 0;
            if !passed && explained < MOST_EXPLAINED {
                explained += 1;
                rules = explain(set, &case.call, case.now).rules;
                rules.sort_by_key(|rule| rule.verdict == Verdict::OtherAgent);
                more_rules = rules.len().saturating_sub(MOST_RULES);
                rules.truncate(MOST_RULES);
            }
            cases.push(CaseReport {
                name: case.name.clone(),
                path: suite.path.clone(),
                line: case.line,
                passed,
                wanted: case.expected.describe(),
                got: case.expected.describe_got(&decision),
                message: decision.reason.message,
                rules,
                more_rules,
            });
        }
        if !cases.is_empty() {
            report.suites.push(SuiteReport {
                name: suite.name.clone(),
                path: suite.path.clone(),
                line: suite.line,
                cases,
            });
        }
    }
    report.coverage = measure.finish();
    report
}
