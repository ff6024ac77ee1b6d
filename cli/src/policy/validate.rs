//! `veto policy validate`: the checker and lint, here, without a server.

use std::path::PathBuf;

use veto_policy::{Registry, Source, compile, lint, suite};

use super::{files, findings};
use crate::arguments::Global;
use crate::error::Error;

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// The directory, or one file
    path: PathBuf,
    /// Write the findings as SARIF 2.1.0 too, for code hosts
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
}

/// Prints the findings in policies and suites of tests; fails when one is an error.
pub(super) fn run(global: &Global, validate: &Validate) -> Result<(), Error> {
    let path = &validate.path;
    let mut sources = Vec::new();
    let mut found = Vec::new();
    let mut summary = Vec::new();
    if !files::is_suite_file(path) {
        sources = files::read(path)?;
        match compile(&sources) {
            Ok(compiled) => {
                let (policies, rules) = (compiled.set.policy_count(), compiled.set.rule_count());
                summary.push(format!("{policies} policies, {rules} rules"));
                found = lint(&compiled, &sources, &Registry::default());
            }
            Err(errors) => found = errors.0,
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
        Err(errors) => found.extend(errors.0),
    }
    sources.extend(tests);
    if let Some(file) = &validate.sarif {
        findings::write_sarif(file, path, &found)?;
    }
    findings::print(global.output, &found, &sources)?;
    match findings::errors(&found) {
        0 => {
            let (files, warnings) = (sources.len(), found.len());
            let summary = summary.join(", ");
            eprintln!("ok: {files} files, {summary}, {warnings} warnings");
            Ok(())
        }
        count => Err(Error::InvalidPolicies(findings::counted(count))),
    }
}

/// Checks before publishing: findings go to stderr, an error stops.
pub(super) fn before_publish(sources: &[Source]) -> Result<(), Error> {
    let Err(found) = compile(sources) else {
        return Ok(());
    };
    let count = findings::tell(&found.0, sources);
    let message = format!("{}; nothing was published", findings::counted(count));
    Err(Error::InvalidPolicies(message))
}
