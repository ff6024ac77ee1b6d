//! Requirements in words.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use veto_core::Timestamp;

use super::guard::{Argument, Met, Requirement};
use crate::check::Terms;
use crate::condition::Condition;

/// Longest words for one schema; a longer one is cut, and the JSON report has all of it.
const MOST: usize = 400;
/// Values of an `enum` that are shown.
const MOST_VALUES: usize = 12;

impl fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract(_, true) => f.write_str("the arguments keep the schema of the tool"),
            Self::Contract(_, false) => f.write_str("the arguments break the schema of the tool"),
            Self::Window(window) => match (window.not_before, window.not_after) {
                (Some(start), Some(end)) => write!(f, "from {} until {}", time(start), time(end)),
                (Some(start), None) => write!(f, "from {} on", time(start)),
                (None, Some(end)) => write!(f, "until {}", time(end)),
                (None, None) => f.write_str("at any time"),
            },
            Self::Only(names) if names.is_empty() => f.write_str("no arguments"),
            Self::Only(names) => write!(f, "no arguments but {}", listed(names)),
            Self::Argument(argument) => argument.fmt(f),
            Self::Condition(condition, met) => {
                let text = one_line(condition);
                match met {
                    Met::Yes => write!(f, "when {text}"),
                    Met::Fails => write!(f, "when it cannot be evaluated whether {text}"),
                    Met::YesOrFails => write!(f, "when {text}, or this cannot be evaluated"),
                }
            }
            Self::Typed(_) => f.write_str("every argument is there and of the right type"),
            Self::Unless(all, condition) => {
                let mut parts: Vec<_> = all.iter().map(ToString::to_string).collect();
                parts.extend(condition.map(one_line));
                write!(f, "unless {}", parts.join("; "))
            }
        }
    }
}

impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = if self.optional { " (optional)" } else { "" };
        let schema = clipped(&schema(&self.json), MOST);
        write!(f, "`{}`{optional}: {schema}", self.name)
    }
}

/// The terms of an approval in words.
pub(super) fn terms(terms: &Terms) -> String {
    let mut approvers: Vec<_> = terms.approvers.iter().map(String::as_str).collect();
    approvers.sort_unstable();
    let mut text = format!(
        "approved by {}",
        listed(&approvers).replace(" and ", " or ")
    );
    if terms.quorum > 1 {
        let _ = write!(text, ", {} of them", terms.quorum);
    }
    let seconds = terms.expires.as_secs();
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "d"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "h"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "m"),
        _ => (seconds, "s"),
    };
    let _ = write!(text, ", within {count}{unit}");
    if terms.independent {
        text.push_str(", never by the person it acts for");
    }
    text
}

/// An instant without a fraction of nothing.
fn time(time: Timestamp) -> String {
    time.to_string().replace(".000000Z", "Z")
}

/// The text of a condition without its line breaks.
fn one_line(condition: &Condition) -> String {
    let words: Vec<_> = condition.text().split_whitespace().collect();
    words.join(" ")
}

/// The text, cut where it is longer than so many characters.
pub(super) fn clipped(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Names in backticks, with `and` before the last.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

/// A schema in words; what has no words stands as JSON.
pub(super) fn schema(json: &Value) -> String {
    match json {
        Value::Bool(false) => "no value".to_owned(),
        Value::Object(map) if !map.is_empty() => parts(map).join(", "),
        Value::Null
        | Value::Bool(true)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => "any value".to_owned(),
    }
}

/// What is said first, so that bounds read from below to above.
const ORDER: [&str; 12] = [
    "type",
    "const",
    "enum",
    "in",
    "empty",
    "exclusiveMinimum",
    "minimum",
    "exclusiveMaximum",
    "maximum",
    "multipleOf",
    "minLength",
    "minItems",
];

fn parts(map: &Map<String, Value>) -> Vec<String> {
    let first = ORDER.iter().filter_map(|name| map.get_key_value(*name));
    let rest = map
        .iter()
        .filter(|(name, _)| !ORDER.contains(&name.as_str()));
    first
        .chain(rest)
        .filter_map(|(name, value)| part(name, value))
        .collect()
}

fn part(name: &str, value: &Value) -> Option<String> {
    let count = |what: &str, word: &str| {
        let plural = if value == &Value::from(1) { "" } else { "s" };
        let plural = if word == "entry" {
            ["ies", "y"][usize::from(plural.is_empty())]
        } else {
            plural
        };
        let word = word.trim_end_matches('y');
        Some(format!("at {what} {value} {word}{plural}"))
    };
    match (name, value) {
        ("type", _) => Some(one_of(value, Value::to_string).replace('"', "")),
        ("const", _) => Some(value.to_string()),
        ("enum", Value::Array(values)) => match &**values {
            [one] => Some(one.to_string()),
            _ => Some(format!("one of {}", some(values))),
        },
        ("in", _) => Some(format!(
            "in list {}",
            one_of(value, |v| format!("`{}`", v.as_str().unwrap_or("")))
        )),
        ("empty", Value::Bool(true)) => Some("empty".to_owned()),
        ("empty", _) => Some("not empty".to_owned()),
        ("exclusiveMinimum", _) => Some(format!("above {value}")),
        ("minimum", _) => Some(format!("at least {value}")),
        ("exclusiveMaximum", _) => Some(format!("below {value}")),
        ("maximum", _) => Some(format!("at most {value}")),
        ("multipleOf", _) => Some(format!("a multiple of {value}")),
        ("minLength", _) => count("least", "character"),
        ("maxLength", _) => count("most", "character"),
        ("minItems", _) => count("least", "entry"),
        ("maxItems", _) => count("most", "entry"),
        ("pattern", Value::String(text)) => Some(format!("matching `{text}`")),
        ("format", Value::String(text)) => Some(format!("a valid {text}")),
        ("uniqueItems", _) => Some("no entry twice".to_owned()),
        ("items", Value::Bool(true)) => None,
        ("items", _) => Some(format!("each entry ({})", schema(value))),
        ("not", _) => Some(format!("not ({})", schema(value))),
        ("allOf", Value::Array(all)) => {
            let all: Vec<_> = all.iter().map(schema).collect();
            Some(all.join(", "))
        }
        ("anyOf", Value::Array(all)) => {
            let all: Vec<_> = all.iter().map(|one| format!("({})", schema(one))).collect();
            Some(all.join(" or "))
        }
        _ => Some(format!("{name} {value}")),
    }
}

/// One word, or several with `or`.
fn one_of(value: &Value, word: impl Fn(&Value) -> String) -> String {
    match value {
        Value::Array(values) => values.iter().map(word).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            word(value)
        }
    }
}

fn some(values: &[Value]) -> String {
    let shown: Vec<_> = values
        .iter()
        .take(MOST_VALUES)
        .map(ToString::to_string)
        .collect();
    let more = values.len().saturating_sub(MOST_VALUES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}
