//! What a condition is lowered to: names resolved, patterns compiled, macros turned into loops.

use regex::Regex;

use super::constant::Constant;
use super::environment::Variable;
use super::functions::Function;
use super::number::{Number, Operation};
use super::time::{Part, Zone};
use crate::glob::Glob;

/// A checked expression; its depth and size are bounded by the checker.
#[derive(Debug)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    /// A value that was computed beforehand.
    Constant(Constant),
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
    /// A part of a time, as clocks of a zone show it.
    Part(Part, Box<Self>, Zone),
    Matches(Box<Self>, Regex),
    MatchesGlob(Box<Self>, Glob),
    Items(Vec<Self>),
    Entries(Vec<(Self, Self)>),
    /// An element or the value of an entry that is left out when the optional has none: `[?a]`.
    Maybe(Box<Self>),
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
            | Self::Constant(_)
            | Self::Variable(_)
            | Self::Local(_) => Vec::new(),
            Self::Select(of, _)
            | Self::OptionalSelect(of, _)
            | Self::Has(of, _)
            | Self::Not(of)
            | Self::Negate(of)
            | Self::Maybe(of)
            | Self::Part(_, of, _)
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

    /// The same, to change them.
    pub(super) fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Constant(_)
            | Self::Variable(_)
            | Self::Local(_) => Vec::new(),
            Self::Select(of, _)
            | Self::OptionalSelect(of, _)
            | Self::Has(of, _)
            | Self::Not(of)
            | Self::Negate(of)
            | Self::Maybe(of)
            | Self::Part(_, of, _)
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
            Self::Call(_, parts) | Self::Items(parts) => parts.iter_mut().collect(),
            Self::Entries(entries) => entries
                .iter_mut()
                .flat_map(|(key, value)| [key, value])
                .collect(),
            Self::Loop(looped) => {
                let mut parts = vec![&mut looped.over, &mut looped.body];
                parts.extend(&mut looped.filter);
                parts
            }
        }
    }

    /// Tells whether it reads no variable at all, of loops around it neither.
    pub(super) fn is_constant(&self) -> bool {
        !matches!(self, Self::Variable(_) | Self::Local(_) | Self::Maybe(_))
            && self.parts().into_iter().all(Self::is_constant)
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
    /// Evaluated for each element, which is the newest local, or with its index or key the two newest.
    pub(crate) body: Expression,
    /// Of `map` with three arguments: the elements to take.
    pub(crate) filter: Option<Expression>,
    /// It has two variables: the index and the element, or the key and the value.
    pub(crate) pairs: bool,
}

/// What a loop computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    /// `map`, or `transformList` with two variables.
    Map,
    /// `transformMap`: a map of the same keys.
    MapValues,
    /// `optMap`: over an optional, as over a list of at most one.
    Optional,
    /// `optFlatMap`: the body makes the optional.
    OptionalFlat,
}

impl LoopKind {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "exists" => Self::Exists,
            "exists_one" | "existsOne" => Self::ExistsOne,
            "filter" => Self::Filter,
            "map" | "transformList" => Self::Map,
            "transformMap" => Self::MapValues,
            "optMap" => Self::Optional,
            "optFlatMap" => Self::OptionalFlat,
            _ => return None,
        })
    }
}
