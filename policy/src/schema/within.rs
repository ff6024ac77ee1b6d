//! Whether all that one schema accepts is accepted by another. It says yes only when that is certain.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Schema;
use super::empty::none;
use super::range::{Counted, Range, Rules, allows, counts, listed, numbers, together, types};
use super::rule::Rule;
use super::verdict::Verdict;

impl Schema {
    /// Tells whether the other schema accepts all that this one accepts, and leaves unclear or accepts
    /// what this one leaves unclear.
    pub(crate) fn within(&self, other: &Self) -> bool {
        if self.address() == other.address() {
            return true;
        }
        let (own, wanted) = (together(&[self.shape()]), together(&[other.shape()]));
        wanted.iter().all(|rule| implied(&own, rule)) || none(&own)
    }

    /// Tells whether both say the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.address() == other.address() || self.json() == other.json()
    }

    /// Tells whether every value is accepted.
    pub(crate) fn is_any(&self) -> bool {
        together(&[self.shape()]).is_empty()
    }
}

fn implied(own: &Rules<'_>, rule: &Rule) -> bool {
    if let Some(values) = listed(own) {
        let refused = |value: &Value| (own.iter()).any(|r| r.verdict(value) == Verdict::Refused);
        let left = values.iter().filter(|value| !refused(value));
        return left
            .into_iter()
            .all(|value| rule.verdict(value) == Verdict::Accepted);
    }
    let types = types(own);
    let without = |names: &[&str]| !names.iter().any(|name| types.contains(name));
    let number = |range: Range| without(&["integer", "number"]) || range.holds(numbers(own));
    let least = |name, counted, n| without(&[name]) || counts(own, counted).0 >= n;
    let most = |name, counted, n| without(&[name]) || counts(own, counted).1 <= n;
    let mut range = Range::default();
    let known = match rule {
        Rule::Type(wanted) => types.iter().all(|name| allows(*wanted, name)),
        Rule::Minimum(at) => {
            range.above(*at, false);
            number(range)
        }
        Rule::ExclusiveMinimum(at) => {
            range.above(*at, true);
            number(range)
        }
        Rule::Maximum(at) => {
            range.below(*at, false);
            number(range)
        }
        Rule::ExclusiveMaximum(at) => {
            range.below(*at, true);
            number(range)
        }
        Rule::MinLength(n) => least("string", Counted::Characters, *n),
        Rule::MaxLength(n) => most("string", Counted::Characters, *n),
        Rule::MinItems(n) => least("array", Counted::Entries, *n),
        Rule::MaxItems(n) => most("array", Counted::Entries, *n),
        Rule::MinProperties(n) => least("object", Counted::Properties, *n),
        Rule::MaxProperties(n) => most("object", Counted::Properties, *n),
        Rule::Pattern(_) | Rule::Format(..) => without(&["string"]),
        Rule::MultipleOf(_) => without(&["integer", "number"]),
        Rule::In(wanted) => own.iter().any(|rule| match rule {
            Rule::In(lists) => {
                (lists.iter()).all(|list| wanted.iter().any(|wanted| Arc::ptr_eq(wanted, list)))
            }
            _ => false,
        }),
        Rule::Required(wanted) => {
            let has = |name: &str| {
                own.iter().any(|rule| match rule {
                    Rule::Required(names) => names.iter().any(|known| &**known == name),
                    _ => false,
                })
            };
            without(&["object"]) || wanted.iter().all(|name| has(name))
        }
        _ => false,
    };
    known || own.iter().any(|own| same(own, rule))
}

/// Tells whether two rules say the same.
fn same(a: &Rule, b: &Rule) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && text(a) == text(b)
}

fn text(rule: &Rule) -> Value {
    let mut map = Map::new();
    match rule {
        Rule::Other(other) => return other.json.clone(),
        Rule::Contains(contains) => {
            map.insert("least".to_owned(), contains.least.into());
            map.insert("most".to_owned(), contains.most.into());
        }
        _ => {}
    }
    if let Some(limit) = rule.limit() {
        map.insert("limit".to_owned(), limit);
    }
    rule.put_children(&mut map, false);
    Value::Object(map)
}
