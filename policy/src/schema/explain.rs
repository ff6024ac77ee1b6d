//! Says in words why a value is refused: the value, the bound, never the contents of a list.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use super::Refusal;
use crate::reason::shown;

/// Explains the refusal of a value.
pub(super) fn explain(error: &ValidationError<'_>) -> Refusal {
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
        Kind::Custom { message, .. } => format!("{value} {message}"),
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
        message,
        wrong_type: matches!(error.kind(), Kind::Type { .. }),
    }
}
