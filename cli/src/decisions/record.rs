//! A stored decision as data.

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::records::v1::StoredRecord;

use crate::output::Row;
use crate::value::hex;

/// A stored decision.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    time: String,
    stored_at: String,
    organization: String,
    project: String,
    environment: String,
    agent: String,
    roles: Vec<String>,
    user: String,
    tool: String,
    arguments: serde_json::Value,
    arguments_digest: String,
    outcome: String,
    reason: Reason,
    policy: String,
    rule: String,
    severity: String,
    matched: Vec<String>,
    errors: Vec<String>,
    policy_version: u64,
    revision: u64,
    latency_micros: u64,
    trace_id: String,
    span_id: String,
    session_id: String,
    request_id: String,
    key_id: String,
    token_id: String,
    node: String,
    boot: String,
    sequence: u64,
    hash: String,
}

#[derive(Debug, Serialize)]
struct Reason {
    code: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    argument: String,
}

impl From<StoredRecord> for Record {
    fn from(stored: StoredRecord) -> Self {
        let decision = stored.decision.unwrap_or_default();
        let scope = decision.scope.unwrap_or_default();
        // Text that is no JSON stays readable as text.
        let arguments = serde_json::from_str(&decision.arguments_json)
            .unwrap_or(serde_json::Value::String(decision.arguments_json));
        Self {
            time: Timestamp(stored.time).to_string(),
            stored_at: Timestamp(stored.stored_at).to_string(),
            organization: scope.organization,
            project: scope.project,
            environment: scope.environment,
            agent: decision.agent,
            roles: decision.roles,
            user: decision.user,
            tool: decision.tool,
            arguments,
            arguments_digest: hex(&decision.arguments_digest),
            outcome: decision.outcome,
            reason: Reason {
                code: decision.reason_code,
                message: decision.reason_message,
                argument: decision.reason_argument,
            },
            policy: decision.policy,
            rule: decision.rule,
            severity: decision.severity,
            matched: decision.matched,
            errors: decision.errors,
            policy_version: decision.policy_version,
            revision: decision.revision,
            latency_micros: decision.latency_micros,
            trace_id: hex(&decision.trace_id),
            span_id: hex(&decision.span_id),
            session_id: decision.session_id,
            request_id: decision.request_id,
            key_id: decision.key_id,
            token_id: decision.token_id,
            node: stored.node,
            boot: hex(&stored.boot),
            sequence: stored.sequence,
            hash: hex(&stored.hash),
        }
    }
}

impl Row for Record {
    const COLUMNS: &'static [&'static str] = &[
        "TIME",
        "ENVIRONMENT",
        "AGENT",
        "TOOL",
        "OUTCOME",
        "RULE",
        "REASON",
    ];

    fn cells(&self) -> Vec<String> {
        let rule = match self.rule.as_str() {
            "" => "-".to_owned(),
            rule => format!("{}/{rule}", self.policy),
        };
        vec![
            self.time.clone(),
            format!("{}/{}", self.project, self.environment),
            self.agent.clone(),
            self.tool.clone(),
            self.outcome.clone(),
            rule,
            self.reason.message.clone(),
        ]
    }
}
