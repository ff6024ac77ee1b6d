//! What a change of a policy set changes for calls: the cells of the matrix whose meaning differs, and
//! whether they got looser or stricter.
//!
//! `meaning` tells quickly which cells say the same, `prove` which of two cells is the stricter one, by
//! `facts`, `schemas` and `clauses`; `lists` compares lists and contracts; `report` shows it all. Names of
//! rules, their order, texts for people and the files that rules stand in mean nothing.

mod change;
mod clauses;
mod facts;
mod lists;
mod meaning;
mod prove;
mod report;
mod schemas;
mod values;

use std::collections::{BTreeMap, HashMap};

use crate::compile::PolicySet;
use crate::matrix::{Matrix, TooLarge, Wanted, axes};
use crate::source::Source;

pub use change::{BranchChange, Change, Direction, Place};
pub(crate) use clauses::compared;
pub use lists::ListChange;

/// A policy set with its files.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The set.
    pub set: &'a PolicySet,
    /// Its files, for the lines of rules and lists.
    pub sources: &'a [Source],
}

/// What differs between two policy sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Cells that differ, equal changes together: looser ones first, then different ones, then stricter ones.
    pub changes: Vec<Change>,
    /// Lists that differ.
    pub lists: Vec<ListChange>,
    /// How many cells were compared.
    pub compared: usize,
}

/// Compares what two policy sets mean, over the rows and columns of both.
///
/// # Errors
/// [`TooLarge`] when a matrix of them is too large.
pub fn semantic(old: Side<'_>, new: Side<'_>, wanted: &Wanted) -> Result<Changes, TooLarge> {
    let axes = axes(&[old.set, new.set], wanted)?;
    let before = Matrix::of(old.set, old.sources, &axes)?;
    let after = Matrix::of(new.set, new.sources, &axes)?;
    let lists = lists::changes(old, new);
    let mut known = HashMap::new();
    let meanings = meaning::Meanings::new(&before, old.set, &after, new.set);
    let mut found: BTreeMap<change::Key, Change> = BTreeMap::new();
    for (row, subject) in axes.subjects.iter().enumerate() {
        for (at, column) in axes.columns.iter().enumerate() {
            let (Some(a), Some(b)) = (before.place(row, at), after.place(row, at)) else {
                continue;
            };
            if meanings.same(a, b) {
                continue;
            }
            let compare = || change::compare((&before, a), (&after, b), &lists);
            let Some((key, change)) = known.entry((a, b)).or_insert_with(compare) else {
                continue;
            };
            let group = found.entry(key.clone()).or_insert_with(|| change.clone());
            group
                .cells
                .push((subject.name.clone(), column.name.clone()));
        }
    }
    Ok(Changes {
        changes: found.into_values().collect(),
        lists,
        compared: axes.subjects.len() * axes.columns.len(),
    })
}

impl Changes {
    /// Tells whether nothing differs for any call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many cells got looser, how many differ otherwise, and how many got stricter.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        [Direction::Looser, Direction::Different, Direction::Stricter].map(|direction| {
            let of = self
                .changes
                .iter()
                .filter(|change| change.direction == direction);
            of.map(|change| change.cells.len()).sum()
        })
    }
}
