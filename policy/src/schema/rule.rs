//! The compiled form of a schema: what it asks of a value, one rule for each keyword.

use std::sync::Arc;

use jsonschema::Validator;
use regex::Regex;
use serde_json::Value;

use super::Schema;
use super::format::Format;
use super::order::Options;
use super::other::Other;
use crate::condition::Number;
use crate::list::List;

/// A schema: all of its rules hold.
#[derive(Debug, Default)]
pub(super) struct Shape(pub(super) Box<[Rule]>);

impl Shape {
    /// Tells whether it is the schema `false`.
    pub(super) fn is_never(&self) -> bool {
        matches!(*self.0, [Rule::Never])
    }
}

/// A regular expression with the text that the author wrote.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: Box<str>,
    pub(super) regex: Regex,
}

/// What a keyword asks for. The rules of a shape stand in the order of this list: the type before
/// all, the cheap before the costly, and a refusal names the first that fails.
#[derive(Debug)]
pub(super) enum Rule {
    /// `false`.
    Never,
    Type(Types),
    Const(Box<Value>),
    Enum(Box<Options>),
    Empty(bool),
    Minimum(Number),
    Maximum(Number),
    ExclusiveMinimum(Number),
    ExclusiveMaximum(Number),
    MultipleOf(Number),
    MinLength(u64),
    MaxLength(u64),
    MinItems(u64),
    MaxItems(u64),
    MinProperties(u64),
    MaxProperties(u64),
    Required(Names),
    DependentRequired(Box<[(Box<str>, Names)]>),
    In(Box<[Arc<List>]>),
    Pattern(Arc<Pattern>),
    Format(Format, Option<Arc<Validator>>),
    UniqueItems,
    Properties(Box<Properties>),
    PropertyNames(Box<Shape>),
    Items(Box<Items>),
    Contains(Box<Contains>),
    DependentSchemas(Box<[(Box<str>, Shape)]>),
    /// `use`.
    Use(Schema),
    /// `$ref`.
    Reference(Schema),
    AllOf(Box<[Shape]>),
    AnyOf(Box<[Shape]>),
    OneOf(Box<[Shape]>),
    Not(Box<Shape>),
    If(Box<If>),
    /// What only the general validator can check.
    Other(Box<Other>),
}

/// Names of properties.
pub(super) type Names = Box<[Box<str>]>;

/// `properties`, `patternProperties` and `additionalProperties`, which depend on each other.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// In ascending order of the names.
    pub(super) named: Box<[(Box<str>, Shape)]>,
    pub(super) patterns: Box<[(Arc<Pattern>, Shape)]>,
    pub(super) rest: Option<Shape>,
}

impl Properties {
    pub(super) fn named(&self, name: &str) -> Option<&Shape> {
        let found = self
            .named
            .binary_search_by(|(known, _)| (**known).cmp(name));
        found.ok().map(|at| &self.named[at].1)
    }
}

/// `prefixItems` and `items`.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) first: Box<[Shape]>,
    pub(super) rest: Option<Shape>,
}

/// `contains`, `minContains` and `maxContains`.
#[derive(Debug)]
pub(super) struct Contains {
    pub(super) shape: Shape,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug)]
pub(super) struct If {
    pub(super) condition: Shape,
    pub(super) then: Shape,
    pub(super) otherwise: Shape,
}

/// A set of the types of JSON Schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    /// In alphabetical order; the place is the bit.
    pub(super) const NAMES: [&'static str; 7] = [
        "array", "boolean", "integer", "null", "number", "object", "string",
    ];

    /// Adds a type; false when it is unknown or there already.
    pub(super) fn add(&mut self, name: &str) -> bool {
        let place = Self::NAMES.iter().position(|known| *known == name);
        let bit = place.map_or(0, |place| 1 << place);
        let new = bit & !self.0 != 0;
        self.0 |= bit;
        new
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let has = move |(place, _): &(usize, &str)| self.0 & (1 << place) != 0;
        let names = Self::NAMES.into_iter().enumerate();
        names.filter(has).map(|(_, name)| name)
    }

    pub(super) fn contains(self, value: &Value) -> bool {
        let bits = match value {
            Value::Array(_) => 0b1,
            Value::Bool(_) => 0b10,
            Value::Null => 0b1000,
            Value::Object(_) => 0b10_0000,
            Value::String(_) => 0b100_0000,
            Value::Number(number) => match Number::of_json(number) {
                // `20.0` is an integer.
                Number::Double(double) if double.fract() != 0.0 => 0b1_0000,
                Number::Double(_) | Number::Int(_) | Number::Uint(_) => 0b1_0100,
            },
        };
        self.0 & bits != 0
    }
}
