//! Whether two schemas say the same, and whether lists hold the same.

use serde_json::{Map, Value};

use super::super::values::same;
use super::{Known, NOTES};
use crate::list::{List, Lists};

/// Tells whether what a part accepts are members of lists.
pub(super) fn members(
    part: &Map<String, Value>,
    own: &Lists,
    limit: &Value,
    lists: &Lists,
) -> bool {
    let limits = named(limit, lists);
    let mut values = part
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .chain(part.get("const"))
        .peekable();
    if values.peek().is_some() {
        return values.all(|value| limits.iter().any(|list| list.contains(value)));
    }
    let Some(names) = part.get("in") else {
        return false;
    };
    named(names, own).iter().all(|list| {
        let alike: Vec<_> = limits
            .iter()
            .filter(|limit| limit.kind() == list.kind())
            .collect();
        list.values()
            .iter()
            .all(|value| alike.iter().any(|limit| limit.contains(value)))
    })
}

pub(super) fn named<'a>(names: &Value, lists: &'a Lists) -> Vec<&'a List> {
    let names = names
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    names
        .filter_map(|name| lists.get(name).map(|list| &**list))
        .collect()
}

/// Tells whether two schemas say the same, lists compared by what they hold.
pub(in crate::diff) fn alike(a: Known<'_>, b: Known<'_>) -> bool {
    match (a.json, b.json) {
        (Value::Object(own), Value::Object(others)) => {
            let differ = |map: &Map<String, Value>| {
                map.keys().filter(|k| !NOTES.contains(&k.as_str())).count()
            };
            differ(own) == differ(others)
                && own
                    .iter()
                    .filter(|(k, _)| !NOTES.contains(&k.as_str()))
                    .all(|(keyword, one)| {
                        let Some(other) = others.get(keyword) else {
                            return false;
                        };
                        match keyword.as_str() {
                            "in" => equal_lists(&named(one, a.lists), &named(other, b.lists)),
                            "const" | "enum" | "required" | "dependentRequired" => same(one, other),
                            // Names of properties are no keywords.
                            "properties" | "patternProperties" | "dependentSchemas" | "$defs" => {
                                match (one, other) {
                                    (Value::Object(one), Value::Object(other)) => {
                                        one.len() == other.len()
                                            && one.iter().all(|(name, one)| {
                                                other.get(name).is_some_and(|other| {
                                                    alike(a.with(one), b.with(other))
                                                })
                                            })
                                    }
                                    _ => false,
                                }
                            }
                            _ => alike(a.with(one), b.with(other)),
                        }
                    })
        }
        (Value::Array(own), Value::Array(others)) => {
            own.len() == others.len()
                && own
                    .iter()
                    .zip(others)
                    .all(|(one, other)| alike(a.with(one), b.with(other)))
        }
        (one, other) => same(one, other),
    }
}

fn equal_lists(a: &[&List], b: &[&List]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_list(a, b))
}

/// Tells whether two lists hold the same values of the same type.
pub(in crate::diff) fn equal_list(a: &List, b: &List) -> bool {
    let holds = |a: &List, b: &List| a.values().iter().all(|value| b.contains(value));
    a.kind() == b.kind() && holds(a, b) && holds(b, a)
}
