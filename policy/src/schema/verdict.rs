//! Whether a value is accepted. Nothing is allocated, but for a long list of `uniqueItems` and for
//! `propertyNames`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use serde_json::{Map, Value};

use super::multiple::is_multiple;
use super::order::{distinct, order};
use super::rule::{Contains, Items, Pattern, Properties, Rule, Shape};
use crate::condition::{Number, limits};

/// What a schema says of a value; the strictest of several is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// It is accepted.
    Accepted,
    /// A pattern would have to read more than it may: an allow takes this as refused, and what makes
    /// the outcome stricter takes it as accepted.
    Unclear,
    /// It is refused.
    Refused,
}

use Verdict::{Accepted, Refused, Unclear};

impl Verdict {
    pub(super) const fn of(accepted: bool) -> Self {
        if accepted { Accepted } else { Refused }
    }

    const fn not(self) -> Self {
        match self {
            Accepted => Refused,
            Unclear => Unclear,
            Refused => Accepted,
        }
    }
}

/// All must accept.
fn all(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut worst = Accepted;
    for verdict in verdicts {
        worst = worst.max(verdict);
        if worst == Refused {
            break;
        }
    }
    worst
}

/// One must accept.
fn any(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut best = Refused;
    for verdict in verdicts {
        best = best.min(verdict);
        if best == Accepted {
            break;
        }
    }
    best
}

/// How many accept: certainly, and at most.
fn count(verdicts: impl Iterator<Item = Verdict>) -> (u64, u64) {
    verdicts.fold((0, 0), |(sure, most), verdict| match verdict {
        Accepted => (sure + 1, most + 1),
        Unclear => (sure, most + 1),
        Refused => (sure, most),
    })
}

/// Whether a number between the two ends is within the bounds.
fn between((sure, most): (u64, u64), least: u64, limit: u64) -> Verdict {
    if most < least || sure > limit {
        Refused
    } else if sure >= least && most <= limit {
        Accepted
    } else {
        Unclear
    }
}

impl Shape {
    pub(super) fn verdict(&self, value: &Value) -> Verdict {
        all(self.0.iter().map(|rule| rule.verdict(value)))
    }
}

impl Shape {
    /// The verdict on an object that is no value of its own; most schemas of objects need no copy.
    pub(super) fn verdict_of_object(&self, map: &Map<String, Value>) -> Verdict {
        let mut copy = None;
        all(self.0.iter().map(|rule| match rule {
            Rule::Never => Refused,
            Rule::Type(types) => Verdict::of(types.names().any(|name| name == "object")),
            Rule::Properties(properties) => properties.verdict(map),
            Rule::Required(names) => Verdict::of(lacking(names, map).is_none()),
            Rule::MinProperties(limit) => Verdict::of(length(map.len()) >= *limit),
            Rule::MaxProperties(limit) => Verdict::of(length(map.len()) <= *limit),
            Rule::Use(schema) | Rule::Reference(schema) => schema.shape().verdict_of_object(map),
            Rule::AllOf(shapes) => all(shapes.iter().map(|shape| shape.verdict_of_object(map))),
            _ => rule.verdict(copy.get_or_insert_with(|| Value::Object(map.clone()))),
        }))
    }
}

impl Pattern {
    pub(super) fn verdict(&self, text: &str) -> Verdict {
        if text.len() > limits::MATCHED {
            return Unclear;
        }
        Verdict::of(self.regex.is_match(text))
    }
}

