//! Sources and calls in few words.

use std::collections::BTreeMap;

use veto_core::{AgentId, EnvironmentId, Role, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, Source};

use crate::Finding;

/// A Monday at noon, UTC.
pub(crate) const NOON: Timestamp = Timestamp(1_704_715_200_000_000);

pub(crate) fn source(text: String) -> Source {
    Source {
        path: "policy.yaml".to_owned(),
        text,
    }
}

/// A call by the agent in `production`.
pub(crate) fn call(
    agent: &str,
    roles: &[&str],
    tool: &str,
    arguments: &str,
) -> Result<Call, Finding> {
    let id = AgentId::new(agent)?;
    let roles: Result<_, _> = roles.iter().map(|role| Role::new(role)).collect();
    Ok(Call {
        agent: Some(Agent {
            id: id.clone(),
            roles: roles?,
            labels: BTreeMap::from([
                ("refund_limit".to_owned(), "30".to_owned()),
                ("team".to_owned(), "finance".to_owned()),
            ]),
            disabled: false,
        }),
        agent_id: id,
        user: None,
        tool: ToolName::new(tool)?,
        arguments: Arguments::parse(arguments)?,
        context: Arguments::default(),
        environment: EnvironmentId::new("production")?,
        request_id: String::new(),
        trace_id: String::new(),
        session_id: "session-1".to_owned(),
    })
}
