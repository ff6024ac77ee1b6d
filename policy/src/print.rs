//! The canonical text of policies: fields in the order of the language reference, no comments. Equal documents
//! have equal texts; what is printed reads back as what it was. (`format` is for texts that people keep.)

mod layout;
mod order;
mod scalar;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::source::tree::{Key, Node, NodeValue};
use crate::source::{self, Source, Span};

/// Prints the documents of a file in canonical form.
pub fn print(source: &Source) -> Result<String, Diagnostic> {
    Ok(documents(&source::read(source)?))
}

/// Prints one document, given as JSON, in canonical form.
#[must_use]
pub fn print_json(document: &Value) -> String {
    documents(std::slice::from_ref(&node(document)))
}

/// The canonical text of documents.
pub(crate) fn documents(nodes: &[Node]) -> String {
    let texts: Vec<_> = nodes.iter().map(layout::document).collect();
    texts.join("---\n")
}

/// A value that stands nowhere.
fn node(value: &Value) -> Node {
    let key = |name: &String| Key {
        span: Span::default(),
        name: name.clone(),
    };
    let value = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Bool(*value),
        Value::Number(number) => NodeValue::Number(number.clone()),
        Value::String(text) => NodeValue::Text(text.clone()),
        Value::Array(values) => NodeValue::List(values.iter().map(node).collect()),
        Value::Object(map) => NodeValue::Map(
            map.iter()
                .map(|(name, value)| (key(name), node(value)))
                .collect(),
        ),
    };
    Node {
        span: Span::default(),
        value,
        tagged: false,
    }
}

#[cfg(test)]
mod tests;
