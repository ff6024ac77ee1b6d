//! The report for people.

use std::fmt::Write;

use super::{CaseReport, Report};
use crate::diagnostic::visible;
use crate::explain::RuleReport;

pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    for case in report.cases().filter(|case| !case.passed) {
        failure(case, &mut out);
        out.push('\n');
    }
    let (passed, failed) = report.counts();
    let _ = writeln!(out, "{passed} passed, {failed} failed");
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
