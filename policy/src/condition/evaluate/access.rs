//! Reaches into values and orders them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use super::fail;
use crate::condition::expression::Comparison;
use crate::condition::value::Value;
use crate::condition::{Failure, limits};

/// RELIABILITY: patterns run over bounded text only.
pub(super) fn bounded(text: &str) -> Result<(), Failure> {
    if text.len() <= limits::MATCHED {
        return Ok(());
    }
    fail(format!(
        "`matches()` reads at most {} bytes, and this text has {}",
        limits::MATCHED,
        text.len()
    ))
}

/// A property; None when it is absent.
pub(super) fn find<'a>(of: &Value<'a>, name: &str) -> Result<Option<Value<'a>>, Failure> {
    match of {
        Value::Entries(entries) => Ok(entries.get(name)),
        Value::Optional(None) => Ok(None),
        Value::Optional(Some(value)) => find(value, name),
        other => fail(format!("{} has no property `{name}`", other.name())),
    }
}

pub(super) fn index<'a>(of: &Value<'a>, at: &Value<'a>) -> Result<Option<Value<'a>>, Failure> {
    match (of, at) {
        (Value::Items(items), Value::Number(number)) => {
            let whole = number.whole();
            Ok(whole
                .and_then(|n| usize::try_from(n).ok())
                .and_then(|n| items.get(n)))
        }
        (Value::Entries(entries), at @ (Value::Text(_) | Value::Number(_) | Value::Bool(_))) => {
            Ok(entries.find(at))
        }
        (Value::Optional(None), _) => Ok(None),
        (Value::Optional(Some(value)), at) => index(value, at),
        (of, at) => fail(format!("{} has no index of {}", of.name(), at.name())),
    }
}

pub(super) fn compare(
    comparison: Comparison,
    a: &Value<'_>,
    b: &Value<'_>,
) -> Result<bool, Failure> {
    let order = match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.order(*b),
        (Value::Text(a), Value::Text(b)) => Some((**a).cmp(&**b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some((**a).cmp(&**b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Some(a.cmp(b))
        }
        _ => return fail(format!("{} and {} cannot be compared", a.name(), b.name())),
    };
    // Nothing is above or below what is not a number.
    Ok(order.is_some_and(|order| match comparison {
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }))
}
