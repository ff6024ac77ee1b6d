//! Reads one rule of a policy.

use std::collections::BTreeSet;
use std::time::Duration;

use veto_core::RuleId;

use crate::condition;
use crate::decision::Severity;
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::source::Span;
use crate::source::tree::{Node, NodeValue};
use crate::suggest;

use super::fields::{self, Fields};
use super::{Effect, Findings, Rule, Terms};

const KNOWN: [&str; 14] = [
    "id",
    "tools",
    "effect",
    "arguments",
    "optional",
    "when",
    "reason",
    "severity",
    "approval",
    "otherwise",
    "only_if_allowed",
    "mode",
    "description",
    "controls",
];
const EXPIRES: Duration = Duration::from_secs(15 * 60);

/// Reads a rule; what stands on the policy is passed down to it.
pub(super) fn read(
    node: &Node,
    shadow: bool,
    policy_terms: Option<&Terms>,
    findings: &mut Findings<'_>,
) -> Option<Rule> {
    let all = Fields::open(node, "a rule", &KNOWN, findings)?;
    let id = all
        .required("id", findings)
        .and_then(|node| id(node, findings));
    let tools = all
        .required("tools", findings)
        .map(|node| tools(node, findings));
    let effect = all.required("effect", findings).and_then(|node| {
        let words = [
            ("allow", Effect::Allow),
            ("deny", Effect::Deny),
            ("require_approval", Effect::RequireApproval),
        ];
        fields::word(node, "effect", &words, findings)
    });
    for plain in ["description", "reason"] {
        if let Some(node) = all.get(plain) {
            fields::text(node, plain, findings);
        }
    }
    let arguments = all.get("arguments").map(|node| arguments(node, findings));
    let optional = optional(
        &all,
        arguments.as_ref().and_then(Option::as_deref),
        findings,
    );
    let when = all.get("when").and_then(|node| {
        // `when: false` reads as YAML's boolean and is CEL's alike.
        if let NodeValue::Bool(value) = node.value {
            return Some((value.to_string(), node.span));
        }
        let text = fields::text(node, "when", findings)?;
        Some((text.to_owned(), node.span))
    });
    let severity = all.get("severity").and_then(|node| {
        let words = Severity::ALL.map(|severity| (severity.as_str(), severity));
        fields::word(node, "severity", &words, findings)
    });
    let own_terms = all.get("approval").and_then(|node| terms(node, findings));
    let otherwise = all.get("otherwise").is_some_and(|node| {
        fields::word(node, "otherwise", &[("require_approval", ())], findings).is_some()
    });
    let only_if_allowed = all
        .get("only_if_allowed")
        .is_some_and(|node| fields::boolean(node, "only_if_allowed", findings));
    let shadow = shadow
        || all
            .get("mode")
            .is_some_and(|node| self::shadow(node, findings));
    let effect = effect?;
    placed(&all, effect, otherwise, findings);
    if effect == Effect::Allow && arguments.is_none() {
        let span = all.key("effect").unwrap_or_else(|| all.span());
        let message = "an `allow` states its `arguments`";
        findings.error(
            span,
            Code::MissingArguments,
            message,
            Code::MissingArguments.help(),
        );
    }
    let asks = effect == Effect::RequireApproval || otherwise;
    let approval = own_terms.or_else(|| policy_terms.cloned()).filter(|_| asks);
    if asks && approval.is_none() && all.get("approval").is_none() {
        let span = all
            .key(if otherwise { "otherwise" } else { "effect" })
            .unwrap_or_else(|| all.span());
        let message = "nobody is named who could approve";
        findings.error(
            span,
            Code::MissingApproval,
            message,
            Code::MissingApproval.help(),
        );
    }
    let reason = all.get("reason").and_then(|node| match &node.value {
        NodeValue::Text(text) => Some(text.clone()),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::List(_)
        | NodeValue::Map(_) => None,
    });
    Some(Rule {
        id: id?,
        span: all.get("id").map_or_else(|| all.span(), |node| node.span),
        tools: tools?,
        effect,
        arguments: arguments.flatten(),
        optional,
        when,
        reason,
        severity,
        approval,
        otherwise,
        only_if_allowed,
        shadow,
    })
}

/// Fields that would have no effect on a rule of this effect are errors, not decoration.
fn placed(all: &Fields<'_>, effect: Effect, otherwise: bool, findings: &mut Findings<'_>) {
    let mut refuse = |name: &str, message: &str| {
        if let Some(span) = all.key(name) {
            findings.error(span, Code::UnusedField, message, Code::UnusedField.help());
        }
    };
    if effect != Effect::Allow {
        refuse("otherwise", "`otherwise` stands on an `allow` alone");
    }
    if effect != Effect::RequireApproval {
        refuse(
            "only_if_allowed",
            "`only_if_allowed` stands on a `require_approval` alone",
        );
        if !otherwise {
            refuse("approval", "this rule never asks for an approval");
        }
    }
}

/// Reads `mode`; only `shadow` and `enforce` exist.
pub(super) fn shadow(node: &Node, findings: &mut Findings<'_>) -> bool {
    let words = [("shadow", true), ("enforce", false)];
    fields::word(node, "mode", &words, findings).unwrap_or(false)
}

