//! One change of a cell.

use super::lists::{self, ListChange};
use super::meaning;
use super::prove::{Guards, is_looser};
use crate::matrix::{Line, Matrix, lines};

/// Which way a cell changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// No call gets a stricter outcome than before.
    Looser,
    /// Some calls may get a looser outcome and others a stricter one, or it cannot be told.
    Different,
    /// No call gets a looser outcome than before.
    Stricter,
}

impl Direction {
    /// The direction as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Different => "different",
            Self::Stricter => "stricter",
        }
    }
}

/// A change that one or more cells share.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// The cells, each a subject and a tool.
    pub cells: Vec<(String, String)>,
    /// The old cell in a few words, such as `allow if`.
    pub before: &'static str,
    /// The new cell.
    pub after: &'static str,
    /// What differs in their branches.
    pub branches: Vec<BranchChange>,
    /// Lists that differ and that the cells read.
    pub lists: Vec<String>,
    /// What differs in the schema of the tool.
    pub contract: Vec<String>,
}

/// What differs in a branch of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchChange {
    /// What comes of its calls.
    pub outcome: &'static str,
    /// The rule before; None: there was none, or it is the schema of the tool.
    pub old: Option<Place>,
    /// The rule now.
    pub new: Option<Place>,
    /// It was there before.
    pub was_there: bool,
    /// It is there now.
    pub is_there: bool,
    /// What it asked before and asks now.
    pub kept: Vec<String>,
    /// What it no longer asks.
    pub removed: Vec<String>,
    /// What it asks now.
    pub added: Vec<String>,
}

/// A rule with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `policy/rule`.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line of its id, from 1.
    pub line: u32,
}

/// Equal changes have the same key; keys stand in the order of a report.
pub(super) type Key = (Direction, String);

/// Compares two cells; None: they mean the same.
pub(super) fn compare(
    (before, old): (&Matrix<'_>, usize),
    (after, new): (&Matrix<'_>, usize),
    changed: &[ListChange],
) -> Option<(Key, Change)> {
    let (a, b) = (before.cells().get(old)?, after.cells().get(new)?);
    let (old, new) = (Guards::of(a), Guards::of(b));
    let direction = match (is_looser(&old, &new), is_looser(&new, &old)) {
        (true, true) => return None,
        (true, false) => Direction::Looser,
        (false, true) => Direction::Stricter,
        (false, false) => Direction::Different,
    };
    let read = changed.iter().map(|list| &list.name);
    let read = read.filter(|name| meaning::names(a, name) || meaning::names(b, name));
    let change = Change {
        direction,
        cells: Vec::new(),
        before: a.summary(),
        after: b.summary(),
        branches: branches(lines(a, before.places()), lines(b, after.places())),
        lists: read.cloned().collect(),
        contract: lists::contract(a, b),
    };
    let key = (direction, format!("{change:?}"));
    Some((key, change))
}

/// Pairs branches: those that are the same are left out, those of one rule and those most alike belong together.
fn branches(mut old: Vec<Line>, mut new: Vec<Line>) -> Vec<BranchChange> {
    old.retain(|line| {
        let same =
            |other: &Line| line.outcome == other.outcome && line.conditions == other.conditions;
        let found = new.iter().position(same);
        found.map(|at| new.remove(at)).is_none()
    });
    let mut found = Vec::new();
    for line in new {
        let shared = |other: &Line| {
            let both = (line.conditions.iter()).filter(|one| other.conditions.contains(one));
            let about: Vec<_> = other.conditions.iter().map(|one| subject(one)).collect();
            let alike = (line.conditions.iter()).filter(|one| about.contains(&subject(one)));
            (
                usize::from(other.rule == line.rule),
                both.count() + alike.count(),
            )
        };
        let alike = old
            .iter()
            .enumerate()
            .filter(|(_, other)| other.outcome == line.outcome);
        let best = alike.max_by_key(|(at, other)| (shared(other), usize::MAX - at));
        let best = best
            .filter(|(_, other)| shared(other) != (0, 0))
            .map(|(at, _)| at);
        let before = best.map(|at| old.remove(at));
        found.push(pair(before, Some(line)));
    }
    found.extend(old.into_iter().map(|line| pair(Some(line), None)));
    found
}

/// What a condition is about: the name of an argument, or its first word.
fn subject(condition: &str) -> &str {
    condition.split([':', ' ']).next().unwrap_or("")
}

fn pair(old: Option<Line>, new: Option<Line>) -> BranchChange {
    let conditions = |line: &Option<Line>| {
        line.as_ref()
            .map_or_else(Vec::new, |line| line.conditions.clone())
    };
    let (mut removed, mut added) = (conditions(&old), conditions(&new));
    let kept: Vec<_> = removed
        .iter()
        .filter(|one| added.contains(one))
        .cloned()
        .collect();
    removed.retain(|one| !kept.contains(one));
    added.retain(|one| !kept.contains(one));
    let place = |line: Option<&Line>| {
        let line = line?;
        let (path, number) = line.place.clone().unwrap_or_default();
        let rule = line.rule.clone()?;
        Some(Place {
            rule,
            path,
            line: number,
        })
    };
    BranchChange {
        outcome: new
            .as_ref()
            .or(old.as_ref())
            .map_or("", |line| line.outcome),
        old: place(old.as_ref()),
        new: place(new.as_ref()),
        was_there: old.is_some(),
        is_there: new.is_some(),
        kept,
        removed,
        added,
    }
}
