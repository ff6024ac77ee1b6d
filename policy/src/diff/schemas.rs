//! Whether all that one schema accepts is accepted by another one, bound by bound. What cannot be told is
//! taken for no.

mod alike;
mod apart;

use std::cmp::Ordering;

use serde_json::{Map, Value};

pub(super) use alike::{alike, equal_list};
use alike::{members, named};
pub(super) use apart::apart;

use super::values::{Types, fits, order, same};
use crate::list::{ListType, Lists};

/// A schema as JSON with the lists that it names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) json: &'a Value,
    pub(super) lists: &'a Lists,
}

/// Keywords that only describe.
const NOTES: [&str; 8] = [
    "$comment",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

impl<'a> Known<'a> {
    const fn with(self, json: &'a Value) -> Self {
        Self { json, ..self }
    }

    /// The schema with all that hold beside it.
    fn parts(self, found: &mut Vec<&'a Map<String, Value>>) {
        if let Value::Object(map) = self.json {
            found.push(map);
            let all = map.get("allOf").and_then(Value::as_array);
            all.into_iter()
                .flatten()
                .for_each(|one| self.with(one).parts(found));
        }
    }

    fn is_never(self) -> bool {
        let none = |one: &Value| self.with(one).is_never();
        match self.json {
            Value::Bool(accepts) => !accepts,
            Value::Object(map) => {
                let all = map.get("allOf").and_then(Value::as_array);
                all.is_some_and(|all| all.iter().any(none))
            }
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => false,
        }
    }

    /// Tells whether null is not accepted.
    pub(super) fn refuses_null(self) -> bool {
        self.types().and(Types::NULL).is_none()
    }

    /// The types that values can have.
    fn types(self) -> Types {
        let mut parts = Vec::new();
        self.parts(&mut parts);
        let mut types = Types::ALL;
        for part in parts {
            if let Some(keyword) = part.get("type") {
                types = types.and(Types::of_keyword(keyword));
            }
            if let Some(names) = part.get("in") {
                let kinds = named(names, self.lists)
                    .into_iter()
                    .map(|list| match list.kind() {
                        ListType::Number => Types::NUMBER,
                        ListType::String
                        | ListType::Host
                        | ListType::Email
                        | ListType::Domain
                        | ListType::Iban => Types::TEXT,
                    });
                types = types.and(kinds.fold(Types::NONE, Types::or));
            }
            let values = part.get("enum").and_then(Value::as_array);
            if let Some(values) = values
                .map(Vec::as_slice)
                .or_else(|| part.get("const").map(std::slice::from_ref))
            {
                let all = values.iter().map(Types::of_value);
                types = types.and(all.fold(Types::NONE, Types::or));
            }
        }
        types
    }
}

/// Tells whether a accepts nothing that b does not accept.
pub(super) fn within(a: Known<'_>, b: Known<'_>) -> bool {
    if a.is_never() {
        return true;
    }
    let wanted = match b.json {
        Value::Bool(accepts) => return *accepts,
        Value::Object(map) => map,
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => return false,
    };
    if alike(a, b) {
        return true;
    }
    if ["unevaluatedProperties", "unevaluatedItems"]
        .iter()
        .any(|k| wanted.contains_key(*k))
    {
        // It depends on all that stands beside it.
        return false;
    }
    let mut parts = Vec::new();
    a.parts(&mut parts);
    // Each of several alternatives may be within for reasons of its own.
    for part in &parts {
        if let Some(Value::Array(options)) = part.get("anyOf")
            && options.iter().all(|option| within(a.with(option), b))
        {
            return true;
        }
        let values = part
            .get("enum")
            .and_then(Value::as_array)
            .map(Vec::as_slice);
        if let Some(values) = values.or_else(|| part.get("const").map(std::slice::from_ref)) {
            let fine = |value: &Value| fits(value, wanted) == Some(true);
            if values.iter().all(fine) {
                return true;
            }
        }
    }
    (wanted.iter()).all(|(keyword, limit)| keeps(a, &parts, b, wanted, keyword, limit))
}

/// The types that a keyword speaks of.
fn subject(keyword: &str) -> Types {
    match keyword {
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            Types::NUMBER
        }
        "minLength" | "maxLength" | "pattern" | "format" => Types::TEXT,
        "minItems" | "maxItems" | "uniqueItems" | "items" | "prefixItems" | "contains"
        | "minContains" | "maxContains" => Types::LIST,
        "minProperties"
        | "maxProperties"
        | "required"
        | "dependentRequired"
        | "properties"
        | "patternProperties"
        | "additionalProperties"
        | "propertyNames"
        | "dependentSchemas" => Types::OBJECT,
        _ => Types::ALL,
    }
}

