//! Mutants of a policy as a whole.

use serde_json::Value;

use super::{Maker, below, entry, get, short, text};
use crate::source::tree::{Node, NodeValue};

impl Maker<'_> {
    /// Every mutant of a policy.
    pub(super) fn policy(&mut self) {
        let root = self.root();
        self.subjects(root);
        self.holds(root, "");
        self.terms(root, "");
        if let Some((_, definitions)) = entry(root, "definitions")
            && let NodeValue::Map(entries) = &definitions.value
        {
            for (key, node) in entries {
                self.schema(node, &below("/definitions", &key.name), &key.name);
            }
        }
        let Some(rules) = get(root, "rules") else {
            return;
        };
        let NodeValue::List(nodes) = &rules.value else {
            return;
        };
        for (at, node) in nodes.iter().enumerate() {
            let id = get(node, "id").and_then(text).unwrap_or_default();
            let pointer = format!("/rules/{at}");
            let start = get(node, "id").map_or(node.span.start, |id| id.span.start);
            let what = format!("rule `{id}` removed");
            if nodes.len() > 1 {
                self.remove(start, &pointer, what);
            } else {
                self.silenced(node, &pointer, start, what);
            }
            self.rule(node, &pointer);
        }
    }

    /// A policy has a rule: instead of its only one, that one does nothing.
    fn silenced(&mut self, node: &Node, pointer: &str, start: usize, what: String) {
        let mut value = node.to_json();
        if let Value::Object(rule) = &mut value {
            rule.insert("mode".to_owned(), "shadow".into());
        }
        let shadow = |node| get(node, "mode").and_then(text) == Some("shadow");
        if shadow(node) || shadow(self.root()) {
            return;
        }
        let change = match get(node, "mode") {
            Some(_) => super::Change::Replace(pointer.to_owned(), value),
            None => super::Change::Insert(pointer.to_owned(), "mode", "shadow".into()),
        };
        self.add(start, what, &change);
    }

    fn subjects(&mut self, root: &Node) {
        let Some(subjects) = get(root, "subjects") else {
            return;
        };
        let NodeValue::Map(kinds) = &subjects.value else {
            return;
        };
        for (key, node) in kinds {
            let pointer = below("/subjects", &key.name);
            let word = match &*key.name {
                "roles" => "role",
                "agents" => "agent",
                _ => continue,
            };
            let NodeValue::List(nodes) = &node.value else {
                continue;
            };
            if let [only] = &**nodes
                && kinds.len() > 1
            {
                let what = format!("{word} {} removed", short(&only.to_json()));
                self.remove(key.span.start, &pointer, what);
            }
            self.fewer(node, &pointer, word);
        }
    }

    /// What a policy and a rule have in common: when they hold, and whether they count.
    pub(super) fn holds(&mut self, node: &Node, pointer: &str) {
        for name in ["not_before", "not_after"] {
            if let Some((key, _)) = entry(node, name) {
                let what = format!("`{name}` removed");
                self.remove(key.span.start, &below(pointer, name), what);
            }
        }
        if let Some((key, mode)) = entry(node, "mode")
            && text(mode) == Some("shadow")
        {
            let what = "`mode: shadow` removed".to_owned();
            self.remove(key.span.start, &below(pointer, "mode"), what);
        }
    }

    /// The terms of an approval, of a policy or a rule.
    pub(super) fn terms(&mut self, node: &Node, pointer: &str) {
        let Some(terms) = get(node, "approval") else {
            return;
        };
        let pointer = below(pointer, "approval");
        if let Some(list) = get(terms, "approvers") {
            self.fewer(list, &below(&pointer, "approvers"), "approver");
        }
        if let Some(quorum) = get(terms, "quorum")
            && let NodeValue::Number(number) = &quorum.value
            && let Some(number @ 2..) = number.as_u64()
        {
            let what = format!("`quorum` {number} becomes {}", number - 1);
            self.replace(
                quorum,
                &below(&pointer, "quorum"),
                (number - 1).into(),
                what,
            );
        }
    }
}
