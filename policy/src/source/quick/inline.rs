//! Keys, and values that stand on one line.

use super::super::Span;
use super::super::tree::{Key, Node, NodeValue};
use super::{DEEPEST, Reader, node, scalar};

/// Characters of a key that needs no quotes.
const fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'/')
}

impl Reader<'_> {
    /// Tells whether a key and its colon stand here.
    pub(super) fn key_ahead(&mut self) -> bool {
        let (at, nodes) = (self.at, self.nodes);
        let found = self.key().is_some();
        (self.at, self.nodes) = (at, nodes);
        found
    }

    /// Reads a key and its colon.
    pub(super) fn key(&mut self) -> Option<Key> {
        let start = self.at;
        let name = match self.peek()? {
            b'\'' => self.single()?,
            b'"' => self.double()?,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$' => {
                while self.peek().is_some_and(in_key) {
                    self.at += 1;
                }
                let name = &self.text[start..self.at];
                // A word that means something else as a value is left to the whole parser.
                matches!(scalar::resolve(name)?, NodeValue::Text(_)).then(|| name.to_owned())?
            }
            _ => return None,
        };
        let end = self.at;
        if self.peek() != Some(b':') || !matches!(self.peek_at(1), None | Some(b' ' | b'\n')) {
            return None;
        }
        self.at += 1;
        Some(Key {
            span: Span { start, end },
            name,
        })
    }

    /// Reads a value that ends on this line; within brackets, commas and brackets end it.
    pub(super) fn inline(&mut self, within: bool) -> Option<Node> {
        self.count()?;
        let start = self.at;
        let value = match self.peek()? {
            b'[' => return self.flow(start, Self::items),
            b'{' => return self.flow(start, Self::entries),
            b'\'' => NodeValue::Text(self.single()?),
            b'"' => NodeValue::Text(self.double()?),
            _ => return self.plain_scalar(within),
        };
        Some(node(start, self.at, value))
    }

    fn flow(&mut self, start: usize, read: fn(&mut Self) -> Option<NodeValue>) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.at += 1;
        self.spaces();
        let value = read(self)?;
        self.depth -= 1;
        Some(node(start, start + 1, value))
    }

    fn items(&mut self) -> Option<NodeValue> {
        let mut nodes = Vec::new();
        while self.peek()? != b']' {
            nodes.push(self.inline(true)?);
            self.separator(b']')?;
        }
        self.at += 1;
        Some(NodeValue::List(nodes))
    }

    fn entries(&mut self) -> Option<NodeValue> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while self.peek()? != b'}' {
            let key = self.key()?;
            self.count()?;
            if self.peek() != Some(b' ') || entries.iter().any(|(k, _)| k.name == key.name) {
                return None;
            }
            self.spaces();
            let value = self.inline(true)?;
            entries.push((key, value));
            self.separator(b'}')?;
        }
        self.at += 1;
        Some(NodeValue::Map(entries))
    }

    /// A comma with something after it, or the closing bracket ahead.
    fn separator(&mut self, close: u8) -> Option<()> {
        self.spaces();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.spaces();
            return (self.peek()? != close).then_some(());
        }
        (self.peek()? == close).then_some(())
    }

    fn single(&mut self) -> Option<String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'\'' | b'\n') {
                self.at += 1;
            }
            text.push_str(&self.text[start..self.at]);
            if self.peek() == Some(b'\n') {
                return None;
            }
            self.at += 1;
            if self.peek() != Some(b'\'') {
                return Some(text);
            }
            text.push('\'');
            self.at += 1;
        }
    }

    fn double(&mut self) -> Option<String> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'"' | b'\n' | b'\\') {
                self.at += 1;
            }
            text.push_str(&self.text[start..self.at]);
            match (self.peek()?, self.peek_at(1)) {
                (b'"', _) => {
                    self.at += 1;
                    return Some(text);
                }
                (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                    text.push(char::from(escaped));
                    self.at += 2;
                }
                _ => return None,
            }
        }
    }

    fn plain_scalar(&mut self, within: bool) -> Option<Node> {
        let start = self.at;
        let first = self.peek()?;
        let fine = first.is_ascii_alphanumeric()
            || !first.is_ascii()
            || matches!(first, b'_' | b'$' | b'^' | b'/' | b'(' | b'.' | b'+' | b'~')
            || (first == b'-' && self.peek_at(1).is_some_and(|b| b.is_ascii_alphanumeric()));
        if !fine {
            return None;
        }
        loop {
            match self.peek() {
                None | Some(b'\n') => break,
                Some(b',' | b'[' | b']' | b'{' | b'}') if within => break,
                Some(b'#') if self.bytes[self.at - 1] == b' ' => break,
                // A colon that might end a key.
                Some(b':') => match self.peek_at(1) {
                    None | Some(b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}') => return None,
                    Some(_) => self.at += 1,
                },
                Some(_) => self.at += 1,
            }
        }
        // Text within brackets that goes on after the line is left to the whole parser.
        if within && matches!(self.peek()?, b'\n' | b'#' | b'[' | b'{') {
            return None;
        }
        let text = self.text[start..self.at].trim_end_matches(' ');
        let end = start + text.len();
        self.at = end;
        Some(node(start, end, scalar::resolve(text)?))
    }
}
