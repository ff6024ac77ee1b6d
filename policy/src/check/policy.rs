//! Reads `kind: Policy`.

use std::collections::BTreeSet;

use veto_core::PolicyName;

use crate::diagnostic::DiagnosticCode as Code;
use crate::source::tree::Node;

use super::fields::{self, Fields};
use super::rule::{self, Inherited};
use super::{Findings, Policy, Window, invalid_name, schema, subjects, terms, version, when};

const KNOWN: [&str; 11] = [
    "apiVersion",
    "kind",
    "metadata",
    "subjects",
    "rules",
    "mode",
    "approval",
    "definitions",
    "not_before",
    "not_after",
    "redact",
];

/// Reads a policy.
pub(super) fn read<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<Policy<'a>> {
    let all = Fields::open(node, "a policy", &KNOWN, findings)?;
    version(&all, findings);
    let metadata = all
        .required("metadata", findings)
        .and_then(|node| metadata(node, findings));
    let subjects = all
        .required("subjects", findings)
        .and_then(|node| subjects::read(node, findings));
    let definitions = schema::definitions(&all, findings);
    let inherited = Inherited {
        shadow: all
            .get("mode")
            .is_some_and(|node| rule::shadow(node, findings)),
        terms: all
            .get("approval")
            .and_then(|node| terms::read(node, findings)),
        window: when::read(&all, Window::default(), findings),
        redact: rule::redact(&all, findings),
    };
    let mut rules = Vec::new();
    let mut ids = BTreeSet::new();
    if let Some(list) = all.required("rules", findings) {
        let nodes = fields::items(list, "rules", findings);
        if nodes.is_empty() {
            let message = "the policy has no rule";
            findings.error(list.span, Code::EmptyList, message, Code::EmptyList.help());
        }
        for node in nodes {
            let Some(rule) = rule::read(node, &inherited, findings) else {
                continue;
            };
            if !ids.insert(rule.id.clone()) {
                let message = format!("the policy has a rule `{}` already", rule.id);
                let help = Code::DuplicateName.help();
                findings.error(rule.span, Code::DuplicateName, message, help);
            }
            rules.push(rule);
        }
    }
    let needs = |rule: &super::Rule<'_>| rule.approval.is_some();
    if let Some(span) = all.key("approval")
        && !rules.iter().any(needs)
    {
        let message = "no rule of this policy asks for an approval";
        findings.warning(span, Code::UnusedField, message, Code::UnusedField.help());
    }
    let metadata = metadata?;
    Some(Policy {
        name: metadata.name,
        description: metadata.description,
        controls: metadata.controls,
        span: all.span(),
        subjects: subjects?,
        definitions,
        rules,
    })
}

struct Metadata<'a> {
    name: PolicyName,
    description: Option<&'a str>,
    controls: Vec<&'a str>,
}

fn metadata<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<Metadata<'a>> {
    let known = ["name", "description", "controls"];
    let metadata = Fields::open(node, "the metadata of a policy", &known, findings)?;
    let description = fields::optional_text(&metadata, "description", findings);
    let controls = fields::texts(&metadata, "controls", findings);
    let name = metadata.required("name", findings)?;
    let text = fields::text(name, "name", findings)?;
    let checked = PolicyName::new(text);
    let name = checked
        .map_err(|error| invalid_name(name.span, error.to_string(), findings))
        .ok()?;
    Some(Metadata {
        name,
        description,
        controls: controls.into_iter().map(|(text, _)| text).collect(),
    })
}
