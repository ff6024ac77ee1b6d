//! What the documents of a set share: lists, named schemas, registered tools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check::{self, Document, Findings, ToolDocument, Tools};
use crate::condition::Shape;
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code};
use crate::list::Lists;
use crate::schema::{Definitions, Schema, SchemaCache};
use crate::source::tree::{Key, Node, NodeValue};
use crate::source::{Source, Span};

/// Lists, schemas and tools by name. Policies refer to them; when one changes, all is compiled anew.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    pub(crate) lists: Arc<Lists>,
    pub(crate) schemas: BTreeMap<String, Node>,
    pub(crate) tools: BTreeMap<Arc<str>, Tool>,
}

/// A registered tool.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) labels: BTreeSet<String>,
    /// What its arguments must be. None: anything.
    pub(crate) contract: Option<Schema>,
    /// What is known of its arguments.
    pub(crate) shape: Option<Shape>,
}

/// Tells whether a text may hold a document that others refer to. It may err on the side of yes.
pub(super) fn may_share(text: &str) -> bool {
    ["List", "Schema", "Tool"]
        .iter()
        .any(|kind| text.contains(kind))
}

/// Reads what is shared from files that were read already.
pub(super) fn read(
    files: &[(&Source, Vec<Node>)],
    cache: &mut SchemaCache,
) -> (Vocabulary, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut lists = Lists::new();
    let mut schemas = BTreeMap::new();
    let mut defined = Vec::new();
    let mut tools: BTreeMap<Arc<str>, (&Source, ToolDocument<'_>)> = BTreeMap::new();
    for (source, nodes) in files {
        let mut findings = Findings::new(source);
        for node in nodes.iter().filter(|node| !check::is_policy(node)) {
            match check::document(node, &mut findings) {
                None | Some(Document::Policy(_)) => {}
                Some(Document::List(list, span)) if lists.contains_key(&list.name) => {
                    twice(span, "list", &list.name, &mut findings);
                }
                Some(Document::List(list, _)) => {
                    lists.insert(list.name.clone(), Arc::new(list));
                }
                Some(Document::Schema(schema)) if schemas.contains_key(schema.0.name) => {
                    twice(schema.0.span, "schema", schema.0.name, &mut findings);
                }
                Some(Document::Schema(schema)) => {
                    schemas.insert(schema.0.name.to_owned(), schema.0.node.clone());
                    defined.push((*source, schema.0.node));
                }
                Some(Document::Tool(tool)) if tools.contains_key(tool.name.as_str()) => {
                    twice(tool.span, "tool", tool.name.as_str(), &mut findings);
                }
                Some(Document::Tool(tool)) => {
                    tools.insert(tool.name.as_str().into(), (source, tool));
                }
            }
        }
        found.append(&mut findings.found);
    }
    let mut vocabulary = Vocabulary {
        lists: Arc::new(lists),
        schemas,
        tools: BTreeMap::new(),
    };
    let names = Definitions::shared(&vocabulary.schemas);
    for (source, node) in defined {
        let mut findings = Findings::new(source);
        if let Err(problems) = Schema::compile(node, &vocabulary.lists, names, cache) {
            super::rule::report(problems, &mut findings);
        }
        found.append(&mut findings.found);
    }
    let mut registered = BTreeMap::new();
    for (name, (source, tool)) in tools {
        let mut findings = Findings::new(source);
        let input = tool.input.map(closed);
        let contract = input.as_ref().and_then(|node| {
            let compiled = Schema::compile(node, &vocabulary.lists, names, cache);
            compiled
                .map_err(|problems| super::rule::report(problems, &mut findings))
                .ok()
        });
        found.append(&mut findings.found);
        let shape = |contract: &Schema| Shape::of_contract(&contract.json(), &vocabulary.lists);
        let shape = contract.as_ref().map(shape);
        let labels = tool.labels;
        let tool = Tool {
            labels,
            shape,
            contract,
        };
        registered.insert(name, tool);
    }
    vocabulary.tools = registered;
    (vocabulary, found)
}

/// Says that a name stands for two things.
pub(super) fn twice(span: Span, kind: &str, name: &str, findings: &mut Findings<'_>) {
    let message = format!("there is a {kind} `{name}` already");
    let help = Code::DuplicateName.help();
    findings.error(span, Code::DuplicateName, message, help);
}

/// Keywords by which a schema takes its properties from others.
const COMPOSED: [&str; 7] = [
    "$ref",
    "allOf",
    "anyOf",
    "dependentSchemas",
    "if",
    "oneOf",
    "use",
];

/// A tool's arguments are an object without other names, unless its schema says so itself.
fn closed(input: &Node) -> Node {
    let mut node = input.clone();
    if let NodeValue::Map(entries) = &mut node.value {
        let has = |names: &[&str]| (entries.iter()).any(|(key, _)| names.contains(&&*key.name));
        let stated = has(&["additionalProperties", "unevaluatedProperties"]);
        // What other schemas list is listed too.
        let composed = !stated && has(&COMPOSED);
        let mut add = |name: &str, value: NodeValue| {
            if !entries.iter().any(|(key, _)| key.name == name) {
                let key = Key {
                    span: input.span,
                    name: name.to_owned(),
                };
                let value = Node {
                    span: input.span,
                    value,
                    tagged: false,
                };
                entries.push((key, value));
            }
        };
        add("type", NodeValue::Text("object".to_owned()));
        if composed {
            add("unevaluatedProperties", NodeValue::Bool(false));
        } else if !stated {
            add("additionalProperties", NodeValue::Bool(false));
        }
    }
    node
}

impl Vocabulary {
    /// The registered tools that a rule chooses by label.
    pub(super) fn by_label(&self, chosen: &Tools) -> impl Iterator<Item = &Arc<str>> {
        let named = |name: &str| {
            chosen.names.is_empty() || chosen.names.iter().any(|glob| glob.matches(name))
        };
        let carries = |tool: &Tool| {
            tool.labels
                .iter()
                .any(|label| chosen.labels.contains(label))
        };
        self.tools
            .iter()
            .filter(move |(name, tool)| carries(tool) && named(name))
            .map(|(name, _)| name)
    }
}
