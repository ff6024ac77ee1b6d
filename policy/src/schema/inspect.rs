//! Looks through a schema before it is compiled: every keyword is known, every list exists, every
//! pattern compiles. A keyword with a typo would check nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the arms look at the name of a keyword; any other name is refused"
)]

use super::Problem;
use super::cache::SchemaCache;
use super::format::Format;
use super::rule::Types;
use crate::diagnostic::DiagnosticCode as Code;
use crate::list::Lists;
use crate::source::Span;
use crate::source::tree::{Key, Node, NodeValue};
use crate::suggest;

/// Keywords whose value is one schema.
pub(super) const SCHEMA: &[&str] = &[
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
pub(super) const SCHEMAS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is a mapping to schemas.
pub(super) const NAMED: &[&str] = &[
    "$defs",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
/// Keywords whose value is plain.
const PLAIN: &[&str] = &[
    "$comment",
    "$ref",
    "const",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "empty",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "in",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "readOnly",
    "required",
    "title",
    "type",
    "uniqueItems",
    "use",
    "writeOnly",
];

/// Most problems for which the nearest name is looked for.
const SUGGESTIONS: usize = 20;

/// Looks through the schema of an argument.
pub(super) fn inspect(
    node: &Node,
    lists: &Lists,
    cache: &mut SchemaCache,
    problems: &mut Vec<Problem>,
) {
    let mut inspection = Inspection {
        lists,
        cache,
        problems,
    };
    inspection.schema(node);
}

/// The names of an `in`.
pub(super) fn names(node: &Node) -> impl Iterator<Item = &str> {
    let nodes = match &node.value {
        NodeValue::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    nodes.iter().filter_map(|node| match &node.value {
        NodeValue::Text(name) => Some(name.as_str()),
        _ => None,
    })
}

/// The nearest name in words; not for the last of very many problems, since looking costs time.
pub(super) fn nearest<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    problems: &[Problem],
) -> Option<String> {
    let few = problems.len() < SUGGESTIONS && name.len() < 100;
    few.then(|| suggest::did_you_mean(name, known)).flatten()
}

struct Inspection<'a> {
    lists: &'a Lists,
    cache: &'a mut SchemaCache,
    problems: &'a mut Vec<Problem>,
}

impl Inspection<'_> {
    fn problem(&mut self, span: Span, code: Code, message: String, help: Option<String>) {
        let help = help.unwrap_or_else(|| code.help().to_owned());
        self.problems.push(Problem {
            span,
            code,
            message,
            help,
        });
    }

    fn schema(&mut self, node: &Node) {
        let entries = match &node.value {
            NodeValue::Map(entries) => entries,
            NodeValue::Bool(_) => return,
            NodeValue::Null | NodeValue::Number(_) | NodeValue::Text(_) | NodeValue::List(_) => {
                let message = format!("a schema is a mapping, and this is {}", node.kind());
                self.problem(node.span, Code::InvalidSchema, message, None);
                return;
            }
        };
        for (key, value) in entries {
            self.keyword(key, value);
        }
    }

    fn keyword(&mut self, key: &Key, value: &Node) {
        let name = &*key.name;
        if SCHEMA.contains(&name) {
            return self.schema(value);
        }
        match &value.value {
            NodeValue::List(nodes) if SCHEMAS.contains(&name) => {
                nodes.iter().for_each(|node| self.schema(node));
            }
            NodeValue::Map(entries) if NAMED.contains(&name) => {
                for (inner, node) in entries {
                    if name == "patternProperties" {
                        self.pattern(inner.span, &inner.name);
                    }
                    self.schema(node);
                }
            }
            // A wrong shape of these is reported by the compilation.
            _ if SCHEMAS.contains(&name) || NAMED.contains(&name) => {}
            NodeValue::Text(pattern) if name == "pattern" => self.pattern(value.span, pattern),
            NodeValue::Text(_) if name == "type" => self.word(value, &Types::NAMES, "type"),
            NodeValue::List(nodes) if name == "type" => {
                nodes
                    .iter()
                    .for_each(|node| self.word(node, &Types::NAMES, "type"));
            }
            NodeValue::Text(_) if name == "format" => {
                let known: Vec<_> = Format::names().collect();
                self.word(value, &known, "format");
            }
            _ if name == "in" => self.member(value),
            _ if name == "empty" => {
                if !matches!(value.value, NodeValue::Bool(_)) {
                    let message = format!("`empty` is true or false, and this is {}", value.kind());
                    self.problem(value.span, Code::InvalidSchema, message, None);
                }
            }
            _ if PLAIN.contains(&name) => {}
            _ => {
                let known = [SCHEMA, SCHEMAS, NAMED, PLAIN].concat();
                let help = nearest(name, known, self.problems);
                let message = format!("JSON Schema has no keyword `{name}`");
                self.problem(key.span, Code::UnknownKeyword, message, help);
            }
        }
    }

    fn word(&mut self, node: &Node, known: &[&str], what: &str) {
        let NodeValue::Text(text) = &node.value else {
            return;
        };
        if !known.contains(&&**text) {
            let help = nearest(text, known.iter().copied(), self.problems)
                .unwrap_or_else(|| format!("it is one of `{}`", known.join("`, `")));
            let message = format!("there is no {what} `{text}`");
            self.problem(node.span, Code::InvalidSchema, message, Some(help));
        }
    }

    fn pattern(&mut self, span: Span, pattern: &str) {
        if let Err(error) = self.cache.pattern(pattern) {
            let message = format!("the pattern is refused: {error}");
            self.problem(span, Code::InvalidPattern, message, None);
        }
    }

    fn member(&mut self, value: &Node) {
        if names(value).next().is_none() {
            let message = "`in` takes the name of a list, or several".to_owned();
            self.problem(value.span, Code::InvalidSchema, message, None);
        }
        for name in names(value) {
            if !self.lists.contains_key(name) {
                let known = self.lists.keys().map(String::as_str);
                let help = nearest(name, known, self.problems);
                let message = format!("there is no list `{name}`");
                self.problem(value.span, Code::UnknownList, message, help);
            }
        }
    }
}
