//! Named lists: values that several rules share. Both sides are normalized before they are compared.

use std::collections::{BTreeMap, HashSet};

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
                let same = |n: Number| number.order(n) == Some(std::cmp::Ordering::Equal);
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
        self.normalize_text(value.as_str()?).map(Value::String)
    }

    fn normalize_text(self, text: &str) -> Option<String> {
        match self {
            Self::String => Some(text.to_owned()),
            Self::Host | Self::Domain => host(text),
            Self::Email => {
                let (local, domain) = text.rsplit_once('@')?;
                let fine = !local.is_empty()
                    && local.len() <= 64
                    && local
                        .bytes()
                        .all(|b| b.is_ascii_graphic() && !b"@,;<>()[]\\\"".contains(&b));
                let domain = host(domain)?;
                fine.then(|| format!("{}@{domain}", local.to_ascii_lowercase()))
            }
            Self::Iban => iban(text),
            Self::Number => None,
        }
    }
}

/// A host name of ASCII letters, digits, `-` and `_`, in lower case without a trailing dot.
pub(crate) fn host(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let fine = text.len() <= 253 && text.split('.').all(label);
    fine.then(|| text.to_ascii_lowercase())
}

/// An IBAN without spaces whose check digits are right (ISO 7064, mod 97-10).
pub(crate) fn iban(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    let compact = compact.to_ascii_uppercase();
    let shape = (15..=34).contains(&compact.len())
        && compact.bytes().all(|b| b.is_ascii_alphanumeric())
        && compact.as_bytes()[..2].iter().all(u8::is_ascii_uppercase)
        && compact.as_bytes()[2..4].iter().all(u8::is_ascii_digit);
    if !shape {
        return None;
    }
    let (head, tail) = compact.split_at(4);
    let remainder = tail.chars().chain(head.chars()).try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?;
        let shift = if digit > 9 { 100 } else { 10 };
        Some((sum * shift + digit) % 97)
    })?;
    (remainder == 1).then_some(compact)
}

/// A named list.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: String,
    kind: ListType,
    values: Vec<Value>,
    index: HashSet<Value>,
}

impl List {
    /// Makes a list of values that are normalized already.
    pub(crate) fn new(name: String, kind: ListType, values: Vec<Value>) -> Self {
        let index = values.iter().cloned().collect();
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
        self.kind
            .normalize(value)
            .is_some_and(|value| self.index.contains(&value))
    }

    /// Tells whether a text is in the list.
    pub(crate) fn contains_text(&self, text: &str) -> bool {
        let text = self.kind.normalize_text(text);
        text.is_some_and(|text| self.index.contains(&Value::String(text)))
    }
}

/// All lists of a policy set by name.
pub(crate) type Lists = BTreeMap<String, List>;
