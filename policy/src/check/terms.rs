//! Reads the terms of an approval.

use std::time::Duration;

use crate::condition;
use crate::diagnostic::DiagnosticCode as Code;
use crate::source::tree::{Node, NodeValue};

use super::fields::{self, Fields};
use super::{Findings, Terms};

const EXPIRES: Duration = Duration::from_secs(15 * 60);

/// Reads the terms of an approval.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<Terms> {
    let known = ["approvers", "quorum", "expires", "independent"];
    let all = Fields::open(node, "`approval`", &known, findings)?;
    let list = all.required("approvers", findings)?;
    let mut approvers = Vec::new();
    for (text, span) in fields::texts(&all, "approvers", findings) {
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
            findings.error(span, Code::InvalidValue, message, help);
        }
    }
    if approvers.is_empty() {
        let help = Code::MissingApproval.help();
        findings.error(list.span, Code::EmptyList, "nobody may approve", help);
    }
    let quorum = all
        .get("quorum")
        .map_or(Some(1), |node| quorum(node, findings))?;
    let expires = all
        .get("expires")
        .map_or(Some(EXPIRES), |node| expires(node, findings))?;
    let independent = all
        .get("independent")
        .is_some_and(|node| fields::boolean(node, "independent", findings));
    if independent && approvers.iter().any(|approver| approver == "user") {
        let span = all.key("independent").unwrap_or(list.span);
        let message = "`independent` keeps out the `user` whom `approvers` names";
        findings.error(span, Code::UnusedField, message, "remove one of the two");
    }
    Some(Terms {
        approvers,
        quorum,
        expires,
        independent,
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
        let help = "write `15m`, `2h` or `1d`: from 1s to 30d";
        findings.error(node.span, Code::InvalidValue, message, help);
    }
    found
}
