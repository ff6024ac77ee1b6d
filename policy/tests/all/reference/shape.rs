//! Schemas of arguments and conditions: how they are written, and what they mean.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other value is of another type"
)]

use serde_json::Value;

use super::model::{Asked, Lists};

/// What a rule or a contract says of one argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Any,
    /// `type: number` with bounds.
    Number {
        min: Option<i64>,
        below: Option<i64>,
    },
    /// A bound without a type.
    AtMost(i64),
    Integer,
    Text {
        longest: Option<usize>,
    },
    /// Starts with the letter.
    Starts(char),
    Enum(Vec<Value>),
    Member(&'static str),
    Empty,
    Filled,
    Object,
}

/// How a value stands to a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    /// Of the right type, and not within the bounds.
    Bound,
    Type,
}

fn exact(value: &Value) -> Option<f64> {
    // All numbers here are small: a double holds them.
    value.as_f64()
}

fn same(a: &Value, b: &Value) -> bool {
    match (exact(a), exact(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

impl Shape {
    pub(crate) fn yaml(&self) -> String {
        match self {
            Self::Any => "true".into(),
            Self::Number { min, below } => {
                let min = min.map_or(String::new(), |n| format!(", minimum: {n}"));
                let below = below.map_or(String::new(), |n| format!(", exclusiveMaximum: {n}"));
                format!("{{ type: number{min}{below} }}")
            }
            Self::AtMost(n) => format!("{{ maximum: {n} }}"),
            Self::Integer => "{ type: integer }".into(),
            Self::Text { longest } => {
                let longest = longest.map_or(String::new(), |n| format!(", maxLength: {n}"));
                format!("{{ type: string{longest} }}")
            }
            Self::Starts(c) => format!("{{ pattern: '^{c}' }}"),
            Self::Enum(values) => format!("{{ enum: {} }}", Value::Array(values.clone())),
            Self::Member(list) => format!("{{ in: {list} }}"),
            Self::Empty => "{ empty: true }".into(),
            Self::Filled => "{ empty: false }".into(),
            Self::Object => "{ use: point }".into(),
        }
    }

    pub(crate) fn may_be_absent(&self) -> bool {
        *self == Self::Empty
    }

    pub(crate) fn fit(&self, value: &Value, lists: &Lists) -> Fit {
        let bound = |fine: bool| if fine { Fit::Yes } else { Fit::Bound };
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        match self {
            Self::Any => Fit::Yes,
            Self::Number { min, below } => match exact(value) {
                None => Fit::Type,
                Some(n) => {
                    bound(min.is_none_or(|m| n >= m as f64) && below.is_none_or(|b| n < b as f64))
                }
            },
            Self::AtMost(most) => bound(exact(value).is_none_or(|n| n <= *most as f64)),
            Self::Integer => match exact(value) {
                Some(n) if n.fract() == 0.0 => Fit::Yes,
                _ => Fit::Type,
            },
            Self::Text { longest } => match value.as_str() {
                None => Fit::Type,
                Some(text) => bound(longest.is_none_or(|n| text.chars().count() <= n)),
            },
            Self::Starts(c) => bound(value.as_str().is_none_or(|text| text.starts_with(*c))),
            Self::Enum(values) => bound(values.iter().any(|known| same(known, value))),
            Self::Member(list) => bound(lists.has(list, value)),
            Self::Empty => bound(empty),
            Self::Filled => bound(!empty),
            Self::Object => match value {
                Value::Object(map) if map.get("n").is_some_and(|n| !n.is_number()) => Fit::Type,
                Value::Object(map) => bound(map.len() == 1 && map.contains_key("n")),
                _ => Fit::Type,
            },
        }
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Above(&'static str, i64),
    Is(&'static str, Value),
    Has(&'static str),
    Starts(&'static str, &'static str),
    Listed(&'static str, &'static str),
    Role(&'static str),
    Label(&'static str, &'static str),
    User(&'static str),
    Before(i64),
    Context(i64),
    Orred(&'static str, i64),
    All(&'static str, i64),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Test {
    pub(crate) fn cel(&self) -> String {
        match self {
            Self::Above(x, n) => format!("args.{x} > {n}"),
            Self::Is(x, value) => format!("args.{x} == {value}"),
            Self::Has(x) => format!("has(args.{x})"),
            Self::Starts(x, text) => format!("args.{x}.startsWith(\"{text}\")"),
            Self::Listed(x, list) => format!("args.{x} in lists.{list}"),
            Self::Role(role) => format!("\"{role}\" in agent.roles"),
            Self::Label(name, value) => format!("agent.labels.{name} == \"{value}\""),
            Self::User(id) => format!("user.id == \"{id}\""),
            Self::Before(time) => format!(
                "request.time < timestamp(\"{}\")",
                veto_core::Timestamp(*time)
            ),
            Self::Context(n) => format!("context.k >= {n}"),
            Self::Orred(x, n) => format!("args.?{x}.orValue({n}) == {n}"),
            Self::All(x, n) => format!("args.{x}.all(i, i < {n})"),
            Self::Not(test) => format!("!({})", test.cel()),
            Self::And(a, b) => format!("({}) && ({})", a.cel(), b.cel()),
            Self::Or(a, b) => format!("({}) || ({})", a.cel(), b.cel()),
        }
    }

    /// Whether it is met; None: it cannot be evaluated.
    pub(crate) fn met(&self, asked: &Asked, lists: &Lists) -> Option<bool> {
        let arg = |name: &str| asked.arguments.get(name);
        match self {
            Self::Above(x, n) => Some(exact(arg(x)?)? > *n as f64),
            Self::Is(x, value) => Some(same(arg(x)?, value)),
            Self::Has(x) => Some(arg(x).is_some()),
            Self::Starts(x, text) => Some(arg(x)?.as_str()?.starts_with(text)),
            Self::Listed(x, list) => Some(lists.has(list, arg(x)?)),
            Self::Role(role) => Some(asked.roles.iter().any(|held| held == role)),
            Self::Label(name, value) => {
                let label = asked.labels.iter().find(|(known, _)| known == name)?;
                Some(label.1 == *value)
            }
            Self::User(id) => Some(asked.user? == *id),
            Self::Before(time) => Some(asked.now < *time),
            Self::Context(n) => Some(asked.context? >= *n),
            Self::Orred(x, n) => Some(arg(x).is_none_or(|value| exact(value) == Some(*n as f64))),
            Self::All(x, n) => {
                let Value::Array(items) = arg(x)? else {
                    // A map is gone through by its keys, which are text.
                    return match arg(x)? {
                        Value::Object(map) if map.is_empty() => Some(true),
                        _ => None,
                    };
                };
                let met: Vec<_> = items
                    .iter()
                    .map(|item| Some(exact(item)? < *n as f64))
                    .collect();
                if met.contains(&Some(false)) {
                    return Some(false);
                }
                (!met.contains(&None)).then_some(true)
            }
            Self::Not(test) => test.met(asked, lists).map(|met| !met),
            Self::And(a, b) => match (a.met(asked, lists), b.met(asked, lists)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.met(asked, lists), b.met(asked, lists)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}
