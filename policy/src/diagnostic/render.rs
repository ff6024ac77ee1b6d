//! Shows a finding in its source, in the style of rustc.

use std::fmt::Write;

use super::Diagnostic;
use crate::source::Source;

/// Shows the finding with the line it is about; `source` is the file that it names.
#[must_use]
pub fn render(diagnostic: &Diagnostic, source: &Source) -> String {
    let Diagnostic {
        code,
        severity,
        path,
        line,
        column,
        length,
        message,
        help,
    } = diagnostic;
    let mut out = format!("{}[{code}]: {}\n", severity.as_str(), visible(message));
    let gutter = " ".repeat(line.to_string().len());
    let _ = writeln!(out, "{gutter}--> {path}:{line}:{column}");
    let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    if let Some(text) = source.text.lines().nth(index) {
        let text = visible(text);
        // Long lines are cut around the mark, so that a generated file stays readable.
        let start = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
        let from = if start < 100 { 0 } else { start - 60 };
        let shown: String = text.chars().skip(from).take(160).collect();
        let mark = usize::try_from((*length).max(1))
            .unwrap_or(1)
            .min(160 - (start - from));
        let _ = writeln!(out, "{gutter} |\n{line} | {}", shown.trim_end());
        let _ = writeln!(
            out,
            "{gutter} | {}{}",
            " ".repeat(start - from),
            "^".repeat(mark)
        );
    }
    if !help.is_empty() {
        let _ = writeln!(out, "{gutter} = help: {}", visible(help));
    }
    out
}

/// Replaces what a terminal would obey or hide, one character for one.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let show = |c| match c {
        '\t' => ' ',
        c if hidden(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(show).collect()
}
