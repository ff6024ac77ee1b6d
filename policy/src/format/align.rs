//! Puts schemas and comments of neighbouring lines into columns. Only spaces are added, where one stands already.

use std::collections::BTreeMap;

use yaml_parser::{SyntaxElement, SyntaxError, SyntaxKind as Kind, SyntaxNode};

use super::WIDTH;
use crate::source::LineIndex;

/// Mappings whose values read as a table: names, each with what it is.
const TABLES: [&str; 6] = [
    "arguments",
    "properties",
    "definitions",
    "$defs",
    "agents",
    "users",
];

/// Comments that stand further apart than this belong to different things.
const SPREAD: usize = 40;

/// A place where spaces may be added, on a line of its own.
struct Stop {
    line: u32,
    offset: usize,
    /// How far the text before it reaches, in characters.
    column: usize,
    /// How far the line reaches with it, in characters.
    end: usize,
}

/// Aligns the text, which is laid out already.
pub(super) fn columns(text: &str) -> Result<String, SyntaxError> {
    let tree = yaml_parser::parse(text)?;
    let lines = LineIndex::new(text);
    let at = |offset: usize| lines.position(text, offset);
    let mut added: BTreeMap<usize, usize> = BTreeMap::new();
    // What a line has grown by.
    let mut grown: BTreeMap<u32, usize> = BTreeMap::new();
    for table in tree.descendants().filter(is_table) {
        let entries = table.children().filter_map(|entry| value(&entry, &at));
        for run in runs(entries.collect()) {
            for (stop, pad) in padded(&run, WIDTH) {
                added.insert(stop.offset, pad);
                grown.insert(stop.line, pad);
            }
        }
    }
    let comments = tree.descendants_with_tokens().filter_map(|found| {
        let mut stop = comment(&found, &at)?;
        let pad = grown.get(&stop.line).copied().unwrap_or(0);
        stop.column += pad;
        stop.end += pad;
        Some(stop)
    });
    for run in runs(comments.collect()) {
        let least = run.iter().map(|stop| stop.column).min().unwrap_or(0);
        if run.iter().all(|stop| stop.column <= least + SPREAD) {
            added.extend(padded(&run, WIDTH).map(|(stop, pad)| (stop.offset, pad)));
        }
    }
    Ok(insert(text, &added))
}

fn is_table(node: &SyntaxNode) -> bool {
    let entry = |node: &SyntaxNode| node.kind() == Kind::BLOCK_MAP_ENTRY;
    let key = || {
        let entry = node.ancestors().skip(1).find(entry)?;
        entry
            .children()
            .find(|child| child.kind() == Kind::BLOCK_MAP_KEY)
    };
    // A sequence in between means items of the key, not names.
    let direct = node.ancestors().skip(1).take_while(|node| !entry(node));
    node.kind() == Kind::BLOCK_MAP
        && direct
            .into_iter()
            .all(|node| node.kind() != Kind::BLOCK_SEQ)
        && key().is_some_and(|key| TABLES.iter().any(|name| key.text() == *name))
}

/// Where the value of an entry on one line may move to.
fn value(entry: &SyntaxNode, at: &dyn Fn(usize) -> (u32, u32)) -> Option<Stop> {
    entry
        .children()
        .find(|child| child.kind() == Kind::BLOCK_MAP_VALUE)?;
    let colon = entry
        .children_with_tokens()
        .find(|child| child.kind() == Kind::COLON)?;
    let offset = usize::from(colon.text_range().end());
    let (line, column) = at(offset);
    let (last, end) = at(entry.text_range().end().into());
    (line == last).then(|| stop(line, offset, column, end))
}

/// Where a comment behind something may move to.
fn comment(found: &SyntaxElement, at: &dyn Fn(usize) -> (u32, u32)) -> Option<Stop> {
    let token = found
        .as_token()
        .filter(|token| token.kind() == Kind::COMMENT)?;
    let before = token.prev_token()?;
    let behind = before.kind() == Kind::WHITESPACE && !before.text().contains('\n');
    let before = before.prev_token().filter(|_| behind)?;
    if before.text().ends_with('\n') {
        return None;
    }
    let (line, column) = at(token.text_range().start().into());
    let (_, end) = at(token.text_range().end().into());
    Some(stop(line, token.text_range().start().into(), column, end))
}

fn stop(line: u32, offset: usize, column: u32, end: u32) -> Stop {
    let wide = |n: u32| usize::try_from(n).unwrap_or(usize::MAX).saturating_sub(1);
    Stop {
        line,
        offset,
        column: wide(column),
        end: wide(end),
    }
}

/// Splits into runs of neighbouring lines.
fn runs(stops: Vec<Stop>) -> Vec<Vec<Stop>> {
    let mut runs: Vec<Vec<Stop>> = Vec::new();
    for stop in stops {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last.line + 1 == stop.line) => {
                run.push(stop)
            }
            _ => runs.push(vec![stop]),
        }
    }
    runs
}

/// The spaces that bring all of a run to one column; none where a line would become too long.
fn padded(run: &[Stop], width: usize) -> impl Iterator<Item = (&Stop, usize)> {
    let target = run.iter().map(|stop| stop.column).max().unwrap_or(0);
    let fits = run
        .iter()
        .all(|stop| stop.column == target || stop.end + target - stop.column <= width);
    run.iter()
        .filter(move |_| fits)
        .map(move |stop| (stop, target - stop.column))
}

fn insert(text: &str, added: &BTreeMap<usize, usize>) -> String {
    let mut out = String::with_capacity(text.len() + added.values().sum::<usize>());
    let mut done = 0;
    for (offset, spaces) in added {
        out.push_str(&text[done..*offset]);
        out.extend(std::iter::repeat_n(' ', *spaces));
        done = *offset;
    }
    out.push_str(&text[done..]);
    out
}
