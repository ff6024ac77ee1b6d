//! What a rule asks of a call, as a list of requirements that all must hold.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::check::Window;
use crate::condition::{Condition, Environment};
use crate::schema::{Schema, Verdict};

/// The declared schema of a tool.
#[derive(Debug)]
pub(crate) struct Contract<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) json: Value,
}

/// What is asked of one argument.
#[derive(Debug, Clone)]
pub(crate) struct Argument<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Schema,
    pub(crate) json: Arc<Value>,
    /// It may be absent or null.
    pub(crate) optional: bool,
    /// The schema must accept it; otherwise it is enough that the schema does not refuse it.
    pub(crate) strict: bool,
}

/// What a condition must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    Yes,
    /// It cannot be evaluated.
    Fails,
    YesOrFails,
}

/// One thing that is asked of a call.
#[derive(Debug)]
pub(crate) enum Requirement<'a> {
    /// The call keeps the schema of its tool, or breaks it.
    Contract(Arc<Contract<'a>>, bool),
    Window(Window),
    /// The call has no arguments but these, which are sorted.
    Only(Vec<&'a str>),
    Argument(Argument<'a>),
    Condition(&'a Condition, Met),
    /// Every argument is there that must be, and has a value of the right type.
    Typed(Arc<[Argument<'a>]>),
    /// One of the arguments is outside its bounds, or all are within and the condition is not met.
    Unless(Arc<[Argument<'a>]>, Option<&'a Condition>),
}

impl Argument<'_> {
    pub(crate) fn holds(&self, arguments: &Map<String, Value>) -> bool {
        self.value(arguments, |value| {
            if self.strict {
                self.schema.accepts(value)
            } else {
                self.schema.verdict(value) != Verdict::Refused
            }
        })
    }

    fn is_typed(&self, arguments: &Map<String, Value>) -> bool {
        self.value(arguments, |value| {
            let refusal = self.schema.refusal(value);
            refusal.is_none_or(|refusal| !refusal.wrong_type)
        })
    }

    fn value(&self, arguments: &Map<String, Value>, fits: impl FnOnce(&Value) -> bool) -> bool {
        match arguments.get(self.name) {
            None => self.optional,
            Some(Value::Null) if self.optional => true,
            Some(value) => fits(value),
        }
    }
}

impl Requirement<'_> {
    /// The text of a condition that must come to this.
    pub(super) fn condition(&self, wanted: Met) -> Option<&str> {
        match self {
            Self::Condition(condition, met) if *met == wanted => Some(condition.text()),
            Self::Condition(..)
            | Self::Contract(..)
            | Self::Window(_)
            | Self::Only(_)
            | Self::Argument(_)
            | Self::Typed(_)
            | Self::Unless(..) => None,
        }
    }

    /// It takes nothing but a number for the argument.
    pub(super) fn takes_number(&self, name: &str) -> bool {
        let Self::Argument(argument) = self else {
            return false;
        };
        let kind = argument.json.get("type").and_then(Value::as_str);
        argument.name == name
            && argument.strict
            && !argument.optional
            && matches!(kind, Some("number" | "integer"))
    }

    pub(crate) fn holds(&self, environment: &Environment<'_>) -> bool {
        let arguments = environment.call.arguments.as_map();
        match self {
            Self::Contract(contract, kept) => contract.schema.refuses(arguments).is_none() == *kept,
            Self::Window(window) => window.holds(environment.now),
            Self::Only(names) => arguments
                .keys()
                .all(|name| names.binary_search(&name.as_str()).is_ok()),
            Self::Argument(argument) => argument.holds(arguments),
            Self::Condition(condition, met) => match (condition.is_met(environment), met) {
                (Ok(is_met), Met::Yes | Met::YesOrFails) => is_met,
                (Ok(_), Met::Fails) | (Err(_), Met::Yes) => false,
                (Err(_), Met::Fails | Met::YesOrFails) => true,
            },
            Self::Typed(all) => all.iter().all(|argument| argument.is_typed(arguments)),
            Self::Unless(all, condition) => {
                !all.iter().all(|argument| argument.holds(arguments))
                    || condition.is_some_and(|when| when.is_met(environment) == Ok(false))
            }
        }
    }
}

/// Tells whether a schema may find a value unclear: it has a pattern, or what may hold one.
pub(crate) fn has_pattern(json: &Value) -> bool {
    match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => items.iter().any(has_pattern),
        Value::Object(map) => {
            map.contains_key("pattern")
                || map.contains_key("patternProperties")
                || map.values().any(has_pattern)
        }
    }
}
