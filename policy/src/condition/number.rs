//! Numbers that compare mathematically, whatever kind they were written in.

use std::cmp::Ordering;
use std::fmt;

/// A CEL number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Uint(u64),
    Double(f64),
}

impl Number {
    pub(crate) fn of_json(number: &serde_json::Number) -> Self {
        if let Some(int) = number.as_i64() {
            return Self::Int(int);
        }
        match number.as_u64() {
            Some(uint) => Self::Uint(uint),
            None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    fn integer(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int.into()),
            Self::Uint(uint) => Some(uint.into()),
            Self::Double(_) => None,
        }
    }

    /// The exact order of two numbers; None when one is not a number.
    pub(crate) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Double(a), b) => order(b.integer()?, a).map(Ordering::reverse),
            (a, Self::Double(b)) => order(a.integer()?, b),
            (a, b) => Some(a.integer()?.cmp(&b.integer()?)),
        }
    }

    /// The number as a double, when that is exact.
    pub(crate) fn exact_double(self) -> Option<f64> {
        let integer = match self {
            Self::Double(double) => return Some(double),
            Self::Int(int) => i128::from(int),
            Self::Uint(uint) => i128::from(uint),
        };
        let double = nearest(integer);
        (order(integer, double) == Some(Ordering::Equal)).then_some(double)
    }

    /// The nearest double.
    pub(crate) fn nearest_double(self) -> f64 {
        match self {
            Self::Double(double) => double,
            Self::Int(int) => nearest(int.into()),
            Self::Uint(uint) => nearest(uint.into()),
        }
    }

    /// The integer part towards zero, when it has 64 bits.
    pub(crate) fn truncated(self) -> Option<i128> {
        const LIMIT: f64 = 18_446_744_073_709_551_616.0;
        match self {
            Self::Double(double) if double.abs() < LIMIT => {
                #[expect(clippy::cast_possible_truncation, reason = "the integer part is meant")]
                let integer = double as i128;
                Some(integer)
            }
            Self::Double(_) => None,
            Self::Int(int) => Some(int.into()),
            Self::Uint(uint) => Some(uint.into()),
        }
    }

    /// The number as an integer, when it is one of 64 bits with a sign.
    pub(crate) fn whole(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Uint(uint) => i64::try_from(uint).ok(),
            Self::Double(_) => {
                let int = i64::try_from(self.truncated()?).ok()?;
                (self.order(Self::Int(int)) == Some(Ordering::Equal)).then_some(int)
            }
        }
    }

    /// Tells whether it is below zero.
    pub(crate) fn is_negative(self) -> bool {
        self.order(Self::Int(0)) == Some(Ordering::Less)
    }

    /// Calculates with two numbers; None on overflow, division by zero, or loss of an integer's digits.
    ///
    /// Integers stay integers. An integer meets a double as a double, and only when that is exact:
    /// JSON does not tell them apart, so a policy must not either.
    pub(crate) fn calculate(self, operation: Operation, other: Self) -> Option<Self> {
        let (Some(a), Some(b)) = (self.integer(), other.integer()) else {
            let (a, b) = (self.exact_double()?, other.exact_double()?);
            return match operation {
                Operation::Add => Some(Self::Double(a + b)),
                Operation::Subtract => Some(Self::Double(a - b)),
                Operation::Multiply => Some(Self::Double(a * b)),
                Operation::Divide => Some(Self::Double(a / b)),
                Operation::Remainder => None,
            };
        };
        // 128 bits hold any result of two 64-bit integers but the largest products.
        let result = match operation {
            Operation::Add => a.checked_add(b),
            Operation::Subtract => a.checked_sub(b),
            Operation::Multiply => a.checked_mul(b),
            Operation::Divide => a.checked_div(b),
            Operation::Remainder => a.checked_rem(b),
        }?;
        let int = || i64::try_from(result).ok().map(Self::Int);
        let uint = || u64::try_from(result).ok().map(Self::Uint);
        match (self, other) {
            (Self::Uint(_), Self::Uint(_)) => uint(),
            (Self::Int(_), Self::Int(_)) => int(),
            _ => int().or_else(uint),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Uint(n) => n.fmt(f),
            Self::Double(n) => n.fmt(f),
        }
    }
}

/// A calculation with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operation {
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is meant")]
const fn nearest(integer: i128) -> f64 {
    integer as f64
}

/// Orders an integer of at most 65 bits and a double without rounding either.
fn order(integer: i128, double: f64) -> Option<Ordering> {
    const LIMIT: f64 = 36_893_488_147_419_103_232.0; // 2^65
    if double.is_nan() {
        return None;
    }
    if double >= LIMIT {
        return Some(Ordering::Less);
    }
    if double <= -LIMIT {
        return Some(Ordering::Greater);
    }
    let whole = double.trunc();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the range of i128"
    )]
    let by_whole = integer.cmp(&(whole as i128));
    Some(by_whole.then_with(|| {
        // Equal in the whole part: the fraction decides.
        0.0_f64
            .partial_cmp(&(double - whole))
            .unwrap_or(Ordering::Equal)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_doubles_compare_without_rounding() {
        let big = 9_007_199_254_740_993; // 2^53 + 1 has no double
        let cases = [
            (Number::Int(51), Number::Double(50.0), Ordering::Greater),
            (Number::Int(20), Number::Double(20.0), Ordering::Equal),
            (Number::Int(20), Number::Double(20.5), Ordering::Less),
            (Number::Int(-20), Number::Double(-20.5), Ordering::Greater),
            (
                Number::Int(big),
                Number::Double(9_007_199_254_740_992.0),
                Ordering::Greater,
            ),
            (
                Number::Uint(u64::MAX),
                Number::Double(18_446_744_073_709_551_616.0),
                Ordering::Less,
            ),
            (Number::Uint(u64::MAX), Number::Int(-1), Ordering::Greater),
            (
                Number::Int(i64::MIN),
                Number::Double(f64::NEG_INFINITY),
                Ordering::Greater,
            ),
            (
                Number::Int(i64::MAX),
                Number::Double(f64::INFINITY),
                Ordering::Less,
            ),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(a.order(b), Some(wanted), "{a:?} {b:?}");
            assert_eq!(b.order(a), Some(wanted.reverse()), "{b:?} {a:?}");
        }
        assert!(Number::Int(0).order(Number::Double(f64::NAN)).is_none());
    }

    #[test]
    fn a_calculation_neither_wraps_nor_rounds_an_integer() {
        use Operation::{Add, Divide, Multiply, Remainder, Subtract};
        let int = Number::Int;
        assert!(int(i64::MAX).calculate(Add, int(1)).is_none());
        assert!(int(i64::MIN).calculate(Multiply, int(i64::MIN)).is_none());
        assert!(int(i64::MIN).calculate(Divide, int(-1)).is_none());
        assert!(int(1).calculate(Divide, int(0)).is_none());
        assert!(int(1).calculate(Remainder, int(0)).is_none());
        assert!(
            Number::Uint(1)
                .calculate(Subtract, Number::Uint(2))
                .is_none()
        );
        assert!(
            int(9_007_199_254_740_993)
                .calculate(Add, Number::Double(0.5))
                .is_none()
        );
        let half = int(2).calculate(Multiply, Number::Double(0.25)).unwrap();
        assert_eq!(half.order(Number::Double(0.5)), Some(Ordering::Equal));
    }
}
