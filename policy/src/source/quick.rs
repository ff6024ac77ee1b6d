//! Reads the YAML that policies are mostly written in, many times faster than a whole YAML parser.
//!
//! It knows block mappings and sequences, flow collections and quoted text on one line, comments and
//! plain scalars whose meaning leaves no doubt. Whatever else it meets, a mistake included, it reads
//! nothing at all, and the whole parser (`yaml`) has the word. What it reads is exactly what that parser
//! would read, places included: tests hold them against each other. See `docs/adr/0007`.

mod inline;
mod scalar;

use super::Span;
use super::tree::{Key, Node, NodeValue};

/// Fewer than the whole parser allows, so that this reader never allows more.
const MOST_NODES: usize = 45_000;
const DEEPEST: usize = 28;
const MOST_DOCUMENTS: usize = 900;

/// Reads all documents of a text; None: the text is not of the simple kind.
pub(super) fn read(text: &str) -> Option<Vec<Node>> {
    if !plain(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: 0,
        depth: 0,
    };
    reader.documents()
}

/// Tells whether a text has only characters about which no two readers disagree.
fn plain(text: &str) -> bool {
    let fine = |c: char| c.is_alphanumeric() || "–—…€£§°→≤≥≠“”‘’«»·×".contains(c);
    if text.is_ascii() {
        return text
            .bytes()
            .all(|b| b == b'\n' || (b' '..=b'~').contains(&b));
    }
    text.chars().all(|c| {
        if c.is_ascii() {
            c == '\n' || (' '..='~').contains(&c)
        } else {
            fine(c)
        }
    })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Reads to the end of a line that has nothing more but a comment.
    fn end_of_line(&mut self) -> Option<()> {
        let from = self.at;
        self.spaces();
        match self.peek() {
            None => return Some(()),
            Some(b'\n') => {}
            Some(b'#') if self.at > from || self.starts_line() => {
                self.at += self.bytes[self.at..]
                    .iter()
                    .position(|b| *b == b'\n')
                    .unwrap_or(self.bytes.len() - self.at);
            }
            Some(_) => return None,
        }
        self.at += usize::from(self.at < self.bytes.len());
        Some(())
    }

    fn starts_line(&self) -> bool {
        self.at == 0 || self.bytes[self.at - 1] == b'\n'
    }

    /// Goes to the next line with content and tells its indentation; None at the end.
    fn next_content(&mut self) -> Option<usize> {
        loop {
            let start = self.at;
            self.spaces();
            match self.peek() {
                None => return None,
                Some(b'\n' | b'#') => {
                    self.at = start;
                    self.end_of_line()?;
                }
                Some(_) => return Some(self.at - start),
            }
        }
    }

    /// Looks where the next content stands without going there.
    fn indentation(&mut self) -> Option<usize> {
        let at = self.at;
        let found = self.next_content();
        self.at = at;
        found
    }

    fn documents(&mut self) -> Option<Vec<Node>> {
        let mut documents = Vec::new();
        if self.next_content().is_some() && self.marker() {
            self.at += 3;
            self.end_of_line()?;
        }
        while self.next_content().is_some() {
            if documents.len() >= MOST_DOCUMENTS || self.marker() || !self.starts_line() {
                return None;
            }
            documents.push(self.block(0)?);
            if self.next_content().is_some() {
                if !self.marker() {
                    return None;
                }
                self.at += 3;
                self.end_of_line()?;
            }
        }
        (!documents.is_empty() && self.at == self.bytes.len()).then_some(documents)
    }

    /// Tells whether a `---` that separates documents stands here.
    fn marker(&self) -> bool {
        self.starts_line()
            && self.bytes[self.at..].starts_with(b"---")
            && matches!(self.peek_at(3), None | Some(b' ' | b'\n'))
    }

    fn count(&mut self) -> Option<()> {
        self.nodes += 1;
        (self.nodes <= MOST_NODES).then_some(())
    }

    /// Reads a block collection whose first entry starts here, at the column.
    fn block(&mut self, column: usize) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let node = if self.entry() {
            self.sequence(column, self.at)
        } else {
            self.mapping(column)
        };
        self.depth -= 1;
        node
    }

    /// Tells whether an entry of a sequence starts here.
    fn entry(&self) -> bool {
        self.peek() == Some(b'-') && matches!(self.peek_at(1), Some(b' ' | b'\n'))
    }

    fn sequence(&mut self, column: usize, start: usize) -> Option<Node> {
        self.count()?;
        let mut nodes = Vec::new();
        loop {
            nodes.push(self.item(column)?);
            match self.indentation() {
                Some(next) if next == column => {
                    self.next_content();
                    if self.marker() {
                        self.back_to_line_start();
                        break;
                    }
                    if !self.entry() {
                        self.back_to_line_start();
                        break;
                    }
                }
                Some(next) if next > column => return None,
                Some(_) | None => break,
            }
        }
        Some(node(start, start, NodeValue::List(nodes)))
    }

    /// One entry of a sequence, from its dash.
    fn item(&mut self, column: usize) -> Option<Node> {
        self.at += 1;
        if self.only_comment() {
            self.end_of_line()?;
            let below = self.next_content()?;
            return if below > column {
                self.block(below)
            } else {
                None
            };
        }
        let dash = self.at - 1;
        self.spaces();
        let inner = column + (self.at - dash);
        if self.entry() || self.key_ahead() {
            return self.block(inner);
        }
        let value = self.inline(false)?;
        self.end_of_line()?;
        Some(value)
    }

    fn only_comment(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let spaces = rest.iter().take_while(|b| **b == b' ').count();
        matches!(rest.get(spaces), None | Some(b'\n'))
            || (spaces > 0 && rest.get(spaces) == Some(&b'#'))
    }

    fn mapping(&mut self, column: usize) -> Option<Node> {
        self.count()?;
        let start = self.at;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let key = self.key()?;
            self.count()?;
            if entries.iter().any(|(known, _)| known.name == key.name) {
                return None;
            }
            let value = self.value(column)?;
            entries.push((key, value));
            match self.indentation() {
                Some(next) if next == column => {
                    self.next_content();
                    if self.marker() {
                        self.back_to_line_start();
                        break;
                    }
                    if self.entry() {
                        return None;
                    }
                }
                Some(next) if next > column => return None,
                Some(_) | None => break,
            }
        }
        Some(node(start, start, NodeValue::Map(entries)))
    }

    /// The value of a key, after its colon.
    fn value(&mut self, column: usize) -> Option<Node> {
        if !self.only_comment() {
            self.spaces();
            let value = self.inline(false)?;
            self.end_of_line()?;
            return Some(value);
        }
        self.end_of_line()?;
        let below = self.next_content()?;
        if self.marker() {
            return None;
        }
        if below > column {
            return self.block(below);
        }
        if below < column || !self.entry() {
            return None;
        }
        // Entries that stand as far left as their key: the place is that of the first entry's content.
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let dash = self.at;
        self.at += 1;
        if self.only_comment() {
            return None;
        }
        self.spaces();
        let start = self.at;
        self.at = dash;
        let node = self.sequence(column, start);
        self.depth -= 1;
        node
    }

    /// Goes back to the start of the line whose content was looked at.
    fn back_to_line_start(&mut self) {
        while !self.starts_line() {
            self.at -= 1;
        }
    }
}

fn node(start: usize, end: usize, value: NodeValue) -> Node {
    Node {
        span: Span { start, end },
        value,
        tagged: false,
    }
}

#[cfg(test)]
mod tests;
