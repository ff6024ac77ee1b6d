//! Conditions taken apart: what they join with `&&`, what those join with `||`, and comparisons with numbers.

mod literal;

use serde_json::Value;

use super::schemas::equal_list;
use literal::{Literal, literal};

use crate::condition::pieces;
use crate::list::Lists;

/// One part of a conjunction: one of its literals must hold.
#[derive(Debug, Clone)]
pub(super) struct Clause<'a> {
    literals: Vec<Literal>,
    /// It is enough that a literal cannot be evaluated.
    pub(super) or_fails: bool,
    lists: &'a Lists,
}

/// The parts of a condition that all must hold.
pub(super) fn clauses<'a>(text: &str, or_fails: bool, lists: &'a Lists) -> Vec<Clause<'a>> {
    let mut found = Vec::new();
    let mut left = vec![text.to_owned()];
    while let Some(text) = left.pop() {
        let text = bare(&text);
        let options = split(text, "||");
        if options.len() == 1 {
            let parts = split(text, "&&");
            if parts.len() > 1 {
                left.extend(parts);
                continue;
            }
        }
        let literals = options.iter().map(|option| literal(bare(option)));
        found.push(Clause {
            literals: literals.collect(),
            or_fails,
            lists,
        });
    }
    found
}

/// The arguments that a condition compares with numbers, when it does nothing else: then it can only fail
/// where one of them is no number.
pub(crate) fn compared(text: &str) -> Option<Vec<String>> {
    let lists = Lists::new();
    let mut names = Vec::new();
    for clause in clauses(text, false, &lists) {
        for literal in &clause.literals {
            names.push(literal.argument()?.0);
        }
    }
    Some(names)
}

/// A sign of a text outside of all brackets.
struct Outer<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

fn outer(text: &str) -> Vec<Outer<'_>> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for piece in pieces(text).into_iter().filter(|piece| !piece.number) {
        let sign = text.get(piece.start..piece.end).unwrap_or("");
        match sign {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if depth == 0 => found.push(Outer {
                start: piece.start,
                end: piece.end,
                text: sign,
            }),
            _ => {}
        }
    }
    found
}

/// The text between signs outside of brackets; all of it where a choice (`a ? b : c`) stands outside.
fn split(text: &str, sign: &str) -> Vec<String> {
    let signs = outer(text);
    if signs.iter().any(|outer| outer.text == ":") {
        return vec![text.to_owned()];
    }
    let mut parts = Vec::new();
    let mut from = 0;
    for outer in signs.iter().filter(|outer| outer.text == sign) {
        parts.extend(text.get(from..outer.start).map(str::to_owned));
        from = outer.end;
    }
    parts.extend(text.get(from..).map(str::to_owned));
    parts
}

/// The text without brackets around all of it.
fn bare(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let mut depth = 0_usize;
        let mut closes = None;
        for piece in pieces(text).into_iter().filter(|piece| !piece.number) {
            match text.get(piece.start..piece.end) {
                Some("(" | "[" | "{") => depth += 1,
                Some(")" | "]" | "}") => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && closes.is_none() {
                        closes = Some(piece.end);
                    }
                }
                Some(_) | None => {}
            }
        }
        let inner = text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        match inner {
            Some(inner) if closes == Some(text.len()) => text = inner.trim(),
            Some(_) | None => return text,
        }
    }
}

/// The text with single spaces, where that is safe to say.
pub(super) fn plain(text: &str) -> String {
    let unsafe_marks = ["\"\"\"", "'''", "r\"", "r'", "R\"", "R'", "//", "\\"];
    let quoted = text.split(['"', '\'']).skip(1).step_by(2);
    let spaced = quoted
        .into_iter()
        .any(|part| part.contains(char::is_whitespace));
    let mixed = text.contains('"') && text.contains('\'');
    if spaced || mixed || unsafe_marks.iter().any(|mark| text.contains(mark)) {
        return text.trim().to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Clause<'_> {
    /// Tells whether the other one holds wherever this one does.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let implied = |literal: &Literal| {
            let mut others = other.literals.iter();
            others.any(|one| literal.implies(one, self.lists, other.lists))
        };
        (!self.or_fails || other.or_fails) && self.literals.iter().all(implied)
    }

    /// Tells whether both cannot hold.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let apart = |a: &Literal| other.literals.iter().all(|b| a.excludes(b));
        !self.or_fails && !other.or_fails && self.literals.iter().all(apart)
    }

    /// An argument that it compares with a number, and the schema that says the same.
    pub(super) fn argument(&self) -> Option<(String, Value)> {
        self.comparison().filter(|_| !self.or_fails)
    }

    /// The same, of one that may also fail.
    pub(super) fn comparison(&self) -> Option<(String, Value)> {
        let [literal] = &*self.literals else {
            return None;
        };
        literal.argument()
    }
}

/// Tells whether the lists that a text reads are the same on both sides.
pub(super) fn same_lists(text: &str, own: &Lists, others: &Lists) -> bool {
    if std::ptr::eq(own, others) || !text.contains("lists") {
        return true;
    }
    let all = text.contains("lists[") || text.contains("lists.?") || text.contains("lists,");
    own.keys()
        .chain(others.keys())
        .filter(|name| all || text.contains(name.as_str()))
        .all(|name| match (own.get(name), others.get(name)) {
            (Some(a), Some(b)) => equal_list(a, b),
            (Some(_), None) | (None, Some(_)) | (None, None) => false,
        })
}

/// Tells whether a text asks for a member of one list that only got longer.
fn is_wider(text: &str, own: &Lists, others: &Lists) -> bool {
    let Some((what, name)) = text.rsplit_once(" in lists.") else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let lists = own.get(name).zip(others.get(name));
    what.chars().all(plain)
        && !what.contains("lists")
        && lists.is_some_and(|(a, b)| {
            a.kind() == b.kind() && a.values().iter().all(|value| b.contains(value))
        })
}

#[cfg(test)]
mod tests;
