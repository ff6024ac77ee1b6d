//! Why a call got its outcome: what every rule for its tool says of it.

use veto_core::{PolicyName, RuleId, Timestamp};

use crate::call::Call;
use crate::compile::{PolicySet, Rule};
use crate::condition::{Environment, Step};
use crate::decision::Decision;
use crate::evaluate::{self, Match, closest};
use crate::reason::ReasonCode;
use crate::redact::REDACTED;

/// A decision with what every rule for the tool says of the call.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every rule that names the tool, sorted by policy and rule.
    pub rules: Vec<RuleReport>,
}

/// What one rule says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReport {
    /// Its policy.
    pub policy: PolicyName,
    /// The rule.
    pub rule: RuleId,
    /// `allow`, `deny` or `require_approval`.
    pub effect: &'static str,
    /// It is in shadow mode: it changes nothing.
    pub shadow: bool,
    /// Whether it matches.
    pub verdict: Verdict,
    /// Why it does not match, or what failed, in a sentence. Empty: it matches.
    pub message: String,
    /// The argument that decided, as a JSON Pointer (RFC 6901).
    pub argument: Option<String>,
    /// What the parts of its condition came to, the whole first. Empty: it has none, or it was not asked.
    pub condition: Vec<ConditionStep>,
}

/// A part of a condition with what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionStep {
    /// The part as written.
    pub text: String,
    /// Its value, or why it has none.
    pub value: String,
    /// It could not be evaluated.
    pub failed: bool,
    /// How many parts it stands within.
    pub depth: usize,
}

/// How a rule stands to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It matches.
    Matched,
    /// An allow that asks for an approval instead, since a bound or its condition fails.
    Otherwise,
    /// Its condition could not be evaluated, and it counts as far as it makes the outcome stricter.
    Failed,
    /// It is for other agents.
    OtherAgent,
    /// It does not hold at this time.
    OutsideWindow,
    /// It does not match, for this reason.
    Missed(ReasonCode),
}

impl Verdict {
    /// The verdict as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Otherwise => "otherwise",
            Self::Failed => "failed",
            Self::OtherAgent => "other_agent",
            Self::OutsideWindow => "outside_window",
            Self::Missed(code) => code.as_str(),
        }
    }
}

/// Decides a call and says of every rule for its tool why it matches or not. For people: it takes far
/// longer than [`evaluate()`](crate::evaluate()), and gives the same decision.
#[must_use]
pub fn explain(set: &PolicySet, call: &Call, now: Timestamp) -> Explanation {
    let decision = evaluate::evaluate(set, call, now);
    let mut rules = set.index.of_tool(call.tool.as_str());
    rules.sort_by(Rule::order);
    let report = |rule: Rule<'_>| report(set, rule, call, now, &decision);
    Explanation {
        rules: rules.into_iter().map(report).collect(),
        decision,
    }
}

fn report(
    set: &PolicySet,
    rule: Rule<'_>,
    call: &Call,
    now: Timestamp,
    decision: &Decision,
) -> RuleReport {
    let mut report = RuleReport {
        policy: rule.policy.name.clone(),
        rule: rule.rule.id.clone(),
        effect: rule.rule.effect.as_str(),
        shadow: rule.rule.shadow,
        verdict: Verdict::OtherAgent,
        message: "the rule is for other agents".to_owned(),
        argument: None,
        condition: Vec::new(),
    };
    let Some(agent) = &call.agent else {
        return report;
    };
    if !rule.policy.subjects.include(agent) {
        return report;
    }
    if !evaluate::holds(rule, now) {
        report.verdict = Verdict::OutsideWindow;
        report.message = "the rule does not hold at this time".to_owned();
        return report;
    }
    let environment = Environment {
        call,
        agent,
        now,
        lists: &set.vocabulary.lists,
    };
    if let Some(when) = &rule.rule.when {
        let steps = when.explain(&environment).into_iter();
        let step = |step: Step| ConditionStep {
            failed: step.value.is_err(),
            value: match step.value {
                // A part may come to a value that records do not keep.
                Ok(_) if !decision.redaction.is_empty() => REDACTED.to_owned(),
                Ok(value) => value,
                Err(failure) => failure.to_string(),
            },
            text: step.text,
            depth: step.depth,
        };
        report.condition = steps.map(step).collect();
    }
    match evaluate::matches(rule.rule, &environment) {
        Match::Certain => {
            report.verdict = Verdict::Matched;
            report.message = String::new();
        }
        Match::Otherwise => {
            report.verdict = Verdict::Otherwise;
            report.message = "a bound or the condition fails, so a person is asked".to_owned();
        }
        Match::Failed(failure) => {
            report.verdict = Verdict::Failed;
            report.message = format!("the condition cannot be evaluated: {failure}");
        }
        Match::Missed(miss) => {
            let mut reason = closest::reason(rule, &miss);
            let shows = reason.argument.as_deref();
            if shows.is_some_and(|pointer| decision.redaction.covers(pointer)) {
                reason.message = evaluate::hidden(&reason);
            }
            report.verdict = Verdict::Missed(reason.code);
            report.message = reason.message;
            report.argument = reason.argument;
        }
    }
    report
}
