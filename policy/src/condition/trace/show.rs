//! Values as people read them.

use std::fmt::Write;

use crate::condition::number::Number;
use crate::condition::value::{Entries, Items, Value};

/// Longest text that is shown, in characters.
const LENGTH: usize = 120;
/// Most entries of a list or map that are shown.
const ENTRIES: usize = 8;
/// Deepest nesting that is shown.
const DEPTH: usize = 4;

/// A value in the syntax of conditions as far as there is one, shortened where it is long.
pub(super) fn show(value: &Value<'_>) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value<'_>, depth: usize) {
    // Writing into a string does not fail.
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(Number::Int(n)) => write!(out, "{n}"),
        Value::Number(Number::Uint(n)) => write!(out, "{n}"),
        Value::Number(Number::Double(n)) => write!(out, "{n:?}"),
        Value::Text(text) => {
            let shown: String = text.chars().take(LENGTH).collect();
            let more = if shown.len() < text.len() { "…" } else { "" };
            write!(out, "{:?}{more}", shown)
        }
        Value::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
        Value::Type(name) => write!(out, "{name}"),
        Value::Time(time) => write!(out, "{}", veto_core::Timestamp(*time)),
        Value::Duration(micros) => write!(out, "{}", span(*micros)),
        Value::Optional(None) => write!(out, "nothing"),
        Value::Optional(Some(value)) => return write(out, value, depth),
        Value::Items(items) => return list(out, items, depth),
        Value::Entries(entries) => return map(out, entries, depth),
    };
}

fn list(out: &mut String, items: &Items<'_>, depth: usize) {
    // What a policy lists is not for everybody who may ask why.
    if let Items::Named(list) = items {
        let _ = write!(out, "list `{}` of {}", list.name, items.len());
        return;
    }
    if depth > DEPTH {
        out.push_str("[…]");
        return;
    }
    out.push('[');
    for (at, item) in (0..items.len()).filter_map(|at| items.get(at)).enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if at == ENTRIES {
            let _ = write!(out, "… {} more", items.len() - at);
            break;
        }
        write(out, &item, depth + 1);
    }
    out.push(']');
}

fn map(out: &mut String, entries: &Entries<'_>, depth: usize) {
    if depth > DEPTH {
        out.push_str("{…}");
        return;
    }
    let keys = entries.keys();
    out.push('{');
    for (at, key) in keys.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if at == ENTRIES {
            let _ = write!(out, "… {} more", keys.len() - at);
            break;
        }
        write(out, key, depth + 1);
        out.push_str(": ");
        if let Some(value) = entries.find(key) {
            write(out, &value, depth + 1);
        }
    }
    out.push('}');
}

/// A duration such as `1h30m` or `-1.5s`.
fn span(micros: i64) -> String {
    let mut out = if micros < 0 { "-" } else { "" }.to_owned();
    let mut left = micros.unsigned_abs();
    for (unit, size) in [("h", 3_600_000_000), ("m", 60_000_000)] {
        if left >= size {
            let _ = write!(out, "{}{unit}", left / size);
            left %= size;
        }
    }
    if left > 0 || out.len() <= 1 {
        let (seconds, rest) = (left / 1_000_000, left % 1_000_000);
        let fraction = format!("{rest:06}");
        let fraction = fraction.trim_end_matches('0');
        let dot = if fraction.is_empty() { "" } else { "." };
        let _ = write!(out, "{seconds}{dot}{fraction}s");
    }
    out
}
