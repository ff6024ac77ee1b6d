//! Any bytes as the arguments of a call: read strictly, one canonical form, and in agreement with
//! `serde_json` wherever the rules are not stricter on purpose.

use serde_json::{Number, Value};
use veto_policy::{Arguments, ArgumentsError};

use crate::{Finding, Reached, claim};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let other = serde_json::from_str::<Value>(text);
    let arguments = match Arguments::parse(text) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, text, other.ok().as_ref()).map(|()| Reached::Refused),
    };
    canonical(&arguments)?;
    if text.is_empty() {
        return Ok(Reached::Checked);
    }
    match other {
        Ok(Value::Object(other)) => {
            let same = other.len() == arguments.as_map().len()
                && other
                    .iter()
                    .all(|(key, value)| arguments.get(key).is_some_and(|own| agree(own, value)));
            claim(same, || "serde_json reads another value".to_owned())?;
        }
        Ok(other) => return Err(Finding(format!("serde_json reads {other}"))),
        Err(error) => return Err(Finding(format!("serde_json refuses it: {error}"))),
    }
    Ok(Reached::Checked)
}

/// The canonical form reads back as the same value, and is its own canonical form.
fn canonical(arguments: &Arguments) -> Result<(), Finding> {
    let canonical = arguments.canonical();
    let again = Arguments::parse(&canonical)
        .map_err(|error| Finding(format!("the canonical form is refused: {error}")))?;
    claim(again == *arguments, || {
        format!("the canonical form is another value: {canonical}")
    })?;
    claim(again.canonical() == canonical, || {
        format!("the canonical form has another one: {canonical}")
    })?;
    claim(again.digest() == arguments.digest(), || {
        "the digests differ".to_owned()
    })
}

/// What is refused must be no JSON object for `serde_json` either, or break a rule that is stricter
/// on purpose: size, depth, duplicate keys, and numbers that would change.
fn refused(error: &ArgumentsError, text: &str, other: Option<&Value>) -> Result<(), Finding> {
    let fair = match error {
        ArgumentsError::TooLarge { .. }
        | ArgumentsError::TooDeep { .. }
        | ArgumentsError::DuplicateKey { .. }
        | ArgumentsError::NumberOutOfRange { .. } => true,
        ArgumentsError::NotAnObject => other.is_some_and(|value| !value.is_object()),
        ArgumentsError::Syntax { .. } | ArgumentsError::LoneSurrogate { .. } => other.is_none(),
    };
    claim(fair, || {
        format!("refused ({error}) while serde_json reads {other:?}")
    })?;
    let offset = match error {
        ArgumentsError::TooDeep { offset }
        | ArgumentsError::Syntax { offset, .. }
        | ArgumentsError::DuplicateKey { offset, .. }
        | ArgumentsError::NumberOutOfRange { offset, .. }
        | ArgumentsError::LoneSurrogate { offset } => *offset,
        ArgumentsError::TooLarge { .. } | ArgumentsError::NotAnObject => 0,
    };
    claim(offset <= text.len(), || {
        format!("beyond the end of the text: {error}")
    })
}

fn agree(own: &Value, other: &Value) -> bool {
    match (own, other) {
        (Value::Number(own), Value::Number(other)) => same_number(own, other),
        (Value::Array(own), Value::Array(other)) => {
            own.len() == other.len() && own.iter().zip(other).all(|(own, other)| agree(own, other))
        }
        (Value::Object(own), Value::Object(other)) => {
            own.len() == other.len()
                && other
                    .iter()
                    .all(|(key, value)| own.get(key).is_some_and(|own| agree(own, value)))
        }
        (own, other) => own == other,
    }
}

/// Integers agree digit by digit. `serde_json` reads fractions to within a unit in the last place,
/// and keeps `20.0` a fraction.
fn same_number(own: &Number, other: &Number) -> bool {
    if own == other {
        return true;
    }
    let (Some(a), Some(b)) = (own.as_f64(), other.as_f64()) else {
        return false;
    };
    other.is_f64() && (a - b).abs() <= a.abs() * 1e-15 + f64::from_bits(1)
}
