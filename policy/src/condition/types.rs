//! What is known of a value before it is computed: its kind, and how far it is built of other values.

mod combine;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

pub(crate) use schema::member;

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Any,
    Null,
    Bool,
    Number,
    Text,
    Bytes,
    Items,
    Entries,
    Time,
    Duration,
    Optional,
    /// What `type()` gives.
    Type,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::Items => "a list",
            Self::Entries => "a map",
            Self::Time => "a timestamp",
            Self::Duration => "a duration",
            Self::Optional => "an optional",
            Self::Type => "a type",
        }
    }
}

/// The type that a name denotes, as `type()` gives it.
pub(crate) fn name(text: &str) -> Option<&'static str> {
    const NAMES: [&str; 13] = [
        "bool",
        "bytes",
        "double",
        "google.protobuf.Duration",
        "google.protobuf.Timestamp",
        "int",
        "list",
        "map",
        "null_type",
        "optional_type",
        "string",
        "type",
        "uint",
    ];
    NAMES.into_iter().find(|name| *name == text)
}

/// The type of a value: any value of its kind, narrowed by what a schema says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Type {
    pub(crate) kind: Kind,
    /// It may be null as well.
    pub(crate) nullable: bool,
    /// Most characters of a text, or entries of a list or map.
    pub(crate) most: Option<u64>,
    /// The only values that it may have.
    pub(crate) values: Option<Arc<[Json]>>,
    /// What a list, an optional, or a map beyond its shape holds; None: any value.
    pub(crate) inner: Option<Arc<Self>>,
    /// The properties of a map that are known by name.
    pub(crate) shape: Option<Arc<Shape>>,
}

/// Properties by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) fields: BTreeMap<String, Field>,
    /// There are no others.
    pub(crate) closed: bool,
}

/// One property.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    pub(crate) value: Type,
    /// It may be absent.
    pub(crate) optional: bool,
}

/// What is known of the arguments of a call when the condition of a rule is evaluated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Declared {
    pub(crate) shape: Arc<Shape>,
    /// The condition stands on an allow: where it fails the call is denied, so what may be absent
    /// should be asked for first.
    pub(crate) allow: bool,
}

/// A property of a type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Property {
    /// It is there, or may be; with whether it may be absent by what is declared.
    Known(Type, bool),
    /// The type has others, and not this one.
    Unknown(Vec<String>),
}

impl Type {
    pub(crate) const ANY: Self = Self::of(Kind::Any);
    pub(crate) const BOOL: Self = Self::of(Kind::Bool);
    pub(crate) const TEXT: Self = Self::of(Kind::Text);
    pub(crate) const NUMBER: Self = Self::of(Kind::Number);

    /// Any value of a kind.
    pub(crate) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            nullable: false,
            most: None,
            values: None,
            inner: None,
            shape: None,
        }
    }

    fn holding(kind: Kind, inner: Self) -> Self {
        let inner = (inner != Self::ANY).then(|| Arc::new(inner));
        Self {
            inner,
            ..Self::of(kind)
        }
    }

    pub(crate) fn list(element: Self) -> Self {
        Self::holding(Kind::Items, element)
    }

    /// A map of any names.
    pub(crate) fn map(value: Self) -> Self {
        Self::holding(Kind::Entries, value)
    }

    pub(crate) fn optional(value: Self) -> Self {
        Self::holding(Kind::Optional, value)
    }

    pub(crate) fn shaped(shape: Arc<Shape>) -> Self {
        Self {
            shape: Some(shape),
            ..Self::of(Kind::Entries)
        }
    }

    /// What a list, an optional or a map holds.
    pub(crate) fn inner(&self) -> Self {
        let rest = || self.inner.as_deref().cloned().unwrap_or(Self::ANY);
        match &self.shape {
            None => rest(),
            Some(shape) => {
                let fields = shape.fields.values().map(|field| field.value.clone());
                let fields = fields.chain((!shape.closed).then(rest));
                fields.reduce(|a, b| a.join(&b)).unwrap_or(Self::ANY)
            }
        }
    }

    /// What a loop over the value gives to the first of two variables: an index or a key.
    pub(crate) fn key(&self) -> Self {
        match self.kind {
            Kind::Items => Self::NUMBER,
            // Keys of JSON are texts; a map that a condition makes has others as well.
            Kind::Entries if self.shape.is_some() || self.inner.is_some() => Self::TEXT,
            Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Bytes
            | Kind::Entries
            | Kind::Time
            | Kind::Duration
            | Kind::Optional
            | Kind::Type => Self::ANY,
        }
    }

    /// What a loop over the value gives to its variable.
    pub(crate) fn element(&self) -> Self {
        match self.kind {
            Kind::Items => self.inner(),
            Kind::Entries => self.key(),
            Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Bytes
            | Kind::Time
            | Kind::Duration
            | Kind::Type => Self::ANY,
            Kind::Optional => self.inner(),
        }
    }

    /// What is known of a property.
    pub(crate) fn property(&self, name: &str) -> Property {
        match self.kind {
            Kind::Entries => {}
            Kind::Optional => {
                return match self.inner().property(name) {
                    Property::Known(value, _) => Property::Known(Self::optional(value), false),
                    unknown @ Property::Unknown(_) => unknown,
                };
            }
            Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Bytes
            | Kind::Items
            | Kind::Time
            | Kind::Duration
            | Kind::Type => return Property::Known(Self::ANY, false),
        }
        let Some(shape) = &self.shape else {
            return Property::Known(self.inner(), false);
        };
        match shape.fields.get(name) {
            Some(field) => Property::Known(field.value.clone(), field.optional),
            None if shape.closed => Property::Unknown(shape.fields.keys().cloned().collect()),
            None => {
                let rest = self.inner.as_deref().cloned().unwrap_or(Self::ANY);
                Property::Known(rest, false)
            }
        }
    }

    /// Tells whether a value of this type may turn out to be of one of the kinds.
    pub(crate) fn may_be(&self, kinds: &[Kind]) -> bool {
        self.kind == Kind::Any
            || kinds.contains(&Kind::Any)
            || kinds.contains(&self.kind)
            || (self.nullable && kinds.contains(&Kind::Null))
    }

    /// Tells whether a value of this type may equal one of the other.
    pub(crate) fn may_equal(&self, other: &Self) -> bool {
        other.kind == Kind::Any
            || self.may_be(&[other.kind])
            || (other.nullable && self.may_be(&[Kind::Null]))
    }

    /// The type in words.
    pub(crate) const fn name(&self) -> &'static str {
        self.kind.name()
    }
}

#[cfg(test)]
mod tests;
