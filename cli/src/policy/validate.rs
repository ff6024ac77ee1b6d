//! `veto policy validate`: the checker, here, without a server.

use std::path::Path;

use serde::Serialize;
use veto_policy::{Diagnostic, DiagnosticSeverity, Source, compile, render, suite};

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

/// Prints the findings in policies and suites of tests; fails when one is an error.
pub(super) fn run(global: &Global, path: &Path) -> Result<(), Error> {
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    let mut summary = Vec::new();
    if !files::is_suite_file(path) {
        sources = files::read(path)?;
        match compile(&sources) {
            Ok(compiled) => {
                let set = &compiled.set;
                let (policies, rules) = (set.policy_count(), set.rule_count());
                summary.push(format!("{policies} policies, {rules} rules"));
                findings = compiled.warnings;
            }
            Err(found) => findings = found.0,
        }
    }
    let tests = files::suites(path)?;
    match suite::read(&tests) {
        Ok(suites) => {
            let cases: usize = suites.iter().map(|suite| suite.cases.len()).sum();
            if cases > 0 {
                summary.push(format!("{cases} cases of tests"));
            }
        }
        Err(found) => findings.extend(found.0),
    }
    sources.extend(tests);
    print(global.output, &findings, &sources)?;
    match errors(&findings) {
        0 => {
            eprintln!(
                "ok: {} files, {}, {} warnings",
                sources.len(),
                summary.join(", "),
                findings.len()
            );
            Ok(())
        }
        count => Err(Error::InvalidPolicies(counted(count))),
    }
}

/// Checks before publishing: findings go to stderr, an error stops.
pub(super) fn before_publish(sources: &[Source]) -> Result<(), Error> {
    let Err(found) = compile(sources) else {
        return Ok(());
    };
    let count = show(&found.0, sources);
    let message = format!("{}; nothing was published", counted(count));
    Err(Error::InvalidPolicies(message))
}

/// Shows findings on stderr; the error says how many stop the command.
pub(super) fn refuse(findings: &[Diagnostic], sources: &[Source]) -> Error {
    Error::InvalidPolicies(counted(show(findings, sources)))
}

fn show(findings: &[Diagnostic], sources: &[Source]) -> usize {
    for finding in findings {
        eprintln!("{}", rendered(finding, sources));
    }
    errors(findings)
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
        "1 error in the files".to_owned()
    } else {
        format!("{errors} errors in the files")
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
