//! A set and a call in, a decision out.
//!
//! The strictest matching effect wins: deny, then approval, then allow, then the default, which
//! denies. An error never opens a door: a deny that fails matches, an allow that fails does not, an
//! approval that fails raises an allow to approval and does nothing else.

pub(crate) mod closest;
mod decide;
mod matching;

use veto_core::Timestamp;

use crate::call::Call;
use crate::check::Effect;
use crate::compile::{PolicySet, Rule};
use crate::condition::Environment;
use crate::decision::{Decision, Matched, Outcome};
use crate::reason::{Reason, ReasonCode, shown_text};
use crate::redact::Redaction;
use decide::Verdicts;
pub(crate) use matching::{Match, Miss, matches};

/// Decides a call. Pure: the same set, call and time give the same decision.
#[must_use]
pub fn evaluate(set: &PolicySet, call: &Call, now: Timestamp) -> Decision {
    let Some(agent) = &call.agent else {
        let message = format!("agent `{}` is not registered", call.agent_id);
        return refuse(ReasonCode::UnknownAgent, message, cautious(set, call, now));
    };
    if agent.disabled {
        let message = format!("agent `{}` is disabled", agent.id);
        return refuse(ReasonCode::AgentDisabled, message, cautious(set, call, now));
    }
    let mut candidates = set.index.candidates(call.tool.as_str(), agent);
    candidates.retain(|rule| holds(*rule, now));
    let redaction = if candidates.is_empty() {
        cautious(set, call, now)
    } else {
        redaction(&candidates)
    };
    if let Some(mut reason) = contract(set, call) {
        let shows = reason.argument.as_deref();
        if shows.is_some_and(|pointer| redaction.covers(pointer)) {
            reason.message = hidden(&reason);
        }
        return Decision {
            reason,
            ..refuse(ReasonCode::ArgumentsInvalid, String::new(), redaction)
        };
    }
    let environment = Environment {
        call,
        agent,
        now,
        lists: &set.vocabulary.lists,
    };
    let mut verdicts = Verdicts::default();
    let mut decision = refuse(ReasonCode::UnknownTool, String::new(), redaction);
    for rule in candidates {
        ask(rule, &environment, &mut verdicts, &mut decision);
    }
    decision.matched.sort_unstable();
    decision.errors.sort_unstable();
    let named = || set.index.names(call.tool.as_str());
    verdicts.decide(&mut decision, named, call, agent);
    decision
}

/// Matches one rule and notes what it says.
fn ask<'a>(
    rule: Rule<'a>,
    environment: &'a Environment<'a>,
    verdicts: &mut Verdicts<'a>,
    decision: &mut Decision,
) {
    let result = matches(rule.rule, environment);
    let shadow = rule.rule.shadow;
    if let Match::Failed(error) | Match::Missed(Miss::Failed(error)) = &result {
        let mark = if shadow { "~" } else { "" };
        decision.errors.push(format!("{mark}{rule}: {error}"));
    }
    // A shadow rule is recorded as if it counted, and then it does not.
    if !matches!(result, Match::Missed(_)) {
        decision.matched.push(Matched {
            policy: rule.policy.name.clone(),
            rule: rule.rule.id.clone(),
            shadow,
        });
    }
    if shadow {
        return;
    }
    match (rule.rule.effect, result) {
        (Effect::Deny, Match::Certain | Match::Failed(_)) => verdicts.denies.push(rule),
        (Effect::RequireApproval, Match::Certain) if rule.rule.only_if_allowed => {
            verdicts.escalations.push(rule);
        }
        (Effect::RequireApproval, Match::Certain) | (Effect::Allow, Match::Otherwise) => {
            verdicts.approvals.push(rule);
        }
        (Effect::RequireApproval, Match::Failed(_)) => verdicts.escalations.push(rule),
        (Effect::Allow, Match::Certain) => verdicts.allows.push(rule),
        (Effect::Allow, Match::Missed(miss)) => verdicts.missed(rule, miss),
        (Effect::Allow, Match::Failed(failure)) => {
            verdicts.escalations.push(rule);
            verdicts.missed(rule, Miss::Failed(failure));
        }
        (Effect::Deny | Effect::RequireApproval, Match::Missed(_) | Match::Otherwise) => {}
    }
    verdicts.applicable = true;
}

/// Outside its window a rule does not exist.
pub(crate) fn holds(rule: Rule<'_>, now: Timestamp) -> bool {
    rule.rule
        .window
        .as_ref()
        .is_none_or(|window| window.holds(now))
}

fn redaction<'r, 'a: 'r>(rules: impl IntoIterator<Item = &'r Rule<'a>>) -> Redaction {
    let mut redaction = Redaction::default();
    // A rule in shadow mode changes nothing, records included.
    for rule in rules.into_iter().filter(|rule| !rule.rule.shadow) {
        redaction.add(&rule.rule.redact);
    }
    if !redaction.is_empty() {
        redaction.sort();
    }
    redaction
}

/// What to hide of a call that no rule is for: all that any rule for the tool hides.
fn cautious(set: &PolicySet, call: &Call, now: Timestamp) -> Redaction {
    let rules = set.index.of_tool(call.tool.as_str());
    redaction(rules.iter().filter(|rule| holds(**rule, now)))
}

/// Says how the call breaks the declared schema of its tool, if it does.
fn contract(set: &PolicySet, call: &Call) -> Option<Reason> {
    let tool = set.vocabulary.tools.get(call.tool.as_str())?;
    let contract = tool.contract.as_ref()?;
    let refusal = contract.refuses(call.arguments.as_map())?;
    let at = match &*refusal.pointer {
        "" => String::new(),
        pointer => format!(" at `{}`", shown_text(pointer)),
    };
    Some(Reason {
        code: ReasonCode::ArgumentsInvalid,
        message: format!(
            "the arguments break the schema of tool `{}`{at}: {}",
            call.tool, refusal.message
        ),
        argument: Some(refusal.pointer).filter(|pointer| !pointer.is_empty()),
    })
}

/// What is said instead of a message that would show a value which records do not keep.
pub(crate) fn hidden(reason: &Reason) -> String {
    match &reason.argument {
        Some(pointer) => format!(
            "the value at `{}` is not accepted; it is not shown, since records do not keep it",
            shown_text(pointer)
        ),
        None => "a value is not accepted; it is not shown, since records do not keep it".to_owned(),
    }
}

/// A denial that no rule made.
fn refuse(code: ReasonCode, message: String, redaction: Redaction) -> Decision {
    Decision {
        outcome: Outcome::Deny,
        reason: Reason {
            code,
            message,
            argument: None,
        },
        policy: None,
        rule: None,
        severity: None,
        matched: Vec::new(),
        errors: Vec::new(),
        approval: None,
        redaction,
    }
}

#[cfg(test)]
mod tests;
