//! Decides one call under one bundle. Pure: the same bundle, caller, question and time give the same
//! decision and the same record.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use veto_core::{Role, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, Decision, Matched, User};
use veto_trail as trail;
use veto_wire::metadata::TraceContext;

use crate::bundle::Active;
use crate::identity::Caller;

/// What an agent asks, decoded and checked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The tool.
    pub tool: ToolName,
    /// Its arguments.
    pub arguments: Arguments,
    /// What the caller knows of the circumstances.
    pub context: Arguments,
    /// On whose behalf.
    pub user: Option<User>,
    /// The session. Empty: none.
    pub session_id: String,
    /// The caller's id of the call. Empty: none.
    pub request_id: String,
}

/// A decision and the call that it is about.
#[derive(Debug)]
pub struct Decided {
    /// The call as the engine saw it.
    pub call: Call,
    /// What it said.
    pub decision: Decision,
}

/// Decides the question.
#[must_use]
pub fn decide(
    active: &Active,
    caller: &Caller,
    question: Question,
    trace: Option<TraceContext>,
    now: Timestamp,
) -> Decided {
    let call = Call {
        agent: active
            .agent(&caller.agent)
            .map(|agent| narrowed(agent, &caller.roles)),
        agent_id: caller.agent.clone(),
        user: question.user,
        tool: question.tool,
        arguments: question.arguments,
        context: question.context,
        environment: active.scope().environment.clone(),
        request_id: question.request_id,
        trace_id: trace.map(|trace| hex(&trace.trace_id)).unwrap_or_default(),
        session_id: question.session_id,
    };
    let decision = veto_policy::evaluate(active.policies(), &call, now);
    Decided { call, decision }
}

/// What is kept of a decision.
#[must_use]
pub fn record(
    active: &Active,
    caller: &Caller,
    decided: &Decided,
    trace: Option<TraceContext>,
    now: Timestamp,
    latency: Duration,
) -> trail::Record {
    let Decided { call, decision } = decided;
    let text =
        |name: Option<&dyn std::fmt::Display>| name.map(ToString::to_string).unwrap_or_default();
    let roles = call
        .agent
        .as_ref()
        .map(|agent| agent.roles.as_slice())
        .unwrap_or_default();
    let mut roles: Vec<_> = roles.iter().map(ToString::to_string).collect();
    roles.sort();
    let kept = if decision.redaction.is_empty() {
        None
    } else {
        Some(decision.redaction.apply(&call.arguments).canonical())
    };
    let arguments_json = call.arguments.canonical();
    let body = trail::Decision {
        scope: active.scope().clone(),
        agent: call.agent_id.to_string(),
        roles,
        user: call
            .user
            .as_ref()
            .map(|user| user.id.clone())
            .unwrap_or_default(),
        tool: call.tool.to_string(),
        // Of what the agent sent, whatever the record keeps of it.
        arguments_digest: Sha256::digest(&arguments_json).into(),
        arguments_json: kept.unwrap_or(arguments_json),
        outcome: decision.outcome.as_str().to_owned(),
        reason_code: decision.reason.code.as_str().to_owned(),
        reason_message: decision.reason.message.clone(),
        reason_argument: decision.reason.argument.clone().unwrap_or_default(),
        policy: text(decision.policy.as_ref().map(|name| name as _)),
        rule: text(decision.rule.as_ref().map(|id| id as _)),
        policy_version: active.version(),
        revision: active.revision(),
        severity: decision
            .severity
            .map(|severity| severity.as_str().to_owned())
            .unwrap_or_default(),
        matched: decision.matched.iter().map(matched).collect(),
        errors: decision.errors.clone(),
        latency_micros: u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        trace_id: trace.map(|trace| trace.trace_id),
        span_id: trace.map(|trace| trace.span_id),
        session_id: call.session_id.clone(),
        request_id: call.request_id.clone(),
        key_id: caller.key.clone(),
        token_id: caller.token.clone(),
    };
    trail::Record {
        time: now,
        body: trail::Body::Decision(Box::new(body)),
    }
}

/// The roles that count are those that both the token and the registration name; a token that names
/// none is not narrowed.
fn narrowed(agent: &Agent, token_roles: &[Role]) -> Agent {
    let mut agent = agent.clone();
    if !token_roles.is_empty() {
        agent.roles.retain(|role| token_roles.contains(role));
    }
    agent
}

fn matched(matched: &Matched) -> String {
    let shadow = if matched.shadow { "~" } else { "" };
    format!("{shadow}{}/{}", matched.policy, matched.rule)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a String never fails.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use veto_core::AgentId;

    fn roles(names: &[&str]) -> Vec<Role> {
        names.iter().map(|name| Role::new(name).unwrap()).collect()
    }

    #[test]
    fn a_token_narrows_roles_and_never_adds_one() {
        let agent = Agent {
            id: AgentId::new("bot").unwrap(),
            roles: roles(&["finance", "support"]),
            labels: BTreeMap::new(),
            disabled: false,
        };
        assert_eq!(narrowed(&agent, &[]).roles, roles(&["finance", "support"]));
        assert_eq!(
            narrowed(&agent, &roles(&["admin", "support"])).roles,
            roles(&["support"])
        );
        assert!(narrowed(&agent, &roles(&["admin"])).roles.is_empty());
    }
}
