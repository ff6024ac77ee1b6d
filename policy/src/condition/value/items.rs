//! Lists of a condition.

use std::rc::Rc;

use serde_json::Value as Json;
use veto_core::Role;

use super::Value;
use crate::condition::constant::ConstantItems;
use crate::list::List;

/// A list of CEL.
#[derive(Debug, Clone)]
pub(crate) enum Items<'a> {
    Json(&'a [Json]),
    Roles(&'a [Role]),
    Texts(&'a [String]),
    Named(&'a List),
    Constant(&'a ConstantItems),
    Made(Rc<Vec<Value<'a>>>),
}

impl<'a> Items<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Json(values) => values.len(),
            Self::Roles(roles) => roles.len(),
            Self::Texts(texts) => texts.len(),
            Self::Named(list) => list.values().len(),
            Self::Constant(items) => items.values().len(),
            Self::Made(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::Json(values) => values.get(at).map(Value::of_json),
            Self::Roles(roles) => roles.get(at).map(|role| Value::text(role.as_str())),
            Self::Texts(texts) => texts.get(at).map(|text| Value::text(text)),
            Self::Named(list) => list.values().get(at).map(Value::of_json),
            Self::Constant(items) => items.values().get(at).map(Value::of_constant),
            Self::Made(values) => values.get(at).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'a>> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}
