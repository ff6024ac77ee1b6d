//! Values as PyYAML reads them: YAML 1.1, where `yes` is a boolean and `017` is fifteen.

use serde_json::{Number, Value};

use crate::source::tree::{Node, NodeValue};

/// A value of a pack; None where it is of a kind that JSON does not have, such as a date.
pub(super) fn read(text: &str, node: &Node) -> Option<Value> {
    match &node.value {
        NodeValue::List(nodes) => {
            let items: Option<Vec<_>> = nodes.iter().map(|node| read(text, node)).collect();
            items.map(Value::Array)
        }
        NodeValue::Map(entries) => {
            let entries: Option<serde_json::Map<_, _>> = entries
                .iter()
                .map(|(key, node)| Some((key.name.clone(), read(text, node)?)))
                .collect();
            entries.map(Value::Object)
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {
            let raw = text.get(node.span.start..node.span.end).unwrap_or("");
            match (raw.trim().chars().next(), &node.value) {
                (Some('\'' | '"' | '|' | '>'), NodeValue::Text(text)) => {
                    Some(Value::from(text.as_str()))
                }
                // A plain text over several lines is never anything else.
                (_, NodeValue::Text(text)) if raw.trim() != text => {
                    Some(Value::from(text.as_str()))
                }
                _ => plain(raw.trim()),
            }
        }
    }
}

/// A plain scalar.
fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        // Read as constructors, which no pack can mean.
        "<<" | "=" => return None,
        _ => {}
    }
    if let Some(integer) = integer(text) {
        return integer.map(|n| Value::Number(Number::from(n)));
    }
    if let Some(float) = float(text) {
        return Number::from_f64(float).map(Value::Number);
    }
    if is_date(text) || is_sexagesimal_float(text) {
        return None;
    }
    Some(Value::from(text))
}

/// An integer; Some(None) when it is one that does not fit.
fn integer(text: &str) -> Option<Option<i64>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bare = digits.replace('_', "");
    let all = |text: &str, fine: fn(&char) -> bool| {
        !text.is_empty() && text.chars().all(|c| c == '_' || fine(&c))
    };
    let value = if let Some(binary) = digits.strip_prefix("0b") {
        all(binary, |c| matches!(c, '0' | '1')).then(|| i64::from_str_radix(&bare[2..], 2).ok())?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        all(hex, char::is_ascii_hexdigit).then(|| i64::from_str_radix(&bare[2..], 16).ok())?
    } else if bare == "0" && digits == "0" {
        Some(0)
    } else if let Some(octal) = digits.strip_prefix('0') {
        all(octal, |c| ('0'..='7').contains(c)).then(|| i64::from_str_radix(&bare, 8).ok())?
    } else if digits.contains(':') {
        sexagesimal(digits)?
    } else {
        let fine = digits.starts_with(|c: char| c.is_ascii_digit());
        (fine && all(digits, char::is_ascii_digit)).then(|| bare.parse().ok())?
    };
    Some(value.and_then(|n: i64| if negative { n.checked_neg() } else { Some(n) }))
}

/// `1:30` is ninety.
fn sexagesimal(text: &str) -> Option<Option<i64>> {
    let mut parts = text.split(':');
    let first = parts.next()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if first.starts_with('0') || !digits(&first.replace('_', "")) {
        return None;
    }
    let mut total: Option<i64> = first.replace('_', "").parse().ok();
    for part in parts {
        let value: i64 = part.parse().ok()?;
        if !digits(part) || part.len() > 2 || value > 59 {
            return None;
        }
        total = total.and_then(|total| total.checked_mul(60)?.checked_add(value));
    }
    Some(total)
}

/// A float has a point; `1e4` is text.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return (text == unsigned).then_some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
    let signed = |text: &str| {
        let rest = text.strip_prefix(['+', '-'])?;
        (!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())).then_some(())
    };
    let fine = digits(whole)
        && digits(fraction)
        && exponent.is_none_or(|exponent| signed(exponent).is_some())
        && if whole.is_empty() {
            text == unsigned && fraction.starts_with(|c: char| c.is_ascii_digit())
        } else {
            whole.starts_with(|c: char| c.is_ascii_digit())
        };
    fine.then(|| text.replace('_', "").parse().ok())?
}

/// `1:30.5`, which nobody writes on purpose.
fn is_sexagesimal_float(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | '_' | '+' | '-');
    let Some((whole, fraction)) = text.split_once('.') else {
        return false;
    };
    whole.contains(':')
        && !fraction.contains(':')
        && text.chars().all(fine)
        && sexagesimal(whole.trim_start_matches(['+', '-'])).is_some()
}

/// `2024-05-01`, with or without a time.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !(0..4).all(digit) || bytes.get(4) != Some(&b'-') {
        return false;
    }
    let day = (5..7).all(digit) && bytes.get(7) == Some(&b'-') && (8..10).all(digit);
    if day && bytes.len() == 10 {
        return true;
    }
    // With a time: `2024-5-1 10:20:30`, and what may follow it.
    let rest: Vec<_> = text[5..].splitn(2, '-').collect();
    rest.len() == 2
        && rest[0].bytes().all(|b| b.is_ascii_digit())
        && rest[1].matches(':').count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_scalars_are_read_as_pyyaml_reads_them() {
        for (text, value) in [
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("017", json!(15)),
            ("08", json!("08")),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("-12", json!(-12)),
            ("1:30", json!(90)),
            ("22:00", json!(1320)),
            ("1e4", json!("1e4")),
            ("1.5e+3", json!(1500.0)),
            ("1.5e3", json!("1.5e3")),
            ("10.", json!(10.0)),
            (".5", json!(0.5)),
            ("127.0.0.1", json!("127.0.0.1")),
            ("~", json!(null)),
            ("/etc", json!("/etc")),
            ("0o17", json!("0o17")),
            ("+.5", json!("+.5")),
            ("1__0", json!(10)),
            ("1.5:30", json!("1.5:30")),
        ] {
            assert_eq!(plain(text), Some(value), "{text}");
        }
        for other in [
            "2024-05-01",
            "2024-05-01T10:00:00Z",
            "190:20:30.15",
            ".nan",
            ".inf",
            "=",
        ] {
            assert_eq!(plain(other), None, "{other}");
        }
    }
}
