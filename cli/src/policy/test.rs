//! `veto policy test`: the suites of a directory against its policies, here, without a server.

mod watch;

use std::path::PathBuf;

use serde_json::Value;
use veto_policy::suite::{self, Report, Suite, Survivors};
use veto_policy::{PolicySet, Source, compile};

use super::{files, findings};
use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format};

/// What to run, and what to ask of it.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Test {
    /// The directory with policies and their `*_test.yaml`
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Only cases whose `suite/case` contains this; may be repeated: any of them
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Tell which rules, bounds and conditions the cases reach
    #[arg(long)]
    coverage: bool,
    /// Fail when less than this is covered; tells what is, as `--coverage` does
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Change the policies one small thing at a time; fail when no case notices a change
    #[arg(long)]
    mutate: bool,
    /// Run again whenever a file of the directory changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Write the report as JUnit's XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs the cases, once or again and again.
pub(super) async fn run(global: &Global, test: Test) -> Result<(), Error> {
    if test.watch {
        return watch::run(global.output, &test).await;
    }
    once(global.output, &test)
}

/// All that is read of the directory.
struct Read {
    sources: Vec<Source>,
    set: PolicySet,
    suites: Vec<Suite>,
}

fn once(format: Format, test: &Test) -> Result<(), Error> {
    let read = read(test)?;
    let report = suite::run(&read.set, &read.sources, &read.suites, "");
    let survivors = test.mutate.then(|| {
        let mutants = suite::mutants(&read.sources);
        suite::survivors(&read.set, &read.sources, &read.suites, &mutants)
    });
    if let Some(path) = &test.junit {
        std::fs::write(path, report.to_junit()).map_err(|source| Error::File {
            path: path.display().to_string(),
            source,
        })?;
    }
    let failed = verdict(test, &report, survivors.as_ref());
    if format == Format::Table {
        output::line(in_words(test, &report, survivors.as_ref(), &read.sources).trim_end())?;
    } else {
        let mut data = report.to_json();
        data["ok"] = failed.is_empty().into();
        data["mutation"] = survivors.map_or(Value::Null, |found| found.to_json(&read.sources));
        format.document(&data)?;
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::TestsFailed(failed.join("; ")))
}

fn read(test: &Test) -> Result<Read, Error> {
    let shown = test.directory.display();
    if test.directory.is_file() {
        let message = format!("`{shown}` is a file: name the directory of policies and tests");
        return Err(Error::Usage(message));
    }
    let sources = files::read(&test.directory)?;
    let tests = files::suites(&test.directory)?;
    if tests.is_empty() {
        let message = format!("`{shown}` holds no test: no *{} file", suite::SUFFIX);
        return Err(Error::Usage(message));
    }
    let (compiled, suites) = (compile(&sources), suite::read(&tests));
    let (compiled, mut suites) = match (compiled, suites) {
        (Ok(compiled), Ok(suites)) => (compiled, suites),
        (compiled, suites) => {
            let found = [compiled.err(), suites.err()].into_iter().flatten();
            let found: Vec<_> = found.flat_map(|found| found.0).collect();
            return Err(findings::refuse(&found, &[sources, tests].concat()));
        }
    };
    for suite in &mut suites {
        suite.cases.retain(|case| {
            let name = format!("{}/{}", suite.name, case.name);
            test.filter.is_empty() || test.filter.iter().any(|part| name.contains(part))
        });
    }
    if suites.iter().all(|suite| suite.cases.is_empty()) {
        let message = format!("no case of `{shown}` passes the filter");
        return Err(Error::Usage(message));
    }
    Ok(Read {
        sources,
        set: compiled.set,
        suites,
    })
}

/// Why the command fails; nothing when all holds.
fn verdict(test: &Test, report: &Report, survivors: Option<&Survivors>) -> Vec<String> {
    let mut failed = Vec::new();
    let (passed, broken) = report.counts();
    if broken > 0 {
        failed.push(format!("{broken} of {} cases failed", passed + broken));
    }
    match survivors.map_or(0, |found| found.survived.len()) {
        0 => {}
        1 => failed.push("1 mutant survived".to_owned()),
        count => failed.push(format!("{count} mutants survived")),
    }
    let percent = report.coverage.percent();
    if let Some(wanted) = test.min_coverage.filter(|wanted| percent < *wanted) {
        failed.push(format!("{percent} % are covered, {wanted} % are wanted"));
    }
    failed
}

fn in_words(
    test: &Test,
    report: &Report,
    survivors: Option<&Survivors>,
    sources: &[Source],
) -> String {
    let mut text = String::new();
    if test.coverage || test.min_coverage.is_some() {
        text += &report.coverage.to_text();
        text.push('\n');
    }
    if let Some(found) = survivors {
        text += &found.to_text(sources);
        text.push('\n');
    }
    // Last, as the last lines are what a terminal shows.
    text + &report.to_text()
}
