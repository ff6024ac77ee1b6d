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

use self::token::TokenKind;
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

/// A sign or a number of a condition, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) number: bool,
}

/// The signs and numbers of a text; none of one that has no tokens.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let tokens = token::tokens(text).unwrap_or_default();
    let piece = |token: token::Token<'_>| {
        let number = match token.kind {
            TokenKind::Sign => false,
            TokenKind::Int | TokenKind::Uint | TokenKind::Double => true,
            TokenKind::Name
            | TokenKind::Quoted
            | TokenKind::Text
            | TokenKind::Bytes
            | TokenKind::End => return None,
        };
        let (start, end) = token.span();
        Some(Piece { start, end, number })
    };
    tokens.into_iter().filter_map(piece).collect()
}

#[cfg(test)]
mod tests;
