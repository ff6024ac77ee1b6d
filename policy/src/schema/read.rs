//! Compiles a schema: from the tree of the document to rules, with `use` and `$ref` resolved.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

mod group;
mod key;
mod plain;
mod reference;
mod substitute;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cache::SchemaCache;
use super::definitions::Definitions;
use super::rule::{Rule, Shape};
use super::{Compiled, Problem, Schema, inspect, other};
use crate::diagnostic::DiagnosticCode as Code;
use crate::list::Lists;
use crate::source::Span;
use crate::source::tree::{Key, Node, NodeValue};

use reference::{Failure, Resolved};

/// Deepest nesting of schemas, `use` and `$ref` resolved.
const DEPTH: u32 = 64;
/// Longest chain of named schemas.
const CHAIN: usize = 64;
/// Most schemas that `use` and `$ref` may bring into one.
const SUBSTITUTED: u32 = 10_000;

/// Compiles schemas over the same lists and names.
pub(super) struct Reader<'a> {
    lists: &'a Lists,
    names: Definitions<'a>,
    cache: &'a mut SchemaCache,
    pub(super) problems: Vec<Problem>,
    /// Named schemas that were compiled: whether shared, and the name.
    resolved: BTreeMap<(bool, String), Resolved>,
    /// Named schemas that are being compiled.
    open: Vec<(bool, String)>,
    /// The worst that happened to a reference within the schema that is being compiled.
    failure: Option<Failure>,
    depth: u32,
    /// The deepest place so far, and how many schemas were met.
    deepest: u32,
    size: u32,
}

/// A schema that is being compiled, and its definitions.
struct Root<'n> {
    definitions: &'n [(Key, Node)],
    done: BTreeMap<&'n str, Option<Schema>>,
    doing: Vec<&'n str>,
    substituted: u32,
    /// The place that is being read.
    path: Vec<Cow<'n, str>>,
    /// Below a `$ref`: what is found there was found at the definition.
    elsewhere: bool,
    open_objects: Vec<String>,
    malformed: bool,
    /// Below something that the general validator checks.
    other: bool,
    /// Something was left to the general validator, which does not keep what the text refers to.
    others: bool,
}

/// The keyword has a value that it cannot have.
struct Malformed;

/// The entries of a schema.
type Entries<'n> = &'n [(Key, Node)];

fn get<'n>(entries: Entries<'n>, name: &str) -> Option<&'n Node> {
    let found = entries.iter().find(|(key, _)| key.name == name);
    found.map(|(_, node)| node)
}

