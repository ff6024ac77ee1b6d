//! Whether two schemas have no value in common.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::super::values::{Types, fits, order};
use super::Known;

/// Tells whether no value is accepted by both.
pub(in crate::diff) fn apart(a: Known<'_>, b: Known<'_>) -> bool {
    if a.is_never() || b.is_never() {
        return true;
    }
    let types = a.types().and(b.types());
    if types.is_none() {
        return true;
    }
    let (mut own, mut others) = (Vec::new(), Vec::new());
    a.parts(&mut own);
    b.parts(&mut others);
    let refused = |values: &[&Map<String, Value>], limits: &[&Map<String, Value>]| {
        values.iter().any(|part| {
            let options = part
                .get("enum")
                .and_then(Value::as_array)
                .map(Vec::as_slice);
            let options = options.or_else(|| part.get("const").map(std::slice::from_ref));
            options.is_some_and(|options| {
                let refused =
                    |value: &Value| limits.iter().any(|limit| fits(value, limit) == Some(false));
                options.iter().all(refused)
            })
        })
    };
    if refused(&own, &others) || refused(&others, &own) {
        return true;
    }
    let all: Vec<_> = own.into_iter().chain(others).collect();
    let crossed = |low: &str, high: &str, strict: bool| {
        let lows = all.iter().filter_map(|part| part.get(low));
        lows.into_iter().any(|low| {
            let mut highs = all.iter().filter_map(|part| part.get(high));
            highs.any(|high| match order(low, high) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => strict,
                Some(Ordering::Less) | None => false,
            })
        })
    };
    let numbers = crossed("minimum", "maximum", false)
        || crossed("exclusiveMinimum", "maximum", true)
        || crossed("minimum", "exclusiveMaximum", true)
        || crossed("exclusiveMinimum", "exclusiveMaximum", true);
    let texts = crossed("minLength", "maxLength", false);
    let items = crossed("minItems", "maxItems", false);
    (numbers && types.within(Types::NUMBER))
        || (texts && types.within(Types::TEXT))
        || (items && types.within(Types::LIST))
}
