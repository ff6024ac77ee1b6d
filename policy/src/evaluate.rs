//! A set and a call in, a decision out.
//!
//! The strictest matching effect wins: deny, then approval, then allow, then the default, which
//! denies. An error never opens a door: a deny that fails matches, an allow that fails does not, an
//! approval that fails raises an allow to approval and does nothing else.

mod closest;
mod decide;
mod matching;

use veto_core::Timestamp;

use crate::call::Call;
use crate::check::Effect;
use crate::compile::PolicySet;
use crate::condition::Environment;
use crate::decision::{Decision, Matched, Outcome};
use crate::reason::{Reason, ReasonCode};
use decide::Verdicts;
use matching::{Match, Miss};

/// Decides a call. Pure: the same set, call and time give the same decision.
#[must_use]
pub fn evaluate(set: &PolicySet, call: &Call, now: Timestamp) -> Decision {
    let Some(agent) = &call.agent else {
        let message = format!("agent `{}` is not registered", call.agent_id);
        return refuse(ReasonCode::UnknownAgent, message);
    };
    if agent.disabled {
        return refuse(
            ReasonCode::AgentDisabled,
            format!("agent `{}` is disabled", agent.id),
        );
    }
    let (named, candidates) = set
        .index
        .candidates(call.tool.as_str(), &agent.id, &agent.roles);
    let environment = Environment {
        call,
        agent,
        now,
        lists: &set.lists,
    };
    let mut verdicts = Verdicts::default();
    let mut decision = refuse(ReasonCode::UnknownTool, String::new());
    for rule in candidates.into_iter().filter_map(|at| set.rules.get(at)) {
        let result = matching::matches(rule, &environment);
        if let Match::Failed(error) | Match::Missed(Miss::Failed(error)) = &result {
            let shadow = if rule.shadow { "~" } else { "" };
            decision
                .errors
                .push(format!("{shadow}{}/{}: {error}", rule.policy, rule.id));
        }
        // A shadow rule is recorded as if it counted, and then it does not.
        if !matches!(result, Match::Missed(_)) {
            decision.matched.push(Matched {
                policy: rule.policy.clone(),
                rule: rule.id.clone(),
                shadow: rule.shadow,
            });
        }
        if rule.shadow {
            continue;
        }
        match (rule.effect, result) {
            (Effect::Deny, Match::Certain | Match::Failed(_)) => verdicts.denies.push(rule),
            (Effect::RequireApproval, Match::Certain) if rule.only_if_allowed => {
                verdicts.escalations.push(rule);
            }
            (Effect::RequireApproval, Match::Certain) | (Effect::Allow, Match::Otherwise) => {
                verdicts.approvals.push(rule);
            }
            (Effect::RequireApproval, Match::Failed(_)) => verdicts.escalations.push(rule),
            (Effect::Allow, Match::Certain) => verdicts.allows.push(rule),
            (Effect::Allow, Match::Missed(miss)) => verdicts.misses.push((rule, miss)),
            (Effect::Allow, Match::Failed(failure)) => {
                verdicts.escalations.push(rule);
                verdicts.misses.push((rule, Miss::Failed(failure)));
            }
            (Effect::Deny | Effect::RequireApproval, Match::Missed(_) | Match::Otherwise) => {}
        }
        verdicts.applicable = true;
    }
    verdicts.decide(&mut decision, named, call, agent);
    decision
}

/// A denial that no rule made.
fn refuse(code: ReasonCode, message: String) -> Decision {
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
    }
}

#[cfg(test)]
mod tests;
