//! Reads to whom a policy applies.

use std::collections::{BTreeMap, BTreeSet};

use veto_core::Role;

use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::source::tree::{Node, NodeValue};

use super::fields::{self, Fields};
use super::{Findings, Subjects, invalid_name};

/// Reads `subjects`.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<Subjects> {
    let known = ["roles", "agents", "labels"];
    let all = Fields::open(node, "`subjects`", &known, findings)?;
    let mut subjects = Subjects::default();
    for (text, span) in fields::texts(&all, "roles", findings) {
        match Role::new(text) {
            Ok(role) => {
                subjects.roles.insert(role);
            }
            Err(error) => {
                let help = "roles are named in full; `agents` takes globs";
                findings.error(span, Code::InvalidName, error.to_string(), help);
            }
        }
    }
    for (text, span) in fields::texts(&all, "agents", findings) {
        match Glob::parse(text) {
            Ok(glob) => subjects.agents.push(glob),
            Err(error) => {
                findings.error(span, Code::InvalidGlob, error, Code::InvalidGlob.help());
            }
        }
    }
    if let Some(node) = all.get("labels") {
        subjects.labels = labels(node, findings);
    }
    let written = known.iter().any(|name| all.get(name).is_some());
    let message = "`subjects` names nobody";
    if !written {
        let help =
            "name roles, agents or labels of agents; `agents: ['**']` says everybody out loud";
        findings.error(node.span, Code::EmptyList, message, help);
    } else if subjects.roles.is_empty() && subjects.agents.is_empty() && subjects.labels.is_empty()
    {
        findings.error(node.span, Code::EmptyList, message, Code::EmptyList.help());
    }
    Some(subjects)
}

/// Labels with the values that they may have.
fn labels(node: &Node, findings: &mut Findings<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut labels = BTreeMap::new();
    for (key, node) in fields::map(node, "`labels`", findings).unwrap_or(&[]) {
        if key.name.is_empty() {
            invalid_name(key.span, "a label has no empty name".to_owned(), findings);
        }
        let one = std::slice::from_ref(node);
        let nodes = match &node.value {
            NodeValue::List(nodes) => nodes,
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::Text(_)
            | NodeValue::Map(_) => one,
        };
        if nodes.is_empty() {
            let message = format!("the label `{}` has no value", key.name);
            findings.error(node.span, Code::EmptyList, message, Code::EmptyList.help());
        }
        let texts = nodes
            .iter()
            .filter_map(|node| fields::text(node, &key.name, findings));
        labels.insert(key.name.clone(), texts.map(str::to_owned).collect());
    }
    labels
}
