//! Computes an expression over the variables of a call, within a budget of steps.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

mod access;
pub(super) mod part;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use super::environment::Environment;
use super::expression::{Expression, Loop, LoopKind};
use super::number::{Number, Operation};
use super::value::{Entries, Items, Value};
use super::{Failure, limits};
use access::{bounded, compare, find, index, optional};

/// Evaluates a condition; anything but true or false is a failure.
pub(super) fn evaluate<'a>(
    expression: &'a Expression,
    environment: &'a Environment<'a>,
) -> Result<bool, Failure> {
    let mut run = Run {
        environment,
        locals: Vec::new(),
        steps: limits::STEPS,
    };
    run.bool(expression)
}

struct Run<'a> {
    environment: &'a Environment<'a>,
    locals: Vec<Value<'a>>,
    steps: u32,
}

type Computed<'a> = Result<Value<'a>, Failure>;

fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure(message.into()))
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
        let steps = match value {
            Value::Text(text) => text.len() / 64,
            Value::Items(items) => items.len(),
            Value::Entries(Entries::Json(map)) => map.len(),
            Value::Entries(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Time(_)
            | Value::Duration(_)
            | Value::Optional(_) => 0,
        };
        self.charge(steps)
    }

    fn bool(&mut self, expression: &'a Expression) -> Result<bool, Failure> {
        match self.value(expression)? {
            Value::Bool(value) => Ok(value),
            other => fail(format!("expected a bool and found {}", other.kind())),
        }
    }

    fn value(&mut self, expression: &'a Expression) -> Computed<'a> {
        self.charge(1)?;
        match expression {
            Expression::Null => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value)),
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Text(text) => Ok(Value::text(text)),
            Expression::Variable(variable) => Ok(self.environment.variable(*variable)),
            Expression::Local(at) => match self.locals.get(*at) {
                Some(value) => Ok(value.clone()),
                None => fail("a variable of a loop is missing"),
            },
            Expression::Select(of, name) => {
                let of = self.value(of)?;
                self.select(&of, name)
            }
            Expression::OptionalSelect(of, name) => {
                let of = self.value(of)?;
                Ok(optional(find(&of, name)?))
            }
            Expression::Has(of, name) => {
                let of = self.value(of)?;
                Ok(Value::Bool(find(&of, name)?.is_some()))
            }
            Expression::Index(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                match index(&of, &at)? {
                    Some(value) => Ok(value),
                    None => fail("the index is not there"),
                }
            }
            Expression::OptionalIndex(of, at) => {
                let (of, at) = (self.value(of)?, self.value(at)?);
                Ok(optional(index(&of, &at)?))
            }
            Expression::Not(value) => Ok(Value::Bool(!self.bool(value)?)),
            Expression::Negate(value) => match self.value(value)? {
                Value::Number(Number::Double(double)) => Ok(Value::Number(Number::Double(-double))),
                Value::Number(number) => number
                    .truncated()
                    .and_then(|n| i64::try_from(-n).ok())
                    .map_or_else(
                        || fail("overflow of `-`"),
                        |n| Ok(Value::Number(Number::Int(n))),
                    ),
                Value::Duration(micros) => micros
                    .checked_neg()
                    .map_or_else(|| fail("overflow of `-`"), |n| Ok(Value::Duration(n))),
                other => fail(format!("`-` does not take {}", other.kind())),
            },
            Expression::And(a, b) => self.logic(a, b, false),
            Expression::Or(a, b) => self.logic(a, b, true),
            Expression::Conditional(test, yes, no) => {
                if self.bool(test)? {
                    self.value(yes)
                } else {
                    self.value(no)
                }
            }
            Expression::Equal(a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                Ok(Value::Bool(self.equal(&a, &b)?))
            }
            Expression::Compare(comparison, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.charge_for(&a)?;
                compare(*comparison, &a, &b)
            }
            Expression::In(value, container) => {
                let (value, container) = (self.value(value)?, self.value(container)?);
                Ok(Value::Bool(self.contains(&value, &container)?))
            }
            Expression::Calculate(operation, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.calculate(*operation, a, b)
            }
            Expression::Call(function, args) => {
                let args: Vec<_> = args
                    .iter()
                    .map(|arg| self.value(arg))
                    .collect::<Result<_, _>>()?;
                args.iter().try_for_each(|arg| self.charge_for(arg))?;
                function.apply(args)
            }
            Expression::Matches(text, regex) => match self.value(text)? {
                Value::Text(text) => {
                    bounded(&text)?;
                    self.charge(text.len() / 4)?;
                    Ok(Value::Bool(regex.is_match(&text)))
                }
                other => fail(format!("`matches()` does not take {}", other.kind())),
            },
            Expression::MatchesGlob(text, glob) => match self.value(text)? {
                Value::Text(text) => {
                    self.charge(text.len())?;
                    Ok(Value::Bool(glob.matches(&text)))
                }
                other => fail(format!("`matchesGlob()` does not take {}", other.kind())),
            },
            Expression::Items(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Result<_, _>>()?;
                Ok(Value::Items(Items::Made(Rc::new(items))))
            }
            Expression::Entries(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| Ok((self.value(key)?, self.value(value)?)))
                    .collect::<Result<_, Failure>>()?;
                Ok(Value::Entries(Entries::Made(Rc::new(entries))))
            }
            Expression::Loop(looped) => self.looped(looped),
        }
    }

    fn select(&self, of: &Value<'a>, name: &str) -> Computed<'a> {
        if let Value::Optional(_) = of {
            return find(of, name).map(optional);
        }
        match find(of, name)? {
            Some(value) => Ok(value),
            None if matches!(of, Value::Entries(Entries::User(e)) if e.call.user.is_none()) => {
                fail(format!("the call has no user, so no `user.{name}`"))
            }
            None => fail(format!("there is no `{name}`")),
        }
    }

    /// `&&` and `||`: the value that decides alone does so even when the other side fails.
    fn logic(&mut self, a: &'a Expression, b: &'a Expression, decides: bool) -> Computed<'a> {
        let first = self.bool(a);
        if first == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        match (first, self.bool(b)) {
            (_, Ok(value)) if value == decides => Ok(Value::Bool(decides)),
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
            (Ok(_), Ok(_)) => Ok(Value::Bool(!decides)),
        }
    }

    /// Equality of values: mathematical for numbers, false between kinds.
    fn equal(&mut self, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Failure> {
        self.charge(1)?;
        Ok(match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.order(*b) == Some(Ordering::Equal),
            (Value::Text(text), Value::Text(other)) => {
                self.charge_for(a)?;
                text == other
            }
            (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Items(a), Value::Items(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for at in 0..a.len() {
                    match (a.get(at), b.get(at)) {
                        (Some(a), Some(b)) if self.equal(&a, &b)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Entries(a), Value::Entries(b)) => {
                let keys = a.keys();
                if keys.len() != b.keys().len() {
                    return Ok(false);
                }
                for key in &keys {
                    let Value::Text(key) = key else {
                        return Ok(false);
                    };
                    match (a.get(key), b.get(key)) {
                        (Some(a), Some(b)) if self.equal(&a, &b)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Optional(Some(a)), Value::Optional(Some(b))) => self.equal(a, b)?,
            (Value::Optional(None), Value::Optional(None)) => true,
            _ => false,
        })
    }

    fn contains(&mut self, value: &Value<'a>, container: &Value<'a>) -> Result<bool, Failure> {
        match container {
            Value::Items(Items::Named(list)) => {
                self.charge_for(value)?;
                Ok(match value {
                    Value::Text(text) => list.contains_text(text),
                    Value::Number(Number::Int(n)) => list.contains(&(*n).into()),
                    Value::Number(Number::Uint(n)) => list.contains(&(*n).into()),
                    Value::Number(Number::Double(n)) => list.contains(&(*n).into()),
                    _ => false,
                })
            }
            Value::Items(items) => {
                for at in 0..items.len() {
                    match items.get(at) {
                        Some(item) if self.equal(value, &item)? => return Ok(true),
                        _ => {}
                    }
                }
                Ok(false)
            }
            Value::Entries(entries) => match value {
                Value::Text(key) => Ok(entries.get(key).is_some()),
                _ => Ok(false),
            },
            other => fail(format!("`in` does not take {}", other.kind())),
        }
    }

    fn calculate(&mut self, operation: Operation, a: Value<'a>, b: Value<'a>) -> Computed<'a> {
        self.charge_for(&a)?;
        self.charge_for(&b)?;
        let kinds = (a.kind(), b.kind());
        let sign = operation.sign();
        let overflow = || Failure(format!("`{sign}` has no exact result"));
        let plus = |a: i64, b: i64| match operation {
            Operation::Add => a.checked_add(b),
            Operation::Subtract => a.checked_sub(b),
            Operation::Multiply | Operation::Divide | Operation::Remainder => None,
        };
        let add = operation == Operation::Add;
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => a
                .calculate(operation, b)
                .map(Value::Number)
                .ok_or_else(overflow),
            (Value::Text(a), Value::Text(b)) if add => {
                Ok(Value::Text(Cow::Owned(a.into_owned() + &b)))
            }
            (Value::Items(a), Value::Items(b)) if add => {
                let items =
                    |items: &Items<'a>| (0..items.len()).filter_map(|at| items.get(at)).collect();
                let mut all: Vec<_> = items(&a);
                all.extend::<Vec<_>>(items(&b));
                Ok(Value::Items(Items::Made(Rc::new(all))))
            }
            (Value::Time(a), Value::Duration(b)) => {
                plus(a, b).map(Value::Time).ok_or_else(overflow)
            }
            (Value::Duration(a), Value::Time(b)) if add => {
                plus(a, b).map(Value::Time).ok_or_else(overflow)
            }
            (Value::Time(a), Value::Time(b)) if !add => {
                plus(a, b).map(Value::Duration).ok_or_else(overflow)
            }
            (Value::Duration(a), Value::Duration(b)) => {
                plus(a, b).map(Value::Duration).ok_or_else(overflow)
            }
            _ => fail(format!(
                "`{sign}` does not take {} and {}",
                kinds.0, kinds.1
            )),
        }
    }

    fn looped(&mut self, looped: &'a Loop) -> Computed<'a> {
        let items = match self.value(&looped.over)? {
            Value::Items(items) => items,
            Value::Entries(entries) => Items::Made(Rc::new(entries.keys())),
            other => return fail(format!("a loop does not take {}", other.kind())),
        };
        let mut made = Vec::new();
        let mut failure = None;
        let mut hits = 0_usize;
        for item in (0..items.len()).filter_map(|at| items.get(at)) {
            self.locals.push(item.clone());
            let result = self.round(looped);
            self.locals.pop();
            match (looped.kind, result) {
                (LoopKind::All, Ok(Some(Value::Bool(false)))) => return Ok(Value::Bool(false)),
                (LoopKind::Exists, Ok(Some(Value::Bool(true)))) => return Ok(Value::Bool(true)),
                (LoopKind::All | LoopKind::Exists, Ok(_)) => {}
                // An element that decides alone may still follow.
                (LoopKind::All | LoopKind::Exists, Err(error)) => {
                    self.charge(1)?;
                    failure = failure.or(Some(error));
                }
                (_, Err(error)) => return Err(error),
                (LoopKind::ExistsOne, Ok(Some(Value::Bool(true)))) => hits += 1,
                (LoopKind::Filter, Ok(Some(Value::Bool(true)))) => made.push(item),
                (LoopKind::ExistsOne | LoopKind::Filter, Ok(_)) => {}
                (LoopKind::Map, Ok(value)) => made.extend(value),
            }
        }
        match (failure, looped.kind) {
            (Some(failure), _) => Err(failure),
            (None, LoopKind::All) => Ok(Value::Bool(true)),
            (None, LoopKind::Exists) => Ok(Value::Bool(false)),
            (None, LoopKind::ExistsOne) => Ok(Value::Bool(hits == 1)),
            (None, LoopKind::Filter | LoopKind::Map) => {
                Ok(Value::Items(Items::Made(Rc::new(made))))
            }
        }
    }

    /// The body of a loop for the newest local; None when a filter leaves the element out.
    fn round(&mut self, looped: &'a Loop) -> Result<Option<Value<'a>>, Failure> {
        if let Some(filter) = &looped.filter
            && !self.bool(filter)?
        {
            return Ok(None);
        }
        if looped.kind == LoopKind::Map {
            return self.value(&looped.body).map(Some);
        }
        self.bool(&looped.body)
            .map(|value| Some(Value::Bool(value)))
    }
}
