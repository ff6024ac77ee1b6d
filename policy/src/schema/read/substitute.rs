//! Writes a schema out for the general validator, with `use` and `$ref` substituted.

use serde_json::{Map, Value};

use super::{Reader, Root, entries};
use crate::list::Lists;
use crate::schema::inspect::{NAMED, SCHEMA, SCHEMAS};
use crate::source::tree::{Node, NodeValue};

impl Reader<'_> {
    /// The schema as JSON that stands on its own.
    pub(super) fn substituted(&mut self, root: &Root<'_>, node: &Node) -> Value {
        let Some(all) = entries(node) else {
            return node.to_json();
        };
        let mut map = Map::new();
        let mut also = Vec::new();
        for (key, node) in all {
            let name = key.name.as_str();
            let value = match (name, &node.value) {
                ("$defs", _) => continue,
                ("use", NodeValue::Text(name)) => {
                    also.extend(
                        self.named(name)
                            .ok()
                            .map(|schema| schema.shape().json(true)),
                    );
                    continue;
                }
                ("$ref", NodeValue::Text(target)) => {
                    let name = target.strip_prefix("#/$defs/");
                    let schema = name.and_then(|name| root.done.get(name)?.clone());
                    also.extend(schema.map(|schema| schema.shape().json(true)));
                    continue;
                }
                (_, NodeValue::List(nodes)) if SCHEMAS.contains(&name) => {
                    let nodes = nodes.iter().map(|node| self.substituted(root, node));
                    Value::Array(nodes.collect())
                }
                (_, NodeValue::Map(named)) if NAMED.contains(&name) => {
                    let mut inner = Map::new();
                    for (key, node) in named {
                        let regex = (name == "patternProperties")
                            .then(|| self.cache.pattern(&key.name).ok())
                            .flatten();
                        let name = regex.map_or_else(
                            || key.name.clone(),
                            |pattern| pattern.regex.as_str().to_owned(),
                        );
                        inner.insert(name, self.substituted(root, node));
                    }
                    Value::Object(inner)
                }
                _ if SCHEMA.contains(&name) => self.substituted(root, node),
                _ => node.to_json(),
            };
            map.insert(name.to_owned(), value);
        }
        if !also.is_empty() {
            let all = map
                .entry("allOf")
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Some(all) = all.as_array_mut() {
                all.append(&mut also);
            }
        }
        Value::Object(map)
    }

    /// The lists that a schema may name.
    pub(super) fn lists_of(&self, json: &Value) -> Lists {
        let mut found = Lists::new();
        let mut open = vec![json];
        while let Some(json) = open.pop() {
            match json {
                Value::Object(map) => {
                    let names = map.get("in").into_iter();
                    let names = names.flat_map(|names| {
                        (names.as_array()).map_or(std::slice::from_ref(names), Vec::as_slice)
                    });
                    for name in names.filter_map(Value::as_str) {
                        if let Some(list) = self.lists.get(name) {
                            found.insert(name.to_owned(), std::sync::Arc::clone(list));
                        }
                    }
                    open.extend(map.values());
                }
                Value::Array(values) => open.extend(values),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        found
    }
}
