//! The language as data, for editors.

/// JSON Schema of policy files: completion, hover texts and underlined mistakes while people write. The checker
/// knows more: what passes here may still be refused there.
pub const LANGUAGE_SCHEMA: &str = include_str!("../language/veto-v1.schema.json");