/// Tells whether a keeps one keyword of b.
fn keeps(
    a: Known<'_>,
    parts: &[&Map<String, Value>],
    b: Known<'_>,
    wanted: &Map<String, Value>,
    keyword: &str,
    limit: &Value,
) -> bool {
    if NOTES.contains(&keyword) || a.types().and(subject(keyword)).is_none() {
        return true;
    }
    let bound = |names: &[(&str, &[Ordering])]| {
        parts.iter().any(|part| {
            names.iter().any(|(name, fine)| {
                let own = part.get(*name).and_then(|own| order(own, limit));
                own.is_some_and(|order| fine.contains(&order))
            })
        })
    };
    let (above, equal, below) = (Ordering::Greater, Ordering::Equal, Ordering::Less);
    let equally = || {
        parts.iter().any(|part| {
            part.get(keyword)
                .is_some_and(|own| alike(a.with(own), b.with(limit)))
        })
    };
    match keyword {
        "type" => a.types().within(Types::of_keyword(limit)),
        "minimum" => bound(&[
            ("minimum", &[above, equal]),
            ("exclusiveMinimum", &[above, equal]),
        ]),
        "exclusiveMinimum" => {
            bound(&[("minimum", &[above]), ("exclusiveMinimum", &[above, equal])])
        }
        "maximum" => bound(&[
            ("maximum", &[below, equal]),
            ("exclusiveMaximum", &[below, equal]),
        ]),
        "exclusiveMaximum" => {
            bound(&[("maximum", &[below]), ("exclusiveMaximum", &[below, equal])])
        }
        "minLength" | "minItems" | "minProperties" => bound(&[(keyword, &[above, equal])]),
        "maxLength" | "maxItems" | "maxProperties" => bound(&[(keyword, &[below, equal])]),
        "in" => parts
            .iter()
            .any(|part| members(part, a.lists, limit, b.lists)),
        "enum" | "const" => {
            let listed = |value: &Value| match limit.as_array().filter(|_| keyword == "enum") {
                Some(options) => options.iter().any(|option| same(option, value)),
                None => same(limit, value),
            };
            parts.iter().any(|part| {
                let options = part.get("enum").and_then(Value::as_array);
                options.is_some_and(|own| own.iter().all(listed))
                    || part.get("const").is_some_and(listed)
            })
        }
        "required" => {
            let own: Vec<&Value> = parts
                .iter()
                .filter_map(|part| part.get("required")?.as_array())
                .flatten()
                .collect();
            limit
                .as_array()
                .is_some_and(|names| names.iter().all(|name| own.contains(&name)))
        }
        "items" if !wanted.contains_key("prefixItems") => parts.iter().any(|part| {
            let own = part
                .get("items")
                .filter(|_| !part.contains_key("prefixItems"));
            own.is_some_and(|own| within(a.with(own), b.with(limit)))
        }),
        "properties" | "additionalProperties" => {
            (parts.iter()).any(|part| properties(a, part, b, wanted))
        }
        "allOf" => limit
            .as_array()
            .is_some_and(|all| all.iter().all(|one| within(a, b.with(one)))),
        "anyOf" => {
            limit
                .as_array()
                .is_some_and(|options| options.iter().any(|one| within(a, b.with(one))))
                || equally()
        }
        "not" => parts.iter().any(|part| {
            let own = part.get("not");
            own.is_some_and(|own| within(b.with(limit), a.with(own)))
        }),
        _ => equally(),
    }
}

/// Tells whether the properties of a are within those of b.
fn properties(
    a: Known<'_>,
    part: &Map<String, Value>,
    b: Known<'_>,
    wanted: &Map<String, Value>,
) -> bool {
    const PATTERNS: &str = "patternProperties";
    let all = Value::Bool(true);
    if part.contains_key(PATTERNS) || wanted.contains_key(PATTERNS) {
        return ["properties", PATTERNS, "additionalProperties"]
            .iter()
            .all(|keyword| match (part.get(*keyword), wanted.get(*keyword)) {
                (Some(own), Some(limit)) => alike(a.with(own), b.with(limit)),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            });
    }
    let none = Map::new();
    let named =
        |map: &'_ Map<String, Value>| map.get("properties").and_then(Value::as_object).cloned();
    let (own, limits) = (
        named(part).unwrap_or_else(|| none.clone()),
        named(wanted).unwrap_or(none),
    );
    let own_rest = part.get("additionalProperties").unwrap_or(&all);
    let rest = wanted.get("additionalProperties").unwrap_or(&all);
    let by_name = limits.iter().all(|(name, limit)| {
        let own = own.get(name).unwrap_or(own_rest);
        within(a.with(own), b.with(limit))
    });
    let others = own.iter().filter(|(name, _)| !limits.contains_key(*name));
    let mut others = others.map(|(_, own)| own).chain([own_rest]);
    by_name && others.all(|own| within(a.with(own), b.with(rest)))
}
