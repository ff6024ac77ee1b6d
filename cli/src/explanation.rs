//! What the rules said of a call, for people and as data.

use std::fmt::Write as _;

use serde::Serialize;
use veto_policy::{Explanation, RuleReport};

/// The outcome, and a paragraph for each rule.
pub(crate) fn in_words(explanation: &Explanation) -> String {
    let decision = &explanation.decision;
    let (outcome, message) = (decision.outcome.as_str(), &decision.reason.message);
    format!("{outcome}: {message}\n\n{}", rules(&explanation.rules))
}

/// A paragraph for each rule that is about the tool.
pub(crate) fn rules(reports: &[RuleReport]) -> String {
    if reports.is_empty() {
        return "No rule names the tool.".to_owned();
    }
    let paragraphs: Vec<_> = reports.iter().map(paragraph).collect();
    paragraphs.join("\n\n")
}

fn paragraph(report: &RuleReport) -> String {
    let shadow = if report.shadow {
        ", in shadow mode"
    } else {
        ""
    };
    let mut text = format!(
        "{}/{} ({}{shadow}): {}",
        report.policy,
        report.rule,
        report.effect,
        report.verdict.as_str()
    );
    if !report.message.is_empty() {
        let _ = write!(text, "\n    {}", report.message);
    }
    for step in &report.condition {
        let mark = if step.failed { "fails: " } else { "" };
        let indent = "  ".repeat(step.depth + 2);
        let _ = write!(text, "\n{indent}{}  =  {mark}{}", step.text, step.value);
    }
    text
}

/// An explanation as data.
#[derive(Serialize)]
pub(crate) struct Data<'a> {
    outcome: &'static str,
    code: &'static str,
    message: &'a str,
    policy: Option<String>,
    rule: Option<String>,
    rules: Vec<RuleData<'a>>,
}

/// What a rule said, as data.
#[derive(Serialize)]
pub(crate) struct RuleData<'a> {
    policy: &'a str,
    rule: &'a str,
    effect: &'static str,
    shadow: bool,
    verdict: &'static str,
    message: &'a str,
    argument: Option<&'a str>,
    condition: Vec<StepData<'a>>,
}

#[derive(Serialize)]
struct StepData<'a> {
    text: &'a str,
    value: &'a str,
    failed: bool,
    depth: usize,
}

impl<'a> From<&'a Explanation> for Data<'a> {
    fn from(explanation: &'a Explanation) -> Self {
        let decision = &explanation.decision;
        Self {
            outcome: decision.outcome.as_str(),
            code: decision.reason.code.as_str(),
            message: &decision.reason.message,
            policy: decision.policy.as_ref().map(ToString::to_string),
            rule: decision.rule.as_ref().map(ToString::to_string),
            rules: explanation.rules.iter().map(RuleData::from).collect(),
        }
    }
}

impl<'a> From<&'a RuleReport> for RuleData<'a> {
    fn from(report: &'a RuleReport) -> Self {
        let steps = report.condition.iter().map(|step| StepData {
            text: &step.text,
            value: &step.value,
            failed: step.failed,
            depth: step.depth,
        });
        Self {
            policy: report.policy.as_str(),
            rule: report.rule.as_str(),
            effect: report.effect,
            shadow: report.shadow,
            verdict: report.verdict.as_str(),
            message: &report.message,
            argument: report.argument.as_deref(),
            condition: steps.collect(),
        }
    }
}
