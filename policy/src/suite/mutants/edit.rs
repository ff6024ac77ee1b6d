//! Changes a value in a text, and makes sure that nothing else changes.

use std::ops::Range;

use serde_json::Value;

use super::extent;
use crate::source::tree::{Node, NodeValue};
use crate::source::{self, Source};

/// A change of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// Another value at a JSON Pointer.
    Replace(String, Value),
    /// Nothing at a JSON Pointer.
    Remove(String),
    /// One more entry in the mapping at a JSON Pointer.
    Insert(String, &'static str, Value),
}

/// Another text in the place of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    pub(super) fn apply(&self, text: &str) -> String {
        let before = text.get(..self.range.start).unwrap_or("");
        let after = text.get(self.range.end..).unwrap_or("");
        [before, &self.text, after].concat()
    }
}

/// Finds the edit that makes a change, and nothing but the change: where the layout of a text is in
/// the way, all of it is written anew.
pub(super) fn make(
    source: &Source,
    documents: &[Node],
    document: usize,
    change: &Change,
) -> Option<Edit> {
    let mut wanted: Vec<Value> = documents.iter().map(Node::to_json).collect();
    changed(wanted.get_mut(document)?, change)?;
    let edit = near(&source.text, documents.get(document)?, change);
    if let Some(edit) = edit.filter(|edit| reads(source, edit, &wanted)) {
        return Some(edit);
    }
    let written: Vec<_> = wanted.iter().map(Value::to_string).collect();
    let whole = Edit {
        range: 0..source.text.len(),
        text: written.join("\n---\n") + "\n",
    };
    reads(source, &whole, &wanted).then_some(whole)
}

/// Tells whether the edited text holds what it should.
fn reads(source: &Source, edit: &Edit, wanted: &[Value]) -> bool {
    let text = edit.apply(&source.text);
    let path = source.path.clone();
    let read = source::read(&Source { path, text });
    read.is_ok_and(|nodes| {
        nodes.len() == wanted.len() && nodes.iter().zip(wanted).all(|(a, b)| a.to_json() == *b)
    })
}

fn changed(value: &mut Value, change: &Change) -> Option<()> {
    match change {
        Change::Replace(pointer, new) => *value.pointer_mut(pointer)? = new.clone(),
        Change::Insert(pointer, name, new) => {
            let map = value.pointer_mut(pointer)?.as_object_mut()?;
            map.insert((*name).to_owned(), new.clone());
        }
        Change::Remove(pointer) => {
            let (parent, name) = split(pointer)?;
            match value.pointer_mut(parent)? {
                Value::Object(map) => {
                    map.remove(&name)?;
                }
                Value::Array(list) => {
                    let at: usize = name.parse().ok()?;
                    (at < list.len()).then(|| list.remove(at))?;
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
            }
        }
    }
    Some(())
}

fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    Some((parent, name.replace("~1", "/").replace("~0", "~")))
}

/// The edit where the value stands.
fn near(text: &str, root: &Node, change: &Change) -> Option<Edit> {
    match change {
        Change::Replace(pointer, new) => {
            let (parent, name) = split(pointer)?;
            let range = extent::of(text, root.at(parent), &name)?;
            // A whole block starts at its first entry, where a value may stand as well.
            let text = plain(text, &range, new).unwrap_or_else(|| new.to_string());
            Some(Edit { range, text })
        }
        Change::Insert(pointer, name, new) => {
            let node = root.at(pointer);
            let NodeValue::Map(entries) = &node.value else {
                return None;
            };
            let at = entries.first()?.0.span.start;
            let text = if extent::is_flow(text, node) {
                format!("{name}: {new}, ")
            } else {
                let line = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
                let column = text.get(line..at)?.chars().count();
                format!("{name}: {new}\n{}", " ".repeat(column))
            };
            Some(Edit {
                range: at..at,
                text,
            })
        }
        Change::Remove(pointer) => {
            let (parent, name) = split(pointer)?;
            let (range, text) = extent::to_remove(text, root.at(parent), &name)?;
            let text = text.to_owned();
            Some(Edit { range, text })
        }
    }
}

/// A word is written without quotes where one stood without.
fn plain(text: &str, range: &Range<usize>, new: &Value) -> Option<String> {
    let word = new.as_str()?;
    let old = text.get(range.clone())?;
    let bare = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (bare(word) && bare(old)).then(|| word.to_owned())
}
