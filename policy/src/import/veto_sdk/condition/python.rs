//! Equality as Python sees it: `True == 1` and `1 == 1.0`.

use serde_json::{Value, json};

/// The JSON values that are equal to one; the error says why they cannot be listed.
pub(super) fn equal_to(value: &Value) -> Result<Vec<Value>, String> {
    Ok(match value {
        Value::Bool(true) => vec![json!(true), json!(1)],
        Value::Bool(false) => vec![json!(false), json!(0)],
        Value::Number(number) if number.as_f64() == Some(1.0) => vec![json!(1), json!(true)],
        Value::Number(number) if number.as_f64() == Some(0.0) => vec![json!(0), json!(false)],
        Value::Array(_) | Value::Object(_) if ambiguous(value) => {
            return Err(
                "it compares a list or object in which Python takes 0 and 1 for booleans"
                    .to_owned(),
            );
        }
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            vec![value.clone()]
        }
    })
}

fn ambiguous(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => matches!(number.as_f64(), Some(0.0 | 1.0)),
        Value::Array(items) => items.iter().any(ambiguous),
        Value::Object(entries) => entries.values().any(ambiguous),
        Value::Null | Value::String(_) => false,
    }
}
