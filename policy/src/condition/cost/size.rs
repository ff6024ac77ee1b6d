//! How large a value may be, in what evaluation charges for.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value as Json;

use super::sum;
use crate::condition::constant::Constant;
use crate::condition::lower::Kind;
use crate::condition::types::{Shape, Type};

/// What is assumed of a text whose length is not declared, in bytes.
pub(super) const TEXT: u64 = 256;
/// What is assumed of a list or map whose size is not declared.
pub(super) const ENTRIES: u64 = 100;
/// Largest size that is believed: a call is not larger as a whole.
const MOST: u64 = 256 * 1024;
/// Deepest nesting that is assumed where nothing is declared.
const DEPTH: usize = 3;

/// An upper bound of a value that may be of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes, if it is a text.
    pub(super) text: u64,
    /// Entries, if it is a list or map.
    pub(super) items: u64,
    /// Steps to look at it once, its elements apart.
    pub(super) look: u64,
    /// Steps to compare all of it with an equal value.
    pub(super) weight: u64,
    /// Bytes of the longest key, if it is a map.
    pub(super) keys: u64,
    /// How many optionals are around it.
    pub(super) wraps: u64,
    /// The largest of its elements, or values.
    pub(super) element: Option<Rc<Self>>,
    /// Its values by name, where they are known.
    pub(super) fields: Option<Rc<BTreeMap<String, Self>>>,
}

