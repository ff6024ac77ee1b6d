//! Computes an expression over the variables of a call, within a budget of steps.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

mod access;
mod calculate;
mod equality;
mod looped;
mod made;
pub(super) mod part;
mod truth;

use smallvec::SmallVec;

use super::environment::{Environment, Variable};
use super::expression::Expression;
use super::functions::Function;
use super::value::{Entries, Value};
use super::{Failure, limits};
use access::{find, index};

/// Evaluates a condition; anything but true or false is a failure.
pub(super) fn evaluate<'a>(
    expression: &'a Expression,
    environment: &'a Environment<'a>,
) -> Result<bool, Failure> {
    let mut run = Run {
        environment: Some(environment),
        locals: Vec::new(),
        steps: limits::STEPS,
    };
    run.bool(expression)
}

struct Run<'a> {
    /// None while a condition is compiled.
    environment: Option<&'a Environment<'a>>,
    locals: Vec<Value<'a>>,
    steps: u32,
}

type Computed<'a> = Result<Value<'a>, Failure>;

#[cold]
fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure(message.into()))
}

/// Steps for looking at a value once, its elements apart.
fn look(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len() / 64,
        Value::Bytes(bytes) => bytes.len() / 64,
        Value::Items(items) => items.len(),
        Value::Entries(Entries::Json(map)) => map.len(),
        Value::Entries(Entries::Made(_) | Entries::Constant(_)) => entries(value),
        Value::Entries(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::Optional(_)
        | Value::Type(_) => 0,
    }
}

fn entries(value: &Value<'_>) -> usize {
    match value {
        Value::Entries(entries) => entries.len(),
        _ => 0,
    }
}

impl<'a> Run<'a> {
    /// Pays for work; a step is about one node, or 64 bytes of text looked at.
    fn charge(&mut self, steps: usize) -> Result<(), Failure> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => fail("the condition costs more steps than it may"),
        }
    }

    fn charge_for(&mut self, value: &Value<'_>) -> Result<(), Failure> {
        self.charge(look(value))
    }

    fn bool(&mut self, expression: &'a Expression) -> Result<bool, Failure> {
        self.charge(1)?;
        self.truth(expression)
    }

    fn value(&mut self, expression: &'a Expression) -> Computed<'a> {
        self.charge(1)?;
        match expression {
            Expression::Null => Ok(Value::Null),
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Text(text) => Ok(Value::text(text)),
            Expression::Constant(constant) => Ok(Value::of_constant(constant)),
            Expression::Variable(variable) => match self.environment {
                Some(environment) => Ok(environment.variable(*variable)),
                None => fail("there is no call"),
            },
            Expression::Local(at) => match self.locals.get(*at) {
                Some(value) => Ok(value.clone()),
                None => fail("a variable of a loop is missing"),
            },
            Expression::Select(of, name) => self.select(of, name),
            Expression::OptionalSelect(of, name) => {
                let of = self.value(of)?;
                Ok(Value::optional(find(&of, name)?))
            }
            Expression::Index(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                self.charge_for(&at)?;
                let found = index(&of, &at)?;
                match (of, found) {
                    // Of an optional it is an optional again.
                    (Value::Optional(_), found) => Ok(Value::optional(found)),
                    (_, Some(value)) => Ok(value),
                    (_, None) => fail("the index is not there"),
                }
            }
            Expression::OptionalIndex(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                self.charge_for(&at)?;
                Ok(Value::optional(index(&of, &at)?))
            }
            Expression::Negate(value) => {
                let value = self.value(value)?;
                calculate::negate(&value)
            }
            Expression::Conditional(test, yes, no) => {
                if self.bool(test)? {
                    self.value(yes)
                } else {
                    self.value(no)
                }
            }
            Expression::Calculate(operation, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.calculate(*operation, &a, &b)
            }
            Expression::Call(function, args) => self.call(*function, args),
            Expression::Part(part, of, zone) => match self.value(of)? {
                Value::Time(time) => Ok(Value::int(part.of(zone.local(time)))),
                other => fail(format!("no zone has a {}", other.name())),
            },
            Expression::Items(items) => self.items(items),
            Expression::Entries(entries) => self.entries(entries),
            // Lists and maps look at it themselves.
            Expression::Maybe(of) => self.value(of),
            Expression::Loop(looped) => self.looped(looped),
            Expression::Bool(_)
            | Expression::Has(..)
            | Expression::Not(_)
            | Expression::And(..)
            | Expression::Or(..)
            | Expression::Equal(..)
            | Expression::Compare(..)
            | Expression::In(..)
            | Expression::Matches(..)
            | Expression::MatchesGlob(..) => self.truth(expression).map(Value::Bool),
        }
    }

    fn select(&mut self, of: &'a Expression, name: &str) -> Computed<'a> {
        // The commonest step of all makes no value for the variable itself.
        let (found, user) = match (of, self.environment) {
            (Expression::Variable(variable), Some(environment)) => {
                self.charge(1)?;
                let user = *variable == Variable::User && environment.call.user.is_none();
                (environment.variable(*variable).property(name), user)
            }
            _ => match self.value(of)? {
                of @ Value::Optional(_) => return find(&of, name).map(Value::optional),
                of => (find(&of, name)?, false),
            },
        };
        match found {
            Some(value) => Ok(value),
            None if user => fail(format!("the call has no user, so no `user.{name}`")),
            None => fail(format!("there is no `{name}`")),
        }
    }

    fn call(&mut self, function: Function, args: &'a [Expression]) -> Computed<'a> {
        let mut values: SmallVec<[Value<'a>; 2]> = SmallVec::new();
        let mut looks = 1_usize;
        for arg in args {
            let value = self.value(arg)?;
            looks = looks.saturating_add(look(&value));
            values.push(value);
        }
        let weight = usize::try_from(function.weight()).unwrap_or(usize::MAX);
        self.charge(looks.saturating_mul(weight))?;
        let result = function.apply(&values)?;
        if function.builds() {
            self.charge_for(&result)?;
        }
        Ok(result)
    }
}
