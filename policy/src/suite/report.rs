//! What came of suites, as values, JSON and text.

mod coverage;
mod junit;
mod text;

use serde_json::{Value, json};

use crate::explain::RuleReport;

use super::Coverage;

/// What came of suites.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Every suite of which a case ran.
    pub suites: Vec<SuiteReport>,
    /// What the cases reached.
    pub coverage: Coverage,
}

/// What came of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteReport {
    /// Its name.
    pub name: String,
    /// The file.
    pub path: String,
    /// The line of its name.
    pub line: u32,
    /// Its cases that ran.
    pub cases: Vec<CaseReport>,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// The file.
    pub path: String,
    /// The line of its name.
    pub line: u32,
    /// All that the case says holds.
    pub passed: bool,
    /// What it wants, in words.
    pub wanted: String,
    /// What came, in the same words.
    pub got: String,
    /// The message of the reason.
    pub message: String,
    /// What each rule for the tool said, when it failed.
    pub rules: Vec<RuleReport>,
    /// How many more there are.
    pub more_rules: usize,
}

impl Report {
    /// All cases that ran.
    pub fn cases(&self) -> impl Iterator<Item = &CaseReport> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// How many cases passed, and how many failed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let passed = self.cases().filter(|case| case.passed).count();
        (passed, self.cases().count() - passed)
    }

    /// Tells whether cases ran and all of them passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        let (passed, failed) = self.counts();
        passed > 0 && failed == 0
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (passed, failed) = self.counts();
        json!({
            "passed": passed,
            "failed": failed,
            "suites": self.suites.iter().map(suite).collect::<Vec<_>>(),
            "coverage": self.coverage.to_json(),
        })
    }

    /// The report as JUnit's XML, as CI systems read it.
    #[must_use]
    pub fn to_junit(&self) -> String {
        junit::write(self)
    }

    /// The report for people: what failed and why, and how many cases passed.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::write(self)
    }
}

fn suite(suite: &SuiteReport) -> Value {
    json!({
        "name": suite.name,
        "path": suite.path,
        "line": suite.line,
        "cases": suite.cases.iter().map(case).collect::<Vec<_>>(),
    })
}

fn case(case: &CaseReport) -> Value {
    let mut value = json!({
        "name": case.name,
        "path": case.path,
        "line": case.line,
        "passed": case.passed,
        "wanted": case.wanted,
        "got": case.got,
        "message": case.message,
    });
    if !case.passed {
        value["rules"] = case.rules.iter().map(rule).collect();
        value["more_rules"] = case.more_rules.into();
    }
    value
}

fn rule(rule: &RuleReport) -> Value {
    let steps = rule.condition.iter();
    let steps = steps.map(|step| {
        json!({ "text": step.text, "value": step.value, "failed": step.failed, "depth": step.depth })
    });
    json!({
        "rule": format!("{}/{}", rule.policy, rule.rule),
        "effect": rule.effect,
        "shadow": rule.shadow,
        "verdict": rule.verdict.as_str(),
        "message": rule.message,
        "argument": rule.argument,
        "condition": steps.collect::<Vec<_>>(),
    })
}
