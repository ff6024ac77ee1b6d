//! Comparisons with numbers, and all else that is not taken apart.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::values::order;
use super::{bare, is_wider, outer, plain, same_lists};
use crate::list::Lists;

/// A part of a condition that is not taken apart further.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Literal {
    text: String,
    pub(super) compares: Option<Comparison>,
}

/// A comparison of something with a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub(super) what: String,
    pub(super) sign: Sign,
    pub(super) number: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Below,
    AtMost,
    Is,
    AtLeast,
    Above,
}

impl Sign {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<" => Self::Below,
            "<=" => Self::AtMost,
            "==" => Self::Is,
            ">=" => Self::AtLeast,
            ">" => Self::Above,
            _ => return None,
        })
    }

    const fn turned(self) -> Self {
        match self {
            Self::Below => Self::Above,
            Self::AtMost => Self::AtLeast,
            Self::Is => Self::Is,
            Self::AtLeast => Self::AtMost,
            Self::Above => Self::Below,
        }
    }

    /// Tells whether a number that stands so to the limit is meant.
    const fn takes(self, order: Ordering) -> bool {
        match self {
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Is => order.is_eq(),
            Self::AtLeast => order.is_ge(),
            Self::Above => order.is_gt(),
        }
    }

    /// The keyword of a schema that says the same.
    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::Below => "exclusiveMaximum",
            Self::AtMost => "maximum",
            Self::Is => "const",
            Self::AtLeast => "minimum",
            Self::Above => "exclusiveMinimum",
        }
    }
}

pub(super) fn literal(text: &str) -> Literal {
    Literal {
        text: plain(text),
        compares: comparison(text),
    }
}

fn comparison(text: &str) -> Option<Comparison> {
    let signs = outer(text);
    if signs
        .iter()
        .any(|outer| matches!(outer.text, "!" | ":" | "!=" | "&&" | "||"))
    {
        return None;
    }
    let mut compared = signs
        .iter()
        .filter_map(|outer| Some((outer, Sign::parse(outer.text)?)));
    let (outer, sign) = compared.next()?;
    if compared.next().is_some() {
        return None;
    }
    let (left, right) = (
        text.get(..outer.start)?.trim(),
        text.get(outer.end..)?.trim(),
    );
    let (what, sign, number) = match (number(left), number(right)) {
        (None, Some(number)) => (left, sign, number),
        (Some(number), None) => (right, sign.turned(), number),
        (None, None) | (Some(_), Some(_)) => return None,
    };
    let is_path = what
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'(' | b')'));
    is_path.then(|| Comparison {
        what: what.to_owned(),
        sign,
        number,
    })
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.starts_with("0x") {
        return None;
    }
    let plain = text.strip_suffix(['u', 'U']).unwrap_or(text);
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(whole.into());
    }
    plain
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite())
        .map(Value::from)
}

impl Literal {
    /// An argument that it compares with a number, and the schema that says the same.
    pub(super) fn argument(&self) -> Option<(String, Value)> {
        let compares = self.compares.as_ref()?;
        let name = compares.what.strip_prefix("args.")?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        plain.then(|| {
            let schema = serde_json::json!({
                "type": "number",
                compares.sign.keyword(): compares.number,
            });
            (name.to_owned(), schema)
        })
    }

    pub(super) fn implies(&self, other: &Self, own: &Lists, others: &Lists) -> bool {
        if self.text == other.text {
            return same_lists(&self.text, own, others) || is_wider(&self.text, own, others);
        }
        let (Some(a), Some(b)) = (&self.compares, &other.compares) else {
            return false;
        };
        let Some(order) = order(&a.number, &b.number) else {
            return false;
        };
        a.what == b.what
            && match (a.sign, b.sign) {
                (Sign::Is, sign) => sign.takes(order),
                (Sign::Below, Sign::Below | Sign::AtMost) | (Sign::AtMost, Sign::AtMost) => {
                    order.is_le()
                }
                (Sign::AtMost, Sign::Below) => order.is_lt(),
                (Sign::Above, Sign::Above | Sign::AtLeast) | (Sign::AtLeast, Sign::AtLeast) => {
                    order.is_ge()
                }
                (Sign::AtLeast, Sign::Above) => order.is_gt(),
                (Sign::Below | Sign::AtMost, Sign::Is | Sign::AtLeast | Sign::Above)
                | (Sign::Above | Sign::AtLeast, Sign::Is | Sign::AtMost | Sign::Below) => false,
            }
    }

    /// Tells whether both cannot hold.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let not = |a: &Self, b: &Self| {
            a.text
                .strip_prefix('!')
                .is_some_and(|rest| bare(rest) == b.text)
                && !a.text.contains("lists")
        };
        if not(self, other) || not(other, self) {
            return true;
        }
        let (Some(a), Some(b)) = (&self.compares, &other.compares) else {
            return false;
        };
        let Some(order) = order(&a.number, &b.number) else {
            return false;
        };
        a.what == b.what
            && match (a.sign, b.sign) {
                (Sign::Is, sign) => !sign.takes(order),
                (sign, Sign::Is) => !sign.takes(order.reverse()),
                (Sign::Below, Sign::Above | Sign::AtLeast) | (Sign::AtMost, Sign::Above) => {
                    order.is_le()
                }
                (Sign::AtMost, Sign::AtLeast) => order.is_lt(),
                (Sign::Above, Sign::Below | Sign::AtMost) | (Sign::AtLeast, Sign::Below) => {
                    order.is_ge()
                }
                (Sign::AtLeast, Sign::AtMost) => order.is_gt(),
                (Sign::Below | Sign::AtMost, Sign::Below | Sign::AtMost)
                | (Sign::Above | Sign::AtLeast, Sign::Above | Sign::AtLeast) => false,
            }
    }
}
