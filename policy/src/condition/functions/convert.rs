//! Conversions between kinds; one that loses more than a fraction fails.

use super::{Function, Result};
use crate::condition::number::Number;
use crate::condition::time;
use crate::condition::value::{Bytes, Text, Value};

impl Function {
    pub(super) fn convert<'a>(self, value: &Value<'a>) -> Result<'a> {
        let fail = || self.fail(&format!("this {} cannot be converted", value.name()));
        let some = |value: Option<Value<'a>>| value.ok_or_else(fail);
        let int = |n: Option<i128>| n.and_then(|n| i64::try_from(n).ok()).map(Value::int);
        let uint = |n: Option<i128>| {
            n.and_then(|n| u64::try_from(n).ok())
                .map(|n| Value::Number(Number::Uint(n)))
        };
        match (self, value) {
            (Self::ToText, value @ Value::Text(_))
            | (Self::ToBytes, value @ Value::Bytes(_))
            | (Self::ToBool, value @ Value::Bool(_))
            | (Self::ToTime, value @ Value::Time(_))
            | (Self::ToDuration, value @ Value::Duration(_)) => Ok(value.clone()),
            (Self::ToText, Value::Number(number)) => Ok(Value::made(&number.to_string())),
            (Self::ToText, Value::Bool(value)) => {
                Ok(Value::text(if *value { "true" } else { "false" }))
            }
            (Self::ToText, Value::Time(time)) => Ok(Value::made(&time::show(*time))),
            (Self::ToText, Value::Duration(micros)) => {
                Ok(Value::made(&time::show_duration(*micros)))
            }
            (Self::ToText, Value::Bytes(bytes)) => some(match bytes {
                Bytes::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Value::text),
                Bytes::Made(bytes) => std::str::from_utf8(bytes).ok().map(Value::made),
            }),
            (Self::ToBytes, Value::Text(text)) => Ok(Value::Bytes(match text {
                Text::Borrowed(text) => Bytes::Borrowed(text.as_bytes()),
                Text::Made(text) => Bytes::Made(text.as_bytes().into()),
            })),
            (Self::ToInt, Value::Number(number)) => some(int(number.truncated())),
            (Self::ToInt, Value::Text(text)) => some(integer(text).and_then(|n| int(Some(n)))),
            (Self::ToInt, Value::Time(time)) => Ok(Value::int(time.div_euclid(1_000_000))),
            (Self::ToUint, Value::Number(number)) => some(
                // A fraction below zero must not pass for zero.
                uint(number.truncated().filter(|_| !number.is_negative())),
            ),
            (Self::ToUint, Value::Text(text)) => some(integer(text).and_then(|n| uint(Some(n)))),
            (Self::ToDouble, Value::Number(number)) => {
                Ok(Value::Number(Number::Double(number.nearest_double())))
            }
            (Self::ToDouble, Value::Text(text)) => {
                some(decimal(text).map(|n| Value::Number(Number::Double(n))))
            }
            (Self::ToBool, Value::Text(text)) => some(match &**text {
                "1" | "t" | "true" | "TRUE" | "True" => Some(Value::Bool(true)),
                "0" | "f" | "false" | "FALSE" | "False" => Some(Value::Bool(false)),
                _ => None,
            }),
            (Self::ToTime, Value::Text(text)) => some(time::parse(text).map(Value::Time)),
            (Self::ToTime, Value::Number(seconds)) => some(
                seconds
                    .whole()
                    .and_then(|seconds| time::time(seconds.checked_mul(1_000_000)?))
                    .map(Value::Time),
            ),
            (Self::ToDuration, Value::Text(text)) => {
                some(time::duration(text).map(Value::Duration))
            }
            (_, value) => Err(self.overload(std::slice::from_ref(value))),
        }
    }
}

/// An integer of at most 64 bits in decimal digits.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let fine = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| fine)
}

/// A finite decimal number; words such as `inf` and `nan` are no numbers here.
fn decimal(text: &str) -> Option<f64> {
    let fine = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|n: &f64| fine && n.is_finite())
}
