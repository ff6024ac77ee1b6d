//! `veto policy validate`: the checker, here, without a server.

use std::path::Path;

use serde::Serialize;
use veto_policy::{Diagnostic, DiagnosticSeverity, Source, compile, render};

use super::files;
use crate::arguments::Global;
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

/// Prints the findings; fails when one is an error.
pub(super) fn run(global: &Global, path: &Path) -> Result<(), Error> {
    let sources = files::read(path)?;
    let (findings, summary) = match compile(&sources) {
        Ok(compiled) => {
            let set = &compiled.set;
            let summary = format!(
                "{} policies, {} rules",
                set.policy_count(),
                set.rule_count()
            );
            (compiled.warnings, summary)
        }
        Err(diagnostics) => (diagnostics.0, String::new()),
    };
    print(global.output, &findings, &sources)?;
    match errors(&findings) {
        0 => {
            eprintln!(
                "ok: {} files, {summary}, {} warnings",
                sources.len(),
                findings.len()
            );
            Ok(())
        }
        count => Err(Error::InvalidPolicies(counted(count))),
    }
}

/// Checks before publishing: findings go to stderr, an error stops.
pub(super) fn before_publish(sources: &[Source]) -> Result<(), Error> {
    match compile(sources) {
        Ok(_) => Ok(()),
        Err(found) => Err(refuse(&found.0, sources)),
    }
}

/// Shows findings on stderr; the error says how many stop the command.
pub(super) fn refuse(findings: &[Diagnostic], sources: &[Source]) -> Error {
    findings
        .iter()
        .for_each(|finding| eprintln!("{}", rendered(finding, sources)));
    Error::InvalidPolicies(counted(errors(findings)))
}

fn print(format: Format, findings: &[Diagnostic], sources: &[Source]) -> Result<(), Error> {
    if format == Format::Table {
        return findings
            .iter()
            .try_for_each(|f| output::line(&rendered(f, sources)));
    }
    let data: Vec<_> = findings.iter().map(Finding::from).collect();
    match format {
        Format::Jsonl => data.iter().try_for_each(|finding| format.document(finding)),
        Format::Table | Format::Json | Format::Yaml => format.document(&data),
    }
}

fn rendered(finding: &Diagnostic, sources: &[Source]) -> String {
    match sources.iter().find(|source| source.path == finding.path) {
        Some(source) => render(finding, source),
        None => finding.message.clone(),
    }
}

fn errors(findings: &[Diagnostic]) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == DiagnosticSeverity::Error)
        .count()
}

fn counted(errors: usize) -> String {
    if errors == 1 {
        "1 error".to_owned()
    } else {
        format!("{errors} errors")
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
