//! Lists and maps that a condition makes.

use std::rc::Rc;

use super::{Computed, Expression, Run, fail};
use crate::condition::value::{Entries, Made, Value};
use crate::condition::{Failure, limits};

/// A list of bounded length.
pub(super) fn list<'a>(values: impl Iterator<Item = Value<'a>>) -> Computed<'a> {
    let mut made = Vec::new();
    for value in values {
        push(&mut made, value)?;
    }
    Ok(Value::list(made))
}

/// Adds to what is made, of bounded length.
pub(super) fn push<T>(made: &mut Vec<T>, value: T) -> Result<(), Failure> {
    if made.len() == limits::ITEMS {
        return fail("what is made has more than 1,000 entries");
    }
    made.push(value);
    Ok(())
}

pub(super) fn map<'a>(entries: Vec<(Value<'a>, Value<'a>)>) -> Computed<'a> {
    match Made::new(entries) {
        Some(made) => Ok(Value::Entries(Entries::Made(Rc::new(made)))),
        None => fail("a key of a map stands twice, or is no int, uint, bool or string"),
    }
}

impl<'a> Run<'a> {
    pub(super) fn items(&mut self, items: &'a [Expression]) -> Computed<'a> {
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            if let Some(value) = self.element(item)? {
                push(&mut made, value)?;
            }
        }
        Ok(Value::list(made))
    }

    pub(super) fn entries(&mut self, entries: &'a [(Expression, Expression)]) -> Computed<'a> {
        let mut made = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key)?;
            if let Some(value) = self.element(value)? {
                push(&mut made, (key, value))?;
            }
        }
        map(made)
    }

    /// A value of a list or a map; None for what an optional leaves out.
    fn element(&mut self, expression: &'a Expression) -> Result<Option<Value<'a>>, Failure> {
        let value = self.value(expression)?;
        match (expression, value) {
            (Expression::Maybe(_), Value::Optional(value)) => Ok(value.as_deref().cloned()),
            (Expression::Maybe(_), other) => {
                fail(format!("`?` takes an optional, not {}", other.name()))
            }
            (_, value) => Ok(Some(value)),
        }
    }
}
