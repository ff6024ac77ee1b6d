//! Reads one rule of a policy.

use std::collections::BTreeSet;

use veto_core::RuleId;

use crate::decision::Severity;
use crate::diagnostic::DiagnosticCode as Code;
use crate::source::Span;
use crate::source::tree::{Key, Node, NodeValue};
use crate::suggest;

use super::fields::{self, Fields};
use super::{Effect, Findings, Rule, Terms, Window, invalid_name, terms, tools, when};

const KNOWN: [&str; 17] = [
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
    "not_before",
    "not_after",
    "redact",
];

/// What stands on the policy and holds for all its rules.
#[derive(Debug, Default)]
pub(super) struct Inherited<'a> {
    pub(super) shadow: bool,
    pub(super) terms: Option<Terms>,
    pub(super) window: Window,
    pub(super) redact: Vec<Vec<&'a str>>,
}

/// Reads a rule.
pub(super) fn read<'a>(
    node: &'a Node,
    inherited: &Inherited<'a>,
    findings: &mut Findings<'_>,
) -> Option<Rule<'a>> {
    let all = Fields::open(node, "a rule", &KNOWN, findings)?;
    let id = all
        .required("id", findings)
        .and_then(|node| id(node, findings));
    let tools = all
        .required("tools", findings)
        .map(|node| tools::read(node, findings));
    let effect = all.required("effect", findings).and_then(|node| {
        let words = [Effect::Allow, Effect::Deny, Effect::RequireApproval]
            .map(|effect| (effect.as_str(), effect));
        fields::word(node, "effect", &words, findings)
    });
    fields::optional_text(&all, "description", findings);
    let reason = fields::optional_text(&all, "reason", findings);
    let controls = fields::texts(&all, "controls", findings);
    let arguments = all.get("arguments").map(|node| arguments(node, findings));
    let listed = arguments.as_ref().and_then(Option::as_deref);
    let optional = optional(&all, listed.unwrap_or(&[]), findings);
    let when = all.get("when").and_then(|node| condition(node, findings));
    let severity = all.get("severity").and_then(|node| {
        let words = Severity::ALL.map(|severity| (severity.as_str(), severity));
        fields::word(node, "severity", &words, findings)
    });
    let own_terms = all
        .get("approval")
        .and_then(|node| terms::read(node, findings));
    let otherwise = all.get("otherwise").is_some_and(|node| {
        fields::word(node, "otherwise", &[("require_approval", ())], findings).is_some()
    });
    let only_if_allowed = all
        .get("only_if_allowed")
        .is_some_and(|node| fields::boolean(node, "only_if_allowed", findings));
    let shadow = inherited.shadow
        || all
            .get("mode")
            .is_some_and(|node| self::shadow(node, findings));
    let window = when::read(&all, inherited.window, findings);
    let mut redact = inherited.redact.clone();
    redact.extend(self::redact(&all, findings));
    let effect = effect?;
    placed(&all, effect, otherwise, findings);
    if effect == Effect::Allow && arguments.is_none() {
        let span = all.key("effect").unwrap_or_else(|| all.span());
        let message = "an `allow` states its `arguments`";
        let help = Code::MissingArguments.help();
        findings.error(span, Code::MissingArguments, message, help);
    }
    let asks = effect == Effect::RequireApproval || otherwise;
    let approval = own_terms
        .or_else(|| inherited.terms.clone())
        .filter(|_| asks);
    if asks && approval.is_none() && all.get("approval").is_none() {
        let key = if otherwise { "otherwise" } else { "effect" };
        let span = all.key(key).unwrap_or_else(|| all.span());
        let message = "nobody is named who could approve";
        let help = Code::MissingApproval.help();
        findings.error(span, Code::MissingApproval, message, help);
    }
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
        controls: controls.into_iter().map(|(text, _)| text).collect(),
        approval,
        otherwise,
        only_if_allowed,
        shadow,
        window,
        redact,
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
        .map_err(|error| invalid_name(node.span, error.to_string(), findings))
        .ok()
}

/// The text of a condition; `when: false` reads as YAML's boolean and is CEL's alike.
fn condition<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<(&'a str, Span)> {
    let text = match node.value {
        NodeValue::Bool(true) => "true",
        NodeValue::Bool(false) => "false",
        NodeValue::Null
        | NodeValue::Number(_)
        | NodeValue::Text(_)
        | NodeValue::List(_)
        | NodeValue::Map(_) => fields::text(node, "when", findings)?,
    };
    Some((text, node.span))
}

/// Paths of arguments: names, separated by `/`.
pub(super) fn redact<'a>(all: &Fields<'a>, findings: &mut Findings<'_>) -> Vec<Vec<&'a str>> {
    let mut paths = Vec::new();
    for (text, span) in fields::texts(all, "redact", findings) {
        let path: Vec<_> = text.split('/').collect();
        if path.len() > 16 || path.iter().any(|name| name.is_empty()) {
            let message = format!("`{}` is no path of an argument", text.escape_debug());
            let help = "write `body` for an argument, `customer/ssn` for a part of one";
            findings.error(span, Code::InvalidValue, message, help);
        } else {
            paths.push(path);
        }
    }
    paths
}

/// The arguments by name; None when any are taken.
fn arguments<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<Vec<(&'a str, &'a Node)>> {
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
    let pair = |(key, node): &'a (Key, Node)| (&*key.name, node);
    Some(entries.iter().map(pair).collect())
}

fn optional<'a>(
    all: &Fields<'a>,
    arguments: &[(&str, &Node)],
    findings: &mut Findings<'_>,
) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for (name, span) in fields::texts(all, "optional", findings) {
        if !arguments.iter().any(|(known, _)| *known == name) {
            let known = arguments.iter().map(|(name, _)| *name);
            let help = suggest::did_you_mean(name, known)
                .unwrap_or_else(|| Code::UnknownOptional.help().to_owned());
            let message = format!("`arguments` has no `{name}`");
            findings.error(span, Code::UnknownOptional, message, help);
        }
        names.insert(name);
    }
    names
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
