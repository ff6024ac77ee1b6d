//! What each mapping of the language is, from where it stands, and the order of its fields.

use crate::source::tree::{Key, Node, NodeValue};

/// What a value is in the language. Lists are of the kind of their items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Metadata,
    Subjects,
    Tools,
    Rules,
    Rule,
    Terms,
    /// Names with schemas, in the order of the author.
    Schemas,
    Schema,
    /// Names with agents or users of a test, in the order of the author.
    People,
    Person,
    Cases,
    Case,
    /// Anything, in the order of the author.
    Data,
}

impl Kind {
    pub(super) const fn of_document(node: &Node) -> Self {
        match node.value {
            NodeValue::Map(_) => Self::Document,
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::List(_) => Self::Data,
        }
    }

    /// What the value of a field is.
    pub(super) fn field(self, name: &str, node: &Node) -> Self {
        let is_list = matches!(node.value, NodeValue::List(_));
        match (self, name) {
            (Self::Document, "metadata") => Self::Metadata,
            (Self::Document, "subjects") => Self::Subjects,
            (Self::Document, "rules") if is_list => Self::Rules,
            (Self::Document, "cases") if is_list => Self::Cases,
            (Self::Document | Self::Rule, "approval") => Self::Terms,
            (Self::Document, "definitions") | (Self::Rule, "arguments") => Self::Schemas,
            (Self::Document, "schema" | "input") | (Self::Schemas, _) => Self::Schema,
            (Self::Document, "agents" | "users") => Self::People,
            (Self::Rule, "tools") => Self::Tools,
            (Self::People, _) => Self::Person,
            (Self::Schema, name) => match name {
                "properties" | "patternProperties" | "$defs" | "dependentSchemas" => Self::Schemas,
                "enum" | "const" | "default" | "examples" | "required" | "dependentRequired" => {
                    Self::Data
                }
                _ => Self::Schema,
            },
            (
                Self::Document
                | Self::Metadata
                | Self::Subjects
                | Self::Tools
                | Self::Rules
                | Self::Rule
                | Self::Terms
                | Self::Person
                | Self::Cases
                | Self::Case
                | Self::Data,
                _,
            ) => Self::Data,
        }
    }

    /// What the items of a list are.
    pub(super) const fn item(self) -> Self {
        match self {
            Self::Rules => Self::Rule,
            Self::Cases => Self::Case,
            Self::Schema => Self::Schema,
            Self::Document
            | Self::Metadata
            | Self::Subjects
            | Self::Tools
            | Self::Rule
            | Self::Terms
            | Self::Schemas
            | Self::People
            | Self::Person
            | Self::Case
            | Self::Data => Self::Data,
        }
    }

    /// Tells whether it stands on lines of its own even where it would fit on one.
    pub(super) const fn is_block(self) -> bool {
        match self {
            Self::Document | Self::Metadata | Self::Rules | Self::Rule => true,
            Self::Schemas | Self::People | Self::Cases => true,
            Self::Subjects | Self::Tools | Self::Terms | Self::Schema => false,
            Self::Person | Self::Case | Self::Data => false,
        }
    }

    /// The entries in canonical order; what the language does not know comes last, as the author put it.
    pub(super) fn sorted(self, entries: &[(Key, Node)]) -> Vec<&(Key, Node)> {
        let order = self.order();
        let place = |name: &str| {
            let found = order.iter().position(|known| *known == name);
            found.unwrap_or(order.len())
        };
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by_key(|(key, _)| place(&key.name));
        sorted
    }

    const fn order(self) -> &'static [&'static str] {
        match self {
            Self::Document => DOCUMENT,
            Self::Metadata => &["name", "description", "labels", "controls"],
            Self::Subjects => &["roles", "agents", "labels"],
            Self::Tools => &["names", "labels"],
            Self::Rule => RULE,
            Self::Terms => &["approvers", "quorum", "expires", "independent"],
            Self::Schema => SCHEMA,
            Self::Person => &["name", "email", "groups", "roles", "labels", "disabled"],
            Self::Case => CASE,
            Self::Rules | Self::Schemas | Self::People | Self::Cases | Self::Data => &[],
        }
    }
}

/// The fields of all kinds of documents: no two of them disagree.
const DOCUMENT: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "mode",
    "subjects",
    "not_before",
    "not_after",
    "approval",
    "redact",
    "definitions",
    "rules",
    "type",
    "values",
    "schema",
    "input",
    "agents",
    "users",
    "environment",
    "now",
    "cases",
];

const RULE: &[&str] = &[
    "id",
    "description",
    "tools",
    "effect",
    "mode",
    "not_before",
    "not_after",
    "arguments",
    "optional",
    "when",
    "otherwise",
    "only_if_allowed",
    "approval",
    "reason",
    "severity",
    "controls",
    "redact",
];

const SCHEMA: &[&str] = &[
    "$comment",
    "title",
    "description",
    "use",
    "$ref",
    "in",
    "empty",
    "type",
    "const",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "minProperties",
    "maxProperties",
    "properties",
    "patternProperties",
    "propertyNames",
    "required",
    "dependentRequired",
    "dependentSchemas",
    "additionalProperties",
    "unevaluatedProperties",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "$defs",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

const CASE: &[&str] = &[
    "name",
    "agent",
    "user",
    "tool",
    "arguments",
    "arguments_json",
    "context",
    "environment",
    "now",
    "expect",
    "rule",
    "reason",
];
