//! What a schema leaves of each type of value, as far as that is simple to tell: types, few values,
//! bounds. Everything here errs on the side of "more values".

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::rule::{Rule, Shape, Types};
use crate::condition::Number;
use crate::list::ListType;

/// Most values of an `enum` or a list that are looked at one by one.
const FEW: usize = 1_000;

/// Rules that all hold of one value: those of `allOf`, `use` and `$ref` among them.
pub(super) type Rules<'a> = Vec<&'a Rule>;

/// The rules of several schemas that all hold of one value.
pub(super) fn together<'a>(shapes: &[&'a Shape]) -> Rules<'a> {
    let mut rules = Vec::new();
    shapes.iter().for_each(|shape| flatten(shape, &mut rules));
    rules
}

fn flatten<'a>(shape: &'a Shape, rules: &mut Rules<'a>) {
    for rule in &shape.0 {
        match rule {
            Rule::Use(schema) | Rule::Reference(schema) => flatten(schema.shape(), rules),
            Rule::AllOf(shapes) => shapes.iter().for_each(|shape| flatten(shape, rules)),
            _ => rules.push(rule),
        }
    }
}

/// The types that values may have; `integer` stands beside `number`.
pub(super) fn types(rules: &[&Rule]) -> Vec<&'static str> {
    let mut left = Types::NAMES.to_vec();
    for rule in rules {
        match rule {
            Rule::Type(types) => left.retain(|name| allows(*types, name)),
            Rule::In(lists) if lists.iter().all(|list| list.kind() != ListType::Number) => {
                left.retain(|name| *name == "string");
            }
            Rule::In(lists) if lists.iter().all(|list| list.kind() == ListType::Number) => {
                left.retain(|name| matches!(*name, "integer" | "number"));
            }
            _ => {}
        }
    }
    left
}

/// Tells whether a `type` has room for another one; `number` has it for integers.
pub(super) fn allows(types: Types, name: &str) -> bool {
    (types.names()).any(|known| known == name || (known == "number" && name == "integer"))
}

/// All values that can be accepted, where they are few and listed.
pub(super) fn listed(rules: &[&Rule]) -> Option<Vec<Value>> {
    let exact = |kind| matches!(kind, ListType::String | ListType::Number);
    rules.iter().find_map(|rule| match rule {
        Rule::Const(value) => Some(vec![Value::clone(value)]),
        Rule::Enum(options) if options.values.len() <= FEW => Some(options.values.to_vec()),
        Rule::Empty(true) => Some(vec![Value::Null, json!(""), json!([]), json!({})]),
        // Values of other lists may be spelled in several ways.
        Rule::In(lists)
            if lists.iter().all(|list| exact(list.kind()))
                && lists.iter().map(|list| list.values().len()).sum::<usize>() <= FEW =>
        {
            let values = lists.iter().flat_map(|list| list.values());
            Some(values.cloned().collect())
        }
        _ => None,
    })
}

/// An end of a range of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) at: Number,
    /// The end itself is not within.
    pub(crate) open: bool,
}

/// Numbers between two ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) low: Option<End>,
    pub(crate) high: Option<End>,
}

impl Range {
    /// Moves the lower end up.
    pub(crate) fn above(&mut self, at: Number, open: bool) {
        let narrower = self.low.is_none_or(|low| match at.order(low.at) {
            Some(Ordering::Equal) => open && !low.open,
            order => order == Some(Ordering::Greater),
        });
        if narrower {
            self.low = Some(End { at, open });
        }
    }

    /// Moves the upper end down.
    pub(crate) fn below(&mut self, at: Number, open: bool) {
        let narrower = self.high.is_none_or(|high| match at.order(high.at) {
            Some(Ordering::Equal) => open && !high.open,
            order => order == Some(Ordering::Less),
        });
        if narrower {
            self.high = Some(End { at, open });
        }
    }

    /// Tells whether no number is within.
    pub(crate) fn is_empty(self) -> bool {
        let (Some(low), Some(high)) = (self.low, self.high) else {
            return false;
        };
        match low.at.order(high.at) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => low.open || high.open,
            Some(Ordering::Less) | None => false,
        }
    }

    /// Tells whether all numbers of another range are within.
    pub(super) fn holds(self, other: Self) -> bool {
        let within = |own: Option<End>, other: Option<End>, beyond: Ordering| match (own, other) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => match other.at.order(own.at) {
                Some(Ordering::Equal) => other.open || !own.open,
                order => order == Some(beyond),
            },
        };
        within(self.low, other.low, Ordering::Greater)
            && within(self.high, other.high, Ordering::Less)
    }
}

/// The numbers that are left.
pub(super) fn numbers(rules: &[&Rule]) -> Range {
    let mut range = Range::default();
    for rule in rules {
        match rule {
            Rule::Minimum(at) => range.above(*at, false),
            Rule::ExclusiveMinimum(at) => range.above(*at, true),
            Rule::Maximum(at) => range.below(*at, false),
            Rule::ExclusiveMaximum(at) => range.below(*at, true),
            _ => {}
        }
    }
    range
}

/// What is counted of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Characters,
    Entries,
    Properties,
}

/// The least and the most that a value has.
pub(super) fn counts(rules: &[&Rule], counted: Counted) -> (u64, u64) {
    use Counted::{Characters, Entries, Properties};
    let (mut least, mut most) = (0, u64::MAX);
    for rule in rules {
        match (counted, rule) {
            (Characters, Rule::MinLength(n))
            | (Entries, Rule::MinItems(n))
            | (Properties, Rule::MinProperties(n)) => least = least.max(*n),
            (Characters, Rule::MaxLength(n))
            | (Entries, Rule::MaxItems(n))
            | (Properties, Rule::MaxProperties(n)) => most = most.min(*n),
            _ => {}
        }
    }
    (least, most)
}
