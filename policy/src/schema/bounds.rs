//! Every bound of a schema by its place, so that tests can tell which of them they reach.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rule::{Rule, Shape};
use super::verdict::Verdict;
use crate::condition::Number;

/// One bound of a schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    /// JSON Pointer of the keyword within the schema; below `use` and `$ref` it goes on within the
    /// schema that is meant.
    pub(crate) pointer: String,
    /// The keyword; `false` for a schema that accepts nothing.
    pub(crate) keyword: &'static str,
    /// What the keyword says; null for those that hold other schemas.
    pub(crate) limit: Value,
}

/// Adds a segment to a JSON Pointer.
pub(super) fn segment(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// Adds segments to a copy of a JSON Pointer.
pub(super) fn below(pointer: &str, names: &[&str]) -> String {
    let mut pointer = pointer.to_owned();
    names.iter().for_each(|name| segment(&mut pointer, name));
    pointer
}

/// Collects the bounds of a schema.
pub(super) fn collect(shape: &Shape, pointer: &str, found: &mut Vec<Bound>) {
    for rule in &shape.0 {
        if let Some(pointer) = rule.place(pointer) {
            found.push(Bound {
                pointer,
                keyword: rule.keyword(),
                limit: rule.limit().unwrap_or_default(),
            });
        }
        for (names, shape) in rule.children() {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            collect(shape, &below(pointer, &names), found);
        }
    }
}

/// Collects the bounds that a value breaks where they apply, those of alternatives too.
pub(super) fn failed(shape: &Shape, value: &Value, pointer: &str, found: &mut BTreeSet<String>) {
    for rule in &shape.0 {
        if rule.verdict(value) != Verdict::Accepted {
            found.extend(rule.place(pointer));
        }
        for (names, shape) in rule.children() {
            let Some(parts) = rule.parts(&names, value) else {
                continue;
            };
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            let pointer = below(pointer, &names);
            for part in parts {
                failed(shape, &part, &pointer, found);
            }
        }
    }
}

type Segments<'a> = Vec<Cow<'a, str>>;

impl Rule {
    /// The keyword that the rule stands for; the first of those that it joins.
    pub(super) const fn keyword(&self) -> &'static str {
        match self {
            Self::Never => "false",
            Self::Type(_) => "type",
            Self::Const(_) => "const",
            Self::Enum(_) => "enum",
            Self::Empty(_) => "empty",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
            Self::ExclusiveMinimum(_) => "exclusiveMinimum",
            Self::ExclusiveMaximum(_) => "exclusiveMaximum",
            Self::MultipleOf(_) => "multipleOf",
            Self::MinLength(_) => "minLength",
            Self::MaxLength(_) => "maxLength",
            Self::MinItems(_) => "minItems",
            Self::MaxItems(_) => "maxItems",
            Self::MinProperties(_) => "minProperties",
            Self::MaxProperties(_) => "maxProperties",
            Self::Required(_) => "required",
            Self::DependentRequired(_) => "dependentRequired",
            Self::In(_) => "in",
            Self::Pattern(_) => "pattern",
            Self::Format(..) => "format",
            Self::UniqueItems => "uniqueItems",
            Self::Properties(_) => "properties",
            Self::PropertyNames(_) => "propertyNames",
            Self::Items(_) => "items",
            Self::Contains(_) => "contains",
            Self::DependentSchemas(_) => "dependentSchemas",
            Self::Use(_) => "use",
            Self::Reference(_) => "$ref",
            Self::AllOf(_) => "allOf",
            Self::AnyOf(_) => "anyOf",
            Self::OneOf(_) => "oneOf",
            Self::Not(_) => "not",
            Self::If(_) => "if",
            Self::Other(_) => "unevaluatedProperties",
        }
    }

    /// Where the rule is a bound of its own; None when only what it holds is.
    fn place(&self, pointer: &str) -> Option<String> {
        match self {
            Self::Never => Some(pointer.to_owned()),
            Self::Properties(_)
            | Self::Items(_)
            | Self::PropertyNames(_)
            | Self::DependentSchemas(_)
            | Self::Use(_)
            | Self::Reference(_)
            | Self::AllOf(_)
            | Self::If(_) => None,
            Self::Other(other) => Some(below(pointer, &[other.keyword()])),
            _ => Some(below(pointer, &[self.keyword()])),
        }
    }

    /// What the keyword says, of one that holds no schemas.
    pub(super) fn limit(&self) -> Option<Value> {
        let names =
            |names: &[Box<str>]| json!(names.iter().map(|name| &**name).collect::<Vec<_>>());
        Some(match self {
            Self::Never => Value::Bool(false),
            Self::Type(types) => {
                let mut names: Vec<_> = types.names().map(Value::from).collect();
                if names.len() == 1 {
                    names.swap_remove(0)
                } else {
                    Value::Array(names)
                }
            }
            Self::Const(value) => Value::clone(value),
            Self::Enum(options) => Value::Array(options.values.to_vec()),
            Self::Empty(wanted) => Value::Bool(*wanted),
            Self::Minimum(bound)
            | Self::Maximum(bound)
            | Self::ExclusiveMinimum(bound)
            | Self::ExclusiveMaximum(bound)
            | Self::MultipleOf(bound) => number(*bound),
            Self::MinLength(limit)
            | Self::MaxLength(limit)
            | Self::MinItems(limit)
            | Self::MaxItems(limit)
            | Self::MinProperties(limit)
            | Self::MaxProperties(limit) => Value::from(*limit),
            Self::Required(required) => names(required),
            Self::DependentRequired(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(name, list)| (name.to_string(), names(list)));
                Value::Object(entries.collect())
            }
            Self::In(lists) => {
                json!(
                    lists
                        .iter()
                        .map(|list| list.name.as_str())
                        .collect::<Vec<_>>()
                )
            }
            Self::Pattern(pattern) => Value::from(&*pattern.text),
            Self::Format(format, _) => Value::from(format.as_str()),
            Self::UniqueItems => Value::Bool(true),
            _ => return None,
        })
    }

    /// The schemas that it holds, each with its place.
    pub(super) fn children(&self) -> Vec<(Segments<'_>, &Shape)> {
        let numbered = |name: &'static str, shapes| numbered(name, shapes);
        match self {
            Self::Properties(properties) => {
                let named = properties.named.iter();
                let named =
                    named.map(|(name, shape)| (vec!["properties".into(), (&**name).into()], shape));
                let patterns = properties.patterns.iter().map(|(pattern, shape)| {
                    (
                        vec!["patternProperties".into(), (&*pattern.text).into()],
                        shape,
                    )
                });
                let rest = properties.rest.iter();
                let rest = rest.map(|shape| (vec!["additionalProperties".into()], shape));
                named.chain(patterns).chain(rest).collect()
            }
            Self::Items(items) => {
                let rest = items.rest.iter().map(|shape| (vec!["items".into()], shape));
                let first = numbered("prefixItems", &items.first);
                first.into_iter().chain(rest).collect()
            }
            Self::PropertyNames(shape) => vec![(vec!["propertyNames".into()], shape)],
            Self::Contains(contains) => vec![(vec!["contains".into()], &contains.shape)],
            Self::DependentSchemas(entries) => {
                let entry =
                    |(name, shape)| (vec!["dependentSchemas".into(), Cow::Borrowed(name)], shape);
                entries
                    .iter()
                    .map(|(name, shape)| entry((&**name, shape)))
                    .collect()
            }
            Self::Use(schema) => vec![(vec!["use".into()], schema.shape())],
            Self::Reference(schema) => vec![(vec!["$ref".into()], schema.shape())],
            Self::AllOf(shapes) => numbered("allOf", shapes),
            Self::AnyOf(shapes) => numbered("anyOf", shapes),
            Self::OneOf(shapes) => numbered("oneOf", shapes),
            Self::Not(shape) => vec![(vec!["not".into()], shape)],
            Self::If(branch) => vec![
                (vec!["if".into()], &branch.condition),
                (vec!["then".into()], &branch.then),
                (vec!["else".into()], &branch.otherwise),
            ],
            _ => Vec::new(),
        }
    }

    /// The parts of the value that the schema at a place applies to.
    fn parts<'v>(&self, place: &[Cow<'_, str>], value: &'v Value) -> Option<Vec<Cow<'v, Value>>> {
        let name = place.get(1).map(|name| &**name);
        Some(match self {
            Self::Properties(properties) => {
                let map = value.as_object()?;
                let fits = |key: &str| {
                    let by_pattern = |text: Option<&str>| {
                        let mut patterns = properties.patterns.iter();
                        patterns.any(|(pattern, _)| {
                            text.is_none_or(|text| *pattern.text == *text)
                                && pattern.verdict(key) != Verdict::Refused
                        })
                    };
                    match &*place[0] {
                        "properties" => name == Some(key),
                        "patternProperties" => by_pattern(name),
                        _ => properties.named(key).is_none() && !by_pattern(None),
                    }
                };
                let fitting = map.iter().filter(|(key, _)| fits(key));
                fitting.map(|(_, value)| Cow::Borrowed(value)).collect()
            }
            Self::Items(items) => {
                let list = value.as_array()?;
                let range = match name.and_then(|name| name.parse().ok()) {
                    Some(at) => list.get(at..=at)?,
                    None => list.get(items.first.len()..)?,
                };
                range.iter().map(Cow::Borrowed).collect()
            }
            Self::PropertyNames(_) => {
                let names = value.as_object()?.keys();
                names
                    .map(|name| Cow::Owned(Value::from(name.as_str())))
                    .collect()
            }
            Self::Contains(_) => value.as_array()?.iter().map(Cow::Borrowed).collect(),
            Self::DependentSchemas(_) => {
                value.as_object()?.get(name?)?;
                vec![Cow::Borrowed(value)]
            }
            Self::If(branch) => {
                let applies = match &*place[0] {
                    "if" => true,
                    "then" => branch.condition.verdict(value) != Verdict::Refused,
                    _ => branch.condition.verdict(value) != Verdict::Accepted,
                };
                applies.then(|| vec![Cow::Borrowed(value)])?
            }
            _ => vec![Cow::Borrowed(value)],
        })
    }
}

fn numbered<'a>(name: &'static str, shapes: &'a [Shape]) -> Vec<(Segments<'a>, &'a Shape)> {
    let place = |at: usize| vec![name.into(), at.to_string().into()];
    let shapes = shapes.iter().enumerate();
    shapes.map(|(at, shape)| (place(at), shape)).collect()
}

pub(super) fn number(number: Number) -> Value {
    match number {
        Number::Int(int) => Value::from(int),
        Number::Uint(uint) => Value::from(uint),
        Number::Double(double) => Value::from(double),
    }
}
