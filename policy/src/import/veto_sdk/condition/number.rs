//! `float(field) > float(value)`: Python reads numbers, booleans, and texts that look like numbers.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::regex::SPACE;
use super::super::text::Texts;
use super::Accepts;

/// Beyond this a double does not tell neighbouring integers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Numerals that read alike everywhere; the exponent keeps them finite.
const PLAIN: &str = r"^[ \t-\r]*[+-]?(?:[0-9]{1,100}\.?[0-9]{0,100}|\.[0-9]{1,100})(?:[eE][+-]?[0-9]{1,2})?[ \t-\r]*$";

/// A bound for texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    above: bool,
    bound: f64,
}

/// Everything that Python's `float()` reads, but for words.
pub(super) fn numeral() -> String {
    let digits = r"\p{Nd}(?:_?\p{Nd})*";
    format!(
        r"^[{SPACE}]*[+-]?(?:{digits}(?:\.(?:{digits})?)?|\.{digits})(?:[eE][+-]?{digits})?[{SPACE}]*$"
    )
}

impl Bound {
    /// The test of a text that is a numeral. Numerals that only Python reads, such as `1_000`, are taken
    /// for beyond the bound and for within it, so that the stricter rule counts.
    pub(super) fn cel(&self, path: &str, holds: bool) -> String {
        let pattern = super::place::literal(PLAIN);
        let bound = decimal(self.bound);
        let (beyond, within) = if self.above { (">", "<=") } else { ("<", ">=") };
        let order = if holds { beyond } else { within };
        format!("!{path}.matches({pattern}) || double({path}.trim()) {order} {bound}")
    }
}

fn decimal(number: f64) -> String {
    let mut text = String::new();
    let _ = write!(text, "{number:?}");
    text
}

/// `greater_than` (`above`) or `less_than`.
pub(super) fn compared(value: &Value, above: bool) -> Result<Accepts, String> {
    let Some(bound) = float(value)? else {
        // What is no number is never compared.
        return Ok(Accepts::default());
    };
    if bound.abs() >= EXACT {
        return Err("its bound is beyond 2^53, where Python rounds what it compares".to_owned());
    }
    let keyword = if above {
        "exclusiveMinimum"
    } else {
        "exclusiveMaximum"
    };
    let number = match whole(bound) {
        Some(whole) => json!(whole),
        None => json!(bound),
    };
    let beyond = |n: f64| if above { n > bound } else { n < bound };
    let booleans = [(true, 1.0), (false, 0.0)];
    let sign = if above { r"\+?" } else { "-" };
    Ok(Accepts {
        schemas: vec![json!({"type": "number", keyword: number})],
        values: booleans
            .into_iter()
            .filter(|(_, n)| beyond(*n))
            .map(|(value, _)| json!(value))
            .collect(),
        texts: Texts {
            raw: vec![format!("^[{SPACE}]*{sign}(?i-u:inf|infinity)[{SPACE}]*$")],
            ..Texts::default()
        },
        numeral: Some(Bound { above, bound }),
        ..Accepts::default()
    })
}

/// `length_greater_than`: the size of a list or object, or how many parts a text has between `,` and `;`.
pub(super) fn longer(value: &Value) -> Result<Accepts, String> {
    let Some(bound) = float(value)? else {
        return Ok(Accepts::default());
    };
    let Some(least) = whole(bound.floor()).and_then(|n| n.checked_add(1)) else {
        return Err("its length is beyond all bounds".to_owned());
    };
    if least <= 0 {
        return Ok(Accepts {
            schemas: vec![json!({"type": ["array", "object", "string"]})],
            ..Accepts::default()
        });
    }
    let more = least - 1;
    let pattern = if more == 0 {
        format!("[^,;{SPACE}]")
    } else {
        format!("(?:[^,;{SPACE}][^,;]*[,;][,;{SPACE}]*){{{more}}}[^,;{SPACE}]")
    };
    Ok(Accepts {
        schemas: vec![
            json!({"type": "array", "minItems": least}),
            json!({"type": "object", "minProperties": least}),
        ],
        texts: Texts {
            raw: vec![pattern],
            ..Texts::default()
        },
        ..Accepts::default()
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it is whole, and small enough"
)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// `float(value)` of a value in a pack; None where Python refuses.
fn float(value: &Value) -> Result<Option<f64>, String> {
    match value {
        Value::Bool(value) => Ok(Some(f64::from(u8::from(*value)))),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(text) => {
            let plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
            let trimmed = text.trim_matches(|c: char| c == ' ' || ('\t'..='\r').contains(&c));
            match trimmed.parse() {
                Ok(number) if trimmed.chars().all(plain) => Ok(Some(number)),
                Ok(_) | Err(_) => Err(format!("its bound `{}` is text", text.escape_debug())),
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Ok(None),
    }
}
