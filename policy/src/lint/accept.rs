//! Comments that accept a finding: `# veto: allow(code)` on its line, or right above it.

use yaml_parser::SyntaxKind;

use super::Notes;
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code};
use crate::source::{Source, Span};
use crate::suggest;

/// What such a comment starts with.
const MARK: &str = "# veto:";

/// A code that a comment accepts.
struct Acceptance {
    /// The line of the findings that it is about.
    line: u32,
    code: Option<Code>,
    span: Span,
    used: bool,
}

/// Takes out the findings that comments accept, says which comments accept nothing, and sorts.
pub(super) fn apply(sources: &[Source], mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for source in sources.iter().filter(|source| source.text.contains(MARK)) {
        let mut all = acceptances(source);
        found.retain(|finding| {
            let fits = |accepted: &&mut Acceptance| {
                accepted.line == finding.line && accepted.code == Some(finding.code)
            };
            if finding.path != source.path {
                return true;
            }
            let mut fitting = all.iter_mut().filter(fits).peekable();
            let kept = fitting.peek().is_none();
            fitting.for_each(|accepted| accepted.used = true);
            kept
        });
        found.extend(unused(source, &all));
    }
    found.sort_by(|a, b| {
        let place = |d: &Diagnostic| (d.line, d.column, d.code);
        (&a.path, place(a), &a.message).cmp(&(&b.path, place(b), &b.message))
    });
    found
}

fn unused(source: &Source, all: &[Acceptance]) -> Vec<Diagnostic> {
    let mut notes = Notes::new(source);
    for accepted in all.iter().filter(|accepted| !accepted.used) {
        let code = Code::UnusedAcceptance;
        let written = source.text.get(accepted.span.start..accepted.span.end);
        let written = written.unwrap_or("").trim();
        let (message, help) = match accepted.code {
            Some(known) => {
                let message = format!("there is no finding `{known}` here to accept");
                (message, code.help().to_owned())
            }
            None => {
                let known = Code::ALL.iter().map(|code| code.as_str());
                let help = suggest::did_you_mean(written, known);
                let message = format!("`{}` is no code of a finding", written.escape_debug());
                (
                    message,
                    help.unwrap_or_else(|| "write `# veto: allow(code)`".to_owned()),
                )
            }
        };
        notes.warn(accepted.span, code, message, help);
    }
    notes.found
}

/// Reads the comments of a file.
fn acceptances(source: &Source) -> Vec<Acceptance> {
    let text = &*source.text;
    let mut found = Vec::new();
    let Ok(tree) = yaml_parser::parse(text) else {
        return found;
    };
    for token in tree
        .descendants_with_tokens()
        .filter_map(|found| found.into_token())
    {
        if token.kind() == SyntaxKind::COMMENT && token.text().starts_with(MARK) {
            let start = usize::from(token.text_range().start());
            read(text, start, token.text(), &mut found);
        }
    }
    found
}

fn read(text: &str, start: usize, comment: &str, found: &mut Vec<Acceptance>) {
    let line = target(text, start);
    let mut add = |from: usize, to: usize| {
        let (from, to) = (start + from, start + to);
        found.push(Acceptance {
            line,
            code: text.get(from..to).and_then(|word| Code::parse(word.trim())),
            span: Span {
                start: from,
                end: to,
            },
            used: false,
        });
    };
    let body = comment[MARK.len()..].trim_start();
    // That one is for the mutants of suites.
    if body.split_whitespace().next() == Some("equivalent") {
        return;
    }
    let at = comment.len() - body.len();
    let codes = body
        .strip_prefix("allow(")
        .and_then(|rest| rest.split(')').next());
    let closed = body.contains(')');
    let Some(codes) = codes.filter(|_| closed) else {
        return add(at, comment.trim_end().len());
    };
    let mut from = at + "allow(".len();
    for word in codes.split(',') {
        let blank = word.len() - word.trim_start().len();
        add(from + blank, from + word.trim_end().len().max(blank));
        from += word.len() + 1;
    }
}

/// The line that a comment is about: its own, or the next one below that is no comment.
fn target(text: &str, start: usize) -> u32 {
    let before = &text[..start];
    let own = before.matches('\n').count();
    let from = before.rfind('\n').map_or(0, |at| at + 1);
    let alone = text[from..start].trim().is_empty();
    let below = text[from..].lines().enumerate().skip(1);
    let mut full = below.filter(|(_, line)| !line.trim_start().starts_with('#'));
    let line = match alone.then(|| full.next()).flatten() {
        Some((further, _)) => own + further,
        None => own,
    };
    u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1)
}