fn id(node: &Node, findings: &mut Findings<'_>) -> Option<RuleId> {
    let text = fields::text(node, "id", findings)?;
    RuleId::new(text)
        .map_err(|error| {
            findings.error(
                node.span,
                Code::InvalidName,
                error.to_string(),
                Code::InvalidName.help(),
            );
        })
        .ok()
}

fn tools(node: &Node, findings: &mut Findings<'_>) -> Vec<Glob> {
    if let NodeValue::Map(_) = node.value {
        let message = "choosing tools by label does not work yet";
        findings.error(
            node.span,
            Code::NotSupported,
            message,
            "list their names or globs",
        );
        return Vec::new();
    }
    let nodes = fields::items(node, "tools", findings);
    if nodes.is_empty() && matches!(node.value, NodeValue::List(_)) {
        findings.error(
            node.span,
            Code::EmptyList,
            "the rule names no tool",
            Code::EmptyList.help(),
        );
    }
    let mut globs = Vec::new();
    for node in nodes {
        let Some(text) = fields::text(node, "tools", findings) else {
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

/// The arguments by name; None when any are taken.
fn arguments(node: &Node, findings: &mut Findings<'_>) -> Option<Vec<(String, Node)>> {
    if matches!(&node.value, NodeValue::Text(text) if text == "any") {
        return None;
    }
    let NodeValue::Map(entries) = &node.value else {
        let message = format!(
            "`arguments` is a mapping of names to schemas, or `any`; this is {}",
            node.kind()
        );
        findings.error(
            node.span,
            Code::WrongType,
            message,
            Code::MissingArguments.help(),
        );
        return Some(Vec::new());
    };
    Some(
        entries
            .iter()
            .map(|(key, node)| (key.name.clone(), node.clone()))
            .collect(),
    )
}

fn optional(
    all: &Fields<'_>,
    arguments: Option<&[(String, Node)]>,
    findings: &mut Findings<'_>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(node) = all.get("optional") else {
        return names;
    };
    for node in fields::items(node, "optional", findings) {
        let Some(name) = fields::text(node, "optional", findings) else {
            continue;
        };
        let known = || {
            arguments
                .unwrap_or(&[])
                .iter()
                .map(|(name, _)| name.as_str())
        };
        if !known().any(|known| known == name) {
            let help = suggest::did_you_mean(name, known())
                .unwrap_or_else(|| Code::UnknownOptional.help().to_owned());
            let message = format!("`arguments` has no `{name}`");
            findings.error(node.span, Code::UnknownOptional, message, help);
        }
        names.insert(name.to_owned());
    }
    names
}

/// Reads the terms of an approval.
pub(super) fn terms(node: &Node, findings: &mut Findings<'_>) -> Option<Terms> {
    let known = ["approvers", "quorum", "expires"];
    let all = Fields::open(node, "`approval`", &known, findings)?;
    let list = all.required("approvers", findings)?;
    let mut approvers = Vec::new();
    for node in fields::items(list, "approvers", findings) {
        let Some(text) = fields::text(node, "approvers", findings) else {
            continue;
        };
        let named = |prefix| {
            text.strip_prefix(prefix)
                .is_some_and(|name: &str| !name.trim().is_empty())
        };
        if text == "user" || named("role:") || named("user:") {
            approvers.push(text.to_owned());
        } else {
            let message = format!("`{}` names no approver", text.escape_debug());
            let help =
                "write `role:<role>`, `user:<id>`, or `user` for the person the agent acts for";
            findings.error(node.span, Code::InvalidValue, message, help);
        }
    }
    if approvers.is_empty() {
        findings.error(
            list.span,
            Code::EmptyList,
            "nobody may approve",
            Code::MissingApproval.help(),
        );
    }
    let quorum = all
        .get("quorum")
        .map_or(Some(1), |node| quorum(node, findings))?;
    let expires = all
        .get("expires")
        .map_or(Some(EXPIRES), |node| expires(node, findings))?;
    Some(Terms {
        approvers,
        quorum,
        expires,
    })
}

fn quorum(node: &Node, findings: &mut Findings<'_>) -> Option<u32> {
    let number = match &node.value {
        NodeValue::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Text(_)
        | NodeValue::List(_)
        | NodeValue::Map(_) => None,
    };
    let number = number.filter(|n| (1..=100).contains(n));
    if number.is_none() {
        let message = "`quorum` is a whole number from 1 to 100";
        findings.error(node.span, Code::InvalidValue, message, "");
    }
    number
}

fn expires(node: &Node, findings: &mut Findings<'_>) -> Option<Duration> {
    let text = fields::text(node, "expires", findings)?;
    let micros = condition::duration(text).and_then(|micros| u64::try_from(micros).ok());
    let range = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
    let found = micros
        .map(Duration::from_micros)
        .filter(|duration| range.contains(duration));
    if found.is_none() {
        let message = format!(
            "`{}` is no time that an approval can stand",
            text.escape_debug()
        );
        findings.error(
            node.span,
            Code::InvalidValue,
            message,
            "write `15m`, `2h` or `1d`: from 1s to 30d",
        );
    }
    found
}

/// The place of a problem within the text of a condition.
pub(crate) fn within(text: &str, written: &str, span: Span, start: usize, end: usize) -> Span {
    // The text of a folded or escaped scalar stands differently in the file: then all of it is meant.
    let raw = text.get(span.start..span.end).unwrap_or("");
    match raw.find(written) {
        Some(at) => Span {
            start: span.start + at + start,
            end: span.start + at + end,
        },
        None => span,
    }
}
