//! Reads which tools a rule is about: names and globs, labels of registered tools, or both.

use std::collections::BTreeSet;

use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::source::tree::{Node, NodeValue};

use super::fields::{self, Fields};
use super::{Findings, Tools, invalid_name};

/// Reads `tools`.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Tools {
    if let NodeValue::Map(_) = node.value {
        return by_label(node, findings).unwrap_or_default();
    }
    Tools {
        names: names(node, "tools", findings),
        labels: BTreeSet::new(),
    }
}

fn by_label(node: &Node, findings: &mut Findings<'_>) -> Option<Tools> {
    let all = Fields::open(node, "`tools`", &["names", "labels"], findings)?;
    let names = all
        .get("names")
        .map(|node| names(node, "names", findings))
        .unwrap_or_default();
    let labels = labels(&all, findings);
    if names.is_empty() && labels.is_empty() {
        let message = "the rule names no tool";
        findings.error(node.span, Code::EmptyList, message, Code::EmptyList.help());
    }
    Some(Tools { names, labels })
}

fn names(node: &Node, what: &str, findings: &mut Findings<'_>) -> Vec<Glob> {
    let nodes = fields::items(node, what, findings);
    if nodes.is_empty() && matches!(node.value, NodeValue::List(_)) {
        let message = "the rule names no tool";
        findings.error(node.span, Code::EmptyList, message, Code::EmptyList.help());
    }
    let mut globs = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(text) = fields::text(node, what, findings) else {
            continue;
        };
        match Glob::parse(text) {
            Ok(glob) => globs.push(glob),
            Err(error) => {
                findings.error(
                    node.span,
                    Code::InvalidGlob,
                    error,
                    Code::InvalidGlob.help(),
                );
            }
        }
    }
    globs
}

/// Reads `labels` of a tool or of a rule: words such as `read-only`.
pub(super) fn labels(all: &Fields<'_>, findings: &mut Findings<'_>) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    for (text, span) in fields::texts(all, "labels", findings) {
        let fine = (1..=63).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
        if fine {
            labels.insert(text.to_owned());
        } else {
            invalid_name(
                span,
                format!("`{}` is no label", text.escape_debug()),
                findings,
            );
        }
    }
    labels
}
