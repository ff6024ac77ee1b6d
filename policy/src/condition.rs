//! Conditions: a documented subset of CEL, read, checked and evaluated here.
//!
//! `parse` bounds and reads the text, `lower` checks it and turns it into `expression`, `evaluate`
//! computes it over an `environment` within a budget of steps. Nothing here panics or recurses
//! deeper than the checker allows.

mod cache;
mod cidr;
#[cfg(test)]
mod conformance;
mod constant;
mod cost;
mod environment;
mod evaluate;
mod expression;
mod facts;
mod functions;
mod host;
mod lower;
mod number;
mod parse;
mod path;
mod time;
mod trace;
mod types;
mod url;
mod value;

use std::sync::Arc;

pub(crate) use cache::ConditionCache;
pub(crate) use environment::Environment;
pub use functions::{FunctionDoc, condition_functions};
pub(crate) use number::Number;
pub(crate) use parse::{Piece, pieces};
pub(crate) use trace::Step;
pub(crate) use types::{Declared, Shape};

use crate::diagnostic::{DiagnosticCode, DiagnosticSeverity};
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
    /// Longest text that a pattern is matched against, in bytes.
    pub(crate) const MATCHED: usize = 8 * 1024;
    /// Longest text that a condition makes, in bytes.
    pub(crate) const TEXT: usize = 64 * 1024;
    /// Longest list and largest map that a condition makes.
    pub(crate) const ITEMS: usize = 1_000;
    /// Steps of one evaluation.
    pub(crate) const STEPS: u32 = 100_000;
}

/// Compiles a regular expression: RE2 syntax, linear time, bounded size, ASCII classes.
pub(crate) fn pattern(text: &str) -> Result<regex::Regex, String> {
    lower::pattern(text)
}

/// Microseconds of a text such as `15m`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    time::duration(text)
}

/// A condition that was checked; cheap to share.
#[derive(Debug, Clone)]
pub(crate) struct Condition(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    expression: Expression,
    text: Box<str>,
}

/// A condition with what is worth a look in it.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) condition: Condition,
    pub(crate) warnings: Arc<[Problem]>,
}

/// Something wrong with a condition: the bytes that are meant, and what to say about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) severity: DiagnosticSeverity,
    pub(crate) code: DiagnosticCode,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// What a condition may name, known when it is compiled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    /// The arguments of a call for which the condition is evaluated.
    pub(crate) arguments: &'a Declared,
    /// The lists of the policy set.
    pub(crate) lists: &'a Lists,
}

/// Why a condition could not be evaluated, in words without values of the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Condition {
    /// Compiles the text of a `when`; errors come with the warnings.
    pub(crate) fn compile(text: &str, names: &Names<'_>) -> Result<Checked, Vec<Problem>> {
        let parsed = parse::parse(text)?;
        let (mut expression, warnings) = lower::lower(text, &parsed, names)?;
        cost::limit(text, &expression, names).map_err(|problem| vec![problem])?;
        constant::fold(&mut expression);
        let inner = Inner {
            expression,
            text: text.into(),
        };
        Ok(Checked {
            condition: Self(Arc::new(inner)),
            warnings: warnings.into(),
        })
    }

    /// The condition as written.
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    /// Tells whether the condition is met.
    pub(crate) fn is_met<'a>(&'a self, environment: &'a Environment<'a>) -> Result<bool, Failure> {
        evaluate::evaluate(&self.0.expression, environment)
    }
}

#[cfg(test)]
mod tests;
