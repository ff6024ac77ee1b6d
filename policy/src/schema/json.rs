//! A compiled schema as JSON Schema again, with `use` and `$ref` substituted.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use serde_json::{Map, Value, json};

use super::rule::{Rule, Shape};

impl Shape {
    /// The schema as JSON; with `regex`, the names of `patternProperties` are the patterns as they run.
    pub(super) fn json(&self, regex: bool) -> Value {
        if self.is_never() {
            return Value::Bool(false);
        }
        let mut map = Map::new();
        let mut all = Vec::new();
        for rule in &self.0 {
            if let Some(limit) = rule.limit() {
                map.insert(rule.keyword().to_owned(), limit);
            }
            match rule {
                Rule::Use(schema) | Rule::Reference(schema) => all.push(schema.shape().json(regex)),
                Rule::AllOf(shapes) => all.extend(shapes.iter().map(|shape| shape.json(regex))),
                // It is the whole schema.
                Rule::Other(other) => return other.json.clone(),
                Rule::Contains(contains) => {
                    map.insert("minContains".to_owned(), json!(contains.least));
                    if let Some(most) = contains.most {
                        map.insert("maxContains".to_owned(), json!(most));
                    }
                    map.insert("contains".to_owned(), contains.shape.json(regex));
                }
                Rule::Properties(properties) if regex => {
                    rule.put_children(&mut map, regex);
                    if !properties.patterns.is_empty() {
                        let entry = |pattern: &super::rule::Pattern, shape: &Self| {
                            (pattern.regex.as_str().to_owned(), shape.json(regex))
                        };
                        let patterns = properties.patterns.iter();
                        let patterns = patterns.map(|(pattern, shape)| entry(pattern, shape));
                        map.insert(
                            "patternProperties".to_owned(),
                            Value::Object(patterns.collect()),
                        );
                    }
                }
                _ => rule.put_children(&mut map, regex),
            }
        }
        if !all.is_empty() {
            map.insert("allOf".to_owned(), Value::Array(all));
        }
        Value::Object(map)
    }
}

impl Rule {
    /// Adds the schemas that it holds, under their keywords.
    pub(super) fn put_children(&self, map: &mut Map<String, Value>, regex: bool) {
        for (place, shape) in self.children() {
            let json = shape.json(regex);
            let Some((keyword, name)) = place.split_first() else {
                continue;
            };
            let numbered =
                matches!(self, Self::AnyOf(_) | Self::OneOf(_)) || &**keyword == "prefixItems";
            match name.first() {
                None => {
                    map.insert(keyword.to_string(), json);
                }
                Some(_) if numbered => {
                    let list = map.entry(&**keyword).or_insert_with(|| json!([]));
                    if let Some(list) = list.as_array_mut() {
                        list.push(json);
                    }
                }
                Some(name) => {
                    let inner = map.entry(&**keyword).or_insert_with(|| json!({}));
                    if let Some(inner) = inner.as_object_mut() {
                        inner.insert(name.to_string(), json);
                    }
                }
            }
        }
    }
}
