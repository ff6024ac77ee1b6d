//! Files for a first directory of policies: they compile without a finding, are formatted, and have tests.

use veto_core::PolicyName;

use crate::format::format;
use crate::language::LANGUAGE_SCHEMA;
use crate::source::Source;

/// What the first policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaffold {
    /// An allow, an approval and a denial.
    #[default]
    Minimal,
    /// The file server of the Model Context Protocol.
    McpFilesystem,
    /// Money that goes out: a limit, lists, registered tools.
    Payments,
}

impl Scaffold {
    /// Every flavour.
    pub const ALL: [Self; 3] = [Self::Minimal, Self::McpFilesystem, Self::Payments];

    /// The flavour as it stands on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::McpFilesystem => "mcp-filesystem",
            Self::Payments => "payments",
        }
    }

    /// Reads a flavour back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The policy and its tests.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Minimal => (
                include_str!("../language/scaffold/minimal.yaml"),
                include_str!("../language/scaffold/minimal_test.yaml"),
            ),
            Self::McpFilesystem => (
                include_str!("../language/scaffold/mcp-filesystem.yaml"),
                include_str!("../language/scaffold/mcp-filesystem_test.yaml"),
            ),
            Self::Payments => (
                include_str!("../language/scaffold/payments.yaml"),
                include_str!("../language/scaffold/payments_test.yaml"),
            ),
        }
    }
}

/// The name that stands in the templates.
const EXAMPLE: &str = "example-policy";

/// Tells VS Code's YAML extension which files the schema is for.
const SETTINGS: &str =
    "{\n  \"yaml.schemas\": { \"./.vscode/veto-v1.schema.json\": [\"policies/**/*.yaml\"] }\n}\n";

/// The files of a first directory, with paths relative to it: a policy of this name, its tests, and what an editor
/// needs to complete and check them.
#[must_use]
pub fn scaffold(name: &PolicyName, kind: Scaffold) -> Vec<Source> {
    let (policy, tests) = kind.texts();
    let file = |path: String, text: String| Source { path, text };
    let named = |path: String, text: &str| {
        let mut file = file(path, text.replace(EXAMPLE, name.as_str()));
        // A longer name may no longer fit on a line.
        if let Ok(text) = format(&file) {
            file.text = text;
        }
        file
    };
    vec![
        named(format!("policies/{name}.yaml"), policy),
        named(format!("policies/{name}_test.yaml"), tests),
        file(".vscode/settings.json".to_owned(), SETTINGS.to_owned()),
        file(
            ".vscode/veto-v1.schema.json".to_owned(),
            LANGUAGE_SCHEMA.to_owned(),
        ),
    ]
}
