//! Named lists: values that several rules share. Both sides are normalized before they are compared.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::condition::Number;

/// What the values of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListType {
    /// Exact text.
    String,
    /// A host name: lower case, no trailing dot.
    Host,
    /// A mail address, compared in lower case.
    Email,
    /// A domain: as a host.
    Domain,
    /// An account number: upper case, no spaces, checked digits.
    Iban,
    /// A number, compared mathematically.
    Number,
}

impl ListType {
    pub(crate) const NAMES: [&str; 6] = ["string", "host", "email", "domain", "iban", "number"];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "string" => Self::String,
            "host" => Self::Host,
            "email" => Self::Email,
            "domain" => Self::Domain,
            "iban" => Self::Iban,
            "number" => Self::Number,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Host => "host",
            Self::Email => "mail address",
            Self::Domain => "domain",
            Self::Iban => "IBAN",
            Self::Number => "number",
        }
    }

    /// The form in which values of this type compare; None when the value is not of this type.
    pub(crate) fn normalize(self, value: &Value) -> Option<Value> {
        if self == Self::Number {
            // A number with an integral value compares as the integer that it is.
            let number = Number::of_json(value.as_number()?);
            let whole = number.truncated().filter(|whole| {
                let same = |n: Number| number.order(n) == Some(Ordering::Equal);
                i64::try_from(*whole).is_ok_and(|n| same(Number::Int(n)))
                    || u64::try_from(*whole).is_ok_and(|n| same(Number::Uint(n)))
            });
            return Some(whole.map_or_else(
                || value.clone(),
                |whole| {
                    i64::try_from(whole).map_or_else(
                        |_| u64::try_from(whole).map_or_else(|_| value.clone(), Value::from),
                        Value::from,
                    )
                },
            ));
        }
        self.normalize_text(value.as_str()?)
            .map(|text| Value::String(text.into_owned()))
    }

    /// The text in the form in which it compares: borrowed when it is in that form already.
    fn normalize_text(self, text: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::String => Some(Cow::Borrowed(text)),
            Self::Host | Self::Domain => plain_host(text).map(lower),
            Self::Email => {
                let (local, domain) = text.rsplit_once('@')?;
                let fine = !local.is_empty()
                    && local.len() <= 64
                    && local
                        .bytes()
                        .all(|b| b.is_ascii_graphic() && !b"@,;<>()[]\\\"".contains(&b));
                let domain = plain_host(domain).filter(|_| fine)?;
                // The domain is a prefix of what follows the `@`.
                Some(lower(&text[..=local.len() + domain.len()]))
            }
            Self::Iban if !is_iban(text) => None,
            Self::Iban if text.bytes().any(|b| b == b' ' || b.is_ascii_lowercase()) => {
                let compact: String = text.chars().filter(|c| *c != ' ').collect();
                Some(Cow::Owned(compact.to_ascii_uppercase()))
            }
            Self::Iban => Some(Cow::Borrowed(text)),
            Self::Number => None,
        }
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A host name of ASCII letters, digits, `-` and `_`, in lower case without a trailing dot.
pub(crate) fn host(text: &str) -> Option<String> {
    plain_host(text).map(str::to_ascii_lowercase)
}

/// A host name as it was written, without a trailing dot.
fn plain_host(text: &str) -> Option<&str> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (text.len() <= 253 && text.split('.').all(label)).then_some(text)
}

/// Tells whether a text is an IBAN, in either case and with or without spaces, whose check digits
/// are right (ISO 7064, mod 97-10).
pub(crate) fn is_iban(text: &str) -> bool {
    let characters = || text.chars().filter(|c| *c != ' ');
    let shape = (15..=34).contains(&characters().take(35).count())
        && characters().all(|c| c.is_ascii_alphanumeric())
        && characters().take(2).all(|c| c.is_ascii_alphabetic())
        && characters().skip(2).take(2).all(|c| c.is_ascii_digit());
    let mut rotated = characters().skip(4).chain(characters().take(4));
    let remainder = rotated.try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?;
        let shift = if digit > 9 { 100 } else { 10 };
        Some((sum * shift + digit) % 97)
    });
    shape && remainder == Some(1)
}

