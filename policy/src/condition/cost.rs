//! What a condition may cost: an upper bound of its steps, computed from the sizes of values.
//!
//! It follows `evaluate` node by node: whatever is charged there is bounded here, so the two change
//! together. A test compares them over random expressions and values.

mod advice;
mod size;

use super::environment::Variable;
use super::expression::{Expression, Loop, LoopKind};
use super::functions::Function;
use super::lower::Kind;
use super::{Names, Problem, limits};
use crate::list::Lists;
use size::Size;

/// The sizes of what a condition reads.
#[derive(Debug)]
struct Sizes<'a> {
    args: Size,
    context: Size,
    /// Of the agent, the user, the tool, the environment and the request.
    others: Size,
    lists: &'a Lists,
}

/// Refuses a condition that does not keep its budget even for values of modest size: declared sizes
/// count, and where none is declared, little is assumed. The budget itself holds at run time.
pub(super) fn limit(text: &str, expression: &Expression, names: &Names<'_>) -> Result<(), Problem> {
    let sizes = Sizes {
        args: Size::of_shape(&names.arguments.shape, 0),
        context: Size::assumed(1),
        others: Size::assumed(1),
        lists: names.lists,
    };
    let steps = sizes.bound(expression);
    if steps <= u64::from(limits::STEPS) {
        return Ok(());
    }
    Err(advice::too_costly(text, steps, expression, names))
}

