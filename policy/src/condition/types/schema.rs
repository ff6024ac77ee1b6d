//! The types that JSON Schemas describe. What is unclear is any value: a type never says too much.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Declared, Field, Kind, Shape, Type};
use crate::list::{ListType, Lists};

/// Deepest nesting that is looked at, references included.
const DEPTH: usize = 16;
/// Most schemas that are looked at.
const SCHEMAS: usize = 10_000;

/// The type of the values that a schema accepts.
pub(super) fn of_schema(schema: &Json, lists: &Lists) -> Type {
    Reader::new(schema, lists).value(schema, 0)
}

impl Declared {
    /// What the `arguments` of a rule say: names, schemas, and which may be left out or null. Those of
    /// an allow are all that there are; None are any.
    pub(crate) fn of_rule<'a>(
        arguments: Option<impl IntoIterator<Item = (&'a str, &'a Json, bool)>>,
        allow: bool,
        lists: &Lists,
    ) -> Self {
        let closed = allow && arguments.is_some();
        let fields = arguments.into_iter().flatten();
        let fields = fields.map(|(name, schema, optional)| {
            let mut value = of_schema(schema, lists);
            value.nullable |= optional && value.kind != Kind::Any;
            (name.to_owned(), Field { value, optional })
        });
        let shape = Shape {
            fields: fields.collect(),
            closed,
        };
        Self {
            shape: Arc::new(shape),
            allow,
        }
    }
}

impl Shape {
    /// The arguments that the input schema of a tool takes; it is closed unless it says otherwise.
    pub(crate) fn of_contract(schema: &Json, lists: &Lists) -> Self {
        let Json::Object(keywords) = schema else {
            return Self::default();
        };
        let reader = Reader::new(schema, lists);
        // Arguments are an object whether or not the schema says so.
        let mut own = Type::of(Kind::Entries);
        reader.object(keywords, 0, &mut own);
        let value = own.meet(&reader.value(schema, 0));
        let fields = value.shape.as_ref().map(|shape| shape.fields.clone());
        let elsewhere = [
            "$ref",
            "allOf",
            "anyOf",
            "dependentSchemas",
            "if",
            "oneOf",
            "patternProperties",
            "unevaluatedProperties",
        ];
        let open = keywords
            .get("additionalProperties")
            .is_some_and(|rest| rest != &Json::Bool(false));
        Self {
            fields: fields.unwrap_or_default(),
            closed: !open && !elsewhere.iter().any(|name| keywords.contains_key(*name)),
        }
    }
}

struct Reader<'a> {
    root: &'a Json,
    lists: &'a Lists,
    /// How many more schemas are looked at: references may lead to the same one again and again.
    left: Cell<usize>,
}

impl<'a> Reader<'a> {
    const fn new(root: &'a Json, lists: &'a Lists) -> Self {
        Self {
            root,
            lists,
            left: Cell::new(SCHEMAS),
        }
    }