const fn entries(node: &Node) -> Option<Entries<'_>> {
    match &node.value {
        NodeValue::Map(entries) => Some(entries.as_slice()),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_)
        | NodeValue::List(_) => None,
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(
        lists: &'a Lists,
        names: Definitions<'a>,
        cache: &'a mut SchemaCache,
    ) -> Self {
        Self {
            lists,
            names,
            cache,
            problems: Vec::new(),
            resolved: BTreeMap::new(),
            open: Vec::new(),
            failure: None,
            depth: 0,
            deepest: 0,
            size: 0,
        }
    }

    fn problem(&mut self, span: Span, code: Code, message: String, help: Option<String>) {
        let help = help.unwrap_or_else(|| code.help().to_owned());
        self.problems.push(Problem {
            span,
            code,
            message,
            help,
        });
    }

    /// Compiles a schema that stands on its own; None when there are problems.
    pub(super) fn root(&mut self, node: &Node) -> Option<Schema> {
        let known = self.key(node).map(|()| self.cache.known());
        if let Some(Some(known)) = known {
            return Some(known);
        }
        let key = known.map(|_| std::mem::take(&mut self.cache.text));
        let before = self.problems.len();
        inspect::inspect(node, self.lists, self.cache, &mut self.problems);
        let mut root = Root {
            definitions: entries(node)
                .and_then(|all| entries(get(all, "$defs")?))
                .unwrap_or_default(),
            done: BTreeMap::new(),
            doing: Vec::new(),
            substituted: 0,
            path: Vec::new(),
            elsewhere: false,
            open_objects: Vec::new(),
            malformed: false,
            other: false,
            others: false,
        };
        let (shape, size, depth) = self.measured(|reader| reader.shape(&mut root, node));
        if self.problems.len() > before {
            return None;
        }
        let shape = if root.malformed {
            let json = node.to_json();
            if let Some((at, message)) = other::malformed(&json) {
                let message = format!("not a JSON Schema: {message}");
                self.problem(node.at(&at).span, Code::InvalidSchema, message, None);
                return None;
            }
            let rule = self.other(&mut root, node)?;
            Shape(Box::new([rule]))
        } else {
            shape
        };
        let schema = Schema::new(Compiled {
            may_be_absent: may_be_absent(&shape),
            shape,
            open_objects: root.open_objects.into_iter().map(Into::into).collect(),
            size,
            depth,
        });
        if let Some(key) = key {
            if !root.others {
                self.cache.keep(&key, &schema);
            }
            self.cache.text = key;
        }
        Some(schema)
    }

    /// Does something and tells how many schemas it met, and how deep they are.
    fn measured<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, u32, u32) {
        let size = std::mem::take(&mut self.size);
        let deepest = std::mem::replace(&mut self.deepest, self.depth);
        let result = work(self);
        let found = (self.size, self.deepest.saturating_sub(self.depth));
        self.size = size.saturating_add(found.0);
        self.deepest = self.deepest.max(deepest);
        (result, found.0, found.1)
    }

    /// Compiles a schema within a schema.
    fn shape<'n>(&mut self, root: &mut Root<'n>, node: &'n Node) -> Shape {
        let all = match &node.value {
            NodeValue::Bool(true) => return Shape::default(),
            NodeValue::Bool(false) => return Shape(Box::new([Rule::Never])),
            NodeValue::Map(entries) => entries.as_slice(),
            NodeValue::Null | NodeValue::Number(_) | NodeValue::Text(_) | NodeValue::List(_) => {
                root.malformed = true;
                return Shape::default();
            }
        };
        if self.depth == DEPTH {
            self.fail(node.span, Failure::Deep, "");
            return Shape::default();
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.size += 1;
        self.notice_open(root, all);
        let needs_other =
            get(all, "unevaluatedItems").is_some() || get(all, "unevaluatedProperties").is_some();
        let outer = root.other;
        root.other |= needs_other;
        let mut rules = Vec::new();
        if self.plain(all, &mut rules).is_err() {
            root.malformed = true;
        }
        self.groups(root, all, &mut rules);
        root.other = outer;
        self.depth -= 1;
        // Within another one that does it all, the parts were compiled for their problems alone.
        if needs_other && !root.other && !root.malformed {
            return Shape(self.other(root, node).into_iter().collect());
        }
        Shape(rules.into_boxed_slice())
    }

    fn notice_open(&self, root: &mut Root<'_>, all: Entries<'_>) {
        let object = get(all, "type")
            .is_some_and(|node| matches!(&node.value, NodeValue::Text(text) if text == "object"));
        if (object || get(all, "properties").is_some())
            && get(all, "additionalProperties").is_none()
            && get(all, "unevaluatedProperties").is_none()
            && !root.elsewhere
        {
            let pointer = root.pointer();
            root.open_objects.push(pointer);
        }
    }
}

impl<'n> Root<'n> {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for name in &self.path {
            super::bounds::segment(&mut pointer, name);
        }
        pointer
    }

    /// Does something at a place below the one that is being read.
    fn below<T>(
        &mut self,
        names: impl IntoIterator<Item = Cow<'n, str>>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let length = self.path.len();
        self.path.extend(names);
        let result = work(self);
        self.path.truncate(length);
        result
    }
}

/// `empty: true`, or a `use` of a schema that has it.
fn may_be_absent(shape: &Shape) -> bool {
    let stated = shape.0.iter().find_map(|rule| match rule {
        Rule::Empty(empty) => Some(*empty),
        _ => None,
    });
    let used = |rule: &Rule| matches!(rule, Rule::Use(schema) if schema.may_be_absent());
    stated.unwrap_or_else(|| shape.0.iter().any(used))
}
