//! Rules that decide nothing, since another rule matches wherever they do.

use std::cmp::Ordering;

use super::{Notes, cover};
use crate::check::Effect;
use crate::compile::{PolicySet, Rule};
use crate::diagnostic::DiagnosticCode as Code;

/// What comparing two schemas costs, in steps.
const CLOSE: usize = 100;

/// How another rule makes one pointless, the plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Denied,
    Asked,
    Same,
}

/// Looks for a rule that covers the rule; false when there are too many to look at.
pub(super) fn look(
    set: &PolicySet,
    rule: Rule<'_>,
    left: &mut usize,
    notes: &mut Notes<'_>,
) -> bool {
    if rule.rule.shadow {
        return true;
    }
    let Some(beside) = beside(set, rule, left) else {
        return false;
    };
    let mut best: Option<(Reason, Rule<'_>)> = None;
    for other in beside {
        if std::ptr::eq(other.rule, rule.rule) || other.rule.shadow {
            continue;
        }
        let Some(reason) = possible(other, rule) else {
            continue;
        };
        let better = |(known, by): (Reason, Rule<'_>)| {
            let order = reason.cmp(&known).then_with(|| other.order(&by));
            order == Ordering::Less
        };
        if !best.is_none_or(better) || !cover::is_for(other, rule) {
            continue;
        }
        let schemas = other.rule.arguments.is_some() && rule.rule.arguments.is_some();
        let Some(rest) = left.checked_sub(if schemas { CLOSE } else { 1 }) else {
            return false;
        };
        *left = rest;
        let covered = match reason {
            Reason::Denied | Reason::Asked => cover::follows(other.rule, rule.rule),
            // Of two that are alike, the first one stays.
            Reason::Same => {
                covers(other, rule)
                    && (other.order(&rule) == Ordering::Less || !covers(rule, other))
            }
        };
        if covered {
            best = Some((reason, other));
        }
    }
    if let Some((reason, other)) = best {
        tell(rule, reason, other, notes);
    }
    true
}

/// How a rule could make another one pointless, by their effects alone.
fn possible(other: Rule<'_>, rule: Rule<'_>) -> Option<Reason> {
    match (other.rule.effect, rule.rule.effect) {
        (Effect::Deny, Effect::Allow | Effect::RequireApproval) => Some(Reason::Denied),
        // One that only raises an allow needs the allow.
        (Effect::RequireApproval, Effect::Allow) => {
            (!other.rule.only_if_allowed).then_some(Reason::Asked)
        }
        (a, b) => (a == b).then_some(Reason::Same),
    }
}

/// Tells whether nothing changes without a rule, since another one of the same effect says it all.
fn covers(wide: Rule<'_>, narrow: Rule<'_>) -> bool {
    cover::says(wide, narrow)
        && cover::is_for(wide, narrow)
        && (cover::equal(wide.rule, narrow.rule)
            || (!narrow.rule.otherwise && cover::follows(wide.rule, narrow.rule)))
}

/// All rules that may be for every call that the rule is for.
fn beside<'a>(set: &'a PolicySet, rule: Rule<'_>, left: &mut usize) -> Option<Vec<Rule<'a>>> {
    let sample;
    let tool = match rule.rule.named_tools.first() {
        Some(name) => &**name,
        None => match rule.rule.tools.names.first() {
            Some(glob) if rule.rule.tools.labels.is_empty() => {
                sample = glob.sample();
                &sample
            }
            Some(_) | None => return Some(Vec::new()),
        },
    };
    let subjects = &rule.policy.subjects;
    let role = subjects.roles.first();
    let agent = subjects.agents.first().filter(|_| role.is_none());
    let agent = agent.and_then(|glob| glob.exact());
    set.index.beside(tool, role, agent, left)
}

fn tell(rule: Rule<'_>, reason: Reason, other: Rule<'_>, notes: &mut Notes<'_>) {
    let effect = rule.rule.effect.as_str();
    let (code, message) = match reason {
        Reason::Denied => (
            Code::ShadowedRule,
            format!(
                "`{other}` denies every call that `{rule}` is for, so this `{effect}` decides nothing"
            ),
        ),
        Reason::Asked => (
            Code::ShadowedRule,
            format!(
                "`{other}` asks for approval of every call that `{rule}` matches, so nothing is allowed outright"
            ),
        ),
        Reason::Same => (
            Code::RedundantRule,
            format!("`{other}` has the same effect on every call that `{rule}` matches"),
        ),
    };
    notes.warn(rule.rule.span, code, message, code.help());
}
