//! Cells that say the same, told by their texts: most cells of two sets do.

use std::collections::HashMap;

use serde_json::Value;

use crate::compile::PolicySet;
use crate::list::Lists;
use crate::matrix::{Branch, Cell, Matrix, requirement_json};

/// What the cells of two matrices say, each by a number.
#[derive(Debug)]
pub(super) struct Meanings {
    before: Vec<usize>,
    after: Vec<usize>,
}

impl Meanings {
    pub(super) fn new(
        before: &Matrix<'_>,
        old: &PolicySet,
        after: &Matrix<'_>,
        new: &PolicySet,
    ) -> Self {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut numbers = |matrix: &Matrix<'_>, set: &PolicySet| {
            let number = |cell: &Cell<'_>| {
                let next = known.len();
                let text = text(cell, &set.vocabulary.lists);
                *known.entry(text).or_insert(next)
            };
            matrix.cells().iter().map(number).collect()
        };
        Self {
            before: numbers(before, old),
            after: numbers(after, new),
        }
    }

    /// Tells whether a cell of the old matrix and one of the new matrix say the same.
    pub(super) fn same(&self, before: usize, after: usize) -> bool {
        let (before, after) = (self.before.get(before), self.after.get(after));
        before.is_some() && before == after
    }
}

/// All that a cell says, without the names of rules and in one order.
fn text(cell: &Cell<'_>, lists: &Lists) -> String {
    let mut branches: Vec<String> = cell.branches().map(branch).collect();
    branches.sort();
    branches.dedup();
    let mut text = branches.join("\n");
    for list in mentioned(&text, lists) {
        let mut values: Vec<String> = list.values().iter().map(Value::to_string).collect();
        values.sort();
        let (name, kind) = (&list.name, list.kind().as_str());
        text.push_str(&format!("\n{name} {kind} {}", values.join(",")));
    }
    text
}

fn branch(branch: &Branch<'_>) -> String {
    let asked: Vec<_> = branch.requirements.iter().map(requirement_json).collect();
    let terms = branch.terms();
    format!(
        "{:?} {} {terms:?} {}",
        branch.outcome,
        branch.if_allowed,
        Value::from(asked)
    )
}

/// The lists that a text of requirements names; it may take other words for names.
fn mentioned<'a>(text: &str, lists: &'a Lists) -> Vec<&'a crate::list::List> {
    if !text.contains("\"in\"") && !text.contains("lists") {
        return Vec::new();
    }
    let named = lists
        .values()
        .filter(|list| text.contains(list.name.as_str()));
    named.map(|list| &**list).collect()
}

/// Tells whether a cell names a list.
pub(super) fn names(cell: &Cell<'_>, list: &str) -> bool {
    let quoted = format!("\"{list}\"");
    let read = format!("lists.{list}");
    cell.branches().any(|branch| {
        let text = self::branch(branch);
        text.contains(&quoted) || text.contains(&read)
    })
}
