//! What differs between lists of the same name, and between contracts of the same tool.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Side;
use crate::check::{self, Document, Findings};
use crate::list::List;
use crate::matrix::{Cell, Requirement};
use crate::source::{self, LineIndex, Source};

/// A list that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// Its name.
    pub name: String,
    /// The file that it stands in, of the new set unless it is gone.
    pub path: String,
    /// The line of its document.
    pub line: u32,
    /// Values that came, in the form in which they compare.
    pub added: Vec<String>,
    /// Values that went.
    pub removed: Vec<String>,
    /// Its type before and after, where that differs; None: there was no such list, or there is none now.
    pub types: Option<(Option<&'static str>, Option<&'static str>)>,
}

/// All lists that differ, by name.
pub(super) fn changes(old: Side<'_>, new: Side<'_>) -> Vec<ListChange> {
    let (before, after) = (&old.set.vocabulary.lists, &new.set.vocabulary.lists);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let (a, b) = (before.get(name), after.get(name));
        let missing = |from: Option<&std::sync::Arc<List>>,
                       other: Option<&std::sync::Arc<List>>| {
            let values = from.map(|list| list.values()).unwrap_or_default().iter();
            let gone = values.filter(|value| !other.is_some_and(|list| list.contains(value)));
            let mut texts: Vec<_> = gone.map(text).collect();
            texts.sort();
            texts.dedup();
            texts
        };
        let kind = |list: Option<&std::sync::Arc<List>>| list.map(|list| list.kind().as_str());
        let (added, removed) = (missing(b, a), missing(a, b));
        let types = (kind(a) != kind(b)).then(|| (kind(a), kind(b)));
        if added.is_empty() && removed.is_empty() && types.is_none() {
            continue;
        }
        let sources = if b.is_some() {
            new.sources
        } else {
            old.sources
        };
        let (path, line) = place(name, sources).unwrap_or_default();
        found.push(ListChange {
            name: name.clone(),
            path,
            line,
            added,
            removed,
            types,
        });
    }
    found
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The file and the line of a list.
fn place(name: &str, sources: &[Source]) -> Option<(String, u32)> {
    let of = |source: &Source| {
        let nodes = source::read(source).ok()?;
        let mut findings = Findings::new(source);
        nodes
            .iter()
            .filter(|node| !check::is_policy(node))
            .find_map(|node| match check::document(node, &mut findings) {
                Some(Document::List(list, span)) if list.name == name => {
                    let line = LineIndex::new(&source.text)
                        .position(&source.text, span.start)
                        .0;
                    Some((source.path.clone(), line))
                }
                Some(
                    Document::List(..)
                    | Document::Policy(_)
                    | Document::Schema(_)
                    | Document::Tool(_),
                )
                | None => None,
            })
    };
    let named = |source: &&Source| source.text.contains("List") && source.text.contains(name);
    sources.iter().filter(named).find_map(of)
}

/// What differs between the contracts of a tool, bound by bound; nothing when only one side has one.
pub(super) fn contract(before: &Cell<'_>, after: &Cell<'_>) -> Vec<String> {
    let bounds = |cell: &Cell<'_>| -> Option<BTreeMap<String, Value>> {
        let Some(Requirement::Contract(contract, _)) = cell.kept() else {
            return None;
        };
        let bounds = contract.schema.bounds().into_iter();
        Some(bounds.map(|bound| (bound.pointer, bound.limit)).collect())
    };
    let (Some(a), Some(b)) = (bounds(before), bounds(after)) else {
        return Vec::new();
    };
    let pointers: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let word = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::Null) => "another schema".to_owned(),
        Some(value) => value.to_string(),
    };
    let differ = pointers
        .into_iter()
        .filter(|pointer| a.get(*pointer) != b.get(*pointer));
    differ
        .map(|pointer| {
            format!(
                "`{pointer}`: {} → {}",
                word(a.get(pointer)),
                word(b.get(pointer))
            )
        })
        .collect()
}