impl Rule {
    #[inline]
    pub(super) fn verdict(&self, value: &Value) -> Verdict {
        use std::cmp::Ordering::{Equal, Greater, Less};
        // The order of a number and a bound; any other value is not meant.
        let ordered = |bound: &Number| match value {
            Value::Number(number) => Number::of_json(number).order(*bound),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        let list = || value.as_array().map(Vec::as_slice);
        Verdict::of(match self {
            Self::Never => false,
            Self::Type(types) => types.contains(value),
            Self::Const(wanted) => order(wanted, value) == Equal,
            Self::Enum(options) => options.contains(value),
            Self::Empty(wanted) => is_empty(value) == *wanted,
            Self::Minimum(bound) => ordered(bound) != Some(Less),
            Self::Maximum(bound) => ordered(bound) != Some(Greater),
            Self::ExclusiveMinimum(bound) => !matches!(ordered(bound), Some(Less | Equal)),
            Self::ExclusiveMaximum(bound) => !matches!(ordered(bound), Some(Greater | Equal)),
            Self::MultipleOf(of) => {
                (value.as_number()).is_none_or(|number| is_multiple(Number::of_json(number), *of))
            }
            Self::MinLength(limit) => value.as_str().is_none_or(|text| longer(text, *limit, true)),
            Self::MaxLength(limit) => {
                (value.as_str()).is_none_or(|text| !longer(text, *limit, false))
            }
            Self::MinItems(limit) => list().is_none_or(|list| length(list.len()) >= *limit),
            Self::MaxItems(limit) => list().is_none_or(|list| length(list.len()) <= *limit),
            Self::MinProperties(limit) => {
                (value.as_object()).is_none_or(|map| length(map.len()) >= *limit)
            }
            Self::MaxProperties(limit) => {
                (value.as_object()).is_none_or(|map| length(map.len()) <= *limit)
            }
            Self::Required(names) => missing(names, value).is_none(),
            Self::DependentRequired(entries) => value.as_object().is_none_or(|map| {
                let mut asked = entries.iter().filter(|(name, _)| map.contains_key(&**name));
                asked.all(|(_, names)| missing(names, value).is_none())
            }),
            Self::In(lists) => lists.iter().any(|list| list.contains(value)),
            Self::Format(format, general) => value.as_str().is_none_or(|text| {
                let known = format.check(text);
                known.unwrap_or_else(|| general.as_ref().is_some_and(|by| by.is_valid(value)))
            }),
            Self::UniqueItems => list().is_none_or(distinct),
            Self::Pattern(pattern) => {
                return (value.as_str()).map_or(Accepted, |text| pattern.verdict(text));
            }
            Self::Properties(properties) => {
                return (value.as_object()).map_or(Accepted, |map| properties.verdict(map));
            }
            Self::PropertyNames(shape) => {
                let names = value.as_object().into_iter().flat_map(Map::keys);
                return all(names.map(|name| shape.verdict(&Value::String(name.clone()))));
            }
            Self::Items(items) => return list().map_or(Accepted, |list| items.verdict(list)),
            Self::Contains(contains) => {
                return list().map_or(Accepted, |list| contains.verdict(list));
            }
            Self::DependentSchemas(entries) => {
                let map = value.as_object();
                let has = |name: &str| map.is_some_and(|map| map.contains_key(name));
                let asked = entries.iter().filter(|(name, _)| has(name));
                return all(asked.map(|(_, shape)| shape.verdict(value)));
            }
            Self::Use(schema) | Self::Reference(schema) => return schema.shape().verdict(value),
            Self::AllOf(shapes) => return all(shapes.iter().map(|shape| shape.verdict(value))),
            Self::AnyOf(shapes) => return any(shapes.iter().map(|shape| shape.verdict(value))),
            Self::OneOf(shapes) => {
                let found = count(shapes.iter().map(|shape| shape.verdict(value)));
                return between(found, 1, 1);
            }
            Self::Not(shape) => return shape.verdict(value).not(),
            Self::If(branch) => {
                return match branch.condition.verdict(value) {
                    Accepted => branch.then.verdict(value),
                    Refused => branch.otherwise.verdict(value),
                    Unclear => {
                        let (a, b) = (branch.then.verdict(value), branch.otherwise.verdict(value));
                        if a == b { a } else { Unclear }
                    }
                };
            }
            Self::Other(other) => return other.verdict(value),
        })
    }
}

impl Properties {
    fn verdict(&self, map: &Map<String, Value>) -> Verdict {
        if self.patterns.is_empty() && self.rest.is_none() {
            let there =
                (self.named.iter()).filter_map(|(name, shape)| Some((shape, map.get(&**name)?)));
            return all(there.map(|(shape, value)| shape.verdict(value)));
        }
        all(map.iter().map(|(name, value)| self.one(name, value)))
    }

    fn one(&self, name: &str, value: &Value) -> Verdict {
        let named = self.named(name);
        let mut verdict = named.map_or(Accepted, |shape| shape.verdict(value));
        // Whether a name is one of the patterns': when that is unclear, so is what holds for it.
        let mut foreseen = Verdict::of(named.is_some());
        for (pattern, shape) in &self.patterns {
            let fits = pattern.verdict(name);
            foreseen = foreseen.min(fits);
            verdict = verdict.max(match fits {
                Accepted => shape.verdict(value),
                Unclear => shape.verdict(value).min(Unclear),
                Refused => Accepted,
            });
        }
        match (&self.rest, foreseen) {
            (None, _) | (_, Accepted) => verdict,
            (Some(rest), Refused) => verdict.max(rest.verdict(value)),
            (Some(rest), Unclear) => verdict.max(rest.verdict(value).min(Unclear)),
        }
    }
}

impl Items {
    fn verdict(&self, list: &[Value]) -> Verdict {
        let first = self.first.iter().zip(list);
        let first = all(first.map(|(shape, value)| shape.verdict(value)));
        match &self.rest {
            Some(rest) if first != Refused => {
                let others = list.iter().skip(self.first.len());
                first.max(all(others.map(|value| rest.verdict(value))))
            }
            Some(_) | None => first,
        }
    }
}

impl Contains {
    fn verdict(&self, list: &[Value]) -> Verdict {
        let found = count(list.iter().map(|value| self.shape.verdict(value)));
        between(found, self.least, self.most.unwrap_or(u64::MAX))
    }
}

/// Null, empty text, an empty list or object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The first of the names that the object lacks.
pub(super) fn missing<'a>(names: &'a [Box<str>], value: &Value) -> Option<&'a str> {
    lacking(names, value.as_object()?)
}

fn lacking<'a>(names: &'a [Box<str>], map: &Map<String, Value>) -> Option<&'a str> {
    let lacking = names.iter().find(|name| !map.contains_key(&***name));
    lacking.map(|name| &**name)
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Tells whether a text has more characters than the limit, or (with `or_equal`) as many.
fn longer(text: &str, limit: u64, or_equal: bool) -> bool {
    let reached = |count: u64| count > limit || (or_equal && count == limit);
    // A character has one to four bytes.
    let bytes = length(text.len());
    if !reached(bytes) {
        return false;
    }
    reached(bytes / 4) || reached(length(text.chars().count()))
}
