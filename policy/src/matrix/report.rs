//! A matrix as text and as JSON.

mod grid;

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell::{Branch, Cell};
use super::guard::{Argument, Met, Requirement};
use super::places::Places;
use super::{Column, Matrix, Subject};
use crate::diagnostic::visible;

/// Cells whose conditions are listed in the text; the JSON report has all of them.
const MOST_NOTES: usize = 500;

/// A branch in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What comes of the calls.
    pub(crate) outcome: &'static str,
    /// The rule with its place. Empty: the contract of the tool.
    pub(crate) rule: String,
    /// What is asked.
    pub(crate) conditions: Vec<String>,
}

/// The branches of a cell in words, what is left over last.
pub(crate) fn lines(cell: &Cell<'_>, places: &Places) -> Vec<Line> {
    let line = |branch: &Branch<'_>| Line {
        outcome: if branch.if_allowed {
            "approval, if allowed"
        } else {
            branch.outcome.as_str()
        },
        rule: branch.rule.map_or_else(String::new, |rule| {
            let place = places.get(rule);
            let place = place.map(|(path, line)| format!(" ({path}:{line})"));
            format!("{rule}{}", place.unwrap_or_default())
        }),
        conditions: branch.conditions(),
    };
    cell.branches().map(line).collect()
}

impl Matrix<'_> {
    /// The matrix for people: a grid of tools and subjects, and the conditions of its cells by number.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut notes = Vec::new();
        let mut out = grid::write(self, &mut notes);
        for (number, place) in notes.iter().take(MOST_NOTES).enumerate() {
            let Some(cell) = self.cells.get(*place) else {
                continue;
            };
            let _ = writeln!(out, "\n[{}] {}", number + 1, cell.summary());
            note(cell, &self.places, &mut out);
        }
        if let Some(more @ 1..) = notes.len().checked_sub(MOST_NOTES) {
            let _ = writeln!(out, "\nand {more} more; the JSON report has all of them");
        }
        out
    }

    /// The matrix as JSON: `grid` tells for each subject and tool which of the `cells` stands there.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let columns = self.columns.len().max(1);
        let cells = self.cells.iter().map(|cell| self::cell(cell, &self.places));
        json!({
            "subjects": self.subjects.iter().map(subject).collect::<Vec<_>>(),
            "tools": self.columns.iter().map(column).collect::<Vec<_>>(),
            "cells": cells.collect::<Vec<_>>(),
            "grid": self.grid.chunks(columns).collect::<Vec<_>>(),
        })
    }
}

/// The branches of a cell, each with what it asks.
fn note(cell: &Cell<'_>, places: &Places, out: &mut String) {
    let lines = lines(cell, places);
    let always = cell.branches().last().is_some_and(Branch::is_always);
    for line in &lines {
        let text = format!("    {}  {}", line.outcome, line.rule);
        let _ = writeln!(out, "{}", visible(text.trim_end()));
        for condition in &line.conditions {
            let _ = writeln!(out, "      - {}", visible(condition));
        }
    }
    if !always {
        out.push_str("    deny  everything else\n");
    }
}

fn subject(subject: &Subject) -> Value {
    let agent = &subject.agent;
    let roles: Vec<_> = agent.roles.iter().map(|role| role.as_str()).collect();
    json!({
        "name": subject.name,
        "agent": agent.id.as_str(),
        "roles": roles,
        "labels": agent.labels,
    })
}

fn column(column: &Column) -> Value {
    json!({ "name": column.name, "kind": column.kind.as_str(), "example": column.tool.as_str() })
}

fn cell(cell: &Cell<'_>, places: &Places) -> Value {
    let branch = |branch: &Branch<'_>| {
        let place = branch.rule.and_then(|rule| places.get(rule));
        json!({
            "outcome": branch.outcome.as_str(),
            "only_if_allowed": branch.if_allowed,
            "rule": branch.rule(),
            "path": place.map(|(path, _)| path),
            "line": place.map(|(_, line)| line),
            "conditions": branch.requirements.iter().map(requirement).collect::<Vec<_>>(),
        })
    };
    json!({
        "kind": cell.kind().as_str(),
        "summary": cell.summary(),
        "branches": cell.branches().map(branch).collect::<Vec<_>>(),
    })
}

fn requirement(requirement: &Requirement<'_>) -> Value {
    let mut value = match requirement {
        Requirement::Contract(contract, kept) => {
            json!({ "kind": "contract", "kept": kept, "schema": contract.json })
        }
        Requirement::Window(window) => json!({
            "kind": "window",
            "not_before": window.not_before.map(|time| time.to_string()),
            "not_after": window.not_after.map(|time| time.to_string()),
        }),
        Requirement::Only(names) => json!({ "kind": "only", "arguments": names }),
        Requirement::Argument(argument) => {
            let mut value = self::argument(argument);
            value["kind"] = "argument".into();
            value
        }
        Requirement::Condition(condition, met) => {
            let met = match met {
                Met::Yes => "met",
                Met::Fails => "fails",
                Met::YesOrFails => "met_or_fails",
            };
            json!({ "kind": "condition", "when": condition.text(), "is": met })
        }
        Requirement::Typed(all) => json!({ "kind": "typed", "arguments": arguments(all) }),
        Requirement::Unless(all, condition) => json!({
            "kind": "unless",
            "arguments": arguments(all),
            "when": condition.map(crate::condition::Condition::text),
        }),
    };
    value["text"] = requirement.to_string().into();
    value
}

fn arguments(all: &[Argument<'_>]) -> Vec<Value> {
    all.iter().map(argument).collect()
}

fn argument(argument: &Argument<'_>) -> Value {
    json!({ "name": argument.name, "optional": argument.optional, "schema": *argument.json })
}
