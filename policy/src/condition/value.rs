//! Values of a condition. Most borrow from the call: a condition builds no second tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;
use veto_core::Role;

use super::environment::Environment;
use super::number::Number;
use crate::list::{List, Lists};

/// A value of CEL.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Items(Items<'a>),
    Entries(Entries<'a>),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
    /// Microseconds.
    Duration(i64),
    Optional(Option<Rc<Value<'a>>>),
}

/// A list of CEL.
#[derive(Debug, Clone)]
pub(crate) enum Items<'a> {
    Json(&'a [Json]),
    Roles(&'a [Role]),
    Texts(&'a [String]),
    Named(&'a List),
    Made(Rc<Vec<Value<'a>>>),
}

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
    Made(Rc<Vec<(Value<'a>, Value<'a>)>>),
}

impl<'a> Value<'a> {
    pub(crate) fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(Number::of_json(number)),
            Json::String(text) => Self::text(text),
            Json::Array(values) => Self::Items(Items::Json(values)),
            Json::Object(map) => Self::Entries(Entries::Json(map)),
        }
    }

    pub(crate) const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// What kind of value it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(Number::Int(_)) => "int",
            Self::Number(Number::Uint(_)) => "uint",
            Self::Number(Number::Double(_)) => "double",
            Self::Text(_) => "string",
            Self::Items(_) => "list",
            Self::Entries(_) => "map",
            Self::Time(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Optional(_) => "optional",
        }
    }
}

impl<'a> Items<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(values) => values.len(),
            Self::Roles(roles) => roles.len(),
            Self::Texts(texts) => texts.len(),
            Self::Named(list) => list.values().len(),
            Self::Made(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::Json(values) => values.get(at).map(Value::of_json),
            Self::Roles(roles) => roles.get(at).map(|role| Value::text(role.as_str())),
            Self::Texts(texts) => texts.get(at).map(|text| Value::text(text)),
            Self::Named(list) => list.values().get(at).map(Value::of_json),
            Self::Made(values) => values.get(at).cloned(),
        }
    }
}

impl<'a> Entries<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Self::Json(map) => map.get(key).map(Value::of_json),
            Self::Labels(labels) => labels.get(key).map(|text| Value::text(text)),
            Self::Lists(lists) => lists.get(key).map(|list| Value::Items(Items::Named(list))),
            Self::Agent(environment) => environment.agent(key),
            Self::User(environment) => environment.user(key),
            Self::Tool(environment) => environment.tool(key),
            Self::Env(environment) => environment.env(key),
            Self::Request(environment) => environment.request(key),
            Self::Made(entries) => entries
                .iter()
                .find(|(name, _)| matches!(name, Value::Text(text) if text == key))
                .map(|(_, value)| value.clone()),
        }
    }

    /// The keys, for loops, comparison and size.
    pub(crate) fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Json(map) => map.keys().map(|key| Value::text(key)).collect(),
            Self::Labels(labels) => labels.keys().map(|key| Value::text(key)).collect(),
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
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
