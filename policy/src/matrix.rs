//! Who may do what: a table of subjects and tools, made from the rules of a policy set and not by
//! trying calls.
//!
//! `axes` finds the rows and columns, `guard` says what a rule asks of a call, `fold` turns the rules
//! of a cell into an ordered list of guards with outcomes, `cell` decides by it, `words` and
//! `report` show it.

mod axes;
mod cell;
mod fold;
mod guard;
mod places;
mod report;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use veto_core::ToolName;

use crate::call::Agent;
use crate::compile::PolicySet;
use crate::source::Source;

pub(crate) use axes::{Axes, axes};
pub use axes::{Column, ColumnKind, Subject};
pub use cell::{Branch, Cell, Kind};
use fold::Folder;
pub(crate) use guard::{Argument, Met, Requirement, has_pattern};
pub(crate) use places::Places;
pub(crate) use report::{Line, lines, requirement_json};

/// Most cells of a matrix.
pub const MOST_CELLS: usize = 250_000;
/// Most rules over all cells of a matrix: each is looked at once for each cell that it counts in.
pub const MOST_MEETINGS: usize = 10_000_000;

/// The rows and columns that somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The rows. Empty: those whom the policies tell apart.
    pub agents: Vec<Agent>,
    /// The columns. Empty: all tools that are registered or named.
    pub tools: Vec<ToolName>,
}

/// A matrix that would be too large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// Too many cells.
    #[error(
        "{subjects} subjects × {tools} tools make {cells} cells, and a matrix has at most {MOST_CELLS}: ask for some agents or tools"
    )]
    Cells {
        /// How many rows.
        subjects: usize,
        /// How many columns.
        tools: usize,
        /// How many cells.
        cells: usize,
    },
    /// Too many rules for the cells.
    #[error(
        "more than {MOST_MEETINGS} rules count in the cells, and a matrix looks at no more: ask for some agents or tools"
    )]
    Rules,
}

/// The cells of a policy set, each a subject and a tool.
#[derive(Debug)]
pub struct Matrix<'a> {
    subjects: Vec<Subject>,
    columns: Vec<Column>,
    /// Each distinct cell once.
    cells: Vec<Cell<'a>>,
    /// Which of them stands where, row by row.
    grid: Vec<usize>,
    places: Places,
}

/// Makes the matrix of a policy set. `sources` are the files of the set, for the lines of its rules.
///
/// # Errors
/// [`TooLarge`] when there are too many rows and columns, or too many rules for them.
pub fn matrix<'a>(
    set: &'a PolicySet,
    sources: &[Source],
    wanted: &Wanted,
) -> Result<Matrix<'a>, TooLarge> {
    let axes = axes(&[set], wanted)?;
    Matrix::of(set, sources, &axes)
}

impl<'a> Matrix<'a> {
    /// Makes the cells of given rows and columns.
    pub(crate) fn of(
        set: &'a PolicySet,
        sources: &[Source],
        axes: &Axes,
    ) -> Result<Self, TooLarge> {
        let mut folder = Folder::new(set);
        let mut known: HashMap<(Vec<usize>, usize), usize> = HashMap::new();
        let mut cells = Vec::new();
        let mut grid = Vec::with_capacity(axes.subjects.len() * axes.columns.len());
        let mut meetings = 0_usize;
        for subject in &axes.subjects {
            for column in &axes.columns {
                let tool = column.tool.as_str();
                let mut rules = set.index.candidates(tool, &subject.agent);
                rules.retain(|rule| !rule.rule.shadow);
                meetings += rules.len() + 1;
                if meetings > MOST_MEETINGS {
                    return Err(TooLarge::Rules);
                }
                let contract = folder.contract(tool);
                let mut key: Vec<usize> = rules.iter().map(fold::address).collect();
                key.sort_unstable();
                let address = contract.as_ref().map_or(0, |c| Arc::as_ptr(c).addr());
                let place = *known.entry((key, address)).or_insert_with(|| {
                    rules.sort_by(crate::compile::Rule::order);
                    cells.push(folder.cell(&rules, contract));
                    cells.len() - 1
                });
                grid.push(place);
            }
        }
        let places = Places::of(set, sources, cells.iter());
        Ok(Self {
            subjects: axes.subjects.clone(),
            columns: axes.columns.clone(),
            cells,
            grid,
            places,
        })
    }

    /// The rows.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cell of a row and a column, both counted from 0; None outside of the matrix.
    #[must_use]
    pub fn cell(&self, subject: usize, column: usize) -> Option<&Cell<'a>> {
        self.place(subject, column)
            .and_then(|at| self.cells.get(at))
    }

    /// Which of the distinct cells stands in a row and a column.
    pub(crate) fn place(&self, subject: usize, column: usize) -> Option<usize> {
        let inside = subject < self.subjects.len() && column < self.columns.len();
        let at = subject * self.columns.len() + column;
        self.grid.get(at).copied().filter(|_| inside)
    }

    /// Where rules stand.
    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    /// Every distinct cell once.
    #[must_use]
    pub fn cells(&self) -> &[Cell<'a>] {
        &self.cells
    }
}
