//! What must hold for every diagnostic: it points at something that is there, and can be shown.

use veto_policy::{Diagnostic, DiagnosticSeverity, Source, render};

use crate::{Finding, claim};

/// Checks the findings of one source; `refused` says that compiling failed.
pub(crate) fn check(found: &[Diagnostic], source: &Source, refused: bool) -> Result<(), Finding> {
    let errors = found
        .iter()
        .filter(|d| d.severity == DiagnosticSeverity::Error)
        .count();
    claim(refused == (errors > 0), || {
        format!("refused is {refused}, with {errors} errors")
    })?;
    let sorted = found
        .windows(2)
        .all(|pair| place(&pair[0]) <= place(&pair[1]));
    claim(sorted, || "the findings are not in order".to_owned())?;
    // A text with a thousand mistakes is shown by its first ones.
    found.iter().take(32).try_for_each(|d| inside(d, source))
}

const fn place(d: &Diagnostic) -> (u32, u32) {
    (d.line, d.column)
}

fn inside(d: &Diagnostic, source: &Source) -> Result<(), Finding> {
    claim(d.path == source.path, || format!("another file: {d}"))?;
    claim(!d.message.is_empty(), || format!("nothing to say: {d:?}"))?;
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let line = number(d.line)
        .checked_sub(1)
        .and_then(|at| source.text.split('\n').nth(at));
    let Some(line) = line else {
        return Err(Finding(format!("there is no such line: {d}")));
    };
    let (column, length) = (number(d.column), number(d.length));
    let characters = line.chars().count();
    claim((1..=characters + 1).contains(&column), || {
        format!("there is no such column: {d}")
    })?;
    let end = column - 1 + length;
    claim(length >= 1 && (length == 1 || end <= characters), || {
        format!("{length} characters go beyond the line: {d}")
    })?;
    let shown = render(d, source);
    claim(
        shown.contains(&format!("{}[{}]", d.severity.as_str(), d.code)),
        || format!("not shown: {shown}"),
    )
}
