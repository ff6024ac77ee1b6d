//! Values of JSON as schemas compare them.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::condition::Number;

/// The order of two numbers; None when one of them is no number.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    let (a, b) = (a.as_number()?, b.as_number()?);
    Number::of_json(a).order(Number::of_json(b))
}

/// Tells whether two values are the same; `20` and `20.0` are.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let equal = |(name, a)| b.get(name).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(equal)
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => a == b,
    }
}

/// Types of values as bits; integers have a bit of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NUMBER: Self = Self(0b000_0011);
    pub(super) const TEXT: Self = Self(0b000_0100);
    pub(super) const LIST: Self = Self(0b000_1000);
    pub(super) const OBJECT: Self = Self(0b001_0000);
    pub(super) const NULL: Self = Self(0b100_0000);
    pub(super) const ALL: Self = Self(0b111_1111);

    fn named(name: &str) -> Self {
        match name {
            "integer" => Self(0b01),
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            "boolean" => Self(0b010_0000),
            "null" => Self::NULL,
            _ => Self::ALL,
        }
    }

    /// What `type` says.
    pub(super) fn of_keyword(value: &Value) -> Self {
        let one = |value: &Value| value.as_str().map_or(Self::ALL, Self::named);
        value.as_array().map_or_else(
            || one(value),
            |names| Self(names.iter().fold(0, |bits, name| bits | one(name).0)),
        )
    }

    /// The types that a value has.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::named("boolean"),
            Value::Number(number) => match Number::of_json(number) {
                Number::Double(double) if double.fract() != 0.0 => Self(0b10),
                Number::Double(_) | Number::Int(_) | Number::Uint(_) => Self(0b01),
            },
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// Whether a value keeps a schema; None where that takes more than its simple keywords.
pub(super) fn fits(value: &Value, schema: &Map<String, Value>) -> Option<bool> {
    let mut unknown = false;
    for (keyword, limit) in schema {
        match keeps(value, keyword, limit) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => unknown = true,
        }
    }
    (!unknown).then_some(true)
}

fn keeps(value: &Value, keyword: &str, limit: &Value) -> Option<bool> {
    let number = |fine: &[Ordering]| match order(value, limit) {
        Some(order) => Some(fine.contains(&order)),
        None => Some(!value.is_number()),
    };
    let length = || value.as_str().map(|text| Value::from(text.chars().count()));
    let count = || value.as_array().map(|list| Value::from(list.len()));
    let counted = |count: Option<Value>, fine: Ordering| {
        let order = count.map_or(Some(fine), |count| order(&count, limit));
        order.map(|order| order == fine || order == Ordering::Equal)
    };
    match keyword {
        "type" => Some(Types::of_value(value).within(Types::of_keyword(limit))),
        "const" => Some(same(value, limit)),
        "enum" => Some(limit.as_array()?.iter().any(|option| same(value, option))),
        "minimum" => number(&[Ordering::Greater, Ordering::Equal]),
        "maximum" => number(&[Ordering::Less, Ordering::Equal]),
        "exclusiveMinimum" => number(&[Ordering::Greater]),
        "exclusiveMaximum" => number(&[Ordering::Less]),
        "minLength" => counted(length(), Ordering::Greater),
        "maxLength" => counted(length(), Ordering::Less),
        "minItems" => counted(count(), Ordering::Greater),
        "maxItems" => counted(count(), Ordering::Less),
        "allOf" => {
            let all = limit
                .as_array()?
                .iter()
                .map(|one| fits(value, one.as_object()?));
            let all: Vec<_> = all.collect();
            if all.contains(&Some(false)) {
                return Some(false);
            }
            (!all.contains(&None)).then_some(true)
        }
        _ => None,
    }
}