impl Sizes<'_> {
    /// Most steps of an evaluation.
    fn bound(&self, expression: &Expression) -> u64 {
        self.cost(expression, &mut Vec::new()).0
    }

    /// Most steps of an expression, and the size of its value.
    fn cost(&self, expression: &Expression, locals: &mut Vec<Size>) -> (u64, Size) {
        let (steps, size) = self.node(expression, locals);
        (steps.saturating_add(1), size)
    }

    /// Like `cost`, without the step of the node itself.
    fn node(&self, expression: &Expression, locals: &mut Vec<Size>) -> (u64, Size) {
        match expression {
            Expression::Null | Expression::Bool(_) | Expression::Number(_) => (0, Size::SCALAR),
            Expression::Text(text) => (0, Size::text(size::length(text.len()))),
            Expression::Constant(constant) => (0, Size::of_constant(constant)),
            Expression::Variable(variable) => (0, self.variable(*variable)),
            Expression::Local(at) => (0, locals.get(*at).cloned().unwrap_or(Size::SCALAR)),
            Expression::Select(of, name) => self.property(of, name, locals),
            Expression::OptionalSelect(of, name) => {
                let (steps, found) = self.property(of, name, locals);
                (steps, found.wrapped())
            }
            Expression::Has(of, name) => (self.property(of, name, locals).0, Size::SCALAR),
            Expression::Index(of, at) => self.index(of, at, locals),
            Expression::OptionalIndex(of, at) => {
                let (steps, found) = self.index(of, at, locals);
                (steps, found.wrapped())
            }
            Expression::Maybe(of) => {
                let (steps, of) = self.cost(of, locals);
                (steps, of.unwrapped())
            }
            Expression::Not(of) | Expression::Negate(of) | Expression::Part(_, of, _) => {
                (self.cost(of, locals).0, Size::SCALAR)
            }
            Expression::And(a, b) | Expression::Or(a, b) => {
                (self.both(a, b, locals).0, Size::SCALAR)
            }
            Expression::Conditional(test, yes, no) => {
                let (steps, _) = self.cost(test, locals);
                let ((one, a), (other, b)) = (self.cost(yes, locals), self.cost(no, locals));
                (steps.saturating_add(one.max(other)), a.join(&b))
            }
            Expression::Equal(a, b) => {
                let (steps, a, b) = self.both(a, b, locals);
                (steps.saturating_add(a.equal(&b)), Size::SCALAR)
            }
            Expression::Compare(_, a, b) => {
                let (steps, a, _) = self.both(a, b, locals);
                (steps.saturating_add(a.look), Size::SCALAR)
            }
            Expression::In(a, b) => {
                let (steps, value, of) = self.both(a, b, locals);
                let each = value.equal(&of.element()).saturating_mul(of.items);
                (sum([steps, value.look, each]), Size::SCALAR)
            }
            Expression::Calculate(_, a, b) => {
                let (steps, a, b) = self.both(a, b, locals);
                (sum([steps, a.look, b.look]), a.plus(&b))
            }
            Expression::Call(function, args) => self.call(*function, args, locals),
            Expression::Matches(of, _) => {
                let (steps, of) = self.cost(of, locals);
                let text = of.text.min(size::length(limits::MATCHED));
                (steps.saturating_add(text / 4), Size::SCALAR)
            }
            Expression::MatchesGlob(of, _) => {
                let (steps, of) = self.cost(of, locals);
                (steps.saturating_add(of.text), Size::SCALAR)
            }
            Expression::Items(items) => {
                let (steps, sizes) = self.all(items, locals);
                (steps, Size::list_of(&sizes))
            }
            Expression::Entries(entries) => {
                let (keys, values): (Vec<_>, Vec<_>) = entries.iter().map(|(k, v)| (k, v)).unzip();
                let (of_keys, keys) = self.all(keys, locals);
                let (of_values, values) = self.all(values, locals);
                let keys = keys.iter().map(|key| key.text).max().unwrap_or(0);
                let size = Size {
                    keys,
                    ..Size::list_of(&values)
                };
                (of_keys.saturating_add(of_values), size)
            }
            Expression::Loop(looped) => self.looped(looped, locals),
        }
    }

    fn variable(&self, variable: Variable) -> Size {
        match variable {
            Variable::Args => self.args.clone(),
            Variable::Context => self.context.clone(),
            // A list is a property of it, and found there.
            Variable::Lists => Size::SCALAR,
            Variable::Agent
            | Variable::User
            | Variable::Tool
            | Variable::Env
            | Variable::Request => self.others.clone(),
        }
    }

    fn both(&self, a: &Expression, b: &Expression, locals: &mut Vec<Size>) -> (u64, Size, Size) {
        let ((one, a), (other, b)) = (self.cost(a, locals), self.cost(b, locals));
        (one.saturating_add(other), a, b)
    }

    fn all<'e>(
        &self,
        all: impl IntoIterator<Item = &'e Expression>,
        locals: &mut Vec<Size>,
    ) -> (u64, Vec<Size>) {
        let costs: Vec<_> = all.into_iter().map(|e| self.cost(e, locals)).collect();
        let (steps, sizes): (Vec<_>, _) = costs.into_iter().unzip();
        (sum(steps), sizes)
    }

    fn property(&self, of: &Expression, name: &str, locals: &mut Vec<Size>) -> (u64, Size) {
        let (steps, of_size) = self.cost(of, locals);
        let found = match (of, self.lists.get(name)) {
            (Expression::Variable(Variable::Lists), Some(list)) => Size::of_json(list.values()),
            _ => of_size.field(name),
        };
        (steps, found)
    }

    fn index(&self, of: &Expression, at: &Expression, locals: &mut Vec<Size>) -> (u64, Size) {
        let (steps, of, at) = self.both(of, at, locals);
        let steps = steps.saturating_add(at.look);
        let wraps = of.wraps;
        let found = Size {
            wraps,
            ..of.element()
        };
        (steps, found)
    }

    fn call(&self, function: Function, args: &[Expression], locals: &mut Vec<Size>) -> (u64, Size) {
        let (steps, sizes) = self.all(args, locals);
        let looked_at = sum(sizes.iter().map(|size| size.look)).saturating_add(1);
        let looked_at = looked_at.saturating_mul(u64::from(function.weight()));
        let texts = sum(sizes.iter().map(|size| size.text));
        let joined = sizes.iter().fold(Size::SCALAR, |a, b| a.join(b));
        let result = match function.gives() {
            Kind::Null | Kind::Bool | Kind::Number | Kind::Time | Kind::Duration | Kind::Type => {
                Size::SCALAR
            }
            Kind::Text if function.grows() => Size::text(grown(function, &sizes)),
            // No other function makes a text much longer; numbers and times have some hundred digits.
            Kind::Text | Kind::Bytes => Size::text(texts.saturating_add(400)),
            Kind::Items => Size {
                weight: sum([texts, texts / 64, 4]),
                ..Size::list(texts.saturating_add(2), Size::text(texts))
            },
            Kind::Entries => Size {
                keys: 64,
                ..Size::list(16, Size::text(texts.saturating_add(64)))
            },
            Kind::Optional => joined.wrapped(),
            Kind::Any => Size {
                wraps: joined.wraps.saturating_sub(1),
                ..joined
            },
        };
        let built = if function.builds() { result.look } else { 0 };
        (sum([steps, looked_at, built]), result)
    }

    fn looped(&self, looped: &Loop, locals: &mut Vec<Size>) -> (u64, Size) {
        let (steps, over) = self.cost(&looped.over, locals);
        let optional = matches!(looped.kind, LoopKind::Optional | LoopKind::OptionalFlat);
        let element = over.element().join(&Size::text(over.keys));
        if optional {
            locals.push(over.clone().unwrapped());
        } else if looped.pairs {
            locals.extend([Size::text(over.keys), over.element()]);
        } else {
            locals.push(element.clone());
        }
        let depth = locals.len();
        let filter = looped.filter.as_ref().map(|e| self.cost(e, locals).0);
        let (body, made) = self.cost(&looped.body, locals);
        locals.truncate(depth - if looped.pairs { 2 } else { 1 });
        if optional {
            let size = if looped.kind == LoopKind::OptionalFlat {
                made
            } else {
                made.wrapped()
            };
            return (steps.saturating_add(body), size);
        }
        // One more for a round that fails.
        let round = sum([filter.unwrap_or(0), body, 1]);
        let size = match looped.kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Size::SCALAR,
            LoopKind::Filter => Size {
                weight: over
                    .weight
                    .max(Size::list(over.items, element.clone()).weight),
                ..Size::list(over.items, element)
            },
            LoopKind::Map => Size::list(over.items, made),
            LoopKind::MapValues => Size {
                keys: over.keys,
                ..Size::list(over.items, made)
            },
            LoopKind::Optional | LoopKind::OptionalFlat => made,
        };
        (steps.saturating_add(round.saturating_mul(over.items)), size)
    }
}

/// Most bytes of a text that is longer than those that it is made of.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other is bounded as `format()` is, whose text may be the longest"
)]
fn grown(function: Function, sizes: &[Size]) -> u64 {
    let text = |at: usize| sizes.get(at).map_or(0, |size| size.text);
    let bytes = match function {
        Function::Quote => sum([text(0).saturating_mul(2), 2]),
        Function::Replace => {
            let each = text(0).saturating_add(1).saturating_mul(text(2));
            sum([text(0), each])
        }
        Function::Join => sizes.first().map_or(0, |list| {
            let each = sum([list.element().text, text(1)]);
            list.items.saturating_mul(each)
        }),
        _ => sum([text(0), sizes.get(1).map_or(0, Size::shown)]),
    };
    bytes.min(size::length(limits::TEXT))
}

fn sum(steps: impl IntoIterator<Item = u64>) -> u64 {
    steps.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
