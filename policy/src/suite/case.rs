//! Reads one case, and what its suite says for all of them.

use veto_core::{AgentId, EnvironmentId, Timestamp, ToolName};

use crate::arguments::Arguments;
use crate::call::{Agent, Call, User};
use crate::check::fields::{self, Fields};
use crate::check::{Findings, invalid_name};
use crate::decision::Outcome;
use crate::diagnostic::DiagnosticCode as Code;
use crate::reason::ReasonCode;
use crate::source::Span;
use crate::source::tree::{Node, NodeValue};
use crate::suggest;

use super::{Case, Expected, People, check, people};

const KNOWN: [&str; 15] = [
    "name",
    "agent",
    "user",
    "tool",
    "arguments",
    "arguments_json",
    "context",
    "now",
    "environment",
    "expect",
    "rule",
    "reason",
    "argument",
    "matched",
    "approvers",
];

/// 2026-01-01T00:00:00Z.
const NEW_YEAR: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// What a suite says for all of its cases.
#[derive(Debug)]
pub(super) struct Defaults {
    agent: Option<Who>,
    user: Option<User>,
    tool: Option<ToolName>,
    context: Arguments,
    now: Timestamp,
    environment: Option<EnvironmentId>,
}

/// Who calls: an id, and what is registered for it.
#[derive(Debug, Clone)]
struct Who {
    id: AgentId,
    agent: Option<Agent>,
    /// Where the id stands that nothing is registered for.
    unknown: Option<Span>,
}

impl Defaults {
    pub(super) fn read(all: &Fields<'_>, people: &People, findings: &mut Findings<'_>) -> Self {
        Self {
            agent: all
                .get("agent")
                .and_then(|node| who(node, people, findings)),
            user: all
                .get("user")
                .and_then(|node| user(node, people, findings)),
            tool: all.get("tool").and_then(|node| tool(node, findings)),
            context: object(all, "context", findings).unwrap_or_default(),
            now: instant(all, findings).unwrap_or(NEW_YEAR),
            environment: match all.get("environment") {
                Some(node) => environment(node, findings),
                None => EnvironmentId::new("production").ok(),
            },
        }
    }
}

/// Reads a case, with the place of its name.
pub(super) fn read(
    node: &Node,
    defaults: &Defaults,
    people: &People,
    findings: &mut Findings<'_>,
) -> Option<(Case, Span)> {
    let all = Fields::open(node, "a case", &KNOWN, findings)?;
    let name = all
        .required("name", findings)
        .and_then(|node| Some((named(node, "a case", findings)?, node.span)));
    let agent = match all.get("agent") {
        Some(node) => who(node, people, findings),
        None if defaults.agent.is_some() => defaults.agent.clone(),
        None => {
            all.required("agent", findings);
            None
        }
    };
    let user = match all.get("user") {
        Some(node) => user(node, people, findings),
        None => defaults.user.clone(),
    };
    let tool = match all.get("tool") {
        Some(node) => tool(node, findings),
        None if defaults.tool.is_some() => defaults.tool.clone(),
        None => {
            all.required("tool", findings);
            None
        }
    };
    let environment = match all.get("environment") {
        Some(node) => environment(node, findings),
        None => defaults.environment.clone(),
    };
    let arguments = arguments(&all, findings);
    let context = object(&all, "context", findings).unwrap_or_else(|| defaults.context.clone());
    let now = instant(&all, findings).unwrap_or(defaults.now);
    let expected = expected(&all, findings);
    if let Some(Who {
        id,
        unknown: Some(span),
        ..
    }) = &agent
        && expected
            .as_ref()
            .is_some_and(|expected| expected.reason != Some(ReasonCode::UnknownAgent))
    {
        let known = people.agents.keys().map(String::as_str);
        let help = suggest::did_you_mean(id.as_str(), known)
            .unwrap_or_else(|| "add it to `agents`, or expect `reason: unknown_agent`".to_owned());
        let message = format!("the suite has no agent `{id}`");
        findings.error(*span, Code::InvalidValue, message, help);
    }
    let (name, span) = name?;
    let who = agent?;
    let call = Call {
        agent: who.agent,
        agent_id: who.id,
        user,
        tool: tool?,
        arguments,
        context,
        environment: environment?,
        request_id: String::new(),
        trace_id: String::new(),
        session_id: String::new(),
    };
    let case = Case {
        name: name.to_owned(),
        line: 0,
        call,
        now,
        expected: expected?,
    };
    Some((case, span))
}

/// A name that is not blank.
pub(super) fn named<'a>(
    node: &'a Node,
    what: &str,
    findings: &mut Findings<'_>,
) -> Option<&'a str> {
    let text = fields::text(node, "name", findings)?;
    if text.trim().is_empty() {
        invalid_name(node.span, format!("{what} has no blank name"), findings);
    }
    Some(text)
}

fn who(node: &Node, people: &People, findings: &mut Findings<'_>) -> Option<Who> {
    if matches!(node.value, NodeValue::Map(_)) {
        let agent = people::agent(node, None, findings)?;
        return Some(Who {
            id: agent.id.clone(),
            agent: Some(agent),
            unknown: None,
        });
    }
    let text = fields::text(node, "agent", findings)?;
    let id = AgentId::new(text)
        .map_err(|error| invalid_name(node.span, error.to_string(), findings))
        .ok()?;
    let agent = people.agents.get(text).cloned();
    let unknown = agent.is_none().then_some(node.span);
    Some(Who { id, agent, unknown })
}

