//! What a plain scalar means, where that leaves no doubt (YAML 1.2.2, core schema, §10.3.2).

use serde_json::Number;

use super::super::tree::NodeValue;

/// The value of a plain scalar; None: it might be a number in some spelling.
pub(super) fn resolve(text: &str) -> Option<NodeValue> {
    match text {
        "~" | "null" | "Null" | "NULL" => return Some(NodeValue::Null),
        "true" | "True" | "TRUE" => return Some(NodeValue::Bool(true)),
        "false" | "False" | "FALSE" => return Some(NodeValue::Bool(false)),
        _ => {}
    }
    let numeric = text
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
    if !numeric {
        let special = ["inf", "infinity", "nan"];
        let doubtful = special.iter().any(|word| text.eq_ignore_ascii_case(word));
        return (!doubtful).then(|| NodeValue::Text(text.to_owned()));
    }
    if let Some(number) = number(text) {
        return Some(NodeValue::Number(number));
    }
    text_for_sure(text).then(|| NodeValue::Text(text.to_owned()))
}

/// An integer or a decimal fraction in its plainest spelling.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        None => (digits, None),
        Some((whole, fraction)) => (whole, Some(fraction)),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let shortest = whole == "0" || !whole.starts_with('0');
    if !all_digits(whole) || !shortest {
        return None;
    }
    match fraction {
        None if whole.len() <= 18 && text != "-0" => text.parse::<i64>().ok().map(Number::from),
        Some(fraction) if all_digits(fraction) && digits.len() <= 15 => {
            text.parse().ok().and_then(Number::from_f64)
        }
        None | Some(_) => None,
    }
}

/// Text that starts like a number and is none: a time such as `15m`, a date such as `2026-01-31`.
fn text_for_sure(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits..) {
        Some([b's' | b'm' | b'h' | b'd']) => digits > 0,
        Some([b'-', rest @ ..]) => {
            digits > 0
                && rest
                    .iter()
                    .all(|b| b.is_ascii_digit() || b"-:.TZ+".contains(b))
        }
        _ => false,
    }
}
