//! The reason of a default deny: the allow that came closest, and what kept it from matching.

use super::matching::Miss;
use crate::compile::Rule;
use crate::reason::{Reason, ReasonCode, shown_text};

/// How far a rule is from matching; smaller is closer.
fn distance(miss: &Miss) -> (u8, usize) {
    match miss {
        Miss::Failed(_) => (0, 0),
        Miss::Unmet => (1, 0),
        Miss::Invalid { count, .. } => (2, *count),
        Miss::Missing(_) => (3, 0),
        Miss::Unknown(_) => (4, 0),
        Miss::Filtered => (5, 0),
    }
}

/// Names the closest rule and the argument, value and bound that failed.
pub(super) fn closest<'a>(misses: &[(Rule<'a>, Miss)]) -> Option<(Rule<'a>, Reason)> {
    let nearer = |a: &&(Rule<'a>, Miss), b: &&(Rule<'a>, Miss)| {
        (distance(&a.1).cmp(&distance(&b.1))).then_with(|| a.0.order(&b.0))
    };
    let (rule, miss) = misses.iter().min_by(nearer)?;
    Some((*rule, reason(*rule, miss)))
}

/// Says why a rule does not match.
pub(crate) fn reason(rule: Rule<'_>, miss: &Miss) -> Reason {
    let name = format!("rule `{rule}`");
    let (code, message, argument) = match miss {
        Miss::Invalid { name, refusal, .. } => {
            let pointer = pointer(name) + &refusal.pointer;
            let inner = if refusal.pointer.is_empty() {
                String::new()
            } else {
                format!(" at `{}`", shown_text(&refusal.pointer))
            };
            let message = format!(
                "argument `{}`{inner}: {}",
                shown_text(name),
                refusal.message
            );
            (ReasonCode::ArgumentInvalid, message, Some(pointer))
        }
        Miss::Missing(argument) => {
            let message = format!(
                "argument `{}` is missing; {name} requires it",
                shown_text(argument)
            );
            (
                ReasonCode::ArgumentMissing,
                message,
                Some(pointer(argument)),
            )
        }
        Miss::Unknown(argument) => {
            let message = format!(
                "argument `{}` is not listed by {name}",
                shown_text(argument)
            );
            (
                ReasonCode::ArgumentUnknown,
                message,
                Some(pointer(argument)),
            )
        }
        Miss::Unmet => {
            let message = rule.rule.reason.as_deref().map(str::to_owned);
            let message = message.unwrap_or_else(|| format!("the condition of {name} is not met"));
            (ReasonCode::ConditionFalse, message, None)
        }
        Miss::Failed(failure) => {
            let message = format!("the condition of {name} cannot be evaluated: {failure}");
            (ReasonCode::ConditionError, message, None)
        }
        Miss::Filtered => (
            ReasonCode::NoMatchingRule,
            format!("{name} does not match"),
            None,
        ),
    };
    Reason {
        code,
        message,
        argument,
    }
}

/// The argument as a JSON Pointer (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