/// A named list.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: String,
    kind: ListType,
    values: Vec<Value>,
    index: Index,
}

/// Finds a value without copying it.
#[derive(Debug)]
enum Index {
    Texts(HashSet<Box<str>>),
    /// In ascending order.
    Numbers(Box<[Number]>),
}

impl List {
    /// Makes a list of values that are normalized already.
    pub(crate) fn new(name: String, kind: ListType, values: Vec<Value>) -> Self {
        let index = if kind == ListType::Number {
            let numbers = values.iter().filter_map(Value::as_number);
            let mut numbers: Vec<_> = numbers.map(Number::of_json).collect();
            numbers.sort_by(|a, b| a.order(*b).unwrap_or(Ordering::Equal));
            Index::Numbers(numbers.into_boxed_slice())
        } else {
            Index::Texts(
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(Into::into)
                    .collect(),
            )
        };
        Self {
            name,
            kind,
            values,
            index,
        }
    }

    /// What the values are.
    pub(crate) const fn kind(&self) -> ListType {
        self.kind
    }

    /// The values in normalized form, in the order of the document.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Tells whether a value is in the list; a value of another type is not.
    pub(crate) fn contains(&self, value: &Value) -> bool {
        match (&self.index, value) {
            (Index::Texts(_), Value::String(text)) => self.contains_text(text),
            (Index::Numbers(numbers), Value::Number(number)) => {
                let number = Number::of_json(number);
                let place = |n: &Number| n.order(number).unwrap_or(Ordering::Less);
                numbers.binary_search_by(place).is_ok()
            }
            (Index::Texts(_) | Index::Numbers(_), _) => false,
        }
    }

    /// Tells whether a text is in the list.
    pub(crate) fn contains_text(&self, text: &str) -> bool {
        match &self.index {
            Index::Texts(texts) => {
                let text = self.kind.normalize_text(text);
                text.is_some_and(|text| texts.contains(&*text))
            }
            Index::Numbers(_) => false,
        }
    }
}

/// All lists of a policy set by name.
pub(crate) type Lists = BTreeMap<String, Arc<List>>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finds(kind: ListType, listed: &[Value], value: &Value) -> bool {
        let normal = listed.iter().map(|value| kind.normalize(value).unwrap());
        List::new("l".into(), kind, normal.collect()).contains(value)
    }

    #[test]
    fn both_sides_are_normalized_before_they_compare() {
        use ListType::{Email, Host, Iban, Number, String};
        assert!(finds(
            Host,
            &[json!("API.example.com.")],
            &json!("api.Example.com")
        ));
        assert!(!finds(
            Host,
            &[json!("example.com")],
            &json!("evil.example.com")
        ));
        assert!(finds(
            Email,
            &[json!("Ann@Example.com.")],
            &json!("ann@example.COM")
        ));
        assert!(!finds(
            Email,
            &[json!("ann@example.com")],
            &json!("ann@example.com.evil")
        ));
        let spaced = json!("DE89 3704 0044 0532 0130 00");
        assert!(finds(
            Iban,
            std::slice::from_ref(&spaced),
            &json!("de89370400440532013000")
        ));
        assert!(!finds(Iban, &[spaced], &json!("DE89370400440532013001")));
        assert!(finds(String, &[json!("Ann")], &json!("Ann")));
        assert!(!finds(String, &[json!("Ann")], &json!("ann")));
        assert!(finds(Number, &[json!(20.0), json!(3)], &json!(20)));
        let big = json!(9_007_199_254_740_993_i64);
        assert!(!finds(Number, &[json!(9_007_199_254_740_992.0)], &big));
        assert!(!finds(Number, &[json!(1)], &json!("1")));
    }
}
