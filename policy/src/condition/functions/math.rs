//! Functions of numbers. A number of JSON may be written without its fraction, so what takes a double
//! takes an integer as well.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use std::cmp::Ordering;

use super::{Failure, Function, Result};
use crate::condition::number::Number::{self, Double, Int, Uint};
use crate::condition::value::Value;

impl Function {
    pub(super) fn math<'a>(self, args: &[Value<'a>]) -> Result<'a> {
        use Value::Number;
        match (self, args) {
            (Self::Greatest, args) => self.extreme(args, Ordering::Greater),
            (Self::Least, args) => self.extreme(args, Ordering::Less),
            (_, [Number(number)]) => self.unary(*number),
            (_, [Number(a), Number(b)]) => self.bits(*a, *b).map(Number),
            (_, args) => Err(self.overload(args)),
        }
    }

    fn unary<'a>(self, number: Number) -> Result<'a> {
        let round = |of_double: fn(f64) -> f64| match number {
            Double(double) => Double(of_double(double)),
            Int(_) | Uint(_) => number,
        };
        Ok(Value::Number(match self {
            Self::Ceil => round(f64::ceil),
            Self::Floor => round(f64::floor),
            Self::Round => round(f64::round),
            Self::Trunc => round(f64::trunc),
            Self::Sqrt => Double(number.nearest_double().sqrt()),
            Self::Abs => match number {
                Int(int) => Int(int
                    .checked_abs()
                    .ok_or_else(|| self.fail("the number has no opposite"))?),
                Uint(_) => number,
                Double(double) => Double(double.abs()),
            },
            Self::Sign => match number {
                Int(int) => Int(int.signum()),
                Uint(uint) => Uint(uint.min(1)),
                Double(double) if double == 0.0 || double.is_nan() => number,
                Double(double) => Double(double.signum()),
            },
            Self::BitNot => match self.integer(number)? {
                Int(int) => Int(!int),
                Uint(uint) => Uint(!uint),
                Double(_) => number,
            },
            Self::IsNan => return Ok(Value::Bool(number.nearest_double().is_nan())),
            Self::IsInf => return Ok(Value::Bool(number.nearest_double().is_infinite())),
            Self::IsFinite => return Ok(Value::Bool(number.nearest_double().is_finite())),
            _ => return Err(self.overload(&[Value::Number(number)])),
        }))
    }

    fn bits(self, a: Number, b: Number) -> std::result::Result<Number, Failure> {
        let (a, b) = (self.integer(a)?, self.integer(b)?);
        if matches!(self, Self::ShiftLeft | Self::ShiftRight) {
            let by = match b.truncated() {
                Some(by) if by >= 0 => u32::try_from(by).unwrap_or(u32::MAX),
                _ => return Err(self.fail("the distance is below zero")),
            };
            let shift = |bits: u64| {
                if self == Self::ShiftLeft {
                    bits.checked_shl(by).unwrap_or(0)
                } else {
                    bits.checked_shr(by).unwrap_or(0)
                }
            };
            return Ok(match a {
                Int(int) => Int(shift(int.cast_unsigned()).cast_signed()),
                Uint(uint) => Uint(shift(uint)),
                Double(_) => a,
            });
        }
        let of = |a: u64, b: u64| match self {
            Self::BitAnd => Some(a & b),
            Self::BitOr => Some(a | b),
            Self::BitXor => Some(a ^ b),
            _ => None,
        };
        let result = match (a, b) {
            (Int(a), Int(b)) => {
                of(a.cast_unsigned(), b.cast_unsigned()).map(|n| Int(n.cast_signed()))
            }
            (Uint(a), Uint(b)) => of(a, b).map(Uint),
            _ => None,
        };
        result.ok_or_else(|| self.overload(&[Value::Number(a), Value::Number(b)]))
    }

    /// A number as an integer; bits of others are not looked at.
    fn integer(self, number: Number) -> std::result::Result<Number, Failure> {
        match number {
            Int(_) | Uint(_) => Ok(number),
            Double(_) => self.whole(number).map(Int),
        }
    }

    /// The greatest or least number; the first of equal ones.
    fn extreme<'a>(self, args: &[Value<'a>], wanted: Ordering) -> Result<'a> {
        let mut best: Option<Number> = None;
        let mut take = |value: &Value<'a>| match value {
            Value::Number(number) => {
                let better = match best {
                    None => true,
                    Some(best) => {
                        let order = number.order(best);
                        let order = order.ok_or_else(|| self.fail("one is not a number"))?;
                        order == wanted
                    }
                };
                if better {
                    best = Some(*number);
                }
                Ok(())
            }
            other => Err(self.overload(std::slice::from_ref(other))),
        };
        match args {
            [Value::Items(items)] => items.iter().try_for_each(|item| take(&item))?,
            args => args.iter().try_for_each(take)?,
        }
        best.map(Value::Number)
            .ok_or_else(|| self.fail("there is no number"))
    }
}
