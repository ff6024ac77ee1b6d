//! Conditions: a documented subset of CEL, parsed by the `cel` crate, checked and evaluated here.
//!
//! `parse` bounds and reads the text, `lower` checks it and turns it into `expression`, `evaluate`
//! computes it over an `environment` within a budget of steps. Nothing here panics or recurses
//! deeper than the checker allows.

mod environment;
mod evaluate;
mod expression;
mod functions;
mod lower;
mod number;
mod parse;
mod time;
mod url;
mod value;

use std::collections::BTreeSet;

pub(crate) use environment::Environment;
pub(crate) use number::Number;

use crate::diagnostic::DiagnosticCode;
use crate::list::Lists;
use expression::Expression;

/// Limits of a condition.
pub(crate) mod limits {
    /// Longest text, in bytes.
    pub(crate) const BYTES: usize = 4 * 1024;
    /// Most nodes.
    pub(crate) const NODES: usize = 1_000;
    /// Deepest nesting.
    pub(crate) const DEPTH: usize = 32;
    /// Deepest nesting of `all`, `exists`, `exists_one`, `map` and `filter`.
    pub(crate) const LOOPS: usize = 2;
    /// Steps of one evaluation.
    pub(crate) const STEPS: u32 = 100_000;
}

/// Checks a regular expression: RE2 syntax, linear time, bounded size.
pub(crate) fn pattern(text: &str) -> Result<(), String> {
    lower::pattern(text)
}

/// Microseconds of a text such as `15m`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    time::duration(text)
}

/// A condition that was checked.
#[derive(Debug)]
pub(crate) struct Condition(Expression);

/// Something wrong with a condition: the bytes that are meant, and what to say about them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) code: DiagnosticCode,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// What a condition may name, known when it is compiled.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    /// The names of a closed `arguments`; None: any argument may stand in the call.
    pub(crate) arguments: Option<&'a BTreeSet<String>>,
    /// The lists of the policy set.
    pub(crate) lists: &'a Lists,
}

/// Why a condition could not be evaluated, in words without values of the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Condition {
    /// Compiles the text of a `when`.
    pub(crate) fn compile(text: &str, names: &Names<'_>) -> Result<Self, Vec<Problem>> {
        let parsed = parse::parse(text)?;
        lower::lower(text, &parsed, names).map(Self)
    }

    /// Tells whether the condition is met.
    pub(crate) fn is_met<'a>(&'a self, environment: &'a Environment<'a>) -> Result<bool, Failure> {
        evaluate::evaluate(&self.0, environment)
    }
}

#[cfg(test)]
mod tests;
