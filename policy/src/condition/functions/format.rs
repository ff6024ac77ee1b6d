//! `format()`: fills values into a text.

use std::fmt::Write;

use crate::condition::limits;
use crate::condition::number::Number;
use crate::condition::time;
use crate::condition::value::{Items, Value};

/// Most digits behind the point.
const PRECISION: usize = 100;
/// Deepest nesting of lists and maps.
const DEPTH: usize = 64;

type Written = Result<(), String>;

/// Fills the values into the clauses of a text; the error says what does not fit.
pub(super) fn format(text: &str, items: &Items<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        push(&mut out, &rest[..at])?;
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            push(&mut out, "%")?;
            rest = after;
            continue;
        }
        let precision = precision(&mut rest)?;
        let mut characters = rest.chars();
        let clause = characters
            .next()
            .ok_or_else(|| "the text ends within a clause".to_owned())?;
        rest = characters.as_str();
        let value = items
            .get(next)
            .ok_or_else(|| "there are more clauses than values".to_owned())?;
        next += 1;
        write_clause(&mut out, clause, precision, &value)?;
    }
    push(&mut out, rest)?;
    Ok(out)
}

/// `.3` before the letter of a clause.
fn precision(rest: &mut &str) -> Result<Option<usize>, String> {
    let Some(after) = rest.strip_prefix('.') else {
        return Ok(None);
    };
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    let precision = after[..end]
        .parse()
        .ok()
        .filter(|precision| *precision <= PRECISION)
        .ok_or_else(|| format!("a precision is a number up to {PRECISION}"))?;
    *rest = &after[end..];
    Ok(Some(precision))
}

fn push(out: &mut String, part: &str) -> Written {
    if out.len() + part.len() > limits::TEXT {
        return Err("the text that it makes is longer than 64 KiB".to_owned());
    }
    out.push_str(part);
    Ok(())
}

fn write_clause(
    out: &mut String,
    clause: char,
    precision: Option<usize>,
    value: &Value<'_>,
) -> Written {
    let refused = |what: &str| Err(format!("`%{clause}` takes {what}, not {}", value.name()));
    let text = match (clause, value) {
        ('s', value) => return write(out, value, 0),
        ('d', Value::Number(Number::Double(n))) if !n.is_finite() => double(*n),
        ('d', Value::Number(number @ (Number::Int(_) | Number::Uint(_)))) => number.to_string(),
        ('d', _) => return refused("integers"),
        ('f' | 'e', Value::Number(number)) => {
            let n = number.nearest_double();
            let precision = precision.unwrap_or(6);
            if !n.is_finite() {
                double(n)
            } else if clause == 'f' {
                format!("{n:.precision$}")
            } else {
                exponent(&format!("{n:.precision$e}"))
            }
        }
        ('f' | 'e', _) => return refused("numbers"),
        ('b', Value::Bool(value)) => u8::from(*value).to_string(),
        ('b' | 'o' | 'x' | 'X', Value::Number(number)) => match number {
            Number::Int(n) => {
                let sign = if *n < 0 { "-" } else { "" };
                format!("{sign}{}", digits(clause, n.unsigned_abs()))
            }
            Number::Uint(n) => digits(clause, *n),
            Number::Double(_) => return refused("integers"),
        },
        ('x' | 'X', Value::Text(text)) => hexadecimal(clause, text.as_bytes())?,
        ('x' | 'X', Value::Bytes(bytes)) => hexadecimal(clause, bytes)?,
        ('b', _) => return refused("integers and bools"),
        ('o', _) => return refused("integers"),
        ('x' | 'X', _) => return refused("integers, strings and bytes"),
        _ => return Err(format!("there is no clause `%{}`", clause.escape_debug())),
    };
    push(out, &text)
}

fn digits(clause: char, n: u64) -> String {
    match clause {
        'b' => format!("{n:b}"),
        'o' => format!("{n:o}"),
        'X' => format!("{n:X}"),
        _ => format!("{n:x}"),
    }
}

fn hexadecimal(clause: char, bytes: &[u8]) -> Result<String, String> {
    let mut out = String::new();
    for byte in bytes {
        let digits = if clause == 'X' {
            format!("{byte:02X}")
        } else {
            format!("{byte:02x}")
        };
        push(&mut out, &digits)?;
    }
    Ok(out)
}

/// The exponent of C: a sign and at least two digits.
fn exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn double(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n == f64::INFINITY {
        "Infinity".to_owned()
    } else if n == f64::NEG_INFINITY {
        "-Infinity".to_owned()
    } else {
        n.to_string()
    }
}

/// A value as `%s` shows it.
fn write(out: &mut String, value: &Value<'_>, depth: usize) -> Written {
    if depth > DEPTH {
        return Err("lists and maps are nested too deep".to_owned());
    }
    let mut text = String::new();
    let shown = match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Text(text) => text,
        Value::Type(name) => name,
        Value::Bytes(bytes) => {
            text = String::from_utf8_lossy(bytes).into_owned();
            &text
        }
        Value::Number(Number::Double(n)) => {
            text = double(*n);
            &text
        }
        Value::Number(number) => {
            // Writing into a string does not fail.
            let _ = write!(text, "{number}");
            &text
        }
        Value::Time(micros) => {
            text = time::show(*micros);
            &text
        }
        Value::Duration(micros) => {
            text = time::show_duration(*micros);
            &text
        }
        Value::Items(items) => {
            push(out, "[")?;
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    push(out, ", ")?;
                }
                write(out, &item, depth + 1)?;
            }
            "]"
        }
        Value::Entries(entries) => {
            let mut shown = Vec::new();
            for key in entries.keys() {
                let mut name = String::new();
                write(&mut name, &key, depth + 1)?;
                shown.push((name, entries.find(&key)));
            }
            shown.sort_by(|(a, _), (b, _)| a.cmp(b));
            push(out, "{")?;
            for (at, (name, value)) in shown.iter().enumerate() {
                push(out, if at > 0 { ", " } else { "" })?;
                push(out, name)?;
                push(out, ": ")?;
                if let Some(value) = value {
                    write(out, value, depth + 1)?;
                }
            }
            "}"
        }
        Value::Optional(_) => return Err("an optional has no text".to_owned()),
    };
    push(out, shown)
}
