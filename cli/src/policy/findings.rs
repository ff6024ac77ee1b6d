//! Findings of the checker and of lint: as text, as data, and as SARIF.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use veto_policy::diagnostic::sarif;
use veto_policy::{Diagnostic, DiagnosticSeverity, Source, render};

use crate::error::Error;
use crate::output::{self, Format};

/// A finding as data.
#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'static str,
    path: &'a str,
    line: u32,
    column: u32,
    length: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    help: &'a str,
}

/// Prints the findings on stdout.
pub(super) fn print(
    format: Format,
    findings: &[Diagnostic],
    sources: &[Source],
) -> Result<(), Error> {
    if format == Format::Table {
        return findings
            .iter()
            .try_for_each(|found| output::line(&rendered(found, sources)));
    }
    let data: Vec<_> = findings.iter().map(Finding::from).collect();
    match format {
        Format::Jsonl => data.iter().try_for_each(|finding| format.document(finding)),
        Format::Table | Format::Json | Format::Yaml => format.document(&data),
    }
}

/// Shows findings on stderr, and tells how many of them are errors.
pub(super) fn tell(findings: &[Diagnostic], sources: &[Source]) -> usize {
    for finding in findings {
        eprintln!("{}", rendered(finding, sources));
    }
    errors(findings)
}

/// Shows findings on stderr; the error says how many stop the command.
pub(super) fn refuse(findings: &[Diagnostic], sources: &[Source]) -> Error {
    Error::InvalidPolicies(counted(tell(findings, sources)))
}

/// How many of them are errors.
pub(super) fn errors(findings: &[Diagnostic]) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == DiagnosticSeverity::Error)
        .count()
}

/// How many errors there are, in words.
pub(super) fn counted(errors: usize) -> String {
    if errors == 1 {
        "1 error in the files".to_owned()
    } else {
        format!("{errors} errors in the files")
    }
}

/// Writes the findings as SARIF. `root` is the directory that was read: code hosts want paths from where they start.
pub(super) fn write_sarif(file: &Path, root: &Path, findings: &[Diagnostic]) -> Result<(), Error> {
    let base = base(root);
    let named = |found: &Diagnostic| {
        let mut found = found.clone();
        found.path = super::files::with_slashes(&base.join(&found.path));
        found
    };
    let findings: Vec<_> = findings.iter().map(named).collect();
    let text = format!("{:#}\n", sarif(&findings));
    std::fs::write(file, text).map_err(|source| Error::File {
        path: file.display().to_string(),
        source,
    })
}

/// The directory of the files as seen from here; nothing, when it is not below.
fn base(root: &Path) -> PathBuf {
    let directory = if root.is_dir() {
        root
    } else {
        root.parent().unwrap_or(root)
    };
    let here = std::env::current_dir().unwrap_or_default();
    let below = directory.strip_prefix(here).unwrap_or(directory);
    let parts = below.components();
    let parts: PathBuf = parts.filter(|part| *part != Component::CurDir).collect();
    if parts
        .components()
        .all(|p| matches!(p, Component::Normal(_)))
    {
        return parts;
    }
    PathBuf::new()
}

fn rendered(finding: &Diagnostic, sources: &[Source]) -> String {
    match sources.iter().find(|source| source.path == finding.path) {
        Some(source) => render(finding, source),
        None => finding.message.clone(),
    }
}

impl<'a> From<&'a Diagnostic> for Finding<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            path: &diagnostic.path,
            line: diagnostic.line,
            column: diagnostic.column,
            length: diagnostic.length,
            message: &diagnostic.message,
            help: &diagnostic.help,
        }
    }
}
