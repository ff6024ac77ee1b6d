//! The keywords that JSON Schema does not have.

use std::sync::Arc;

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

use crate::list::Lists;

struct Member {
    names: Vec<String>,
    lists: Arc<Lists>,
}

/// `in: name` or `in: [name, …]`: the value is in one of the lists.
pub(super) fn member(value: &Value, lists: &Arc<Lists>) -> Box<dyn for<'i> Keyword<'i>> {
    Box::new(Member {
        names: names(value),
        lists: Arc::clone(lists),
    })
}

/// The lists that an `in` names.
pub(super) fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

impl<'i> Keyword<'i> for Member {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        let names = self.names.join("`, `");
        Err(ValidationError::custom(format!("is not in list `{names}`")))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let lists = self.names.iter().filter_map(|name| self.lists.get(name));
        lists.into_iter().any(|list| list.contains(instance))
    }
}

struct Empty(bool);

/// `empty: true`: null, empty text, an empty list or object, or nothing at all. `empty: false`: none of these.
pub(super) fn empty(value: &Value) -> Box<dyn for<'i> Keyword<'i>> {
    Box::new(Empty(value.as_bool().unwrap_or(true)))
}

impl<'i> Keyword<'i> for Empty {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        Err(ValidationError::custom(if self.0 {
            "is not empty"
        } else {
            "is empty"
        }))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let empty = match instance {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        empty == self.0
    }
}
