//! Reads CEL with the parser of the `cel` crate, behind bounds that keep it from running away.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{IdedExpr, SourceInfo};

use super::{Problem, limits};
use crate::diagnostic::{DiagnosticCode, DiagnosticSeverity};

/// An expression as parsed, with the places of its nodes.
pub(super) struct Parsed {
    pub(super) root: IdedExpr,
    pub(super) places: SourceInfo,
}

/// Reads the text of a condition.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Problem>> {
    bound(text).map_err(|problem| vec![problem])?;
    // The parser is generated code of another crate, and the text comes from people: a panic of its
    // must become an error of the text. It is given nothing that it could leave half changed.
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        // An environment without macros leaves `all()` and the like as calls, which `lower` reads.
        cel::Env::default().parser().parse_with_source_info(text)
    }));
    match parsed {
        Ok(Ok((root, places))) => Ok(Parsed { root, places }),
        Ok(Err(errors)) => {
            let mut problems: Vec<_> = errors
                .errors
                .iter()
                .map(|error| {
                    let start = offset(text, error.pos);
                    let end = text[start..]
                        .chars()
                        .next()
                        .map_or(start, |c| start + c.len_utf8());
                    syntax(start, end, &short(&error.msg))
                })
                .collect();
            // One mistake often makes several errors; the first is the one to correct.
            problems.truncate(1);
            Err(problems)
        }
        Err(_) => Err(vec![syntax(0, text.len(), "the expression cannot be read")]),
    }
}

fn syntax(start: usize, end: usize, message: &str) -> Problem {
    let message = format!("not a CEL expression: {message}");
    let code = DiagnosticCode::ConditionSyntax;
    Problem {
        start,
        end,
        severity: DiagnosticSeverity::Error,
        code,
        message,
        help: String::new(),
    }
}

/// The parser's messages list every token it could have taken; the first part says it all.
fn short(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting {").next().unwrap_or(message);
    message.chars().take(120).collect()
}

fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(column).unwrap_or(1).max(1) - 1;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start..];
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at)
}

/// Refuses what could make the recursive parser run out of stack, before it starts: its recursion
/// follows brackets, prefix operators, `?:` and chains of infix operators.
fn bound(text: &str) -> Result<(), Problem> {
    let large = |message: String| Problem {
        start: 0,
        end: text.len(),
        severity: DiagnosticSeverity::Error,
        code: DiagnosticCode::ConditionTooLarge,
        message,
        help: DiagnosticCode::ConditionTooLarge.help().to_owned(),
    };
    if text.len() > limits::BYTES {
        let message = format!(
            "the condition has {} bytes; at most {} are read",
            text.len(),
            limits::BYTES
        );
        return Err(large(message));
    }
    let (mut depth, mut deepest, mut operators, mut tokens) = (0_usize, 0, 0_usize, 0_usize);
    if text.contains("\'\'\'") || text.contains("\"\"\"") {
        return Err(syntax(
            0,
            text.len(),
            "triple quotes are not part of the language",
        ));
    }
    // The quote that is open, and whether a backslash means itself there.
    let mut quote: Option<(char, bool)> = None;
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let last = std::mem::replace(&mut before, c);
        match (quote, c) {
            // A text ends with its line; what follows is code again, as the parser sees it.
            (Some(_), '\n') => quote = None,
            (Some((_, false)), '\\') => {
                characters.next();
            }
            (Some((open, _)), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => {
                quote = Some((c, matches!(last, 'r' | 'R')));
                tokens += 1;
            }
            (None, '/') if last == '/' => while characters.next_if(|c| *c != '\n').is_some() {},
            (None, '(' | '[' | '{') => {
                depth += 1;
                deepest = deepest.max(depth);
                tokens += 1;
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '!' | '-' | '+' | '*' | '/' | '%' | '?' | '<' | '>' | '=' | '.') => {
                operators += 1
            }
            (None, ',' | '&' | '|' | ':') => tokens += 1,
            (None, _) => {}
        }
    }
    if deepest > limits::DEPTH {
        return Err(large(format!(
            "brackets are nested {deepest} deep; at most {} are read",
            limits::DEPTH
        )));
    }
    if operators > 400 || tokens > limits::NODES {
        return Err(large(format!(
            "the condition has {operators} operators; at most 400 are read"
        )));
    }
    Ok(())
}
