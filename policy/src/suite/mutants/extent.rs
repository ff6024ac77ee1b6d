//! How far values reach in a text.

use std::ops::Range;

use crate::source::tree::{Key, Node, NodeValue};

/// Tells whether a collection stands in brackets.
pub(super) fn is_flow(text: &str, node: &Node) -> bool {
    let first = text.as_bytes().get(node.span.start);
    match node.value {
        NodeValue::List(_) => first == Some(&b'['),
        NodeValue::Map(_) => first == Some(&b'{'),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => false,
    }
}

/// The bytes of an entry's value.
pub(super) fn of(text: &str, parent: &Node, name: &str) -> Option<Range<usize>> {
    let (key, node) = child(parent, name)?;
    Some(value(text, node, key))
}

fn child<'a>(parent: &'a Node, name: &str) -> Option<(Option<&'a Key>, &'a Node)> {
    let at = place(parent, name)?;
    match &parent.value {
        NodeValue::Map(entries) => entries.get(at).map(|(key, node)| (Some(key), node)),
        NodeValue::List(nodes) => nodes.get(at).map(|node| (None, node)),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => None,
    }
}

fn place(parent: &Node, name: &str) -> Option<usize> {
    match &parent.value {
        NodeValue::Map(entries) => entries.iter().position(|(key, _)| key.name == name),
        NodeValue::List(nodes) => name.parse().ok().filter(|at| *at < nodes.len()),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => None,
    }
}

/// What to take out so that an entry is gone, and what to put there: up to the next one, or from the end
/// of the one before; of an only entry, all of the collection.
pub(super) fn to_remove(
    text: &str,
    parent: &Node,
    name: &str,
) -> Option<(Range<usize>, &'static str)> {
    let at = place(parent, name)?;
    let range = |at: usize| -> Option<Range<usize>> {
        match &parent.value {
            NodeValue::Map(entries) => entries
                .get(at)
                .map(|(key, node)| key.span.start..value(text, node, Some(key)).end),
            NodeValue::List(nodes) => nodes.get(at).map(|node| value(text, node, None)),
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {
                None
            }
        }
    };
    let own = range(at)?;
    if let Some(next) = range(at + 1) {
        return Some((own.start..next.start, ""));
    }
    let Some(before) = at.checked_sub(1).and_then(range) else {
        let list = matches!(parent.value, NodeValue::List(_));
        return Some((value(text, parent, None), if list { "[]" } else { "{}" }));
    };
    Some((before.end..own.end, ""))
}

/// The bytes of a value.
fn value(text: &str, node: &Node, key: Option<&Key>) -> Range<usize> {
    let children: Vec<(Option<&Key>, &Node)> = match &node.value {
        NodeValue::Map(entries) => entries
            .iter()
            .map(|(key, node)| (Some(key), node))
            .collect(),
        NodeValue::List(nodes) => nodes.iter().map(|node| (None, node)).collect(),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => {
            let block = key.and_then(|key| block(text, key));
            return block.unwrap_or(node.span.start..node.span.end);
        }
    };
    let last = children.last();
    let end = last.map(|(key, node)| value(text, node, *key).end);
    if is_flow(text, node) {
        let end = end.unwrap_or(node.span.start + 1);
        return node.span.start..closing(text, end);
    }
    let first = children.first().map_or(node.span.start, |(key, child)| {
        key.map_or(child.span.start, |key| key.span.start)
    });
    let start = match &node.value {
        // Entries of a block start with their dashes.
        NodeValue::List(_) => text
            .get(..first)
            .and_then(|before| before.rfind('-'))
            .unwrap_or(first),
        NodeValue::Map(_)
        | NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_) => first,
    };
    start..end.unwrap_or(node.span.end)
}

/// Goes on to the bracket that closes a collection, over white space, commas and comments.
fn closing(text: &str, from: usize) -> usize {
    let mut at = from;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b']' | b'}' => return at + 1,
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            _ => at += 1,
        }
    }
    at
}

/// A block scalar behind a key: from its sign to the end of its last line.
fn block(text: &str, key: &Key) -> Option<Range<usize>> {
    let rest = text.get(key.span.end..)?;
    let after = rest.strip_prefix(':')?;
    let sign = after.trim_start_matches(' ');
    if !sign.starts_with(['|', '>']) {
        return None;
    }
    let start = text.len() - sign.len();
    let line = text[..key.span.start].rfind('\n').map_or(0, |end| end + 1);
    let column = key.span.start - line;
    let mut end = start + sign.find('\n').unwrap_or(sign.len());
    let mut at = end + 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.split('\n').next().unwrap_or("");
        let blank = line.trim().is_empty();
        if !blank && line.len() - line.trim_start_matches(' ').len() <= column {
            break;
        }
        if !blank {
            end = at + line.len();
        }
        at += line.len() + 1;
    }
    Some(start..end)
}
