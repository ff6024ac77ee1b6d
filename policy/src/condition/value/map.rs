//! Maps of a condition.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is no key, one that is added later neither"
)]

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::Value;
use crate::condition::constant::Constant;
use crate::condition::environment::Environment;
use crate::list::Lists;

/// A map of CEL.
#[derive(Debug, Clone)]
pub(crate) enum Entries<'a> {
    Json(&'a serde_json::Map<String, Json>),
    Labels(&'a BTreeMap<String, String>),
    Lists(&'a Lists),
    Agent(&'a Environment<'a>),
    User(&'a Environment<'a>),
    Tool(&'a Environment<'a>),
    Env(&'a Environment<'a>),
    Request(&'a Environment<'a>),
    /// In the order of keys.
    Constant(&'a [(Constant, Constant)]),
    Made(Rc<Made<'a>>),
}

/// Entries that were made, in the order of their keys.
#[derive(Debug)]
pub(crate) struct Made<'a>(Vec<(Value<'a>, Value<'a>)>);

impl<'a> Made<'a> {
    /// None when a key stands twice, or is no int, uint, bool or string.
    pub(crate) fn new(mut entries: Vec<(Value<'a>, Value<'a>)>) -> Option<Self> {
        if !entries.iter().all(|(key, _)| is_key(key)) {
            return None;
        }
        entries.sort_by(|(a, _), (b, _)| order(a, b));
        let twice = entries
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if order(&a.0, &b.0).is_eq()));
        (!twice).then_some(Self(entries))
    }
}

fn is_key(value: &Value<'_>) -> bool {
    use crate::condition::number::Number::{Int, Uint};
    matches!(
        value,
        Value::Text(_) | Value::Bool(_) | Value::Number(Int(_) | Uint(_))
    )
}

/// An order of keys in which numbers of equal value are equal.
fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    let rank = |value: &Value<'_>| match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::Text(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        // What is not a number is found nowhere: it is above all that are.
        (Value::Number(a), Value::Number(b)) => a.order(*b).unwrap_or(Ordering::Less),
        (Value::Text(a), Value::Text(b)) => (**a).cmp(&**b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

impl<'a> Entries<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(map) => map.len(),
            Self::Labels(labels) => labels.len(),
            Self::Constant(entries) => entries.len(),
            Self::Made(made) => made.0.len(),
            // The checker refuses to use these as a whole.
            Self::Lists(_)
            | Self::Agent(_)
            | Self::User(_)
            | Self::Tool(_)
            | Self::Env(_)
            | Self::Request(_) => 0,
        }
    }

    /// The value of a name.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Json(map) => map.get(key).map(Value::of_json),
            Self::Labels(labels) => labels.get(key).map(|text| Value::text(text)),
            Self::Lists(lists) => lists
                .get(key)
                .map(|list| Value::Items(super::Items::Named(list))),
            Self::Agent(environment) => environment.agent(key),
            Self::User(environment) => environment.user(key),
            Self::Tool(environment) => environment.tool(key),
            Self::Env(environment) => environment.env(key),
            Self::Request(environment) => environment.request(key),
            Self::Constant(_) | Self::Made(_) => self.find(&Value::text(key)),
        }
    }

    /// The value of a key of any kind.
    pub(crate) fn find(&self, key: &Value<'_>) -> Option<Value<'a>> {
        match (self, key) {
            (Self::Made(made), key) => {
                let at = made.0.binary_search_by(|(k, _)| order(k, key)).ok()?;
                made.0.get(at).map(|(_, value)| value.clone())
            }
            (Self::Constant(entries), key) => {
                let at = entries
                    .binary_search_by(|(k, _)| order(&Value::of_constant(k), key))
                    .ok()?;
                entries.get(at).map(|(_, value)| Value::of_constant(value))
            }
            (_, Value::Text(key)) => self.get(key),
            _ => None,
        }
    }

    /// The keys, for loops, comparison and size.
    pub(crate) fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Json(map) => map.keys().map(|key| Value::text(key)).collect(),
            Self::Labels(labels) => labels.keys().map(|key| Value::text(key)).collect(),
            Self::Constant(entries) => entries
                .iter()
                .map(|(key, _)| Value::of_constant(key))
                .collect(),
            Self::Made(made) => made.0.iter().map(|(key, _)| key.clone()).collect(),
            // The checker refuses to use these as a whole.
            Self::Lists(_)
            | Self::Agent(_)
            | Self::User(_)
            | Self::Tool(_)
            | Self::Env(_)
            | Self::Request(_) => Vec::new(),
        }
    }
}
