//! What a condition is lowered to: names resolved, patterns compiled, macros turned into loops.

use regex::Regex;

use super::environment::Variable;
use super::functions::Function;
use super::number::{Number, Operation};
use crate::glob::Glob;

/// A checked expression; its depth and size are bounded by the checker.
#[derive(Debug)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Variable(Variable),
    /// A variable of a loop, by its place on the stack.
    Local(usize),
    /// A property that must be there.
    Select(Box<Self>, String),
    /// A property that may be absent: `a.?b`.
    OptionalSelect(Box<Self>, String),
    /// Whether a property is there: `has(a.b)`.
    Has(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    OptionalIndex(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Negate(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Conditional(Box<Self>, Box<Self>, Box<Self>),
    Equal(Box<Self>, Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
    In(Box<Self>, Box<Self>),
    Calculate(Operation, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
    Matches(Box<Self>, Regex),
    MatchesGlob(Box<Self>, Glob),
    Items(Vec<Self>),
    Entries(Vec<(Self, Self)>),
    Loop(Box<Loop>),
}

impl Expression {
    /// The expressions right below this one.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Variable(_)
            | Self::Local(_) => Vec::new(),
            Self::Select(of, _)
            | Self::OptionalSelect(of, _)
            | Self::Has(of, _)
            | Self::Not(of)
            | Self::Negate(of)
            | Self::Matches(of, _)
            | Self::MatchesGlob(of, _) => vec![of],
            Self::Index(a, b)
            | Self::OptionalIndex(a, b)
            | Self::And(a, b)
            | Self::Or(a, b)
            | Self::Equal(a, b)
            | Self::Compare(_, a, b)
            | Self::In(a, b)
            | Self::Calculate(_, a, b) => vec![a, b],
            Self::Conditional(test, yes, no) => vec![test, yes, no],
            Self::Call(_, parts) | Self::Items(parts) => parts.iter().collect(),
            Self::Entries(entries) => entries
                .iter()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Self::Loop(looped) => {
                let mut parts = vec![&looped.over, &looped.body];
                parts.extend(&looped.filter);
                parts
            }
        }
    }

    /// Tells whether it reads a variable of the call or a list; where not, it is always the same.
    pub(crate) fn reads(&self) -> bool {
        matches!(self, Self::Variable(_)) || self.parts().into_iter().any(Self::reads)
    }
}

/// An order that two values may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A loop over a list or the keys of a map.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) kind: LoopKind,
    pub(crate) over: Expression,
    /// Evaluated for each element, which is the newest local.
    pub(crate) body: Expression,
    /// Of `map` with three arguments: the elements to take.
    pub(crate) filter: Option<Expression>,
}

/// What a loop computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl LoopKind {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" | "existsOne" => Self::ExistsOne,
            "filter" => Self::Filter,
            "map" => Self::Map,
            _ => return None,
        })
    }
}
