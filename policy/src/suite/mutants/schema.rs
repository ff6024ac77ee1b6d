//! Mutants of a schema.

use serde_json::{Number, Value, json};

use super::{Maker, below, short};
use crate::source::tree::{Key, Node, NodeValue};

impl Maker<'_> {
    /// Every mutant of a schema and of those within; `name` is whose it is.
    pub(super) fn schema(&mut self, node: &Node, pointer: &str, name: &str) {
        let NodeValue::Map(entries) = &node.value else {
            return;
        };
        for (key, node) in entries {
            let place = below(pointer, &key.name);
            match &*key.name {
                "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum" => {
                    self.near(node, &place, key, name);
                    let what = format!("`{}` of `{name}` removed", key.name);
                    self.remove(key.span.start, &place, what);
                }
                "maxLength" | "minLength" | "maxItems" | "minItems" => {
                    self.near(node, &place, key, name);
                }
                "enum" => self.fewer(node, &place, &format!("`enum` of `{name}`:")),
                "pattern" => self.pattern(node, &place, name),
                "properties" | "$defs" | "definitions" | "patternProperties"
                | "dependentSchemas" => {
                    if let NodeValue::Map(named) = &node.value {
                        for (key, node) in named {
                            let inner = format!("{name}/{}", key.name);
                            self.schema(node, &below(&place, &key.name), &inner);
                        }
                    }
                }
                "items"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames" => {
                    self.schema(node, &place, name);
                }
                "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                    if let NodeValue::List(nodes) = &node.value {
                        for (at, node) in nodes.iter().enumerate() {
                            self.schema(node, &format!("{place}/{at}"), name);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A bound that is one more, and one less.
    fn near(&mut self, node: &Node, place: &str, key: &Key, name: &str) {
        let NodeValue::Number(number) = &node.value else {
            return;
        };
        for by in [-1, 1] {
            let Some(new) = moved(number, by) else {
                continue;
            };
            let what = format!("`{}` of `{name}`: {number} becomes {new}", key.name);
            self.replace(node, place, Value::Number(new), what);
        }
    }

    fn pattern(&mut self, node: &Node, place: &str, name: &str) {
        let Some(pattern) = super::text(node) else {
            return;
        };
        let escapes = |text: &str| text.len() - text.trim_end_matches('\\').len();
        let end = pattern
            .strip_suffix('$')
            .filter(|rest| escapes(rest) % 2 == 0);
        for new in [pattern.strip_prefix('^'), end].into_iter().flatten() {
            let what = format!("`pattern` of `{name}` becomes {}", short(&json!(new)));
            self.replace(node, place, new.into(), what);
        }
    }
}

/// A number one up or down, of its own kind.
fn moved(number: &Number, by: i64) -> Option<Number> {
    if let Some(int) = number.as_i64() {
        return int.checked_add(by).map(Number::from);
    }
    if let Some(int) = number.as_u64() {
        return int.checked_add_signed(by).map(Number::from);
    }
    let by = if by < 0 { -1.0 } else { 1.0 };
    let new = number.as_f64()? + by;
    (Some(new) != number.as_f64()).then(|| Number::from_f64(new))?
}