pub(super) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Size {
    pub(super) const SCALAR: Self = Self {
        text: 0,
        items: 0,
        look: 0,
        weight: 1,
        keys: 0,
        wraps: 0,
        element: None,
        fields: None,
    };

    pub(super) fn text(text: u64) -> Self {
        Self {
            text,
            look: text / 64,
            weight: sum([1, text / 64]),
            ..Self::SCALAR
        }
    }

    pub(super) fn list(items: u64, element: Self) -> Self {
        Self {
            items,
            look: items,
            weight: element.whole().saturating_mul(items).saturating_add(1),
            element: Some(Rc::new(element)),
            ..Self::SCALAR
        }
    }

    /// A list with these elements.
    pub(super) fn list_of(elements: &[Self]) -> Self {
        let element = elements.iter().fold(Self::SCALAR, |a, b| a.join(b));
        Self {
            weight: sum(elements.iter().map(Self::whole)).saturating_add(1),
            ..Self::list(length(elements.len()), element)
        }
    }

    /// What is assumed of a value of which nothing is known: that it is a list where a loop runs over
    /// it, and a text elsewhere.
    pub(super) fn assumed(depth: usize) -> Self {
        let element = if depth < DEPTH {
            Self::assumed(depth + 1)
        } else {
            Self::text(TEXT)
        };
        Self {
            text: TEXT,
            look: TEXT / 64,
            weight: 1 + TEXT / 64,
            keys: TEXT,
            ..Self::list(ENTRIES, element)
        }
    }

    /// The size of arguments, or of a map, as declared.
    pub(super) fn of_shape(shape: &Arc<Shape>, depth: usize) -> Self {
        Self::map_of_type(&Type::shaped(Arc::clone(shape)), None, depth)
    }

    fn of_type(of: &Type, depth: usize) -> Self {
        if let Some(values) = &of.values {
            return values
                .iter()
                .map(Self::of_value)
                .fold(Self::SCALAR, |a, b| a.join(&b));
        }
        if depth > 16 {
            return Self::assumed(DEPTH);
        }
        let most = of.most.map(|most| most.min(MOST));
        match of.kind {
            Kind::Any | Kind::Optional => Self::assumed(depth.min(DEPTH)),
            Kind::Null | Kind::Bool | Kind::Number | Kind::Time | Kind::Duration | Kind::Type => {
                Self::SCALAR
            }
            // A length is declared in characters, of up to four bytes.
            Kind::Text | Kind::Bytes => Self::text(most.map_or(TEXT, |most| (most * 4).min(MOST))),
            Kind::Items => {
                let element = Self::of_type(&of.inner(), depth + 1);
                Self::list(most.unwrap_or(ENTRIES), element)
            }
            Kind::Entries => Self::map_of_type(of, most, depth),
        }
    }

    fn map_of_type(of: &Type, most: Option<u64>, depth: usize) -> Self {
        let rest = || {
            let rest = of
                .inner
                .as_deref()
                .map(|rest| Self::of_type(rest, depth + 1));
            rest.unwrap_or_else(|| Self::assumed((depth + 1).min(DEPTH)))
        };
        let Some(shape) = &of.shape else {
            return Self {
                keys: TEXT,
                ..Self::list(most.unwrap_or(ENTRIES), rest())
            };
        };
        let fields = shape.fields.iter();
        let fields: BTreeMap<_, _> = fields
            .map(|(name, field)| (name.clone(), Self::of_type(&field.value, depth + 1)))
            .collect();
        let named = Self::named(fields);
        if shape.closed {
            return named;
        }
        let open = Self::list(most.unwrap_or(ENTRIES), rest());
        Self {
            items: named.items.max(open.items),
            look: named.look.max(open.look),
            weight: sum([named.weight, open.weight]),
            keys: TEXT.max(named.keys),
            element: Some(Rc::new(named.element().join(&open.element()))),
            ..named
        }
    }

    fn named(fields: BTreeMap<String, Self>) -> Self {
        let keys = fields
            .keys()
            .map(|key| length(key.len()))
            .max()
            .unwrap_or(0);
        let values: Vec<_> = fields.values().cloned().collect();
        Self {
            keys,
            fields: Some(Rc::new(fields)),
            ..Self::list_of(&values)
        }
    }

    /// The size of a value that is there.
    pub(super) fn of_value(value: &Json) -> Self {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::SCALAR,
            Json::String(text) => Self::text(length(text.len())),
            Json::Array(values) => Self::of_json(values),
            Json::Object(map) => {
                let fields = map.iter();
                Self::named(
                    fields
                        .map(|(k, v)| (k.clone(), Self::of_value(v)))
                        .collect(),
                )
            }
        }
    }

    /// The size of a list that is there.
    pub(super) fn of_json(values: &[Json]) -> Self {
        Self::list_of(&values.iter().map(Self::of_value).collect::<Vec<_>>())
    }

    /// The size of a value that was computed beforehand.
    pub(super) fn of_constant(constant: &Constant) -> Self {
        match constant {
            Constant::Null
            | Constant::Bool(_)
            | Constant::Number(_)
            | Constant::Time(_)
            | Constant::Duration(_)
            | Constant::Type(_)
            | Constant::Optional(None) => Self::SCALAR,
            Constant::Text(text) => Self::text(length(text.len())),
            Constant::Bytes(bytes) => Self::text(length(bytes.len())),
            Constant::Items(items) => Self::list_of(
                &items
                    .values()
                    .iter()
                    .map(Self::of_constant)
                    .collect::<Vec<_>>(),
            ),
            Constant::Entries(entries) => {
                let values: Vec<_> = entries.iter().map(|(_, v)| Self::of_constant(v)).collect();
                let keys = entries.iter().map(|(key, _)| Self::of_constant(key).text);
                Self {
                    keys: keys.max().unwrap_or(0),
                    ..Self::list_of(&values)
                }
            }
            Constant::Optional(Some(value)) => Self::of_constant(value).wrapped(),
        }
    }

    /// A bound of one value or the other.
    pub(super) fn join(&self, other: &Self) -> Self {
        let element = match (&self.element, &other.element) {
            (Some(a), Some(b)) => Some(Rc::new(a.join(b))),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        let fields = match (&self.fields, &other.fields) {
            (Some(a), Some(b)) => {
                let names = a.keys().chain(b.keys());
                let joined =
                    names.map(|name| (name.clone(), self.field(name).join(&other.field(name))));
                Some(Rc::new(joined.collect()))
            }
            // What has no entries at all takes nothing from what is known of the other.
            (Some(fields), None) if other.items == 0 => Some(Rc::clone(fields)),
            (None, Some(fields)) if self.items == 0 => Some(Rc::clone(fields)),
            _ => None,
        };
        Self {
            text: self.text.max(other.text),
            items: self.items.max(other.items),
            look: self.look.max(other.look),
            weight: self.weight.max(other.weight),
            keys: self.keys.max(other.keys),
            wraps: self.wraps.max(other.wraps),
            element,
            fields,
        }
    }

    /// The sum of two texts or two lists.
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            text: sum([self.text, other.text]),
            items: sum([self.items, other.items]),
            // Two texts together may fill one more step than each alone.
            look: sum([self.look, other.look, 1]),
            weight: sum([self.weight, other.weight, 1]),
            fields: None,
            ..self.join(other)
        }
    }

    pub(super) fn element(&self) -> Self {
        self.element.as_deref().cloned().unwrap_or(Self::SCALAR)
    }

    /// A property; of an optional it is an optional again.
    pub(super) fn field(&self, name: &str) -> Self {
        let found = self.fields.as_ref().and_then(|fields| fields.get(name));
        Self {
            wraps: self.wraps,
            ..found.cloned().unwrap_or_else(|| self.element())
        }
    }

    pub(super) fn wrapped(mut self) -> Self {
        self.wraps = self.wraps.saturating_add(1);
        self
    }

    /// Most bytes of it as text, in hexadecimal digits at worst.
    pub(super) fn shown(&self) -> u64 {
        let element = self.element.as_deref().map_or(0, Self::shown);
        let each = sum([element, self.keys, 4]);
        let text = self.text.saturating_mul(2);
        // A number has some hundred digits.
        sum([400, text, self.items.saturating_mul(each)])
    }

    /// What an optional holds.
    pub(super) fn unwrapped(mut self) -> Self {
        self.wraps = self.wraps.saturating_sub(1);
        self
    }

    /// Steps to compare all of it, optionals included.
    fn whole(&self) -> u64 {
        sum([self.weight, self.wraps])
    }

    /// Steps to compare it with another value.
    pub(super) fn equal(&self, other: &Self) -> u64 {
        let plain = sum([1, self.text / 64, self.wraps]);
        if self.items > 0 && other.items > 0 {
            return plain.max(self.whole());
        }
        plain
    }
}
