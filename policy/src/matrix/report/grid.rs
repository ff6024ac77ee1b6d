//! The grid of a matrix: a line for each tool, a column for each subject, in blocks that fit a page.

use std::collections::HashMap;
use std::fmt::Write;

use super::super::words::clipped;
use super::super::{Column, ColumnKind, Matrix};
use crate::diagnostic::visible;

/// Widest line.
const WIDTH: usize = 120;
/// Longest name that is shown in full.
const NAME: usize = 40;
/// Lines that are written; the JSON report has all cells.
const MOST_LINES: usize = 5_000;

/// Writes the grid; `notes` gets the cells whose conditions are to be listed, in the order of their numbers.
pub(super) fn write(matrix: &Matrix<'_>, notes: &mut Vec<usize>) -> String {
    let mut out = String::new();
    if matrix.subjects().is_empty() || matrix.columns().is_empty() {
        out.push_str("no rule names a tool\n");
        return out;
    }
    let names: Vec<String> = matrix.columns().iter().map(name).collect();
    let first = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut numbers = HashMap::new();
    let mut lines = 0;
    let mut subject = 0;
    while subject < matrix.subjects().len() {
        // As many subjects as fit, and at least one.
        let mut block: Vec<(Vec<String>, usize)> = Vec::new();
        let mut width = first;
        while let Some(next) = matrix.subjects().get(subject) {
            let title = clipped(&visible(&next.name), NAME);
            let column = column(matrix, subject, title, &numbers, notes.len());
            if !block.is_empty() && width + 2 + column.1 > WIDTH {
                break;
            }
            width += 2 + column.1;
            for place in (0..names.len()).filter_map(|at| matrix.place(subject, at)) {
                if is_noted(matrix, place) && !numbers.contains_key(&place) {
                    notes.push(place);
                    numbers.insert(place, notes.len());
                }
            }
            block.push(column);
            subject += 1;
        }
        if lines > 0 {
            out.push('\n');
        }
        for at in 0..=names.len() {
            lines += 1;
            if lines > MOST_LINES {
                out.push_str("and more; the JSON report has all cells\n");
                return out;
            }
            let name = at.checked_sub(1).and_then(|at| names.get(at));
            let mut line = format!("{:<first$}", name.map_or("", |name| name));
            for (texts, width) in &block {
                let _ = write!(line, "  {:<width$}", texts.get(at).map_or("", |text| text));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// The texts of a subject, its name first, and how wide they are.
fn column(
    matrix: &Matrix<'_>,
    subject: usize,
    title: String,
    numbers: &HashMap<usize, usize>,
    taken: usize,
) -> (Vec<String>, usize) {
    let mut own = HashMap::new();
    let mut texts = vec![title];
    for at in 0..matrix.columns().len() {
        let (Some(place), Some(cell)) = (matrix.place(subject, at), matrix.cell(subject, at))
        else {
            continue;
        };
        let mut text = cell.summary().to_owned();
        if is_noted(matrix, place) {
            let next = taken + own.len() + 1;
            let known = numbers.get(&place).copied();
            let number = known.unwrap_or_else(|| *own.entry(place).or_insert(next));
            let _ = write!(text, " [{number}]");
        }
        texts.push(text);
    }
    let width = texts.iter().map(|text| text.chars().count()).max();
    (texts, width.unwrap_or(0))
}

/// A cell without branches is what no rule speaks of.
fn is_noted(matrix: &Matrix<'_>, place: usize) -> bool {
    let cell = matrix.cells().get(place);
    cell.is_some_and(|cell| cell.branches().len() > 0)
}

fn name(column: &Column) -> String {
    let name = clipped(&visible(&column.name), NAME);
    match column.kind {
        ColumnKind::Registered | ColumnKind::Named => name,
        ColumnKind::Glob => format!("{name} (others)"),
    }
}
