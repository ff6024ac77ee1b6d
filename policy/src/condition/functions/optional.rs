//! Functions of optionals.

use std::rc::Rc;

use super::{Failure, Function, Result};
use crate::condition::value::Value;

impl Function {
    pub(super) fn optional<'a>(self, args: &[Value<'a>]) -> Result<'a> {
        use Value::Optional;
        match (self, args) {
            (Self::OptionalNone, []) => Ok(Optional(None)),
            (Self::OptionalOf, [value]) => Ok(Optional(Some(Rc::new(value.clone())))),
            (Self::OptionalOfNonZero, [value]) => {
                Ok(Value::optional((!value.is_zero()).then(|| value.clone())))
            }
            (Self::HasValue, [Optional(value)]) => Ok(Value::Bool(value.is_some())),
            (Self::OptionalValue, [Optional(value)]) => value
                .as_deref()
                .cloned()
                .ok_or_else(|| Failure("the optional has no value".to_owned())),
            (Self::OrValue, [Optional(value), other]) => {
                Ok(value.as_deref().unwrap_or(other).clone())
            }
            (Self::Or, [Optional(value), other @ Optional(_)]) => Ok(match value {
                Some(value) => Optional(Some(Rc::clone(value))),
                None => other.clone(),
            }),
            (_, args) => Err(self.overload(args)),
        }
    }
}
