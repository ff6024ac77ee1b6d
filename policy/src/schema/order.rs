//! Equality and a total order of JSON values: numbers compare mathematically, whatever their kind.

use std::cmp::Ordering;

use serde_json::Value;

use crate::condition::Number;

/// Orders two values; equal means the same value in JSON Schema.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => Number::of_json(a)
            .order(Number::of_json(b))
            .unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let pairs = a.iter().zip(b).map(|(a, b)| order(a, b));
            first(pairs).then_with(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            // The maps are sorted by name.
            let pairs = a.iter().zip(b);
            let pairs = pairs.map(|(a, b)| a.0.cmp(b.0).then_with(|| order(a.1, b.1)));
            first(pairs).then_with(|| a.len().cmp(&b.len()))
        }
        (
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
            _,
        ) => rank(a).cmp(&rank(b)),
    }
}

fn first(mut pairs: impl Iterator<Item = Ordering>) -> Ordering {
    let different = pairs.find(|order| *order != Ordering::Equal);
    different.unwrap_or(Ordering::Equal)
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Tells whether no two of the values are the same.
pub(super) fn distinct(values: &[Value]) -> bool {
    // Few values are compared each with each, which needs no memory.
    if values.len() <= 8 {
        let rest = |at: usize| values.iter().skip(at + 1);
        let same = |a, b| order(a, b) == Ordering::Equal;
        return !(values.iter().enumerate()).any(|(at, a)| rest(at).any(|b| same(a, b)));
    }
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort_unstable_by(|a, b| order(a, b));
    sorted
        .windows(2)
        .all(|pair| order(pair[0], pair[1]) != Ordering::Equal)
}

/// The values of an `enum`, found in logarithmic time when they are many.
#[derive(Debug)]
pub(super) struct Options {
    /// In the order of the schema.
    pub(super) values: Box<[Value]>,
    /// Places in ascending order of the values; empty when they are few.
    sorted: Box<[u32]>,
}

impl Options {
    pub(super) fn new(values: Vec<Value>) -> Self {
        let mut sorted = Vec::new();
        if let (9.., Ok(count)) = (values.len(), u32::try_from(values.len())) {
            sorted.extend(0..count);
            sorted.sort_unstable_by(|a, b| order(&values[*a as usize], &values[*b as usize]));
        }
        Self {
            values: values.into_boxed_slice(),
            sorted: sorted.into_boxed_slice(),
        }
    }

    pub(super) fn contains(&self, value: &Value) -> bool {
        if self.sorted.is_empty() {
            return (self.values.iter()).any(|option| order(option, value) == Ordering::Equal);
        }
        let place = |at: &u32| order(&self.values[*at as usize], value);
        self.sorted.binary_search_by(place).is_ok()
    }
}
