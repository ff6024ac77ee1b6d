//! The identity of a schema before it is compiled.

use std::fmt::Write as _;
use std::sync::Arc;

use super::Reader;
use crate::schema::inspect::names;
use crate::source::tree::{Node, NodeValue};

impl Reader<'_> {
    /// Writes the canonical text of a schema into the cache; None when something that it refers to
    /// cannot be had.
    pub(super) fn key(&mut self, node: &Node) -> Option<()> {
        let mut text = std::mem::take(&mut self.cache.text);
        text.clear();
        let whole = self.write(node, &mut text);
        self.cache.text = text;
        whole
    }

    /// Writes the canonical text: sorted names, and addresses for lists and named schemas. The cache
    /// keeps both alive as long as the text, so that no address is given to something else.
    fn write(&mut self, node: &Node, out: &mut String) -> Option<()> {
        match &node.value {
            NodeValue::Null => out.push_str("null"),
            NodeValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            NodeValue::Number(number) => write!(out, "{number}").ok()?,
            NodeValue::Text(text) => write!(out, "{text:?}").ok()?,
            NodeValue::List(nodes) => {
                out.push('[');
                for node in nodes {
                    self.write(node, out)?;
                    out.push(',');
                }
                out.push(']');
            }
            NodeValue::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_unstable_by(|a, b| a.0.name.cmp(&b.0.name));
                out.push('{');
                for (key, node) in sorted {
                    write!(out, "{:?}:", key.name).ok()?;
                    self.write(node, out)?;
                    match (&*key.name, &node.value) {
                        ("use", NodeValue::Text(name)) => {
                            let schema = self.named(name).ok()?;
                            write!(out, "@{:x}", schema.address()).ok()?;
                        }
                        ("in", _) => {
                            for list in names(node).filter_map(|name| self.lists.get(name)) {
                                write!(out, "@{:p}", Arc::as_ptr(list)).ok()?;
                            }
                        }
                        _ => {}
                    }
                    out.push(',');
                }
                out.push('}');
            }
        }
        Some(())
    }
}
