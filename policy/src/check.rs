//! Turns YAML trees into documents of the language; whatever is not understood is an error.

mod fields;
mod list;
mod policy;
mod rule;

pub(crate) use fields::Findings;
pub(crate) use rule::within;

use std::collections::BTreeSet;
use std::time::Duration;

use veto_core::{PolicyName, Role, RuleId};

use crate::decision::Severity;
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::list::List;
use crate::source::Span;
use crate::source::tree::Node;
use fields::Fields;

/// A document of the language.
#[derive(Debug)]
pub(crate) enum Document {
    Policy(Policy),
    List(List, Span),
}

/// A policy as written.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) name: PolicyName,
    pub(crate) span: Span,
    pub(crate) subjects: Subjects,
    pub(crate) rules: Vec<Rule>,
}

/// To whom a policy applies: to each agent that is named or holds one of the roles.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) agents: Vec<Glob>,
}

/// What a rule does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
    RequireApproval,
}

/// A rule as written.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    pub(crate) span: Span,
    pub(crate) tools: Vec<Glob>,
    pub(crate) effect: Effect,
    /// Name, schema and place of each argument; None: any.
    pub(crate) arguments: Option<Vec<(String, Node)>>,
    pub(crate) optional: BTreeSet<String>,
    /// The text of the condition and its place.
    pub(crate) when: Option<(String, Span)>,
    pub(crate) reason: Option<String>,
    pub(crate) severity: Option<Severity>,
    /// Of approval rules, and of an `allow` with `otherwise`.
    pub(crate) approval: Option<Terms>,
    pub(crate) otherwise: bool,
    pub(crate) only_if_allowed: bool,
    pub(crate) shadow: bool,
}

/// Who may approve, how many must, and for how long a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) approvers: Vec<String>,
    pub(crate) quorum: u32,
    pub(crate) expires: Duration,
}

/// Reads one document.
pub(crate) fn document(node: &Node, findings: &mut Findings<'_>) -> Option<Document> {
    let at = node.at("/kind").span;
    match fields::peek(node, "kind") {
        Some("Policy") => policy::read(node, findings).map(Document::Policy),
        Some("List") => list::read(node, findings).map(|list| Document::List(list, node.span)),
        Some("Schema") => {
            let message = "`kind: Schema` does not work yet";
            findings.error(at, Code::NotSupported, message, Code::NotSupported.help());
            None
        }
        Some(other) => {
            let help = crate::suggest::did_you_mean(other, ["Policy", "List"]);
            let help = help.unwrap_or_else(|| Code::UnknownKind.help().to_owned());
            findings.error(
                at,
                Code::UnknownKind,
                format!("there is no kind `{other}`"),
                help,
            );
            None
        }
        None => {
            let help = Code::UnknownKind.help();
            findings.error(
                node.span,
                Code::UnknownKind,
                "the document has no `kind`",
                help,
            );
            None
        }
    }
}

/// Checks `apiVersion`, and that `kind` is read by the caller.
fn version(fields: &Fields<'_>, findings: &mut Findings<'_>) {
    let Some(node) = fields.required("apiVersion", findings) else {
        return;
    };
    match fields::text(node, "apiVersion", findings) {
        Some("veto/v1") | None => {}
        Some(other) => {
            let message = format!("the language `{other}` is not spoken here");
            findings.error(
                node.span,
                Code::UnknownVersion,
                message,
                Code::UnknownVersion.help(),
            );
        }
    }
}
