//! Whether a schema accepts nothing at all. It says yes only when that is certain.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use super::Schema;
use super::range::{Counted, Range, Rules, counts, listed, numbers, together, types};
use super::rule::{Properties, Rule, Shape};
use super::verdict::Verdict;

impl Schema {
    /// Tells whether every value is refused.
    pub(crate) fn is_empty(&self) -> bool {
        empty(&[self.shape()])
    }

    /// Tells whether no object has the property in a way that both schemas accept: this one of the whole
    /// object, the other one of the property.
    pub(crate) fn excludes(&self, name: &str, other: &Self) -> bool {
        let Some(mut shapes) = of_property(&together(&[self.shape()]), name) else {
            return true;
        };
        shapes.push(other.shape());
        empty(&shapes)
    }

    /// Tells whether every object with the property is refused.
    pub(crate) fn forbids(&self, name: &str) -> bool {
        of_property(&together(&[self.shape()]), name).is_none_or(|shapes| empty(&shapes))
    }

    /// Tells whether the type of a property is fixed.
    pub(crate) fn types_property(&self, name: &str) -> bool {
        of_property(&together(&[self.shape()]), name)
            .is_some_and(|shapes| shapes.iter().any(|shape| super::habits::is_typed(shape)))
    }

    /// The properties that an object must have.
    pub(crate) fn required(&self) -> Vec<&str> {
        let rules = together(&[self.shape()]);
        let names = rules.iter().filter_map(|rule| match rule {
            Rule::Required(names) => Some(names),
            _ => None,
        });
        names.flatten().map(|name| &**name).collect()
    }

    /// The numbers that it leaves.
    pub(crate) fn numbers(&self) -> Range {
        numbers(&together(&[self.shape()]))
    }
}

/// The schemas that hold for a property; None when there can be none of this name.
fn of_property<'a>(rules: &Rules<'a>, name: &str) -> Option<Vec<&'a Shape>> {
    let mut shapes = Vec::new();
    for rule in rules {
        let Rule::Properties(properties) = rule else {
            continue;
        };
        shapes.extend(properties.of(name));
    }
    (!shapes.iter().any(|shape| shape.is_never())).then_some(shapes)
}

impl Properties {
    /// The schemas that hold for certain for a property.
    fn of(&self, name: &str) -> Vec<&Shape> {
        let named = self.named(name);
        let mut shapes: Vec<_> = named.into_iter().collect();
        let mut foreseen = named.is_some();
        for (pattern, shape) in &self.patterns {
            match pattern.verdict(name) {
                Verdict::Accepted => shapes.push(shape),
                Verdict::Unclear => {}
                Verdict::Refused => continue,
            }
            foreseen = true;
        }
        if !foreseen {
            shapes.extend(&self.rest);
        }
        shapes
    }
}

/// Tells whether no value is accepted by all of the schemas.
pub(super) fn empty(shapes: &[&Shape]) -> bool {
    none(&together(shapes))
}

/// Tells whether no value is accepted by all of the rules.
pub(super) fn none(rules: &Rules<'_>) -> bool {
    let never = |rule: &&Rule| match rule {
        Rule::Never => true,
        Rule::In(lists) => lists.iter().all(|list| list.values().is_empty()),
        Rule::AnyOf(shapes) | Rule::OneOf(shapes) => shapes.iter().all(|shape| empty(&[shape])),
        _ => false,
    };
    if rules.iter().any(never) {
        return true;
    }
    if let Some(values) = listed(rules) {
        let refused = |value| (rules.iter()).any(|rule| rule.verdict(value) == Verdict::Refused);
        return values.iter().all(refused);
    }
    let filled = rules.iter().any(|rule| matches!(rule, Rule::Empty(false)));
    let beyond = |counted| {
        let (least, most) = counts(rules, counted);
        least.max(u64::from(filled)) > most
    };
    types(rules).into_iter().all(|name| match name {
        "null" => filled,
        "integer" | "number" => numbers(rules).is_empty(),
        "string" => beyond(Counted::Characters),
        "array" => beyond(Counted::Entries) || no_entry(rules, filled),
        "object" => beyond(Counted::Properties) || no_property(rules),
        _ => false,
    })
}

/// Tells whether a list must have an entry, and no value can be one.
fn no_entry(rules: &Rules<'_>, filled: bool) -> bool {
    let (least, _) = counts(rules, Counted::Entries);
    let none = |rule: &&Rule| match rule {
        Rule::Items(items) => {
            let first = items.first.first().or(items.rest.as_ref());
            first.is_some_and(|shape| empty(&[shape]))
        }
        _ => false,
    };
    least.max(u64::from(filled)) > 0 && rules.iter().any(none)
}

/// Tells whether an object must have a property, and no value can be it.
fn no_property(rules: &Rules<'_>) -> bool {
    let mut names = rules.iter().filter_map(|rule| match rule {
        Rule::Required(names) => Some(names),
        _ => None,
    });
    let missing = |name: &str| of_property(rules, name).is_none_or(|shapes| empty(&shapes));
    names.any(|names| names.iter().any(|name| missing(name)))
}
