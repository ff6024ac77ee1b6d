//! Lays a tree out: on one line in braces where that is usual and fits, else indented.

use crate::format::WIDTH;
use crate::source::tree::{Key, Node, NodeValue};

use super::order::Kind;
use super::scalar;

/// The text of one document.
pub(super) fn document(node: &Node) -> String {
    let mut out = String::new();
    block(&mut out, node, Kind::of_document(node), 0);
    out
}

/// Writes a value whose first line starts where `out` ends, and ends its line.
fn block(out: &mut String, node: &Node, kind: Kind, indent: usize) {
    match &node.value {
        NodeValue::Map(entries) if !entries.is_empty() => {
            for (at, (key, node)) in kind.sorted(entries).into_iter().enumerate() {
                if at > 0 {
                    spaces(out, indent);
                }
                out.push_str(&scalar::line(&key.name, false));
                out.push(':');
                field(out, node, kind.field(&key.name, node), indent);
            }
        }
        NodeValue::List(nodes) if !nodes.is_empty() => {
            for (at, node) in nodes.iter().enumerate() {
                if at > 0 {
                    spaces(out, indent);
                }
                out.push('-');
                item(out, node, kind.item(), indent);
            }
        }
        NodeValue::Map(_)
        | NodeValue::List(_)
        | NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_) => {
            flow(out, node, kind, false);
            out.push('\n');
        }
    }
}

/// Writes what stands behind `key:`.
fn field(out: &mut String, node: &Node, kind: Kind, indent: usize) {
    if inline(out, node, kind, indent) {
        return;
    }
    out.push('\n');
    spaces(out, indent + 2);
    block(out, node, kind, indent + 2);
}

/// Writes what stands behind `-`.
fn item(out: &mut String, node: &Node, kind: Kind, indent: usize) {
    if inline(out, node, kind, indent) {
        return;
    }
    out.push(' ');
    block(out, node, kind, indent + 2);
}

/// Writes the value on the line that `out` ends with, and ends the line, unless it belongs on lines of its own.
fn inline(out: &mut String, node: &Node, kind: Kind, indent: usize) -> bool {
    match &node.value {
        NodeValue::Text(text) => {
            if let Some((header, lines)) = scalar::block(text) {
                out.push(' ');
                out.push_str(header);
                out.push('\n');
                for line in lines {
                    if !line.is_empty() {
                        spaces(out, indent + 2);
                        out.push_str(line);
                    }
                    out.push('\n');
                }
                return true;
            }
        }
        NodeValue::Map(_) | NodeValue::List(_) if is_empty(node) => {}
        NodeValue::Map(_) | NodeValue::List(_) => {
            if kind.is_block() || has_lines(node) {
                return false;
            }
        }
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
    }
    let line = out.rfind('\n').map_or(0, |at| at + 1);
    let mark = out.len();
    out.push(' ');
    flow(out, node, kind, false);
    let parts = matches!(node.value, NodeValue::Map(_) | NodeValue::List(_)) && !is_empty(node);
    if parts && out[line..].chars().count() > WIDTH {
        out.truncate(mark);
        return false;
    }
    out.push('\n');
    true
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        NodeValue::Map(entries) => entries.is_empty(),
        NodeValue::List(nodes) => nodes.is_empty(),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => false,
    }
}

/// Tells whether a text within wants lines of its own.
fn has_lines(node: &Node) -> bool {
    match &node.value {
        NodeValue::Text(text) => scalar::block(text).is_some(),
        NodeValue::List(nodes) => nodes.iter().any(has_lines),
        NodeValue::Map(entries) => entries.iter().any(|(_, node)| has_lines(node)),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => false,
    }
}

/// Writes the value on one line.
fn flow(out: &mut String, node: &Node, kind: Kind, within: bool) {
    match &node.value {
        NodeValue::Null => out.push_str("null"),
        NodeValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        NodeValue::Number(number) => out.push_str(&number.to_string()),
        NodeValue::Text(text) => out.push_str(&scalar::line(text, within)),
        NodeValue::List(nodes) => {
            out.push('[');
            for (at, node) in nodes.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                flow(out, node, kind.item(), true);
            }
            out.push(']');
        }
        NodeValue::Map(entries) if entries.is_empty() => out.push_str("{}"),
        NodeValue::Map(entries) => {
            out.push_str("{ ");
            for (at, (key, node)) in kind.sorted(entries).into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                named(out, key, node, kind);
            }
            out.push_str(" }");
        }
    }
}

fn named(out: &mut String, key: &Key, node: &Node, kind: Kind) {
    out.push_str(&scalar::line(&key.name, true));
    out.push_str(": ");
    flow(out, node, kind.field(&key.name, node), true);
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}
