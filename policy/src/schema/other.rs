//! What the compiled form does not cover (`unevaluatedItems`, `unevaluatedProperties`) is left to the
//! general validator, built once with the same patterns, lists and formats.

use std::sync::Arc;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{Draft, Keyword, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::Refusal;
use super::rule::Rule;
use super::verdict::Verdict;
use crate::condition::limits;
use crate::list;
use crate::reason::shown;

const PATTERN_SIZE: usize = 64 * 1024;
const PATTERN_CACHE: usize = 256 * 1024;

/// A schema that the general validator checks.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) json: Value,
    validator: Validator,
    /// It has patterns, which read no more than 8 KiB.
    patterned: bool,
}

/// A rule as a keyword of the general validator.
struct OfRule(Rule);

impl<'i> Keyword<'i> for OfRule {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            return Ok(());
        }
        let refusal = super::explain::leaf(&self.0, instance);
        Err(ValidationError::custom(refusal.message))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.0.verdict(instance) == Verdict::Accepted
    }
}

/// Says why the general validator takes a schema for malformed: where, and why.
pub(super) fn malformed(json: &Value) -> Option<(String, String)> {
    let built = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(
            PatternOptions::regex()
                .size_limit(PATTERN_SIZE)
                .dfa_size_limit(PATTERN_CACHE),
        )
        .should_ignore_unknown_formats(true)
        .build(json);
    let error = built.err()?;
    Some((error.instance_path().as_str().to_owned(), error.to_string()))
}

/// Builds the validator of a format.
pub(super) fn format(name: &str) -> Option<Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(&serde_json::json!({ "format": name }))
        .ok()
}

impl Other {
    /// Builds the validator of a schema that stands on its own: `use` and `$ref` are substituted.
    /// `compile` gives the rules of `pattern`, `in` and `empty`.
    pub(super) fn build(
        json: Value,
        patterned: bool,
        rule: impl Fn(&str, &Value) -> Option<Rule> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let rule = Arc::new(rule);
        let keyword = |name: &'static str| {
            let rule = Arc::clone(&rule);
            move |value: &Value| {
                // Every value was compiled before; should one be new, nothing is accepted.
                let rule = rule(name, value).unwrap_or(Rule::Never);
                Box::new(OfRule(rule)) as Box<dyn for<'i> Keyword<'i>>
            }
        };
        let (pattern, member, empty) = (keyword("pattern"), keyword("in"), keyword("empty"));
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(PATTERN_SIZE)
                    .dfa_size_limit(PATTERN_CACHE),
            )
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_format("iban", list::is_iban)
            .with_keyword("pattern", move |_, value, _| Ok(pattern(value)))
            .with_keyword("in", move |_, value, _| Ok(member(value)))
            .with_keyword("empty", move |_, value, _| Ok(empty(value)))
            .build(&json)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            validator,
            patterned,
        })
    }

    /// The keyword for which the general validator is needed.
    pub(super) fn keyword(&self) -> &'static str {
        if self.json.get("unevaluatedItems").is_some() {
            "unevaluatedItems"
        } else {
            "unevaluatedProperties"
        }
    }

    pub(super) fn verdict(&self, value: &Value) -> Verdict {
        if self.patterned && is_long(value) {
            return Verdict::Unclear;
        }
        Verdict::of(self.validator.is_valid(value))
    }

    /// Says why the value is refused.
    pub(super) fn refusal(&self, value: &Value) -> Option<Refusal> {
        let error = self.validator.validate(value).err()?;
        Some(explain(&error))
    }
}

/// Tells whether a text anywhere in the value is longer than a pattern reads.
fn is_long(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.len() > limits::MATCHED,
        Value::Array(values) => values.iter().any(is_long),
        Value::Object(map) => {
            (map.iter()).any(|(name, value)| name.len() > limits::MATCHED || is_long(value))
        }
    }
}

/// Explains an error of the general validator.
fn explain(error: &ValidationError<'_>) -> Refusal {
    let value = shown(error.instance());
    let message = match error.kind() {
        Kind::Maximum { limit } => format!("{value} is above {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{value} is not below {limit}"),
        Kind::Minimum { limit } => format!("{value} is below {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{value} is not above {limit}"),
        Kind::MultipleOf { multiple_of } => format!("{value} is no multiple of {multiple_of}"),
        Kind::Pattern { pattern } => {
            format!(
                "{value} does not match {}",
                shown(&Value::String(pattern.clone()))
            )
        }
        Kind::Format { format } => format!("{value} is no valid {format}"),
        Kind::MaxLength { limit } => format!("the text is longer than {limit} characters"),
        Kind::MinLength { limit } => format!("the text is shorter than {limit} characters"),
        Kind::MaxItems { limit } => format!("the list has more than {limit} entries"),
        Kind::MinItems { limit } => format!("the list has fewer than {limit} entries"),
        Kind::MaxProperties { limit } => format!("the object has more than {limit} properties"),
        Kind::MinProperties { limit } => format!("the object has fewer than {limit} properties"),
        Kind::UniqueItems => "the list has an entry twice".to_owned(),
        Kind::Constant { expected_value } => format!("{value} is not {}", shown(expected_value)),
        Kind::Enum { options } => {
            let options = options.as_array().map_or(&[][..], Vec::as_slice);
            let some: Vec<_> = options.iter().take(5).map(shown).collect();
            let more = if options.len() > 5 { ", …" } else { "" };
            format!("{value} is none of {}{more}", some.join(", "))
        }
        Kind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => kinds
                    .iter()
                    .map(|kind| kind.to_string())
                    .collect::<Vec<_>>()
                    .join(" or "),
            };
            format!("{value} is not of type {wanted}")
        }
        Kind::Required { property } => format!("property {} is missing", shown(property)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let name = unexpected.first().cloned().unwrap_or_default();
            format!("property {} is not listed", shown(&Value::String(name)))
        }
        Kind::AdditionalItems { limit } => format!("the list has more than {limit} entries"),
        Kind::Contains => "the list has no entry of the kind that it must have".to_owned(),
        Kind::PropertyNames { .. } => "the name of a property is not allowed".to_owned(),
        Kind::FalseSchema => "no value is accepted here".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            format!("{value} fits none of the alternatives")
        }
        Kind::OneOfMultipleValid { .. } => format!("{value} fits more than one alternative"),
        Kind::Not { .. } => format!("{value} is excluded"),
        Kind::Custom { message, .. } => message.clone(),
        Kind::UnevaluatedItems { .. } => "the list has an entry that is not foreseen".to_owned(),
        Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::ContentEncoding { .. }
        | Kind::ContentMediaType { .. }
        | Kind::FromUtf8 { .. }
        | Kind::Referencing(_) => format!("{value} could not be checked"),
    };
    Refusal {
        pointer: error.instance_path().as_str().to_owned(),
        keyword: error
            .schema_path()
            .as_str()
            .trim_start_matches('/')
            .to_owned(),
        message,
        wrong_type: matches!(error.kind(), Kind::Type { .. }),
        value,
        bound: None,
    }
}
