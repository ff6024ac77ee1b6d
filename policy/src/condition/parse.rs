//! Reads the syntax of CEL into the tree of the `cel` crate.
//!
//! The parser is our own: one that is generated from the grammar predicts with a recursion whose depth
//! nobody bounds, and a condition of sixty bytes is enough to run a thread out of stack with it.
//! Here a bracket, and nothing else, costs stack, and the tree is not deeper than the checker takes.

mod grammar;
mod literal;
mod member;
mod token;

use std::collections::HashMap;

use cel::common::ast::IdedExpr;

use super::{Problem, limits};
use crate::diagnostic::{DiagnosticCode, DiagnosticSeverity};

/// An expression as parsed, with the places of its nodes.
pub(super) struct Parsed {
    pub(super) root: IdedExpr,
    places: HashMap<u64, Place>,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its name or operator.
    pub(super) token: (usize, usize),
    /// All of it, without brackets around it.
    pub(super) whole: (usize, usize),
}

impl Parsed {
    /// Where a node stands.
    pub(super) fn place(&self, node: &IdedExpr) -> Option<Place> {
        self.places.get(&node.id).copied()
    }
}

/// Reads the text of a condition.
pub(super) fn parse(text: &str) -> Result<Parsed, Vec<Problem>> {
    let read = || {
        if text.len() > limits::BYTES {
            let message = format!(
                "the condition has {} bytes; at most {} are read",
                text.len(),
                limits::BYTES
            );
            return Err(too_large((0, text.len()), message));
        }
        grammar::parse(text, token::tokens(text)?)
    };
    read().map_err(|problem| vec![problem])
}

fn syntax((start, end): (usize, usize), message: &str) -> Problem {
    Problem {
        start,
        end,
        severity: DiagnosticSeverity::Error,
        code: DiagnosticCode::ConditionSyntax,
        message: format!("not a CEL expression: {message}"),
        help: String::new(),
    }
}

fn too_large((start, end): (usize, usize), message: String) -> Problem {
    Problem {
        start,
        end,
        severity: DiagnosticSeverity::Error,
        code: DiagnosticCode::ConditionTooLarge,
        message,
        help: DiagnosticCode::ConditionTooLarge.help().to_owned(),
    }
}

#[cfg(test)]
mod tests;
