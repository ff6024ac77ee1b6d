//! The reason of a default deny: the allow that came closest, and what kept it from matching.

use super::matching::Miss;
use crate::compile::CompiledRule;
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
pub(super) fn closest(misses: Vec<(&CompiledRule, Miss)>) -> Option<(&CompiledRule, Reason)> {
    let (rule, miss) = misses
        .into_iter()
        .min_by_key(|(rule, miss)| (distance(miss), rule.policy.clone(), rule.id.clone()))?;
    let name = format!("rule `{}/{}`", rule.policy, rule.id);
    let (code, message, argument) = match miss {
        Miss::Invalid { name, refusal, .. } => {
            let pointer = pointer(&name) + &refusal.pointer;
            let inner = if refusal.pointer.is_empty() {
                String::new()
            } else {
                format!(" at `{}`", shown_text(&refusal.pointer))
            };
            let message = format!(
                "argument `{}`{inner}: {}",
                shown_text(&name),
                refusal.message
            );
            (ReasonCode::ArgumentInvalid, message, Some(pointer))
        }
        Miss::Missing(argument) => {
            let message = format!(
                "argument `{}` is missing; {name} requires it",
                shown_text(&argument)
            );
            (
                ReasonCode::ArgumentMissing,
                message,
                Some(pointer(&argument)),
            )
        }
        Miss::Unknown(argument) => {
            let message = format!(
                "argument `{}` is not listed by {name}",
                shown_text(&argument)
            );
            (
                ReasonCode::ArgumentUnknown,
                message,
                Some(pointer(&argument)),
            )
        }
        Miss::Unmet => {
            let message = rule.reason.clone();
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
    Some((
        rule,
        Reason {
            code,
            message,
            argument,
        },
    ))
}

/// The argument as a JSON Pointer (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
