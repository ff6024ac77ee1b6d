//! `multipleOf`, exactly: of integers as integers, of fractions as the decimals that were written.

use std::fmt::{self, Write as _};

use crate::condition::Number;

/// Tells whether a number is an integral multiple of another, which is above zero.
pub(super) fn is_multiple(value: Number, of: Number) -> bool {
    if let (Some(value), Some(of)) = (whole(value), whole(of)) {
        return value % of == 0;
    }
    match (decimal(value), decimal(of)) {
        (Some(value), Some(of)) => divides(value, of),
        _ => false,
    }
}

/// The number as an integer, when it is one of at most 127 bits and above zero where it divides.
fn whole(number: Number) -> Option<i128> {
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0; // 2^127
    match number {
        Number::Int(int) => Some(int.into()),
        Number::Uint(uint) => Some(uint.into()),
        Number::Double(double) if double.fract() == 0.0 && double.abs() < LIMIT => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            let whole = double as i128;
            Some(whole)
        }
        Number::Double(_) => None,
    }
}

/// `mantissa * 10^exponent`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

/// The decimal that a number is written as: `0.1` is a tenth, not the double next to it.
fn decimal(number: Number) -> Option<Decimal> {
    let Number::Double(double) = number else {
        return whole(number).map(|mantissa| Decimal {
            mantissa,
            exponent: 0,
        });
    };
    // The shortest digits that read back as this double: at most 17, a sign, a point and an exponent.
    let mut text = Text::default();
    write!(text, "{double:e}").ok()?;
    let (digits, exponent) = text.as_str().split_once('e')?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let mut mantissa: i128 = 0;
    let mut fraction = false;
    for byte in digits.bytes() {
        match byte {
            b'-' => {}
            b'.' => fraction = true,
            digit => {
                mantissa = mantissa * 10 + i128::from(digit.checked_sub(b'0')?);
                exponent -= i32::from(fraction);
            }
        }
    }
    Some(Decimal { mantissa, exponent })
}

fn divides(value: Decimal, of: Decimal) -> bool {
    if value.mantissa == 0 || of.mantissa == 0 {
        return value.mantissa == 0;
    }
    let shift = value.exponent - of.exponent;
    if shift < 0 {
        // A divisor that outgrows 128 bits is larger than the value.
        let power = 10_i128.checked_pow(shift.unsigned_abs());
        let divisor = power.and_then(|power| of.mantissa.checked_mul(power));
        return divisor.is_some_and(|divisor| value.mantissa % divisor == 0);
    }
    // Digit by digit, so that nothing outgrows 128 bits: the divisor has at most 64 bits.
    let mut remainder = value.mantissa % of.mantissa;
    for _ in 0..shift {
        if remainder == 0 {
            break;
        }
        remainder = remainder * 10 % of.mantissa;
    }
    remainder == 0
}

/// A short text without the heap.
#[derive(Default)]
struct Text {
    bytes: [u8; 32],
    length: usize,
}

impl Text {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_divide_as_they_were_written() {
        let double = Number::Double;
        let int = Number::Int;
        assert!(is_multiple(double(12.2), double(0.1)));
        assert!(is_multiple(double(1.3), double(0.1)));
        assert!(is_multiple(double(1_070_468.14), double(0.01)));
        assert!(!is_multiple(double(1.015), double(0.01)));
        assert!(is_multiple(int(-6), double(0.5)));
        assert!(is_multiple(int(3), double(1.5)));
        assert!(!is_multiple(int(5), double(1.5)));
        assert!(is_multiple(double(0.0), double(0.3)));
        assert!(is_multiple(double(1e300), double(1e-300)));
        assert!(!is_multiple(double(1e-300), double(1e300)));
        assert!(is_multiple(double(20.0), int(5)));
        assert!(!is_multiple(int(i64::MAX - 1), int(4)));
        assert!(!is_multiple(Number::Uint(u64::MAX), int(4)));
        assert!(is_multiple(int(0), int(7)));
    }
}
