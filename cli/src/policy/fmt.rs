//! `veto policy fmt`: one form for all policy files, with their comments.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use similar::TextDiff;
use veto_policy::{FormatError, Source, format, render};

use super::files;
use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format, Row};

/// What to format, and what to do with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Fmt {
    /// Files, and directories with all their *.yaml; `-` reads stdin and writes stdout
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing; exit with 1 when a file is not formatted
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// It is formatted already.
    Same,
    /// It was formatted, or would be.
    Changed,
    /// It stays as it is: it cannot be read, or not safely be formatted.
    Failed,
}

/// A file with its verdict.
#[derive(Serialize)]
struct Report {
    path: String,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Row for Report {
    const COLUMNS: &'static [&'static str] = &["PATH", "VERDICT"];

    fn cells(&self) -> Vec<String> {
        let verdict = match self.verdict {
            Verdict::Same => "same",
            Verdict::Changed => "changed",
            Verdict::Failed => "failed",
        };
        vec![self.path.clone(), verdict.to_owned()]
    }
}

/// Formats the files; fails when one could not be, or with `--check` when one was not.
pub(super) fn run(global: &Global, fmt: &Fmt) -> Result<(), Error> {
    if fmt.paths.iter().any(|path| path == Path::new("-")) {
        return stdin(fmt);
    }
    let writes = !fmt.check && !fmt.diff;
    let mut reports = Vec::new();
    for path in files::everything(&fmt.paths)? {
        let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
        let path_text = path.display().to_string();
        let source = Source {
            path: path_text,
            text,
        };
        let new = format(&source);
        let report = report(&source, &new);
        if let Ok(new) = &new
            && report.verdict == Verdict::Changed
        {
            if fmt.diff {
                output::bytes(difference(&source, new).as_bytes())?;
            }
            if writes {
                replace(&path, new).map_err(failed(&path))?;
            }
        }
        reports.push(report);
    }
    if !fmt.diff {
        show(global.output, &reports)?;
    }
    outcome(&reports, fmt.check)
}

fn stdin(fmt: &Fmt) -> Result<(), Error> {
    if fmt.paths.len() > 1 {
        return Err(Error::Usage("`-` stands alone".to_owned()));
    }
    let mut text = String::new();
    let read = io::stdin().read_to_string(&mut text);
    read.map_err(failed(Path::new("stdin")))?;
    let path = "stdin".to_owned();
    let source = Source { path, text };
    let new = format(&source);
    let report = report(&source, &new);
    if let Ok(new) = &new {
        match (fmt.diff, fmt.check) {
            (true, _) => output::bytes(difference(&source, new).as_bytes())?,
            (false, true) => {}
            (false, false) => output::bytes(new.as_bytes())?,
        }
    }
    outcome(&[report], fmt.check)
}

fn report(source: &Source, new: &Result<String, FormatError>) -> Report {
    let path = source.path.clone();
    match new {
        Ok(new) => Report {
            path,
            verdict: if *new == source.text {
                Verdict::Same
            } else {
                Verdict::Changed
            },
            code: None,
            message: None,
        },
        Err(error) => {
            match error {
                FormatError::Unreadable(found) => eprintln!("{}", render(found, source)),
                FormatError::Unsafe(_) => eprintln!("{path}: {error}"),
            }
            Report {
                path,
                verdict: Verdict::Failed,
                code: Some(error.code()),
                message: Some(error.to_string()),
            }
        }
    }
}

/// As a table, files that are fine are not worth a line.
fn show(form: Format, reports: &[Report]) -> Result<(), Error> {
    if form != Format::Table {
        return form.rows(reports);
    }
    let changed = reports
        .iter()
        .filter(|report| report.verdict == Verdict::Changed);
    changed
        .into_iter()
        .try_for_each(|report| output::line(&report.path))
}

fn outcome(reports: &[Report], check: bool) -> Result<(), Error> {
    let count = |verdict| {
        let found = reports.iter().filter(|report| report.verdict == verdict);
        match found.count() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        }
    };
    let any = |verdict| reports.iter().any(|report| report.verdict == verdict);
    if any(Verdict::Failed) {
        let count = count(Verdict::Failed);
        return Err(Error::NotFormatted(format!(
            "{count} could not be formatted"
        )));
    }
    if check && any(Verdict::Changed) {
        let count = count(Verdict::Changed);
        return Err(Error::NotFormatted(format!(
            "{count} not formatted: run `veto policy fmt`"
        )));
    }
    Ok(())
}

fn difference(source: &Source, new: &str) -> String {
    let diff = TextDiff::from_lines(&*source.text, new);
    let path = source.path.trim_start_matches('/');
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    diff.unified_diff().header(&old, &new).to_string()
}

/// Replaces the text of a file: wholly or not at all, whatever happens meanwhile.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Behind a link stands the file that is meant.
    let path = path.canonicalize()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let write = || {
        let options = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&draft);
        let mut file = options?;
        file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |source| Error::File {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOSE: &str = "a:   1 # one\nb: [ 2 ]\n";
    const NEAT: &str = "a: 1 # one\nb: [2]\n";

    fn run_on(path: &Path, check: bool, diff: bool) -> Result<(), Error> {
        let fmt = Fmt {
            paths: vec![path.to_owned()],
            check,
            diff,
        };
        let cli = <crate::arguments::Cli as clap::Parser>::parse_from(["veto", "fleet"]);
        run(&cli.global, &fmt)
    }

    #[test]
    fn a_file_is_replaced_with_its_comments_and_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a_test.yaml");
        std::fs::write(&file, LOOSE).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = root.path().join("link.yaml");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        run_on(&link, false, false).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), NEAT);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_check_writes_nothing_and_fails_once() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.yaml");
        std::fs::write(&file, LOOSE).unwrap();
        let found = run_on(root.path(), true, false);
        assert!(matches!(found, Err(Error::NotFormatted(_))));
        run_on(root.path(), false, true).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), LOOSE);
        run_on(root.path(), false, false).unwrap();
        run_on(root.path(), true, false).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_stays_and_the_others_are_formatted() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.yaml"), "a: [").unwrap();
        std::fs::write(root.path().join("b.yaml"), LOOSE).unwrap();
        let found = run_on(root.path(), false, false);
        assert!(matches!(found, Err(Error::NotFormatted(_))));
        let read = |name| std::fs::read_to_string(root.path().join(name)).unwrap();
        assert_eq!(read("a.yaml"), "a: [");
        assert_eq!(read("b.yaml"), NEAT);
    }

    #[test]
    fn a_difference_names_the_file_and_the_lines() {
        let source = Source {
            path: "p.yaml".to_owned(),
            text: LOOSE.to_owned(),
        };
        let text = difference(&source, NEAT);
        assert!(text.starts_with("--- a/p.yaml\n+++ b/p.yaml\n@@ -1,2 +1,2 @@\n"));
        assert!(text.contains("\n-b: [ 2 ]\n") && text.contains("\n+b: [2]\n"));
    }
}