/// A user of the suite; null: the agent calls for itself.
fn user(node: &Node, people: &People, findings: &mut Findings<'_>) -> Option<User> {
    if matches!(node.value, NodeValue::Null) {
        return None;
    }
    let text = fields::text(node, "user", findings)?;
    let found = people.users.get(text).cloned();
    if found.is_none() {
        let known = people.users.keys().map(String::as_str);
        let help =
            suggest::did_you_mean(text, known).unwrap_or_else(|| "add it to `users`".to_owned());
        let message = format!("the suite has no user `{}`", text.escape_debug());
        findings.error(node.span, Code::InvalidValue, message, help);
    }
    found
}

fn tool(node: &Node, findings: &mut Findings<'_>) -> Option<ToolName> {
    let text = fields::text(node, "tool", findings)?;
    ToolName::new(text)
        .map_err(|error| invalid_name(node.span, error.to_string(), findings))
        .ok()
}

fn environment(node: &Node, findings: &mut Findings<'_>) -> Option<EnvironmentId> {
    let text = fields::text(node, "environment", findings)?;
    EnvironmentId::new(text)
        .map_err(|error| invalid_name(node.span, error.to_string(), findings))
        .ok()
}

fn instant(all: &Fields<'_>, findings: &mut Findings<'_>) -> Option<Timestamp> {
    let node = all.get("now")?;
    let text = fields::text(node, "now", findings)?;
    let found = Timestamp::parse(text);
    if found.is_none() {
        let message = format!("`{}` is no instant", text.escape_debug());
        let help = "write RFC 3339 with its zone, such as `2026-01-31T18:00:00Z`";
        findings.error(node.span, Code::InvalidValue, message, help);
    }
    found
}

/// The arguments: a mapping, or the text that a model would send.
fn arguments(all: &Fields<'_>, findings: &mut Findings<'_>) -> Arguments {
    let Some(node) = all.get("arguments_json") else {
        return object(all, "arguments", findings).unwrap_or_default();
    };
    if let Some(span) = all
        .key("arguments")
        .filter(|_| all.get("arguments").is_some())
    {
        let message = "`arguments` and `arguments_json` say the same thing twice";
        findings.error(span, Code::UnusedField, message, "remove one of the two");
    }
    let text = fields::text(node, "arguments_json", findings);
    text.map(|text| parsed(text, node.span, findings))
        .unwrap_or_default()
}

fn object(all: &Fields<'_>, name: &str, findings: &mut Findings<'_>) -> Option<Arguments> {
    let node = all.get(name)?;
    fields::map(node, format!("`{name}`"), findings)?;
    // As text, so that numbers are read as those of a call are.
    Some(parsed(&node.to_json().to_string(), node.span, findings))
}

fn parsed(text: &str, span: Span, findings: &mut Findings<'_>) -> Arguments {
    Arguments::parse(text).unwrap_or_else(|error| {
        let help = "write what a call can carry: the call would be refused before any rule";
        findings.error(span, Code::InvalidValue, error.to_string(), help);
        Arguments::default()
    })
}

fn expected(all: &Fields<'_>, findings: &mut Findings<'_>) -> Option<Expected> {
    let outcome = all.required("expect", findings).and_then(|node| {
        let words = [Outcome::Allow, Outcome::Deny, Outcome::Approval]
            .map(|outcome| (outcome.as_str(), outcome));
        fields::word(node, "expect", &words, findings)
    });
    let rule = all.get("rule").and_then(|node| {
        let text = fields::text(node, "rule", findings)?;
        check::rule(text, node.span, findings)
    });
    let reason = all.get("reason").and_then(|node| {
        let words: Vec<_> = ReasonCode::ALL
            .iter()
            .map(|code| (code.as_str(), *code))
            .collect();
        fields::word(node, "reason", &words, findings)
    });
    let argument = all.get("argument").and_then(|node| {
        let text = fields::text(node, "argument", findings)?;
        if !text.starts_with('/') {
            let message = format!("`{}` is no JSON Pointer", text.escape_debug());
            let help = "write `/amount` for an argument, `/customer/name` for a part of one";
            findings.error(node.span, Code::InvalidValue, message, help);
        }
        Some(text.to_owned())
    });
    let sorted = |name: &str, findings: &mut Findings<'_>| {
        all.get(name)?;
        let texts = fields::texts(all, name, findings);
        if name == "matched" {
            for (text, span) in &texts {
                check::rule(text.strip_prefix('~').unwrap_or(text), *span, findings);
            }
        }
        let mut texts: Vec<_> = texts.into_iter().map(|(text, _)| text.to_owned()).collect();
        texts.sort_unstable();
        texts.dedup();
        Some(texts)
    };
    let matched = sorted("matched", findings);
    let approvers = sorted("approvers", findings);
    Some(Expected {
        outcome: outcome?,
        rule,
        reason,
        argument,
        matched,
        approvers,
    })
}
