//! What is true or false: computed as such, without a value around it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use super::access::{bounded, compare, find};
use super::{Run, fail};
use crate::condition::Failure;
use crate::condition::expression::Expression;
use crate::condition::value::Value;

impl<'a> Run<'a> {
    /// An expression that is a bool, whose own step was paid.
    pub(super) fn truth(&mut self, expression: &'a Expression) -> Result<bool, Failure> {
        match expression {
            Expression::Bool(value) => Ok(*value),
            Expression::Has(of, name) => {
                let of = self.value(of)?;
                Ok(find(&of, name)?.is_some())
            }
            Expression::Not(value) => Ok(!self.bool(value)?),
            Expression::And(a, b) => self.logic(a, b, false),
            Expression::Or(a, b) => self.logic(a, b, true),
            Expression::Equal(a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.equal(&a, &b)
            }
            Expression::Compare(comparison, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.charge_for(&a)?;
                compare(*comparison, &a, &b)
            }
            Expression::In(value, container) => {
                let (value, container) = (self.value(value)?, self.value(container)?);
                self.contains(&value, &container)
            }
            Expression::Matches(text, regex) => match self.value(text)? {
                Value::Text(text) => {
                    bounded(&text)?;
                    self.charge(text.len() / 4)?;
                    Ok(regex.is_match(&text))
                }
                other => fail(format!("`matches()` does not take {}", other.name())),
            },
            Expression::MatchesGlob(text, glob) => match self.value(text)? {
                Value::Text(text) => {
                    self.charge(text.len())?;
                    Ok(glob.matches(&text))
                }
                other => fail(format!("`matchesGlob()` does not take {}", other.name())),
            },
            other => {
                // It pays for itself.
                self.steps = self.steps.saturating_add(1);
                match self.value(other)? {
                    Value::Bool(value) => Ok(value),
                    other => fail(format!("expected a bool and found {}", other.name())),
                }
            }
        }
    }

    /// `&&` and `||`: the value that decides alone does so even when the other side fails.
    fn logic(
        &mut self,
        a: &'a Expression,
        b: &'a Expression,
        decides: bool,
    ) -> Result<bool, Failure> {
        let first = match self.bool(a) {
            Ok(value) if value == decides => return Ok(decides),
            Ok(_) => return self.bool(b),
            Err(failure) => failure,
        };
        match self.bool(b) {
            Ok(value) if value == decides => Ok(decides),
            _ => Err(first),
        }
    }
}
