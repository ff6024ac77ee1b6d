//! What cases have reached, as JSON and for people.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::diagnostic::visible;
use crate::suite::coverage::{BoundCoverage, Coverage, RuleCoverage};

/// Lines that people are shown; JSON has all.
const MOST_LINES: usize = 1_000;

impl Coverage {
    /// What was reached as JSON: counts, what is missing, and every rule.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let [rules, sides] = self.counts();
        let uncovered = self.uncovered();
        let uncovered = uncovered.iter().map(|gap| {
            json!({ "rule": gap.rule, "path": gap.path, "line": gap.line, "message": gap.message })
        });
        json!({
            "percent": self.percent(),
            "rules": { "covered": rules.0, "total": rules.1 },
            "bounds": { "covered": sides.0, "total": sides.1 },
            "uncovered": uncovered.collect::<Vec<_>>(),
            "by_rule": self.rules.iter().map(as_json).collect::<Vec<_>>(),
        })
    }

    /// What was reached of each rule, and what is missing, for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        for rule in &self.rules {
            lines.push(line(rule));
            let gaps = rule.gaps().into_iter();
            lines.extend(gaps.map(|gap| visible(&format!("    {gap}"))));
        }
        let more = lines.len().saturating_sub(MOST_LINES);
        lines.truncate(MOST_LINES);
        let mut out = String::new();
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        if more > 0 {
            let _ = writeln!(out, "and {more} more lines");
        }
        let [rules, sides] = self.counts();
        let _ = writeln!(
            out,
            "covered: {} of {} rules, {} of {} sides of bounds and conditions: {} %",
            rules.0,
            rules.1,
            sides.0,
            sides.1,
            self.percent()
        );
        out
    }
}

fn line(rule: &RuleCoverage) -> String {
    let matched = if rule.matched {
        "matched"
    } else {
        "not matched"
    };
    let mut text = format!("{}:{}: {}: {matched}", rule.path, rule.line, rule.name());
    if !rule.bounds.is_empty() {
        let both = |bound: &&BoundCoverage| bound.held && bound.failed;
        let covered = rule.bounds.iter().filter(both).count();
        let _ = write!(
            text,
            ", {covered} of {} bounds kept and broken",
            rule.bounds.len()
        );
    }
    if let Some(when) = &rule.condition {
        text += match (when.held, when.failed) {
            (true, true) => ", condition met and failed",
            (true, false) => ", condition met only",
            (false, true) => ", condition failed only",
            (false, false) => ", condition not reached",
        };
    }
    visible(&text)
}

fn as_json(rule: &RuleCoverage) -> Value {
    let bound = |bound: &BoundCoverage| {
        json!({
            "argument": bound.argument,
            "pointer": bound.pointer,
            "keyword": bound.keyword,
            "kept": bound.held,
            "broken": bound.failed,
        })
    };
    let condition = rule.condition.as_ref();
    json!({
        "rule": rule.name(),
        "path": rule.path,
        "line": rule.line,
        "matched": rule.matched,
        "bounds": rule.bounds.iter().map(bound).collect::<Vec<_>>(),
        "condition": condition
            .map(|when| json!({ "text": when.text, "met": when.held, "failed": when.failed })),
    })
}
