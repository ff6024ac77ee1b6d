//! All the bytes of a node: the parser tells one token of it, and the rest follows from its parts.

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

use super::Lowering;

impl Lowering<'_> {
    /// The bytes of a node with all that belongs to it, without brackets around it.
    pub(in crate::condition) fn extent(&self, node: &IdedExpr) -> (usize, usize) {
        let (start, end) = self.hull(node, 0);
        balanced(self.text, start, end)
    }

    fn hull(&self, node: &IdedExpr, depth: usize) -> (usize, usize) {
        let Some((start, end)) = self.token(node) else {
            return (0, self.text.len());
        };
        let own = match &node.expr {
            // A call stands from its name to its bracket; an index and a list likewise.
            Expr::Call(_) | Expr::List(_) | Expr::Map(_) => {
                let closed = closing(self.text, start).unwrap_or(end);
                let named = self.named(start, end);
                // `a.?b` stands at its dot.
                let field = if named.0 > start { named.1 } else { end };
                (named.0.min(start), closed.max(field))
            }
            Expr::Select(_) => (start, self.named(start, end).1.max(end)),
            Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => (start, end),
        };
        // The parser bounds the depth; a place is not worth a deeper look.
        if depth > 100 {
            return own;
        }
        let mut all = own;
        for part in parts(node) {
            let (start, end) = self.hull(part, depth + 1);
            all = (all.0.min(start), all.1.max(end));
        }
        all
    }
}

/// The nodes right below a node, in the order of the text as far as it is known.
pub(in crate::condition) fn parts(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                EntryExpr::StructField(_) => Vec::new(),
            })
            .collect(),
        Expr::Ident(_)
        | Expr::Literal(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => Vec::new(),
    }
}

/// The brackets of a text outside of quotes and comments, with their places.
fn brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote: Option<(char, bool)> = None;
    let mut escaped = false;
    let mut comment = false;
    let mut before = ' ';
    text.char_indices().filter(move |(_, c)| {
        let c = *c;
        let last = std::mem::replace(&mut before, c);
        if comment {
            comment = c != '\n';
            return false;
        }
        if let Some((open, raw)) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' && !raw {
                escaped = true;
            } else if c == open || c == '\n' {
                quote = None;
            }
            return false;
        }
        match c {
            '"' | '\'' => quote = Some((c, matches!(last, 'r' | 'R'))),
            '/' if last == '/' => comment = true,
            _ => {}
        }
        matches!(c, '(' | ')' | '[' | ']' | '{' | '}')
    })
}

/// The end of what a bracket at `start`, or the first one after it where a name stands, opens.
fn closing(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let open = rest.find(|c| !word(c))?;
    if !rest[open..].starts_with(['(', '[', '{']) {
        return None;
    }
    let mut depth = 0_usize;
    for (at, c) in brackets(&rest[open..]) {
        if matches!(c, '(' | '[' | '{') {
            depth += 1;
        } else {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return Some(start + open + at + 1);
        }
    }
    None
}

/// Takes the brackets along that were opened or closed inside.
fn balanced(text: &str, mut start: usize, mut end: usize) -> (usize, usize) {
    let (mut missing, mut open) = (0_usize, 0_usize);
    for (_, c) in brackets(text.get(start..end).unwrap_or("")) {
        match c {
            '(' | '[' | '{' => open += 1,
            _ if open > 0 => open -= 1,
            _ => missing += 1,
        }
    }
    for _ in 0..missing {
        match text[..start].trim_end().strip_suffix('(') {
            Some(before) => start = before.len(),
            None => return (start, end),
        }
    }
    for _ in 0..open {
        let rest = text[end..].trim_start();
        if !rest.starts_with(')') {
            return (start, end);
        }
        end = text.len() - rest.len() + 1;
    }
    (start, end)
}
