//! Mutants of a rule.

use serde_json::{Map, Value, json};

use super::condition;
use super::{Change, Maker, below, entry, get, text};
use crate::source::tree::{Node, NodeValue};

impl Maker<'_> {
    /// Every mutant of a rule, except that it is gone.
    pub(super) fn rule(&mut self, rule: &Node, pointer: &str) {
        self.effect(rule, pointer);
        self.holds(rule, pointer);
        self.terms(rule, pointer);
        self.tools(rule, pointer);
        self.arguments(rule, pointer);
        self.when(rule, pointer);
        if let Some((key, _)) = entry(rule, "only_if_allowed") {
            let what = "`only_if_allowed` removed".to_owned();
            self.remove(key.span.start, &below(pointer, "only_if_allowed"), what);
        }
        if let Some((key, _)) = entry(rule, "otherwise") {
            let what = "`otherwise` removed".to_owned();
            let gone = ["otherwise", "approval"];
            self.rewrite(rule, pointer, key.span.start, what, |rule| {
                gone.iter().for_each(|name| {
                    rule.remove(*name);
                });
            });
        }
    }

    /// Changes several fields of a rule at once.
    fn rewrite(
        &mut self,
        rule: &Node,
        pointer: &str,
        offset: usize,
        what: String,
        change: impl FnOnce(&mut Map<String, Value>),
    ) {
        let before = rule.to_json();
        let Value::Object(mut after) = before.clone() else {
            return;
        };
        change(&mut after);
        let Value::Object(before) = before else {
            return;
        };
        // One field that goes or changes is edited where it stands.
        let names: Vec<&String> = before
            .keys()
            .filter(|name| before.get(*name) != after.get(*name))
            .collect();
        let added = after.keys().any(|name| !before.contains_key(name));
        let change = match (&*names, added) {
            ([name], false) => match after.get(*name) {
                Some(value) => Change::Replace(below(pointer, name), value.clone()),
                None => Change::Remove(below(pointer, name)),
            },
            _ => Change::Replace(pointer.to_owned(), Value::Object(after)),
        };
        self.add(offset, what, &change);
    }

    fn effect(&mut self, rule: &Node, pointer: &str) {
        let Some(effect) = get(rule, "effect") else {
            return;
        };
        let Some(from) = text(effect) else { return };
        let to = if from == "allow" { "deny" } else { "allow" };
        let what = format!("`effect` {from} becomes {to}");
        let from = from.to_owned();
        self.rewrite(rule, pointer, effect.span.start, what, |rule| {
            rule.insert("effect".to_owned(), to.into());
            for name in ["otherwise", "approval", "only_if_allowed"] {
                rule.remove(name);
            }
            if from == "deny" || !rule.contains_key("arguments") && to == "allow" {
                rule.insert("arguments".to_owned(), "any".into());
                rule.remove("optional");
            }
        });
    }

    fn tools(&mut self, rule: &Node, pointer: &str) {
        let Some(tools) = get(rule, "tools") else {
            return;
        };
        let pointer = below(pointer, "tools");
        self.fewer(tools, &pointer, "tool");
        for (name, word) in [("names", "tool"), ("labels", "label")] {
            if let Some(list) = get(tools, name) {
                self.fewer(list, &below(&pointer, name), word);
            }
        }
    }

    fn arguments(&mut self, rule: &Node, pointer: &str) {
        let optional = get(rule, "optional");
        let listed: Vec<&str> = match optional.map(|node| &node.value) {
            Some(NodeValue::List(nodes)) => nodes.iter().filter_map(text).collect(),
            _ => Vec::new(),
        };
        if let Some(NodeValue::List(nodes)) = optional.map(|node| &node.value) {
            for (at, node) in nodes.iter().enumerate() {
                let what = format!("`{}` is no longer optional", text(node).unwrap_or_default());
                let place = below(pointer, "optional");
                if nodes.len() == 1 {
                    self.remove(node.span.start, &place, what);
                } else {
                    self.remove(node.span.start, &format!("{place}/{at}"), what);
                }
            }
        }
        let Some(NodeValue::Map(arguments)) = get(rule, "arguments").map(|node| &node.value) else {
            return;
        };
        let filters = get(rule, "effect").and_then(text) != Some("allow");
        for (key, node) in arguments {
            let name = &*key.name;
            let at = below(&below(pointer, "arguments"), name);
            let tools = get(rule, "tools");
            let given = tools.is_some_and(|tools| self.contracts.give(tools, name));
            if !listed.contains(&name) && !given {
                let what = format!("`{name}` becomes optional");
                let mut more = listed.clone();
                more.push(name);
                let change = match optional {
                    Some(_) => Change::Replace(below(pointer, "optional"), more.into()),
                    None => Change::Insert(pointer.to_owned(), "optional", more.into()),
                };
                self.add(key.span.start, what, &change);
            }
            if filters {
                let what = format!("the filter on `{name}` removed");
                self.rewrite(rule, pointer, key.span.start, what, |rule| {
                    for field in ["arguments", "optional"] {
                        match rule.get_mut(field) {
                            Some(Value::Object(map)) => {
                                map.remove(name);
                            }
                            Some(Value::Array(list)) => list.retain(|entry| entry != name),
                            _ => {}
                        }
                    }
                    // An empty filter is none.
                    rule.retain(|field, value| {
                        !matches!(&**field, "arguments" | "optional")
                            || (*value != json!({}) && *value != json!([]))
                    });
                });
            }
            self.schema(node, &at, name);
        }
    }

    fn when(&mut self, rule: &Node, pointer: &str) {
        let Some((key, node)) = entry(rule, "when") else {
            return;
        };
        let place = below(pointer, "when");
        let start = key.span.start;
        self.remove(start, &place, "`when` removed".to_owned());
        let Some(written) = text(node) else { return };
        for (new, what) in condition::mutants(written) {
            self.add(start, what, &Change::Replace(place.clone(), new.into()));
        }
    }
}
