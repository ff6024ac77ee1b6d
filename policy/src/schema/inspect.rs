//! Looks through a schema before it is compiled: every keyword is known, every list exists, no
//! reference leaves the schema or runs in a circle. A keyword with a typo would check nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the arms look at the name of a keyword; any other name is refused"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::{Problem, keyword};
use crate::diagnostic::DiagnosticCode as Code;
use crate::list::Lists;
use crate::source::Span;
use crate::source::tree::{Key, Node, NodeValue};
use crate::suggest;

/// Keywords whose value is one schema.
const SCHEMA: &[&str] = &[
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
const SCHEMAS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is a mapping to schemas.
const NAMED: &[&str] = &[
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
    "writeOnly",
];

/// The types of JSON Schema.
const TYPES: &[&str] = &[
    "array", "boolean", "integer", "null", "number", "object", "string",
];
/// The formats that are asserted.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "iban",
    "ipv4",
    "ipv6",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// What an inspection found besides problems.
#[derive(Debug, Default)]
pub(super) struct Inspected {
    pub(super) open_objects: Vec<Span>,
}

/// Looks through the schema of an argument.
pub(super) fn inspect(node: &Node, lists: &Lists) -> Result<Inspected, Vec<Problem>> {
    let mut inspection = Inspection {
        lists,
        problems: Vec::new(),
        found: Inspected::default(),
        references: Vec::new(),
    };
    inspection.schema(node, None);
    inspection.references(node);
    if inspection.problems.is_empty() {
        Ok(inspection.found)
    } else {
        Err(inspection.problems)
    }
}

struct Inspection<'a> {
    lists: &'a Lists,
    problems: Vec<Problem>,
    found: Inspected,
    /// From which definition (None: from the schema itself) to which, and where.
    references: Vec<(Option<String>, String, Span)>,
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

    fn schema(&mut self, node: &Node, within: Option<&str>) {
        let entries = match &node.value {
            NodeValue::Map(entries) => entries,
            NodeValue::Bool(_) => return,
            NodeValue::Null | NodeValue::Number(_) | NodeValue::Text(_) | NodeValue::List(_) => {
                let message = format!("a schema is a mapping, and this is {}", node.kind());
                self.problem(node.span, Code::InvalidSchema, message, None);
                return;
            }
        };
        let has = |name: &str| entries.iter().any(|(key, _)| key.name == name);
        let object = |(key, node): &(Key, Node)| {
            key.name == "type" && matches!(&node.value, NodeValue::Text(text) if text == "object")
        };
        if (has("properties") || entries.iter().any(object))
            && !has("additionalProperties")
            && !has("unevaluatedProperties")
        {
            self.found.open_objects.push(node.span);
        }
        for (key, value) in entries {
            self.keyword(key, value, within);
        }
    }

    fn keyword(&mut self, key: &Key, value: &Node, within: Option<&str>) {
        let name = &*key.name;
        if SCHEMA.contains(&name) {
            return self.schema(value, within);
        }
        match &value.value {
            NodeValue::List(nodes) if SCHEMAS.contains(&name) => {
                nodes.iter().for_each(|node| self.schema(node, within));
            }
            NodeValue::Map(entries) if NAMED.contains(&name) => {
                for (inner, node) in entries {
                    if name == "patternProperties" {
                        self.pattern(inner.span, &inner.name);
                    }
                    let within = if name == "$defs" {
                        Some(&*inner.name)
                    } else {
                        within
                    };
                    self.schema(node, within);
                }
            }
            // A wrong shape of these is reported by the compilation.
            _ if SCHEMAS.contains(&name) || NAMED.contains(&name) => {}
            NodeValue::Text(pattern) if name == "pattern" => self.pattern(value.span, pattern),
            NodeValue::Text(_) if name == "type" => self.word(value, TYPES, "type"),
            NodeValue::List(nodes) if name == "type" => {
                nodes.iter().for_each(|node| self.word(node, TYPES, "type"));
            }
            NodeValue::Text(_) if name == "format" => self.word(value, FORMATS, "format"),
            NodeValue::Text(target) if name == "$ref" => {
                match target
                    .strip_prefix("#/$defs/")
                    .filter(|name| !name.contains('/'))
                {
                    Some(target) => {
                        self.references.push((
                            within.map(str::to_owned),
                            target.to_owned(),
                            value.span,
                        ));
                    }
                    None => {
                        let message =
                            format!("`{target}` does not name a definition of this schema");
                        self.problem(value.span, Code::SchemaReference, message, None);
                    }
                }
            }
            _ if name == "in" => self.member(value),
            _ if name == "empty" => {
                if !matches!(value.value, NodeValue::Bool(_)) {
                    let message = format!("`empty` is true or false, and this is {}", value.kind());
                    self.problem(value.span, Code::InvalidSchema, message, None);
                }
            }
            _ if PLAIN.contains(&name) => {}
            _ if name == "use" => {
                let message = "`use` does not work yet".to_owned();
                self.problem(key.span, Code::NotSupported, message, None);
            }
            _ => {
                let known = [SCHEMA, SCHEMAS, NAMED, PLAIN].concat();
                let help = suggest::did_you_mean(name, known);
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
            let help = suggest::did_you_mean(text, known.iter().copied())
                .unwrap_or_else(|| format!("it is one of `{}`", known.join("`, `")));
            let message = format!("there is no {what} `{text}`");
            self.problem(node.span, Code::InvalidSchema, message, Some(help));
        }
    }

    fn pattern(&mut self, span: Span, pattern: &str) {
        if let Err(error) = crate::condition::pattern(pattern) {
            let message = format!("the pattern is refused: {error}");
            self.problem(span, Code::InvalidPattern, message, None);
        }
    }

    fn member(&mut self, value: &Node) {
        let names = keyword::names(&value.to_json());
        if names.is_empty() {
            let message = "`in` takes the name of a list, or several".to_owned();
            self.problem(value.span, Code::InvalidSchema, message, None);
        }
        for name in names {
            if !self.lists.contains_key(&name) {
                let help = suggest::did_you_mean(&name, self.lists.keys().map(String::as_str));
                let message = format!("there is no list `{name}`");
                self.problem(value.span, Code::UnknownList, message, help);
            }
        }
    }

    /// Every reference leads to a definition of the schema's top, and none leads back to itself.
    fn references(&mut self, node: &Node) {
        let top = |key: &str| match &node.value {
            NodeValue::Map(entries) => entries.iter().find(|(k, _)| k.name == key).map(|(_, n)| n),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::List(_) => None,
        };
        let defined: BTreeSet<String> = match top("$defs").map(|node| &node.value) {
            Some(NodeValue::Map(entries)) => entries.iter().map(|(k, _)| k.name.clone()).collect(),
            _ => BTreeSet::new(),
        };
        let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to, span) in std::mem::take(&mut self.references) {
            if !defined.contains(&to) {
                let help = suggest::did_you_mean(&to, defined.iter().map(String::as_str));
                let message = format!("`$defs` has no `{to}`");
                self.problem(span, Code::SchemaReference, message, help);
                continue;
            }
            if let Some(from) = from {
                edges.entry(from.clone()).or_default().push(to.clone());
                let mut seen = BTreeSet::new();
                let mut open = vec![to];
                while let Some(name) = open.pop() {
                    if name == from {
                        let message = format!("`{from}` leads back to itself");
                        self.problem(span, Code::SchemaReference, message, None);
                        break;
                    }
                    if seen.insert(name.clone()) {
                        open.extend(edges.get(&name).into_iter().flatten().cloned());
                    }
                }
            }
        }
    }
}
