//! JSON Schema 2020-12 of one argument, with the keywords `in` (named lists) and `empty`.

mod explain;
mod inspect;
mod keyword;

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::diagnostic::DiagnosticCode as Code;
use crate::list::{self, Lists};
use crate::source::Span;
use crate::source::tree::Node;

/// The compiled schema of one argument.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator,
    /// `empty: true`: the argument may be left out.
    pub(crate) may_be_absent: bool,
    /// Objects that accept properties which the schema does not list.
    pub(crate) open_objects: Vec<Span>,
}

/// Why a value is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// JSON Pointer within the argument; empty for the argument itself.
    pub(crate) pointer: String,
    /// Such as "51 is above 50"; never list contents.
    pub(crate) message: String,
    /// The value is of another type than the schema wants, so no bound was looked at.
    pub(crate) wrong_type: bool,
}

/// Something wrong with a schema.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

const PATTERN_SIZE: usize = 64 * 1024;
const PATTERN_CACHE: usize = 256 * 1024;

impl Schema {
    /// Compiles the schema of an argument.
    pub(crate) fn compile(node: &Node, lists: &Arc<Lists>) -> Result<Self, Vec<Problem>> {
        let inspected = inspect::inspect(node, lists)?;
        let json = node.to_json();
        let for_in = Arc::clone(lists);
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            // Linear time and bounded size, whatever the pattern.
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(PATTERN_SIZE)
                    .dfa_size_limit(PATTERN_CACHE),
            )
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_format("iban", |text: &str| list::iban(text).is_some())
            .with_keyword("in", move |_, value, _| Ok(keyword::member(value, &for_in)))
            .with_keyword("empty", |_, value, _| Ok(keyword::empty(value)))
            .build(&json)
            .map_err(|error| {
                let at = node.at(error.instance_path().as_str());
                vec![Problem {
                    span: at.span,
                    code: Code::InvalidSchema,
                    message: format!("not a JSON Schema: {error}"),
                    help: Code::InvalidSchema.help().to_owned(),
                }]
            })?;
        let may_be_absent = json.get("empty") == Some(&Value::Bool(true));
        Ok(Self {
            validator,
            may_be_absent,
            open_objects: inspected.open_objects,
        })
    }

    /// Tells whether the value is accepted.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Says why an object is refused; None when it is accepted.
    pub(crate) fn refuses(&self, object: &serde_json::Map<String, Value>) -> Option<Refusal> {
        self.refusal(&Value::Object(object.clone()))
    }

    /// Says why the value is refused; None when it is accepted.
    pub(crate) fn refusal(&self, value: &Value) -> Option<Refusal> {
        self.validator
            .validate(value)
            .err()
            .map(|error| explain::explain(&error))
    }
}

#[cfg(test)]
mod tests;
