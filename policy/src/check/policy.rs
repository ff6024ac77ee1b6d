//! Reads `kind: Policy`.

use std::collections::BTreeSet;

use veto_core::{PolicyName, Role};

use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::source::tree::Node;

use super::fields::{self, Fields};
use super::{Findings, Policy, Subjects, rule, version};

/// Reads a policy.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<Policy> {
    let known = [
        "apiVersion",
        "kind",
        "metadata",
        "subjects",
        "rules",
        "mode",
        "approval",
    ];
    let all = Fields::open(node, "a policy", &known, findings)?;
    version(&all, findings);
    let name = all
        .required("metadata", findings)
        .and_then(|node| metadata(node, findings));
    let subjects = all
        .required("subjects", findings)
        .and_then(|node| subjects(node, findings));
    let shadow = all
        .get("mode")
        .is_some_and(|node| rule::shadow(node, findings));
    let approval = all
        .get("approval")
        .and_then(|node| rule::terms(node, findings));
    let mut rules = Vec::new();
    let mut ids = BTreeSet::new();
    if let Some(list) = all.required("rules", findings) {
        let nodes = fields::items(list, "rules", findings);
        if nodes.is_empty() {
            let message = "the policy has no rule";
            findings.error(list.span, Code::EmptyList, message, Code::EmptyList.help());
        }
        for node in nodes {
            let Some(rule) = rule::read(node, shadow, approval.as_ref(), findings) else {
                continue;
            };
            if !ids.insert(rule.id.clone()) {
                let message = format!("the policy has a rule `{}` already", rule.id);
                findings.error(
                    rule.span,
                    Code::DuplicateName,
                    message,
                    Code::DuplicateName.help(),
                );
            }
            rules.push(rule);
        }
    }
    let needs = |rule: &super::Rule| rule.approval.is_some();
    if let Some(span) = all.key("approval")
        && !rules.iter().any(needs)
    {
        let message = "no rule of this policy asks for an approval";
        findings.warning(span, Code::UnusedField, message, Code::UnusedField.help());
    }
    Some(Policy {
        name: name?,
        span: all.span(),
        subjects: subjects?,
        rules,
    })
}

fn metadata(node: &Node, findings: &mut Findings<'_>) -> Option<PolicyName> {
    let known = ["name", "description", "controls"];
    let metadata = Fields::open(node, "the metadata of a policy", &known, findings)?;
    if let Some(description) = metadata.get("description") {
        fields::text(description, "description", findings);
    }
    if let Some(controls) = metadata.get("controls") {
        for control in fields::items(controls, "controls", findings) {
            fields::text(control, "controls", findings);
        }
    }
    let name = metadata.required("name", findings)?;
    let text = fields::text(name, "name", findings)?;
    PolicyName::new(text)
        .map_err(|error| {
            let message = error.to_string();
            findings.error(
                name.span,
                Code::InvalidName,
                message,
                Code::InvalidName.help(),
            );
        })
        .ok()
}

fn subjects(node: &Node, findings: &mut Findings<'_>) -> Option<Subjects> {
    let fields = Fields::open(node, "`subjects`", &["roles", "agents"], findings)?;
    let mut subjects = Subjects::default();
    if let Some(roles) = fields.get("roles") {
        for node in fields::items(roles, "roles", findings) {
            let Some(text) = fields::text(node, "roles", findings) else {
                continue;
            };
            match Role::new(text) {
                Ok(role) => {
                    subjects.roles.insert(role);
                }
                Err(error) => {
                    let help = "roles are named in full; `agents` takes globs";
                    findings.error(node.span, Code::InvalidName, error.to_string(), help);
                }
            }
        }
    }
    if let Some(agents) = fields.get("agents") {
        for node in fields::items(agents, "agents", findings) {
            let Some(text) = fields::text(node, "agents", findings) else {
                continue;
            };
            match Glob::parse(text) {
                Ok(glob) => subjects.agents.push(glob),
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
    }
    let written = fields.get("roles").or_else(|| fields.get("agents"));
    if written.is_none() {
        let message = "`subjects` names nobody";
        let help = "name roles or agents; `agents: ['**']` says everybody out loud";
        findings.error(node.span, Code::EmptyList, message, help);
    } else if subjects.roles.is_empty() && subjects.agents.is_empty() {
        findings.error(
            node.span,
            Code::EmptyList,
            "`subjects` names nobody",
            Code::EmptyList.help(),
        );
    }
    Some(subjects)
}
