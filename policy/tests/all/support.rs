//! Calls and sets in few words.

use std::collections::BTreeMap;

use veto_core::{AgentId, EnvironmentId, Role, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, PolicySet, Source, compile, render};

/// A Monday at noon, UTC.
pub(crate) const NOON: Timestamp = Timestamp(1_704_715_200_000_000);

pub(crate) fn source(text: &str) -> Source {
    Source {
        path: "policy.yaml".to_owned(),
        text: text.to_owned(),
    }
}

/// Compiles one file; a failure shows every finding.
pub(crate) fn set(text: &str) -> PolicySet {
    let source = source(text);
    compile(std::slice::from_ref(&source))
        .map(|compiled| compiled.set)
        .unwrap_or_else(|found| {
            let all: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
            panic!("{}\n{text}", all.join("\n"))
        })
}

/// A call by `agent-1` in `production`.
pub(crate) fn call(roles: &[&str], tool: &str, arguments: &str) -> Call {
    let id = AgentId::new("agent-1").unwrap();
    Call {
        agent: Some(Agent {
            id: id.clone(),
            roles: roles.iter().map(|role| Role::new(role).unwrap()).collect(),
            labels: BTreeMap::from([("refund_limit".to_owned(), "30".to_owned())]),
            disabled: false,
        }),
        agent_id: id,
        user: None,
        tool: ToolName::new(tool).unwrap(),
        arguments: Arguments::parse(arguments).unwrap(),
        context: Arguments::default(),
        environment: EnvironmentId::new("production").unwrap(),
        request_id: String::new(),
        trace_id: String::new(),
        session_id: "session-1".to_owned(),
    }
}
