//! Reads files of tests, as strictly as policies.

use std::collections::BTreeSet;

use crate::check::fields::{self, Fields};
use crate::check::{self, Findings};
use crate::diagnostic::{DiagnosticCode as Code, Diagnostics};
use crate::source::tree::Node;
use crate::source::{self, LineIndex, Source};

use super::case::{self, Defaults};
use super::{Suite, people};

const KNOWN: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "agents",
    "users",
    "agent",
    "user",
    "tool",
    "environment",
    "now",
    "context",
    "cases",
];

/// Reads files of tests: all or nothing.
///
/// # Errors
/// All findings, ordered by file and place.
pub fn read(sources: &[Source]) -> Result<Vec<Suite>, Diagnostics> {
    let mut found = Vec::new();
    let mut suites = Vec::new();
    for source in sources {
        match source::read(source) {
            Err(diagnostic) => found.push(diagnostic),
            Ok(nodes) => {
                let lines = LineIndex::new(&source.text);
                let mut findings = Findings::new(source);
                let read = nodes
                    .iter()
                    .filter_map(|node| suite(source, &lines, node, &mut findings));
                suites.extend(read);
                found.extend(findings.found);
            }
        }
    }
    if found.is_empty() {
        return Ok(suites);
    }
    found.sort_by(|a, b| {
        (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code))
    });
    Err(Diagnostics(found))
}

fn suite(
    source: &Source,
    lines: &LineIndex,
    node: &Node,
    findings: &mut Findings<'_>,
) -> Option<Suite> {
    if let Some(kind) = fields::peek(node, "kind").filter(|kind| *kind != "Tests") {
        let message = format!("a file of tests holds no `{}`", kind.escape_debug());
        let help = "files that end in `_test.yaml` hold `kind: Tests`; others hold policies";
        findings.error(node.at("/kind").span, Code::UnknownKind, message, help);
        return None;
    }
    let all = Fields::open(node, "a suite of tests", &KNOWN, findings)?;
    check::version(&all, findings);
    if let Some(kind) = all.required("kind", findings) {
        fields::text(kind, "kind", findings);
    }
    let metadata = all.required("metadata", findings).and_then(|node| {
        let known = ["name", "description"];
        Fields::open(node, "the metadata of a suite", &known, findings)
    });
    let name = metadata.as_ref().and_then(|metadata| {
        fields::optional_text(metadata, "description", findings);
        let node = metadata.required("name", findings)?;
        let text = case::named(node, "a suite", findings)?;
        Some((text, node.span))
    });
    let people = people::read(&all, findings);
    let defaults = Defaults::read(&all, &people, findings);
    let mut cases = Vec::new();
    let mut names = BTreeSet::new();
    if let Some(list) = all.required("cases", findings) {
        let nodes = fields::items(list, "cases", findings);
        if nodes.is_empty() {
            let message = "the suite has no case";
            findings.error(list.span, Code::EmptyList, message, Code::EmptyList.help());
        }
        for node in nodes {
            let Some((mut case, span)) = case::read(node, &defaults, &people, findings) else {
                continue;
            };
            if !names.insert(case.name.clone()) {
                let message = "the suite has a case of this name already";
                let help = Code::DuplicateName.help();
                findings.error(span, Code::DuplicateName, message, help);
            }
            case.line = lines.position(&source.text, span.start).0;
            cases.push(case);
        }
    }
    let (name, span) = name?;
    Some(Suite {
        name: name.to_owned(),
        path: source.path.clone(),
        line: lines.position(&source.text, span.start).0,
        cases,
    })
}
