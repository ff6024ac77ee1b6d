//! Parts of a condition that are the same for every call: computed once, when it is compiled.

use super::Failure;
use super::evaluate::part;
use super::expression::Expression;
use super::number::Number;
use super::value::Value;

/// Steps that one part may take to be computed beforehand.
const STEPS: u32 = 20_000;
/// Largest value that is kept, in bytes and entries.
const SIZE: usize = 16 * 1024;
/// Longest list of texts that is searched from its start.
const FEW: usize = 8;

/// A value that owns all it has, and is shared between threads.
#[derive(Debug)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    Items(ConstantItems),
    /// In the order of keys.
    Entries(Box<[(Self, Self)]>),
    Time(i64),
    Duration(i64),
    Optional(Option<Box<Self>>),
    Type(&'static str),
}

/// A list that was computed beforehand.
#[derive(Debug)]
pub(crate) struct ConstantItems {
    values: Box<[Constant]>,
    /// The places of its values in the order of text, when there are many and all are texts.
    sorted: Option<Box<[u32]>>,
}

impl ConstantItems {
    fn new(values: Box<[Constant]>) -> Self {
        let texts = values.len() > FEW && values.iter().all(|value| text(value).is_some());
        let sorted = texts.then(|| {
            let mut places: Vec<u32> = (0..).zip(&values).map(|(at, _)| at).collect();
            places.sort_by_key(|at| values.get(place(*at)).and_then(text));
            places.into()
        });
        Self { values, sorted }
    }

    pub(crate) fn values(&self) -> &[Constant] {
        &self.values
    }

    /// Tells whether a text is in it; None when it must be searched.
    pub(crate) fn contains_text(&self, wanted: &str) -> Option<bool> {
        let sorted = self.sorted.as_ref()?;
        let found = sorted.binary_search_by(|at| {
            let value = self.values.get(place(*at)).and_then(text);
            value.unwrap_or("").cmp(wanted)
        });
        Some(found.is_ok())
    }
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other value is no text")]
fn text(constant: &Constant) -> Option<&str> {
    match constant {
        Constant::Text(text) => Some(text),
        _ => None,
    }
}

impl Constant {
    /// Copies a value; None when it is too large to be kept, or belongs to a call.
    pub(crate) fn of_value(value: &Value<'_>) -> Option<Self> {
        Self::copy(value, &mut { SIZE })
    }

    fn copy(value: &Value<'_>, left: &mut usize) -> Option<Self> {
        let size = match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Items(items) => items.len(),
            Value::Entries(entries) => entries.len(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Time(_)
            | Value::Duration(_)
            | Value::Optional(_)
            | Value::Type(_) => 1,
        };
        *left = left.checked_sub(size)?;
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text((**text).into()),
            Value::Bytes(bytes) => Self::Bytes((**bytes).into()),
            Value::Items(items) => {
                let values = items.iter().map(|value| Self::copy(&value, left));
                Self::Items(ConstantItems::new(values.collect::<Option<_>>()?))
            }
            Value::Entries(entries) => {
                let mut copies = Vec::new();
                for key in entries.keys() {
                    let value = entries.find(&key)?;
                    copies.push((Self::copy(&key, left)?, Self::copy(&value, left)?));
                }
                Self::Entries(copies.into())
            }
            Value::Time(time) => Self::Time(*time),
            Value::Duration(duration) => Self::Duration(*duration),
            Value::Optional(None) => Self::Optional(None),
            Value::Optional(Some(value)) => {
                Self::Optional(Some(Box::new(Self::copy(value, left)?)))
            }
            Value::Type(name) => Self::Type(name),
        })
    }
}

/// Computes the parts of an expression that read nothing. One that fails is left as it is: whether it
/// matters is known only when the condition is evaluated.
pub(super) fn fold(expression: &mut Expression) {
    if is_scalar(expression) {
        return;
    }
    if expression.is_constant() {
        if let Some(constant) = compute(expression) {
            *expression = Expression::Constant(constant);
        }
        return;
    }
    for part in expression.parts_mut() {
        fold(part);
    }
}

fn compute(expression: &Expression) -> Option<Constant> {
    let value: Result<Value<'_>, Failure> = part::constant(expression, STEPS);
    Constant::of_value(&value.ok()?)
}

const fn is_scalar(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Null
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::Text(_)
            | Expression::Variable(_)
            | Expression::Local(_)
            | Expression::Constant(_)
    )
}
