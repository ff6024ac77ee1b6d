//! What can be told of a condition without a call. It says yes only when that is certain.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds of expressions can be told about, and all others are alike"
)]

use std::collections::BTreeMap;

use super::Condition;
use super::constant::Constant;
use super::environment::Variable;
use super::expression::{Comparison, Expression};
use super::number::Number;
use crate::schema::Range;

impl Condition {
    /// Tells whether it is false for every call, and never fails; those that read nothing at all are told
    /// of when they are compiled.
    pub(crate) fn is_false(&self) -> bool {
        self.0.expression.reads() && is_false(&self.0.expression)
    }

    /// Tells whether no call meets it; it may fail. `numbers` gives the range of an argument.
    pub(crate) fn contradicts_itself(&self, numbers: impl Fn(&str) -> Option<Range>) -> bool {
        let mut facts = BTreeMap::new();
        self.0.expression.reads() && !consistent(&self.0.expression, &mut facts, &numbers)
    }

    /// Tells whether it reads an argument.
    pub(crate) fn reads_arguments(&self) -> bool {
        reads_arguments(&self.0.expression)
    }
}

fn reads_arguments(expression: &Expression) -> bool {
    matches!(expression, Expression::Variable(Variable::Args))
        || expression.parts().into_iter().any(reads_arguments)
}

fn is_false(expression: &Expression) -> bool {
    match expression {
        Expression::Bool(value) | Expression::Constant(Constant::Bool(value)) => !value,
        // A side that fails does not matter beside one that is false.
        Expression::And(a, b) => is_false(a) || is_false(b),
        Expression::Or(a, b) => is_false(a) && is_false(b),
        _ => false,
    }
}

/// What must hold of one value.
#[derive(Debug, Default)]
struct Fact<'a> {
    range: Range,
    equal: Option<Literal<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum Literal<'a> {
    Number(Number),
    Text(&'a str),
    Bool(bool),
}

type Facts<'a> = BTreeMap<String, Fact<'a>>;

/// Takes note of what must hold for the expression to be true; false when that cannot be.
fn consistent<'a>(
    expression: &'a Expression,
    facts: &mut Facts<'a>,
    numbers: &impl Fn(&str) -> Option<Range>,
) -> bool {
    match expression {
        Expression::And(a, b) => consistent(a, facts, numbers) && consistent(b, facts, numbers),
        Expression::Compare(comparison, a, b) => {
            if let (Some(path), Some(Literal::Number(at))) = (path(a), literal(b)) {
                return note(facts, path, numbers, |fact| {
                    bound(&mut fact.range, *comparison, at);
                });
            }
            if let (Some(Literal::Number(at)), Some(path)) = (literal(a), path(b)) {
                return note(facts, path, numbers, |fact| {
                    bound(&mut fact.range, turned(*comparison), at);
                });
            }
            true
        }
        Expression::Equal(a, b) => {
            let sides = [(a, b), (b, a)];
            let known = sides
                .into_iter()
                .find_map(|(a, b)| Some((path(a)?, literal(b)?)));
            let Some((path, value)) = known else {
                return true;
            };
            let fact = fact(facts, path, numbers);
            if fact.equal.is_some_and(|known| !same(known, value)) {
                return false;
            }
            fact.equal = Some(value);
            let Literal::Number(at) = value else {
                // A range says nothing about other values.
                return true;
            };
            fact.range.above(at, false);
            fact.range.below(at, false);
            !fact.range.is_empty()
        }
        expression => !is_false(expression),
    }
}

fn note<'f, 'a>(
    facts: &'f mut Facts<'a>,
    path: String,
    numbers: &impl Fn(&str) -> Option<Range>,
    change: impl FnOnce(&mut Fact<'a>),
) -> bool {
    let fact = fact(facts, path, numbers);
    change(fact);
    !fact.range.is_empty()
}

fn fact<'f, 'a>(
    facts: &'f mut Facts<'a>,
    path: String,
    numbers: &impl Fn(&str) -> Option<Range>,
) -> &'f mut Fact<'a> {
    let range = path.strip_prefix("Args/").and_then(numbers);
    facts.entry(path).or_insert_with(|| Fact {
        range: range.unwrap_or_default(),
        equal: None,
    })
}

fn same(a: Literal<'_>, b: Literal<'_>) -> bool {
    match (a, b) {
        (Literal::Number(a), Literal::Number(b)) => {
            a.order(b).is_none_or(std::cmp::Ordering::is_eq)
        }
        (Literal::Text(a), Literal::Text(b)) => a == b,
        (Literal::Bool(a), Literal::Bool(b)) => a == b,
        _ => false,
    }
}

const fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

fn bound(range: &mut Range, comparison: Comparison, at: Number) {
    match comparison {
        Comparison::Less => range.below(at, true),
        Comparison::LessOrEqual => range.below(at, false),
        Comparison::Greater => range.above(at, true),
        Comparison::GreaterOrEqual => range.above(at, false),
    }
}

fn literal(expression: &Expression) -> Option<Literal<'_>> {
    Some(match expression {
        Expression::Number(number) | Expression::Constant(Constant::Number(number)) => {
            Literal::Number(*number)
        }
        Expression::Text(text) => Literal::Text(text),
        Expression::Constant(Constant::Text(text)) => Literal::Text(text),
        Expression::Bool(value) | Expression::Constant(Constant::Bool(value)) => {
            Literal::Bool(*value)
        }
        _ => return None,
    })
}

/// A property of a variable, such as `args.amount`.
fn path(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Variable(variable) => Some(format!("{variable:?}")),
        Expression::Select(of, name) => {
            let mut path = path(of)?;
            // No name holds the separator, or it is not told apart and not looked at.
            if name.contains('/') {
                return None;
            }
            path.push('/');
            path.push_str(name);
            Some(path)
        }
        _ => None,
    }
}
