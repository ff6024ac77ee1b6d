//! Values of a condition. Most borrow from the call or from the condition itself: a condition builds
//! no second tree.

mod items;
mod map;
mod shared;

use std::rc::Rc;

use serde_json::Value as Json;

use super::constant::Constant;
use super::number::Number;
pub(crate) use items::Items;
pub(crate) use map::{Entries, Made};
pub(crate) use shared::{Bytes, Text};

/// A value of CEL.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text<'a>),
    Bytes(Bytes<'a>),
    Items(Items<'a>),
    Entries(Entries<'a>),
    /// Microseconds since 1970-01-01 UTC.
    Time(i64),
    /// Microseconds.
    Duration(i64),
    Optional(Option<Rc<Value<'a>>>),
    /// The name of a type.
    Type(&'static str),
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

    pub(crate) fn of_constant(constant: &'a Constant) -> Self {
        match constant {
            Constant::Null => Self::Null,
            Constant::Bool(value) => Self::Bool(*value),
            Constant::Number(number) => Self::Number(*number),
            Constant::Text(text) => Self::text(text),
            Constant::Bytes(bytes) => Self::Bytes(Bytes::Borrowed(bytes)),
            Constant::Items(items) => Self::Items(Items::Constant(items)),
            Constant::Entries(entries) => Self::Entries(Entries::Constant(entries)),
            Constant::Time(time) => Self::Time(*time),
            Constant::Duration(duration) => Self::Duration(*duration),
            Constant::Optional(value) => Self::Optional(
                value
                    .as_deref()
                    .map(|value| Rc::new(Self::of_constant(value))),
            ),
            Constant::Type(name) => Self::Type(name),
        }
    }

    pub(crate) const fn text(text: &'a str) -> Self {
        Self::Text(Text::Borrowed(text))
    }

    pub(crate) fn made(text: &str) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub(crate) const fn int(int: i64) -> Self {
        Self::Number(Number::Int(int))
    }

    pub(crate) fn list(values: Vec<Self>) -> Self {
        Self::Items(Items::Made(Rc::new(values)))
    }

    /// A property of a map; None when it is absent, or this is no map.
    #[inline]
    pub(crate) fn property(&self, name: &str) -> Option<Self> {
        match self {
            Self::Entries(entries) => entries.get(name),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Bytes(_)
            | Self::Items(_)
            | Self::Time(_)
            | Self::Duration(_)
            | Self::Optional(_)
            | Self::Type(_) => None,
        }
    }

    pub(crate) fn optional(value: Option<Self>) -> Self {
        Self::Optional(value.map(Rc::new))
    }

    /// The type of the value, as `type()` names it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Number(Number::Int(_)) => "int",
            Self::Number(Number::Uint(_)) => "uint",
            Self::Number(Number::Double(_)) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Items(_) => "list",
            Self::Entries(_) => "map",
            Self::Time(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
        }
    }

    /// Tells whether it is what a value of its kind is when nothing was said: 0, empty, false, null.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Number(number) => number.order(Number::Int(0)) == Some(std::cmp::Ordering::Equal),
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Items(items) => items.len() == 0,
            Self::Entries(entries) => entries.len() == 0,
            Self::Time(micros) | Self::Duration(micros) => *micros == 0,
            Self::Optional(value) => value.is_none(),
            Self::Type(_) => false,
        }
    }

    /// What kind of value it is, for messages.
    pub(crate) fn name(&self) -> &'static str {
        let kind = self.kind();
        let short = kind.rsplit('.').next().unwrap_or(kind);
        match short {
            "null_type" => "null",
            "optional_type" => "optional",
            "Timestamp" => "timestamp",
            "Duration" => "duration",
            _ => short,
        }
    }
}
