//! A decision as an OpenTelemetry log record. `docs/reference/records.md` lists the attributes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use veto_core::Timestamp;
use veto_trail::{Body, Decision};
use veto_wire::record::decode;

use crate::record::reader::{Batch, Entry};

/// The decisions of a batch. A record that does not decode is left to the ledger, which says so.
pub(super) fn logs(batch: &Batch) -> ExportLogsServiceRequest {
    let records = batch.entries.iter().filter_map(log).collect();
    let scope = InstrumentationScope {
        name: "veto".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..Default::default()
    };
    let resource = Resource {
        attributes: vec![
            text("service.name", "veto-data-plane"),
            text("service.instance.id", batch.node.as_str()),
        ],
        ..Default::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope),
                log_records: records,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

/// How many records a request carries.
pub(super) fn count(request: &ExportLogsServiceRequest) -> u64 {
    let scopes = request
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs);
    scopes.map(|scope| scope.log_records.len() as u64).sum()
}

fn log(entry: &Entry) -> Option<LogRecord> {
    let record = decode(&entry.frame.payload).ok()?;
    let Body::Decision(decision) = record.body else {
        return None;
    };
    let (severity, severity_text) = match decision.outcome.as_str() {
        "deny" => (SeverityNumber::Warn, "WARN"),
        _ => (SeverityNumber::Info, "INFO"),
    };
    let time = nanoseconds(record.time);
    let attributes = attributes(entry, &decision);
    Some(LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number: severity.into(),
        severity_text: severity_text.into(),
        body: Some(any(Value::StringValue(decision.reason_message))),
        attributes,
        trace_id: decision.trace_id.map(Vec::from).unwrap_or_default(),
        span_id: decision.span_id.map(Vec::from).unwrap_or_default(),
        event_name: "veto.decision".into(),
        ..Default::default()
    })
}

fn attributes(entry: &Entry, decision: &Decision) -> Vec<KeyValue> {
    let frame = &entry.frame;
    let scope = &decision.scope;
    let texts = [
        text("gen_ai.tool.name", &decision.tool),
        text("gen_ai.agent.id", &decision.agent),
        text("gen_ai.conversation.id", &decision.session_id),
        text("veto.outcome", &decision.outcome),
        text("veto.policy", &decision.policy),
        text("veto.rule", &decision.rule),
        text("veto.reason.code", &decision.reason_code),
        text("veto.organization", scope.organization.as_str()),
        text("veto.project", scope.project.as_str()),
        text("veto.environment", scope.environment.as_str()),
        text("veto.key.id", &decision.key_id),
        text("veto.node", frame.node.as_str()),
        text("veto.boot", &frame.boot.to_string()),
        text("veto.hash", &hex(&entry.hash)),
    ];
    let numbers = [
        number("veto.policy_version", decision.policy_version.0),
        number("veto.revision", decision.revision.0),
        number("veto.sequence", frame.sequence),
    ];
    let roles = decision.roles.iter().cloned().map(Value::StringValue);
    let roles = roles.map(any).collect();
    let roles = key(
        "veto.roles",
        Value::ArrayValue(ArrayValue { values: roles }),
    );
    // A text that is empty means none, and is left out.
    let texts = texts.into_iter().filter(|text| !is_empty(text));
    texts.chain(numbers).chain([roles]).collect()
}

fn is_empty(attribute: &KeyValue) -> bool {
    let value = attribute
        .value
        .as_ref()
        .and_then(|value| value.value.as_ref());
    matches!(value, Some(Value::StringValue(text)) if text.is_empty())
}

fn text(name: &str, value: &str) -> KeyValue {
    key(name, Value::StringValue(value.to_owned()))
}

fn number(name: &str, value: u64) -> KeyValue {
    key(
        name,
        Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)),
    )
}

fn key(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(any(value)),
        ..Default::default()
    }
}

const fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.0).unwrap_or(0).saturating_mul(1000)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
