//! Turns YAML trees into documents of the language; whatever is not understood is an error.

pub(crate) mod fields;
mod list;
mod policy;
mod rule;
mod schema;
mod subjects;
mod terms;
mod tool;
mod tools;
mod when;

pub(crate) use fields::Findings;
pub(crate) use rule::within;
pub(crate) use when::Window;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use veto_core::{PolicyName, Role, RuleId, ToolName};

use crate::decision::Severity;
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::list::List;
use crate::source::Span;
use crate::source::tree::Node;
use fields::Fields;

/// A document of the language; it borrows from the tree that it was read from.
#[derive(Debug)]
pub(crate) enum Document<'a> {
    Policy(Policy<'a>),
    List(List, Span),
    Schema(SchemaDocument<'a>),
    Tool(ToolDocument<'a>),
}

/// A policy as written.
#[derive(Debug)]
pub(crate) struct Policy<'a> {
    pub(crate) name: PolicyName,
    pub(crate) description: Option<&'a str>,
    pub(crate) controls: Vec<&'a str>,
    pub(crate) span: Span,
    pub(crate) subjects: Subjects,
    /// Named schemas for the rules of this policy.
    pub(crate) definitions: Vec<Named<'a>>,
    pub(crate) rules: Vec<Rule<'a>>,
}

/// A name with the schema that it stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) name: &'a str,
    pub(crate) node: &'a Node,
    /// Where the name stands.
    pub(crate) span: Span,
}

/// A schema that all policies may use.
#[derive(Debug)]
pub(crate) struct SchemaDocument<'a>(pub(crate) Named<'a>);

/// A registered tool: its name, what it takes, and the labels by which rules may choose it.
#[derive(Debug)]
pub(crate) struct ToolDocument<'a> {
    pub(crate) name: ToolName,
    pub(crate) labels: BTreeSet<String>,
    /// JSON Schema of the arguments object. None: anything.
    pub(crate) input: Option<&'a Node>,
    pub(crate) span: Span,
}

/// To whom a policy applies: to each agent that is named, holds one of the roles, or carries the labels.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) agents: Vec<Glob>,
    /// All of these labels, each with one of its values. Empty: nobody by label.
    pub(crate) labels: BTreeMap<String, BTreeSet<String>>,
}

/// The tools that a rule is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools {
    /// Names and globs. Empty with labels: tools of any name.
    pub(crate) names: Vec<Glob>,
    /// Registered tools that carry one of these. Empty: labels do not matter.
    pub(crate) labels: BTreeSet<String>,
}

/// What a rule does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
    RequireApproval,
}

impl Effect {
    /// The effect as it stands in policies.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::RequireApproval => "require_approval",
        }
    }
}

/// A rule as written.
#[derive(Debug)]
pub(crate) struct Rule<'a> {
    pub(crate) id: RuleId,
    pub(crate) span: Span,
    pub(crate) tools: Tools,
    pub(crate) effect: Effect,
    /// Name and schema of each argument; None: any.
    pub(crate) arguments: Option<Vec<(&'a str, &'a Node)>>,
    pub(crate) optional: BTreeSet<&'a str>,
    /// The text of the condition and its place.
    pub(crate) when: Option<(&'a str, Span)>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) severity: Option<Severity>,
    pub(crate) controls: Vec<&'a str>,
    /// Of approval rules, and of an `allow` with `otherwise`.
    pub(crate) approval: Option<Terms>,
    pub(crate) otherwise: bool,
    pub(crate) only_if_allowed: bool,
    pub(crate) shadow: bool,
    /// When the rule holds.
    pub(crate) window: Window,
    /// Paths of arguments that records do not keep, each split into its segments.
    pub(crate) redact: Vec<Vec<&'a str>>,
}

/// Who may approve, how many must, and for how long a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) approvers: Vec<String>,
    pub(crate) quorum: u32,
    pub(crate) expires: Duration,
    /// The person on whose behalf the agent acts never counts.
    pub(crate) independent: bool,
}

const KINDS: [&str; 4] = ["Policy", "List", "Schema", "Tool"];

/// Reads one document.
pub(crate) fn document<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<Document<'a>> {
    let at = node.at("/kind").span;
    match fields::peek(node, "kind") {
        Some("Policy") => policy::read(node, findings).map(Document::Policy),
        Some("List") => list::read(node, findings).map(|list| Document::List(list, node.span)),
        Some("Schema") => schema::read(node, findings).map(Document::Schema),
        Some("Tool") => tool::read(node, findings).map(Document::Tool),
        Some("Tests") => {
            let message = "tests of policies stand in files that end in `_test.yaml`";
            findings.error(at, Code::UnknownKind, message, "rename the file");
            None
        }
        Some(other) => {
            let help = crate::suggest::did_you_mean(other, KINDS);
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
pub(crate) fn version(fields: &Fields<'_>, findings: &mut Findings<'_>) {
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

/// Tells whether a text is a name of a list or a schema: `[a-z][a-z0-9_]*`, at most 63 characters.
fn is_word(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Says that a text is no name.
pub(crate) fn invalid_name(span: Span, message: String, findings: &mut Findings<'_>) {
    findings.error(span, Code::InvalidName, message, Code::InvalidName.help());
}

/// Tells whether a document is to be read as a policy.
pub(crate) fn is_policy(node: &Node) -> bool {
    fields::peek(node, "kind") == Some("Policy")
}
