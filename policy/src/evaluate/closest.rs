//! The reason of a default deny: the allow that came closest, and what kept it from matching.

use serde_json::Value;

use super::matching::Miss;
use crate::compile::{CompiledArgument, Rule};
use crate::reason::{Reason, ReasonCode, shown_text};

/// How far a rule is from matching; smaller is closer.
fn distance(miss: &Miss<'_>) -> (u8, usize) {
    match miss {
        Miss::Failed(_) => (0, 0),
        Miss::Unmet => (1, 0),
        Miss::Invalid { count, .. } => (2, *count),
        Miss::Missing(_) => (3, 0),
        Miss::Unknown(_) => (4, 0),
        Miss::Filtered => (5, 0),
    }
}

/// A rule that does not match, and why.
pub(super) type Missed<'a> = (Rule<'a>, Miss<'a>);

/// Tells whether the first is closer than the second; among equals the first by name is.
pub(super) fn closer(a: &Missed<'_>, b: &Missed<'_>) -> bool {
    (distance(&a.1).cmp(&distance(&b.1)))
        .then_with(|| a.0.order(&b.0))
        .is_lt()
}

/// Says why a rule does not match.
pub(crate) fn reason(rule: Rule<'_>, miss: &Miss<'_>) -> Reason {
    let name = format!("rule `{rule}`");
    let (code, message, argument) = match miss {
        Miss::Invalid {
            argument, value, ..
        } => invalid(argument, value),
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

/// The argument, the value and the bound that it breaks.
fn invalid(argument: &CompiledArgument, value: &Value) -> (ReasonCode, String, Option<String>) {
    let refusal = argument.schema.refusal(value);
    let (below, why) = refusal.map_or_else(
        || (String::new(), "the value is not accepted".to_owned()),
        |refusal| (refusal.pointer, refusal.message),
    );
    let at = match &*below {
        "" => String::new(),
        below => format!(" at `{}`", shown_text(below)),
    };
    let message = format!("argument `{}`{at}: {why}", shown_text(&argument.name));
    let pointer = pointer(&argument.name) + &below;
    (ReasonCode::ArgumentInvalid, message, Some(pointer))
}

/// The argument as a JSON Pointer (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
