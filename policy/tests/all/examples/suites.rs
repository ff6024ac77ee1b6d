//! Each folder of examples has tests that reach all of it, and notice every change of it.

use std::path::{Path, PathBuf};

use veto_policy::format;
use veto_policy::suite;

use super::{compiled, examples, files};

/// Every folder below `examples` that has policies.
fn folders(root: &Path, found: &mut Vec<PathBuf>) {
    if !files(root, false).is_empty() {
        found.push(root.to_owned());
    }
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folders(&path, found);
        }
    }
}

/// What a folder's tests leave open, a line each.
fn gaps(folder: &Path) -> Vec<String> {
    let sources = files(folder, false);
    let set = compiled(&sources);
    let tests = files(folder, true);
    let suites = suite::read(&tests).unwrap_or_else(|found| panic!("{found}"));
    let mut gaps = Vec::new();
    for source in sources.iter().chain(&tests) {
        if format(source).ok().as_ref() != Some(&source.text) {
            gaps.push(format!("{}: not formatted", source.path));
        }
    }
    let report = suite::run(&set, &sources, &suites, "");
    if !report.passed() {
        gaps.push(report.to_text());
    }
    // A value of another type does not reach the rules of a tool that is registered.
    let registered = sources.iter().any(|s| s.text.contains("\nkind: Tool\n"));
    let told = |message: &str| {
        registered && message.starts_with("no case breaks") && message.contains("type` of argument")
    };
    let uncovered = report.coverage.uncovered().into_iter();
    let uncovered = uncovered.filter(|gap| !told(&gap.message));
    gaps.extend(uncovered.map(|gap| {
        let (path, line, rule) = (gap.path, gap.line, gap.rule);
        format!("{path}:{line}: {rule}: {}", gap.message)
    }));
    let mutants = suite::mutants(&sources);
    let survivors = suite::survivors(&set, &sources, &suites, &mutants);
    assert!(!survivors.cut);
    let survived = survivors.survived.iter();
    gaps.extend(survived.map(|m| format!("{}:{}: survives: {}", m.path, m.line, m.what)));
    gaps
}

#[test]
fn every_example_is_covered_and_no_change_of_it_goes_unnoticed() {
    let mut all = Vec::new();
    folders(&examples(), &mut all);
    assert!(all.len() > 1);
    let wanted = std::env::var("VETO_EXAMPLE").unwrap_or_default();
    let mut gaps_of_all = Vec::new();
    for folder in all {
        let name = folder
            .strip_prefix(examples())
            .unwrap()
            .display()
            .to_string();
        if name.contains(&wanted) {
            gaps_of_all.extend(gaps(&folder).into_iter().map(|gap| format!("{name}/{gap}")));
        }
    }
    assert!(gaps_of_all.is_empty(), "{}", gaps_of_all.join("\n"));
}
