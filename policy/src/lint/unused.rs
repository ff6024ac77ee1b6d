//! Lists, schemas and definitions that nothing uses.

use std::collections::{BTreeMap, HashSet};

use super::{Notes, text};
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code};
use crate::source::tree::{Node, NodeValue};
use crate::source::{Source, Span};

/// What a set defines for all of its policies, and what its documents refer to.
#[derive(Default)]
pub(super) struct Names {
    /// Name, file and place.
    lists: Vec<(String, usize, Span)>,
    schemas: Vec<(String, usize, Span)>,
    /// What each schema refers to.
    within: BTreeMap<String, Uses>,
    uses: Uses,
}

/// Names that are referred to; it errs on the side of too many.
#[derive(Default)]
struct Uses {
    schemas: HashSet<String>,
    lists: HashSet<String>,
}

impl Names {
    /// Reads a file; what a policy defines for itself is told of at once.
    pub(super) fn read(&mut self, at: usize, nodes: &[Node], notes: &mut Notes<'_>) {
        for node in nodes {
            let name = node.at("/metadata/name");
            let place = || (text(name).to_owned(), at, name.span);
            match text(node.at("/kind")) {
                "List" => self.lists.push(place()),
                "Schema" => {
                    self.schemas.push(place());
                    let uses = self.within.entry(text(name).to_owned()).or_default();
                    uses.read(node);
                }
                _ => {
                    self.uses.read(node);
                    definitions(node, notes);
                }
            }
        }
    }

    /// What is used nowhere.
    pub(super) fn found(mut self, sources: &[Source]) -> Vec<Diagnostic> {
        // What an unused schema refers to is unused as well.
        let mut open: Vec<String> = self.uses.schemas.iter().cloned().collect();
        while let Some(name) = open.pop() {
            if let Some(uses) = self.within.remove(&name) {
                self.uses.lists.extend(uses.lists);
                let new = uses.schemas.into_iter();
                open.extend(new.filter(|name| self.uses.schemas.insert(name.clone())));
            }
        }
        let lists = self.lists.into_iter().map(|place| ("list", place));
        let schemas = self.schemas.into_iter().map(|place| ("schema", place));
        let mut found = Vec::new();
        for (kind, (name, at, span)) in lists.chain(schemas) {
            let used = match kind {
                "list" => &self.uses.lists,
                _ => &self.uses.schemas,
            };
            if let (false, Some(source)) = (used.contains(&name), sources.get(at)) {
                let message = format!("nothing uses the {kind} `{name}`");
                let code = Code::UnusedName;
                found.push(Notes::new(source).diagnostic(span, code, message, code.help()));
            }
        }
        found
    }
}

/// Looks at what a policy defines for its own rules.
fn definitions(policy: &Node, notes: &mut Notes<'_>) {
    let NodeValue::Map(fields) = &policy.value else {
        return;
    };
    let Some((_, defined)) = fields.iter().find(|(key, _)| key.name == "definitions") else {
        return;
    };
    let NodeValue::Map(defined) = &defined.value else {
        return;
    };
    let mut uses = Uses::default();
    let others = fields.iter().filter(|(key, _)| key.name != "definitions");
    others.for_each(|(_, node)| uses.read(node));
    let mut open: Vec<String> = uses.schemas.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let body = defined.iter().find(|(key, _)| key.name == name);
        if let Some((_, node)) = body {
            let mut inner = Uses::default();
            inner.read(node);
            let new = inner.schemas.into_iter();
            open.extend(new.filter(|name| uses.schemas.insert(name.clone())));
        }
    }
    for (key, _) in defined
        .iter()
        .filter(|(key, _)| !uses.schemas.contains(&key.name))
    {
        let message = format!("no rule of the policy uses the definition `{}`", key.name);
        let code = Code::UnusedName;
        notes.warn(key.span, code, message, code.help());
    }
}

impl Uses {
    fn read(&mut self, node: &Node) {
        match &node.value {
            NodeValue::List(nodes) => nodes.iter().for_each(|node| self.read(node)),
            NodeValue::Map(entries) => {
                for (key, node) in entries {
                    self.entry(&key.name, node);
                    self.read(node);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {}
        }
    }

    fn entry(&mut self, key: &str, node: &Node) {
        match (key, &node.value) {
            ("use", NodeValue::Text(name)) => {
                self.schemas.insert(name.clone());
            }
            ("in", NodeValue::Text(name)) => {
                self.lists.insert(name.clone());
            }
            ("in", NodeValue::List(nodes)) => {
                let names = nodes.iter().map(|node| text(node).to_owned());
                self.lists.extend(names);
            }
            // Every word of a condition that reads lists may be one.
            ("when", NodeValue::Text(text)) if text.contains("lists") => {
                let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                self.lists.extend(words.map(str::to_owned));
            }
            _ => {}
        }
    }
}
