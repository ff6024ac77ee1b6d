//! A matrix as text and as JSON.

mod grid;

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell::{Branch, Cell};
use super::guard::{Argument, Met, Requirement};
use super::places::Places;
use super::{Column, Matrix, Subject, words};
use crate::check::Terms;
use crate::diagnostic::visible;

/// Cells whose conditions are listed in the text; the JSON report has all of them.
const MOST_NOTES: usize = 500;

/// A branch in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What comes of the calls.
    pub(crate) outcome: &'static str,
    /// `policy/rule`. None: the contract of the tool.
    pub(crate) rule: Option<String>,
    /// File and line of the rule.
    pub(crate) place: Option<(String, u32)>,
    /// What is asked, and of an approval who may give it.
    pub(crate) conditions: Vec<String>,
}

impl Line {
    /// The rule with its place, as it stands behind the outcome.
    pub(crate) fn origin(&self) -> String {
        let place = self.place.as_ref();
        let place = place.map(|(path, line)| format!(" ({path}:{line})"));
        let rule = self.rule.as_deref().unwrap_or_default();
        format!("{rule}{}", place.unwrap_or_default())
    }
}

/// The branches of a cell in words.
pub(crate) fn lines(cell: &Cell<'_>, places: &Places) -> Vec<Line> {
    let line = |branch: &Branch<'_>| {
        let mut conditions = branch.conditions();
        conditions.extend(branch.terms().map(words::terms));
        Line {
            outcome: if branch.if_allowed {
                "approval, if allowed"
            } else {
                branch.outcome.as_str()
            },
            rule: branch.rule(),
            place: branch.rule.and_then(|rule| {
                let (path, line) = places.get(rule)?;
                Some((path.to_owned(), line))
            }),
            conditions,
        }
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
        let text = format!("    {}  {}", line.outcome, line.origin());
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
    let branches = cell.branches().map(|branch| branch_json(branch, places));
    json!({
        "kind": cell.kind().as_str(),
        "summary": cell.summary(),
        "branches": branches.collect::<Vec<_>>(),
    })
}

/// A branch as JSON.
fn branch_json(branch: &Branch<'_>, places: &Places) -> Value {
    let place = branch.rule.and_then(|rule| places.get(rule));
    let conditions = branch.requirements.iter().map(requirement_json);
    json!({
        "outcome": branch.outcome.as_str(),
        "only_if_allowed": branch.if_allowed,
        "rule": branch.rule(),
        "path": place.map(|(path, _)| path),
        "line": place.map(|(_, line)| line),
        "conditions": conditions.collect::<Vec<_>>(),
        "approval": branch.terms().map(terms),
    })
}

/// The terms of an approval as JSON.
fn terms(terms: &Terms) -> Value {
    json!({
        "approvers": terms.approvers,
        "quorum": terms.quorum,
        "expires_seconds": terms.expires.as_secs(),
        "independent": terms.independent,
        "text": words::terms(terms),
    })
}

/// A requirement as JSON.
pub(crate) fn requirement_json(requirement: &Requirement<'_>) -> Value {
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
