//! Small changes of policies, one at a time, each of which some test should notice.

mod condition;
mod contract;
mod edit;
mod extent;
mod policy;
mod rule;
mod schema;

use serde_json::Value;

use crate::check::fields;
use crate::source::tree::{Key, Node, NodeValue};
use crate::source::{self, LineIndex, Source};

use contract::Contracts;
use edit::{Change, Edit};

/// Changes that are made of a set of files at most.
pub const MOST_MUTANTS: usize = 10_000;

/// A file with one small change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The file.
    pub path: String,
    /// The line of what is changed, from 1.
    pub line: u32,
    /// What is changed, such as "`maximum` 50 becomes 51".
    pub what: String,
    /// Somebody says on that line that the change makes no difference: `# veto: equivalent`.
    pub equivalent: bool,
    edit: Edit,
}

impl Mutant {
    /// The file's new text. `source` is the file that was changed.
    #[must_use]
    pub fn text(&self, source: &Source) -> String {
        self.edit.apply(&source.text)
    }
}

/// What stands at the end of a line whose changes make no difference.
const EQUIVALENT: &str = "# veto: equivalent";

/// Changes policies, and the schemas that they use, one small thing at a time: at most [`MOST_MUTANTS`]. Files that
/// cannot be read have none, and an argument that the contracts of a rule's tools require never becomes optional
/// in the rule. Whether a changed file compiles is for [`survivors()`](super::survivors()) to see.
#[must_use]
pub fn mutants(sources: &[Source]) -> Vec<Mutant> {
    let mut found = Vec::new();
    let mut contracts = Contracts::default();
    let mut files = Vec::new();
    for source in sources {
        if let Ok(documents) = source::read(source) {
            contracts.add(&documents);
            files.push((source, documents));
        }
    }
    for (source, documents) in &files {
        for at in 0..documents.len() {
            let mut maker = Maker {
                source,
                documents,
                contracts: &contracts,
                document: at,
                lines: LineIndex::new(&source.text),
                found: &mut found,
            };
            maker.document();
        }
    }
    found
}

/// Makes the mutants of one document.
struct Maker<'a> {
    source: &'a Source,
    documents: &'a [Node],
    contracts: &'a Contracts,
    document: usize,
    lines: LineIndex,
    found: &'a mut Vec<Mutant>,
}

impl<'a> Maker<'a> {
    fn root(&self) -> &'a Node {
        &self.documents[self.document]
    }

    fn document(&mut self) {
        let root = self.root();
        match fields::peek(root, "kind") {
            Some("Policy") => self.policy(),
            Some("Schema") => self.schema(root.at("/schema"), "/schema", "schema"),
            Some("Tool") => self.schema(root.at("/input"), "/input", "schema"),
            _ => {}
        }
    }

    /// Adds a mutant for the line of an offset; an edit that cannot be made is none.
    fn add(&mut self, offset: usize, what: String, change: &Change) {
        if self.found.len() >= MOST_MUTANTS {
            return;
        }
        let made = edit::make(self.source, self.documents, self.document, change);
        let Some(edit) = made else { return };
        let line = self.lines.position(&self.source.text, offset).0;
        let at = usize::try_from(line).unwrap_or(1);
        let written = self.source.text.lines().nth(at - 1).unwrap_or("");
        self.found.push(Mutant {
            path: self.source.path.clone(),
            line,
            what,
            equivalent: written.trim_end().ends_with(EQUIVALENT),
            edit,
        });
    }

    /// Puts another value in the place of one.
    fn replace(&mut self, node: &Node, pointer: &str, value: Value, what: String) {
        let change = Change::Replace(pointer.to_owned(), value);
        self.add(node.span.start, what, &change);
    }

    /// Takes out an entry of a mapping or of a list.
    fn remove(&mut self, offset: usize, pointer: &str, what: String) {
        self.add(offset, what, &Change::Remove(pointer.to_owned()));
    }

    /// Takes out each entry of a list that has more than one.
    fn fewer(&mut self, node: &Node, pointer: &str, what: &str) {
        let NodeValue::List(nodes) = &node.value else {
            return;
        };
        if nodes.len() < 2 {
            return;
        }
        for (at, entry) in nodes.iter().enumerate() {
            let what = format!("{what} {} removed", short(&entry.to_json()));
            self.remove(entry.span.start, &format!("{pointer}/{at}"), what);
        }
    }
}

/// The entry of a mapping.
fn entry<'a>(node: &'a Node, name: &str) -> Option<(&'a Key, &'a Node)> {
    let NodeValue::Map(entries) = &node.value else {
        return None;
    };
    let found = entries.iter().find(|(key, _)| key.name == name);
    found.map(|(key, node)| (key, node))
}

fn get<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    entry(node, name).map(|(_, node)| node)
}

fn text(node: &Node) -> Option<&str> {
    if let NodeValue::Text(text) = &node.value {
        return Some(text);
    }
    None
}

/// A pointer with one more segment.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A value as messages show it.
fn short(value: &Value) -> String {
    let text = value.to_string();
    let more = if text.chars().count() > 60 { "…" } else { "" };
    format!("`{}{more}`", text.chars().take(60).collect::<String>())
}