    fn value(&self, schema: &Json, depth: usize) -> Type {
        let Json::Object(keywords) = schema else {
            return Type::ANY;
        };
        let Some(left) = self.left.get().checked_sub(1).filter(|_| depth <= DEPTH) else {
            return Type::ANY;
        };
        self.left.set(left);
        let mut found = self.own(keywords, depth);
        if let Some(name) = keywords.get("$ref").and_then(Json::as_str)
            && let Some(target) = name.strip_prefix('#').and_then(|at| self.root.pointer(at))
        {
            found = found.meet(&self.value(target, depth + 1));
        }
        for part in keywords
            .get("allOf")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            found = found.meet(&self.value(part, depth + 1));
        }
        for union in ["anyOf", "oneOf"] {
            let parts = keywords.get(union).and_then(Json::as_array);
            let parts = parts.into_iter().flatten();
            let joined = parts
                .map(|part| self.value(part, depth + 1))
                .reduce(|a, b| a.join(&b));
            if let Some(joined) = joined {
                found = found.meet(&joined);
            }
        }
        found
    }

    /// What the keywords say without those that combine schemas.
    fn own(&self, keywords: &Map<String, Json>, depth: usize) -> Type {
        let mut found = self.by_type(keywords.get("type"));
        let only = match (keywords.get("const"), keywords.get("enum")) {
            (Some(value), _) => Some(vec![value.clone()]),
            (None, Some(Json::Array(values))) => Some(values.clone()),
            (None, _) => None,
        };
        if let Some(only) = only {
            let kinds = only.iter().map(of_value);
            let kind = kinds.reduce(|a, b| a.join(&b)).unwrap_or(Type::ANY);
            found = found.meet(&Type {
                values: Some(only.into()),
                ..kind
            });
        }
        if let Some(names) = keywords.get("in") {
            found = found.meet(&self.listed(names));
        }
        let number = |name: &str| keywords.get(name).and_then(Json::as_u64);
        match found.kind {
            Kind::Text => found.most = number("maxLength"),
            Kind::Items => {
                found.most = number("maxItems");
                if keywords.get("prefixItems").is_none() {
                    found.inner = keywords
                        .get("items")
                        .map(|items| self.value(items, depth + 1))
                        .filter(|inner| *inner != Type::ANY)
                        .map(Arc::new);
                }
            }
            Kind::Entries => {
                found.most = number("maxProperties");
                self.object(keywords, depth, &mut found);
            }
            Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Time
            | Kind::Bytes
            | Kind::Type
            | Kind::Duration
            | Kind::Optional => {}
        }
        found
    }

    fn by_type(&self, named: Option<&Json>) -> Type {
        let kind = |name: &str| {
            Type::of(match name {
                "null" => Kind::Null,
                "boolean" => Kind::Bool,
                "integer" | "number" => Kind::Number,
                "string" => Kind::Text,
                "array" => Kind::Items,
                "object" => Kind::Entries,
                _ => Kind::Any,
            })
        };
        match named {
            Some(Json::String(name)) => kind(name),
            Some(Json::Array(names)) => {
                let kinds = names.iter().filter_map(Json::as_str).map(kind);
                kinds.reduce(|a, b| a.join(&b)).unwrap_or(Type::ANY)
            }
            _ => Type::ANY,
        }
    }

    fn object(&self, keywords: &Map<String, Json>, depth: usize, found: &mut Type) {
        let required = keywords.get("required").and_then(Json::as_array);
        let required: Vec<_> = required
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let named = keywords.get("properties").and_then(Json::as_object);
        let fields: BTreeMap<_, _> = named
            .into_iter()
            .flatten()
            .map(|(name, schema)| {
                let field = Field {
                    value: self.value(schema, depth + 1),
                    optional: !required.contains(&&**name),
                };
                (name.clone(), field)
            })
            .collect();
        let patterns = keywords.get("patternProperties").is_some();
        let rest = keywords.get("additionalProperties");
        let closed = rest == Some(&Json::Bool(false)) && !patterns;
        if !patterns {
            found.inner = rest
                .map(|rest| self.value(rest, depth + 1))
                .filter(|inner| *inner != Type::ANY)
                .map(Arc::new);
        }
        if closed || !fields.is_empty() {
            found.shape = Some(Arc::new(Shape { fields, closed }));
        }
    }

    /// The type of the members of named lists.
    fn listed(&self, names: &Json) -> Type {
        let names = match names {
            Json::String(name) => vec![name.as_str()],
            Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Vec::new(),
        };
        let kinds = names
            .into_iter()
            .map(|name| self.lists.get(name).map_or(Type::ANY, |list| member(list)));
        kinds.reduce(|a, b| a.join(&b)).unwrap_or(Type::ANY)
    }
}

/// The type of the members of a list.
pub(crate) fn member(list: &crate::list::List) -> Type {
    if list.kind() == ListType::Number {
        Type::NUMBER
    } else {
        Type::TEXT
    }
}

/// The type of a value that is known, without its parts.
fn of_value(value: &Json) -> Type {
    Type::of(match value {
        Json::Null => Kind::Null,
        Json::Bool(_) => Kind::Bool,
        Json::Number(_) => Kind::Number,
        Json::String(_) => Kind::Text,
        Json::Array(_) => Kind::Items,
        Json::Object(_) => Kind::Entries,
    })
}
