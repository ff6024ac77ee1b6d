//! Reads the keywords that hold schemas.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use std::borrow::Cow;

use super::plain::count;
use super::{Entries, Reader, Root, entries, get};
use crate::diagnostic::DiagnosticCode as Code;
use crate::schema::other::Other;
use crate::schema::rule::{Contains, If, Items, Properties, Rule, Shape};
use crate::source::tree::{Node, NodeValue};

impl Reader<'_> {
    /// Reads the keywords of a schema that hold schemas.
    pub(super) fn groups<'n>(
        &mut self,
        root: &mut Root<'n>,
        all: Entries<'n>,
        rules: &mut Vec<Rule>,
    ) {
        rules.extend(self.properties(root, all));
        let names = self.single(root, all, "propertyNames");
        rules.extend(names.map(|shape| Rule::PropertyNames(Box::new(shape))));
        rules.extend(self.items(root, all));
        rules.extend(self.contains(root, all));
        if let Some(entries) = self.by_name(root, all, "dependentSchemas") {
            rules.push(Rule::DependentSchemas(entries.into_boxed_slice()));
        }
        rules.extend(self.uses(root, all));
        rules.extend(self.refers(root, all));
        rules.extend(self.several(root, all, "allOf").map(Rule::AllOf));
        rules.extend(self.several(root, all, "anyOf").map(Rule::AnyOf));
        rules.extend(self.several(root, all, "oneOf").map(Rule::OneOf));
        let not = self.single(root, all, "not");
        rules.extend(not.map(|shape| Rule::Not(Box::new(shape))));
        let condition = self.single(root, all, "if");
        let then = self.single(root, all, "then");
        let otherwise = self.single(root, all, "else");
        rules.extend(condition.map(|condition| {
            Rule::If(Box::new(If {
                condition,
                then: then.unwrap_or_default(),
                otherwise: otherwise.unwrap_or_default(),
            }))
        }));
        for keyword in ["unevaluatedItems", "unevaluatedProperties"] {
            drop(self.single(root, all, keyword));
        }
        self.definitions(root, all);
    }

    fn single<'n>(
        &mut self,
        root: &mut Root<'n>,
        all: Entries<'n>,
        keyword: &'static str,
    ) -> Option<Shape> {
        let node = get(all, keyword)?;
        Some(root.below([Cow::Borrowed(keyword)], |root| self.shape(root, node)))
    }

    /// A list of schemas, at least one.
    fn several<'n>(
        &mut self,
        root: &mut Root<'n>,
        all: Entries<'n>,
        keyword: &'static str,
    ) -> Option<Box<[Shape]>> {
        let nodes = match &get(all, keyword)?.value {
            NodeValue::List(nodes) if !nodes.is_empty() => nodes,
            _ => {
                root.malformed = true;
                return None;
            }
        };
        let shapes = nodes.iter().enumerate().map(|(at, node)| {
            let place = [Cow::Borrowed(keyword), Cow::Owned(at.to_string())];
            root.below(place, |root| self.shape(root, node))
        });
        Some(shapes.collect())
    }

    /// A mapping of names to schemas, in ascending order of the names.
    fn by_name<'n>(
        &mut self,
        root: &mut Root<'n>,
        all: Entries<'n>,
        keyword: &'static str,
    ) -> Option<Vec<(Box<str>, Shape)>> {
        let node = get(all, keyword)?;
        let Some(named) = entries(node) else {
            root.malformed = true;
            return None;
        };
        let shapes = named.iter().map(|(key, node)| {
            let place = [Cow::Borrowed(keyword), Cow::Borrowed(key.name.as_str())];
            let shape = root.below(place, |root| self.shape(root, node));
            (key.name.as_str().into(), shape)
        });
        let mut shapes: Vec<(Box<str>, Shape)> = shapes.collect();
        shapes.sort_by(|a, b| a.0.cmp(&b.0));
        Some(shapes)
    }

    fn properties<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) -> Option<Rule> {
        let named = self.by_name(root, all, "properties");
        let patterns = self.by_name(root, all, "patternProperties");
        let rest = self.single(root, all, "additionalProperties");
        if named.is_none() && patterns.is_none() && rest.is_none() {
            return None;
        }
        let patterns = patterns.into_iter().flatten();
        // A pattern that is refused was reported when it was looked at.
        let patterns = patterns
            .filter_map(|(pattern, shape)| Some((self.cache.pattern(&pattern).ok()?, shape)));
        Some(Rule::Properties(Box::new(Properties {
            patterns: patterns.collect(),
            named: named.unwrap_or_default().into_boxed_slice(),
            rest,
        })))
    }

    fn items<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) -> Option<Rule> {
        let first = self.several(root, all, "prefixItems");
        let rest = self.single(root, all, "items");
        if first.is_none() && rest.is_none() {
            return None;
        }
        let first = first.unwrap_or_default();
        Some(Rule::Items(Box::new(Items { first, rest })))
    }

    fn contains<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) -> Option<Rule> {
        let mut limit = |keyword: &str| {
            let limit = count(get(all, keyword)?).ok();
            root.malformed |= limit.is_none();
            limit
        };
        let (least, most) = (limit("minContains"), limit("maxContains"));
        let shape = self.single(root, all, "contains")?;
        let least = least.unwrap_or(1);
        Some(Rule::Contains(Box::new(Contains { shape, least, most })))
    }

    /// Compiles the definitions of the schema, so that those that nobody refers to are checked too.
    fn definitions<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) {
        let Some(node) = get(all, "$defs") else {
            return;
        };
        let Some(named) = entries(node) else {
            root.malformed = true;
            return;
        };
        let top = root.path.is_empty() && !root.elsewhere;
        for (key, definition) in named {
            let place = [Cow::Borrowed("$defs"), Cow::Borrowed(key.name.as_str())];
            root.below(place, |root| {
                self.measured(|reader| {
                    reader.shape_of_definition(root, top, &key.name, definition)
                });
            });
        }
    }

    fn shape_of_definition<'n>(
        &mut self,
        root: &mut Root<'n>,
        top: bool,
        name: &'n str,
        definition: &'n Node,
    ) {
        if top {
            // Its own `$ref` may lead back to it, which is found on the way.
            root.doing.push(name);
        }
        drop(self.shape(root, definition));
        if top {
            root.doing.pop();
        }
    }

    /// Leaves a schema to the general validator.
    pub(super) fn other(&mut self, root: &mut Root<'_>, node: &Node) -> Option<Rule> {
        root.others = true;
        let json = self.substituted(root, node);
        let (lists, patterned) = (self.lists_of(&json), is_patterned(&json));
        let rule = move |keyword: &str, value: &serde_json::Value| match keyword {
            "pattern" => {
                let text = value.as_str()?;
                let regex = crate::condition::pattern(text).ok()?;
                Some(Rule::Pattern(std::sync::Arc::new(
                    crate::schema::rule::Pattern {
                        text: text.into(),
                        regex,
                    },
                )))
            }
            "empty" => value.as_bool().map(Rule::Empty),
            _ => {
                let names = value
                    .as_array()
                    .map_or(std::slice::from_ref(value), Vec::as_slice);
                let list = |name: &serde_json::Value| lists.get(name.as_str()?).cloned();
                Some(Rule::In(names.iter().filter_map(list).collect()))
            }
        };
        match Other::build(json, patterned, rule) {
            Ok(other) => Some(Rule::Other(Box::new(other))),
            Err(error) => {
                let message = format!("not a JSON Schema: {error}");
                self.problem(node.span, Code::InvalidSchema, message, None);
                None
            }
        }
    }
}

/// Tells whether patterns stand in a schema.
fn is_patterned(json: &serde_json::Value) -> bool {
    use serde_json::Value;
    match json {
        Value::Object(map) => map.iter().any(|(name, value)| {
            matches!(&**name, "pattern" | "patternProperties") || is_patterned(value)
        }),
        Value::Array(values) => values.iter().any(is_patterned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
