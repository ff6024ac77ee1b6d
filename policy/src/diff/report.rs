//! Changes as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::change::{BranchChange, Change, Place};
use super::lists::ListChange;
use super::{Changes, Direction};
use crate::diagnostic::visible;

/// Changes that the text shows; the JSON report has all of them.
const MOST_CHANGES: usize = 200;
/// Values of a list, and names of tools and subjects, that a line shows.
const MOST_NAMES: usize = 12;

impl Changes {
    /// The changes for people: looser ones first.
    #[must_use]
    pub fn to_text(&self) -> String {
        let [looser, different, stricter] = self.counts();
        let compared = self.compared;
        let mut out = if self.is_empty() {
            format!("no call is decided otherwise; {compared} cells compared\n")
        } else {
            format!(
                "{looser} looser, {different} different, {stricter} stricter; {compared} cells compared\n"
            )
        };
        for change in self.changes.iter().take(MOST_CHANGES) {
            out.push('\n');
            self::change(change, &mut out);
        }
        if let Some(more @ 1..) = self.changes.len().checked_sub(MOST_CHANGES) {
            let _ = writeln!(
                out,
                "\nand {more} more changes; the JSON report has all of them"
            );
        }
        for list in self.lists.iter().take(MOST_CHANGES) {
            out.push('\n');
            self::list(list, &mut out);
        }
        if let Some(more @ 1..) = self.lists.len().checked_sub(MOST_CHANGES) {
            let _ = writeln!(
                out,
                "\nand {more} more lists; the JSON report has all of them"
            );
        }
        out
    }

    /// The changes as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let [looser, different, stricter] = self.counts();
        json!({
            "compared": self.compared,
            "looser": looser,
            "different": different,
            "stricter": stricter,
            "changes": self.changes.iter().map(change_json).collect::<Vec<_>>(),
            "lists": self.lists.iter().map(list_json).collect::<Vec<_>>(),
        })
    }

    /// Which way a cell changed; None: it means what it meant before.
    #[must_use]
    pub fn direction(&self, subject: &str, tool: &str) -> Option<Direction> {
        let is_cell = |(row, column): &(String, String)| row == subject && column == tool;
        let mut changes = self.changes.iter();
        let found = changes.find(|change| change.cells.iter().any(is_cell));
        found.map(|change| change.direction)
    }
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{}", visible(text));
}

/// Names with `and N more` behind those that are shown.
fn some(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<_> = names.iter().take(MOST_NAMES).map(AsRef::as_ref).collect();
    match names.len().checked_sub(MOST_NAMES) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        Some(0) | None => shown.join(", "),
    }
}

/// The cells: tools by subject, subjects with the same tools together.
fn cells(change: &Change) -> Vec<String> {
    let mut by_subject: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (subject, tool) in &change.cells {
        by_subject.entry(subject).or_default().push(tool);
    }
    let mut by_tools: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (subject, tools) in by_subject {
        by_tools.entry(tools).or_default().push(subject);
    }
    let pair = |(tools, subjects): (&Vec<&str>, &Vec<&str>)| {
        format!("{} for {}", some(tools), some(subjects))
    };
    by_tools.iter().map(pair).collect()
}

fn change(change: &Change, out: &mut String) {
    let cells = cells(change);
    let direction = change.direction.as_str();
    for (at, cell) in cells.iter().take(MOST_NAMES).enumerate() {
        let head = if at == 0 { direction } else { "" };
        line(out, &format!("{head:<9}  {cell}"));
    }
    if let Some(more @ 1..) = cells.len().checked_sub(MOST_NAMES) {
        let _ = writeln!(out, "           and {more} more");
    }
    if change.before == change.after {
        line(out, &format!("  {}", change.after));
    } else {
        line(out, &format!("  {} → {}", change.before, change.after));
    }
    change.branches.iter().for_each(|one| branch(one, out));
    for name in &change.lists {
        line(out, &format!("  ~ list `{name}` differs"));
    }
    for bound in change.contract.iter().take(MOST_NAMES) {
        line(out, &format!("  ~ schema of the tool: {bound}"));
    }
    if let Some(more @ 1..) = change.contract.len().checked_sub(MOST_NAMES) {
        let _ = writeln!(out, "  ~ schema of the tool: and {more} more");
    }
}

fn branch(branch: &BranchChange, out: &mut String) {
    let sign = match (branch.was_there, branch.is_there) {
        (true, true) => ' ',
        (false, _) => '+',
        (true, false) => '-',
    };
    let at = |place: &Place| format!("{} ({}:{})", place.rule, place.path, place.line);
    let origin = match (&branch.old, &branch.new) {
        (Some(old), Some(new)) if old.rule != new.rule => format!("{} → {}", at(old), at(new)),
        (_, Some(place)) | (Some(place), None) => at(place),
        (None, None) => String::new(),
    };
    line(
        out,
        format!("  {sign} {}  {origin}", branch.outcome).trim_end(),
    );
    for (sign, all) in [
        (' ', &branch.kept),
        ('-', &branch.removed),
        ('+', &branch.added),
    ] {
        for condition in all {
            line(out, &format!("  {sign}   - {condition}"));
        }
    }
}

fn list(list: &ListChange, out: &mut String) {
    let kind = match list.types {
        None => String::new(),
        Some((None, _)) => ", new".to_owned(),
        Some((_, None)) => ", gone".to_owned(),
        Some((Some(old), Some(new))) => format!(", of type {old} → {new}"),
    };
    line(
        out,
        &format!("list `{}` ({}:{}){kind}", list.name, list.path, list.line),
    );
    for (sign, values) in [('-', &list.removed), ('+', &list.added)] {
        if !values.is_empty() {
            line(out, &format!("  {sign} {}", some(values)));
        }
    }
}

fn change_json(change: &Change) -> Value {
    let cells = change.cells.iter();
    let cells = cells.map(|(subject, tool)| json!({ "subject": subject, "tool": tool }));
    json!({
        "direction": change.direction.as_str(),
        "cells": cells.collect::<Vec<_>>(),
        "before": change.before,
        "after": change.after,
        "branches": change.branches.iter().map(branch_json).collect::<Vec<_>>(),
        "lists": change.lists,
        "contract": change.contract,
    })
}

fn branch_json(branch: &BranchChange) -> Value {
    let place = |place: &Option<Place>| {
        let place = place.as_ref();
        place.map(|p| json!({ "rule": p.rule, "path": p.path, "line": p.line }))
    };
    json!({
        "outcome": branch.outcome,
        "change": match (branch.was_there, branch.is_there) {
            (true, true) => "changed",
            (false, _) => "added",
            (true, false) => "removed",
        },
        "old": place(&branch.old),
        "new": place(&branch.new),
        "kept": branch.kept,
        "removed": branch.removed,
        "added": branch.added,
    })
}

fn list_json(list: &ListChange) -> Value {
    json!({
        "name": list.name,
        "path": list.path,
        "line": list.line,
        "added": list.added,
        "removed": list.removed,
        "type_before": list.types.and_then(|types| types.0),
        "type_after": list.types.and_then(|types| types.1),
        "type_changed": list.types.is_some(),
    })
}
