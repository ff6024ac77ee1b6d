//! What the checker has to say about a policy text: where, what, and what to do about it.

mod code;
mod render;
mod sarif;

use std::fmt;

pub use code::DiagnosticCode;
pub use render::render;
pub(crate) use render::visible;
pub use sarif::sarif;

/// Whether a finding stops publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiagnosticSeverity {
    /// Nothing is published.
    Error,
    /// Published, and worth a look.
    Warning,
}

impl DiagnosticSeverity {
    /// The severity as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding of the checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: DiagnosticCode,
    /// Whether it stops publishing.
    pub severity: DiagnosticSeverity,
    /// The file.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters are meant; at least 1, never beyond the line.
    pub length: u32,
    /// What is wrong.
    pub message: String,
    /// What to do. Empty: nothing to suggest.
    pub help: String,
}

/// One line, for logs; [`render`] shows the source too.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line, column) = (&self.path, self.line, self.column);
        let (severity, code) = (self.severity.as_str(), self.code);
        write!(
            f,
            "{path}:{line}:{column}: {severity}[{code}]: {}",
            self.message
        )?;
        if self.help.is_empty() {
            return Ok(());
        }
        write!(f, " (help: {})", self.help)
    }
}

/// All findings of a check that failed; at least one is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", summary(.0))]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// The code under which clients learn of it.
    #[must_use]
    pub const fn code(&self) -> veto_core::Code {
        veto_core::Code::InvalidPolicy
    }

    /// Iterates over the findings, ordered by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn summary(all: &[Diagnostic]) -> String {
    let errors = || {
        all.iter()
            .filter(|d| d.severity == DiagnosticSeverity::Error)
    };
    match (errors().next(), errors().count()) {
        (None, _) => "no error".to_owned(),
        (Some(first), 1) => first.to_string(),
        (Some(first), n) => format!("{first}, and {} more", n - 1),
    }
}
