//! Calculates with values.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use super::{Computed, Run, fail, made};
use crate::condition::number::{Number, Operation};
use crate::condition::time;
use crate::condition::value::{Bytes, Value};
use crate::condition::{Failure, limits};

pub(super) fn negate<'a>(value: &Value<'a>) -> Computed<'a> {
    let overflow = || Failure("overflow of `-`".to_owned());
    match value {
        Value::Number(Number::Double(double)) => Ok(Value::Number(Number::Double(-double))),
        Value::Number(number) => number
            .truncated()
            .and_then(|n| i64::try_from(-n).ok())
            .map(Value::int)
            .ok_or_else(overflow),
        Value::Duration(micros) => micros
            .checked_neg()
            .map(Value::Duration)
            .ok_or_else(overflow),
        other => fail(format!("`-` does not take {}", other.name())),
    }
}

impl<'a> Run<'a> {
    pub(super) fn calculate(
        &mut self,
        operation: Operation,
        a: &Value<'a>,
        b: &Value<'a>,
    ) -> Computed<'a> {
        self.charge_for(a)?;
        self.charge_for(b)?;
        let sign = operation.sign();
        let overflow = || Failure(format!("`{sign}` has no exact result"));
        let plus = |a: i64, b: i64| match operation {
            Operation::Add => a.checked_add(b),
            Operation::Subtract => a.checked_sub(b),
            Operation::Multiply | Operation::Divide | Operation::Remainder => None,
        };
        let to_time = |micros: Option<i64>| micros.and_then(time::time).map(Value::Time);
        let to_duration = |micros: Option<i64>| micros.and_then(time::span).map(Value::Duration);
        let add = operation == Operation::Add;
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => a
                .calculate(operation, *b)
                .map(Value::Number)
                .ok_or_else(overflow),
            (Value::Text(a), Value::Text(b)) if add => {
                long(a.len() + b.len())?;
                Ok(Value::made(&[&**a, &**b].concat()))
            }
            (Value::Bytes(a), Value::Bytes(b)) if add => {
                long(a.len() + b.len())?;
                Ok(Value::Bytes(Bytes::Made([&**a, &**b].concat().into())))
            }
            (Value::Items(a), Value::Items(b)) if add => made::list(a.iter().chain(b.iter())),
            (Value::Time(a), Value::Duration(b)) => to_time(plus(*a, *b)).ok_or_else(overflow),
            (Value::Duration(a), Value::Time(b)) if add => {
                to_time(plus(*a, *b)).ok_or_else(overflow)
            }
            (Value::Time(a), Value::Time(b)) if !add => {
                to_duration(plus(*a, *b)).ok_or_else(overflow)
            }
            (Value::Duration(a), Value::Duration(b)) => {
                to_duration(plus(*a, *b)).ok_or_else(overflow)
            }
            (a, b) => fail(format!(
                "`{sign}` does not take {} and {}",
                a.name(),
                b.name()
            )),
        }
    }
}

fn long(bytes: usize) -> Result<(), Failure> {
    if bytes > limits::TEXT {
        return fail("the text that `+` makes is longer than 64 KiB");
    }
    Ok(())
}
