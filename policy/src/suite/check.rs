//! Holds a decision against what was expected of it.

use std::collections::BTreeSet;

use veto_core::{PolicyName, RuleId};

use crate::check::Findings;
use crate::decision::Decision;
use crate::diagnostic::DiagnosticCode as Code;
use crate::source::Span;

use super::Expected;

/// Reads `policy/rule`.
pub(super) fn rule(
    text: &str,
    span: Span,
    findings: &mut Findings<'_>,
) -> Option<(PolicyName, RuleId)> {
    let names = text
        .split_once('/')
        .and_then(|(policy, rule)| Some((PolicyName::new(policy).ok()?, RuleId::new(rule).ok()?)));
    if names.is_none() {
        let message = format!("`{}` names no rule", text.escape_debug());
        let help = "write `policy/rule`, such as `refunds/small`";
        findings.error(span, Code::InvalidValue, message, help);
    }
    names
}

impl Expected {
    /// Tells whether a decision is what was expected.
    pub(super) fn holds(&self, decision: &Decision) -> bool {
        self.outcome == decision.outcome
            && self.reason.is_none_or(|code| code == decision.reason.code)
            && self.by_rule(decision)
            && self
                .argument
                .as_ref()
                .is_none_or(|wanted| decision.reason.argument.as_ref() == Some(wanted))
            && self
                .matched
                .as_ref()
                .is_none_or(|wanted| *wanted == matched(decision))
            && self
                .approvers
                .as_ref()
                .is_none_or(|wanted| *wanted == approvers(decision))
    }

    /// An approval is decided by each rule that asks for one.
    fn by_rule(&self, decision: &Decision) -> bool {
        let Some((policy, rule)) = &self.rule else {
            return true;
        };
        let mut terms = decision
            .approval
            .iter()
            .flat_map(|approval| &approval.terms);
        (decision.policy.as_ref() == Some(policy) && decision.rule.as_ref() == Some(rule))
            || terms.any(|terms| terms.policy == *policy && terms.rule == *rule)
    }

    /// What was expected, in words; only what the case says.
    pub(super) fn describe(&self) -> String {
        let mut text = self.outcome.as_str().to_owned();
        if let Some((policy, rule)) = &self.rule {
            text += &format!(" by {policy}/{rule}");
        }
        if let Some(code) = self.reason {
            text += &format!(", reason {code}");
        }
        if let Some(argument) = &self.argument {
            text += &format!(", argument {argument}");
        }
        list(&mut text, "matched", self.matched.as_deref());
        list(&mut text, "approvers", self.approvers.as_deref());
        text
    }

    /// What came, in the words of what was expected.
    pub(super) fn describe_got(&self, decision: &Decision) -> String {
        let mut text = decision.outcome.as_str().to_owned();
        if let (Some(policy), Some(rule)) = (&decision.policy, &decision.rule) {
            text += &format!(" by {policy}/{rule}");
        }
        text += &format!(", reason {}", decision.reason.code);
        if let Some(argument) = &decision.reason.argument {
            text += &format!(", argument {argument}");
        }
        let shown = self.matched.as_ref().map(|_| matched(decision));
        list(&mut text, "matched", shown.as_deref());
        let shown = self.approvers.as_ref().map(|_| approvers(decision));
        list(&mut text, "approvers", shown.as_deref());
        text
    }
}

fn list(text: &mut String, name: &str, values: Option<&[String]>) {
    if let Some(values) = values {
        *text += &format!(", {name} [{}]", values.join(", "));
    }
}

/// The rules that matched, as `policy/rule`, sorted; shadow rules with a leading `~`.
pub(super) fn matched(decision: &Decision) -> Vec<String> {
    let name = |found: &crate::decision::Matched| {
        let mark = if found.shadow { "~" } else { "" };
        format!("{mark}{}/{}", found.policy, found.rule)
    };
    let names: BTreeSet<_> = decision.matched.iter().map(name).collect();
    names.into_iter().collect()
}

/// All that may approve, sorted.
pub(super) fn approvers(decision: &Decision) -> Vec<String> {
    let terms = decision
        .approval
        .iter()
        .flat_map(|approval| &approval.terms);
    let all: BTreeSet<_> = terms.flat_map(|terms| &terms.approvers).cloned().collect();
    all.into_iter().collect()
}
