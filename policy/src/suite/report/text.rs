//! The report for people.

use std::fmt::Write;

use super::{CaseReport, Report};
use crate::diagnostic::visible;
use crate::explain::RuleReport;

/// Gaps of coverage that are listed; the JSON report has all of them.
const MOST_GAPS: usize = 100;

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    for case in report.cases().filter(|case| !case.passed) {
        failure(case, &mut out);
        out.push('\n');
    }
    let uncovered = report.coverage.uncovered();
    if !uncovered.is_empty() {
        out.push_str("not covered:\n");
        for gap in uncovered.iter().take(MOST_GAPS) {
            let place = format!("{}:{}: {}: {}", gap.path, gap.line, gap.rule, gap.message);
            let _ = writeln!(out, "  {}", visible(&place));
        }
        if let Some(more @ 1..) = uncovered.len().checked_sub(MOST_GAPS) {
            let _ = writeln!(out, "  and {more} more");
        }
        out.push('\n');
    }
    let [rules, sides] = report.coverage.counts();
    let (passed, failed) = report.counts();
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    let _ = writeln!(
        out,
        "rules covered: {} of {}; sides of bounds and conditions: {} of {}",
        rules.0, rules.1, sides.0, sides.1
    );
    out
}

/// Why a case failed.
pub(super) fn failure(case: &CaseReport, out: &mut String) {
    let head = format!("{}:{}: FAILED {}", case.path, case.line, case.name);
    let _ = writeln!(out, "{}", visible(&head));
    let _ = writeln!(out, "  wanted: {}", visible(&case.wanted));
    let _ = writeln!(out, "  got:    {}", visible(&case.got));
    let _ = writeln!(out, "  reason: {}", visible(&case.message));
    for rule in &case.rules {
        self::rule(rule, out);
    }
    if case.more_rules > 0 {
        let _ = writeln!(out, "  and {} more rules", case.more_rules);
    }
}

fn rule(rule: &RuleReport, out: &mut String) {
    let shadow = if rule.shadow { ", shadow" } else { "" };
    let message = match &*rule.message {
        "" => "it matches",
        message => message,
    };
    let text = format!(
        "{}/{} ({}{shadow}): {message}",
        rule.policy, rule.rule, rule.effect
    );
    let _ = writeln!(out, "  - {}", visible(&text));
    for step in &rule.condition {
        let indent = "  ".repeat(step.depth);
        let text = step.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("{indent}{text} = {}", step.value);
        let _ = writeln!(out, "      {}", visible(&line));
    }
}
