//! Equality of values, and whether a container holds one.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "values of two kinds are unequal, and what is no container is refused"
)]

use std::cmp::Ordering;

use super::{Run, fail};
use crate::condition::Failure;
use crate::condition::number::Number;
use crate::condition::value::{Items, Value};

impl<'a> Run<'a> {
    /// Equality of values: mathematical for numbers, false between kinds.
    pub(super) fn equal(&mut self, a: &Value<'a>, b: &Value<'a>) -> Result<bool, Failure> {
        self.charge(1)?;
        Ok(match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.order(*b) == Some(Ordering::Equal),
            (Value::Text(text), Value::Text(other)) => {
                self.charge_for(a)?;
                **text == **other
            }
            (Value::Bytes(bytes), Value::Bytes(other)) => {
                self.charge_for(a)?;
                **bytes == **other
            }
            (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::Type(a), Value::Type(b)) => a == b,
            (Value::Items(a), Value::Items(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !self.equal(&a, &b)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Entries(a), Value::Entries(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for key in &a.keys() {
                    match (a.find(key), b.find(key)) {
                        (Some(a), Some(b)) if self.equal(&a, &b)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::Optional(Some(a)), Value::Optional(Some(b))) => self.equal(a, b)?,
            (Value::Optional(None), Value::Optional(None)) => true,
            _ => false,
        })
    }

    pub(super) fn contains(
        &mut self,
        value: &Value<'a>,
        container: &Value<'a>,
    ) -> Result<bool, Failure> {
        match container {
            Value::Items(Items::Named(list)) => {
                self.charge_for(value)?;
                Ok(match value {
                    Value::Text(text) => list.contains_text(text),
                    Value::Number(Number::Int(n)) => list.contains(&(*n).into()),
                    Value::Number(Number::Uint(n)) => list.contains(&(*n).into()),
                    Value::Number(Number::Double(n)) => list.contains(&(*n).into()),
                    _ => false,
                })
            }
            Value::Items(items) => {
                if let (Items::Constant(items), Value::Text(text)) = (items, value)
                    && let Some(found) = items.contains_text(text)
                {
                    self.charge_for(value)?;
                    return Ok(found);
                }
                if let Value::Text(text) = value {
                    return self.has_text(items, text);
                }
                for item in items.iter() {
                    if self.equal(value, &item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Entries(entries) => {
                self.charge_for(value)?;
                Ok(entries.find(value).is_some())
            }
            other => fail(format!("`in` does not take {}", other.name())),
        }
    }

    /// Looks for a text in a list, at the cost of comparing it with each element up to it.
    fn has_text(&mut self, items: &Items<'a>, text: &str) -> Result<bool, Failure> {
        let each = text.len() / 64 + 1;
        for at in 0..items.len() {
            self.charge(each)?;
            let same = match items {
                Items::Roles(roles) => roles.get(at).is_some_and(|role| role.as_str() == text),
                Items::Texts(texts) => texts.get(at).is_some_and(|other| other == text),
                Items::Json(values) => values.get(at).and_then(|v| v.as_str()) == Some(text),
                other => matches!(other.get(at), Some(Value::Text(other)) if *other == *text),
            };
            if same {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
