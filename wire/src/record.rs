//! Records as stored and as shown: `trail::Record` ↔ `storage.v1.Record`.

use prost::Message as _;
use veto_core::{BootId, Code, Revision, Timestamp, Version};
use veto_proto::records::v1 as records;
use veto_proto::storage::v1 as storage;
use veto_trail::{Body, Boot, Decision, Durability, Gap, Record};

use crate::bundle::{scope, scope_message};
use crate::status::Coded;

/// The payload of a frame is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record is corrupt: {0}")]
pub struct Error(String);

impl Coded for Error {
    fn code(&self) -> Code {
        Code::RecordCorrupt
    }
}

/// Encodes a record as the payload of a frame.
#[must_use]
pub fn encode(record: &Record) -> Vec<u8> {
    use storage::record::Body as Stored;
    let body = match &record.body {
        Body::Boot(boot) => Stored::Boot(boot_message(boot)),
        Body::Decision(decision) => Stored::Decision(decision_message(decision)),
        Body::Close(reason) => Stored::Close(storage::CloseRecord {
            reason: reason.clone(),
        }),
        Body::Gap(gap) => Stored::Gap(storage::GapRecord {
            boot: gap.boot.0.to_vec(),
            first_sequence: gap.first_sequence,
            reason: gap.reason.clone(),
        }),
    };
    storage::Record {
        time: record.time.0,
        body: Some(body),
    }
    .encode_to_vec()
}

/// Decodes the payload of a frame.
///
/// # Errors
/// [`Error`] when the bytes are no record, or a name or a length in it is malformed.
pub fn decode(payload: &[u8]) -> Result<Record, Error> {
    use storage::record::Body as Stored;
    let record = storage::Record::decode(payload).map_err(|e| Error(e.to_string()))?;
    let body = match record.body.ok_or_else(|| Error("no body".into()))? {
        Stored::Boot(boot) => Body::Boot(boot_of(boot)?),
        Stored::Decision(decision) => Body::Decision(Box::new(decision_of(decision)?)),
        Stored::Close(close) => Body::Close(close.reason),
        Stored::Gap(gap) => Body::Gap(Gap {
            boot: BootId(array(&gap.boot, "boot")?),
            first_sequence: gap.first_sequence,
            reason: gap.reason,
        }),
    };
    Ok(Record {
        time: Timestamp(record.time),
        body,
    })
}

/// Where a stored decision stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node that decided.
    pub node: String,
    /// The run of its process.
    pub boot: BootId,
    /// Its place in the boot.
    pub sequence: u64,
    /// The hash of its frame.
    pub hash: [u8; 32],
    /// When the node decided.
    pub time: Timestamp,
    /// When the ledger stored it.
    pub stored_at: Timestamp,
}

/// A stored decision as the API shows it.
#[must_use]
pub fn stored(place: &Place, decision: &Decision) -> records::StoredRecord {
    records::StoredRecord {
        node: place.node.clone(),
        boot: place.boot.0.to_vec(),
        sequence: place.sequence,
        hash: place.hash.to_vec(),
        time: place.time.0,
        stored_at: place.stored_at.0,
        decision: Some(decision_message(decision)),
    }
}

/// Reads a decision as stored.
///
/// # Errors
/// [`Error`] when a name or a length in it is malformed.
pub fn decision_of(stored: storage::DecisionRecord) -> Result<Decision, Error> {
    let scope = stored
        .scope
        .as_ref()
        .and_then(scope)
        .ok_or_else(|| Error("bad scope".into()))?;
    Ok(Decision {
        scope,
        agent: stored.agent,
        roles: stored.roles,
        user: stored.user,
        tool: stored.tool,
        arguments_json: stored.arguments_json,
        arguments_digest: array(&stored.arguments_digest, "arguments digest")?,
        outcome: stored.outcome,
        reason_code: stored.reason_code,
        reason_message: stored.reason_message,
        reason_argument: stored.reason_argument,
        policy: stored.policy,
        rule: stored.rule,
        policy_version: Version(stored.policy_version),
        revision: Revision(stored.revision),
        severity: stored.severity,
        matched: stored.matched,
        errors: stored.errors,
        latency_micros: stored.latency_micros,
        trace_id: optional(&stored.trace_id, "trace id")?,
        span_id: optional(&stored.span_id, "span id")?,
        session_id: stored.session_id,
        request_id: stored.request_id,
        key_id: stored.key_id,
        token_id: stored.token_id,
    })
}

/// Writes a decision as stored.
#[must_use]
pub fn decision_message(decision: &Decision) -> storage::DecisionRecord {
    let d = decision.clone();
    storage::DecisionRecord {
        scope: Some(scope_message(&d.scope)),
        agent: d.agent,
        roles: d.roles,
        user: d.user,
        tool: d.tool,
        arguments_json: d.arguments_json,
        arguments_digest: d.arguments_digest.to_vec(),
        outcome: d.outcome,
        reason_code: d.reason_code,
        reason_message: d.reason_message,
        reason_argument: d.reason_argument,
        policy: d.policy,
        rule: d.rule,
        policy_version: d.policy_version.0,
        revision: d.revision.0,
        severity: d.severity,
        matched: d.matched,
        errors: d.errors,
        latency_micros: d.latency_micros,
        trace_id: d.trace_id.map(|id| id.to_vec()).unwrap_or_default(),
        span_id: d.span_id.map(|id| id.to_vec()).unwrap_or_default(),
        session_id: d.session_id,
        request_id: d.request_id,
        key_id: d.key_id,
        token_id: d.token_id,
    }
}

fn boot_message(boot: &Boot) -> storage::BootRecord {
    let durability = match boot.durability {
        Durability::Strict => storage::Durability::Strict,
    };
    let (previous_boot, previous_sequence, previous_hash) = boot
        .previous
        .map_or((Vec::new(), 0, Vec::new()), |(id, seq, hash)| {
            (id.0.into(), seq, hash.into())
        });
    storage::BootRecord {
        region: boot.region.clone(),
        software_version: boot.software_version.clone(),
        config_digest: boot.config_digest.to_vec(),
        durability: durability.into(),
        previous_boot,
        previous_sequence,
        previous_hash,
    }
}

fn boot_of(boot: storage::BootRecord) -> Result<Boot, Error> {
    let durability = match boot.durability() {
        storage::Durability::Strict => Durability::Strict,
        storage::Durability::Unspecified => return Err(Error("no durability".into())),
    };
    let previous = match optional(&boot.previous_boot, "previous boot")? {
        Some(id) => {
            let hash = array(&boot.previous_hash, "previous hash")?;
            Some((BootId(id), boot.previous_sequence, hash))
        }
        None => None,
    };
    Ok(Boot {
        region: boot.region,
        software_version: boot.software_version,
        config_digest: array(&boot.config_digest, "config digest")?,
        durability,
        previous,
    })
}

fn array<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N], Error> {
    bytes
        .try_into()
        .map_err(|_| Error(format!("{what} has {} bytes, not {N}", bytes.len())))
}

fn optional<const N: usize>(bytes: &[u8], what: &str) -> Result<Option<[u8; N]>, Error> {
    if bytes.is_empty() {
        Ok(None)
    } else {
        array(bytes, what).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::{EnvironmentId, OrganizationId, ProjectId, Scope};

    fn decision() -> Record {
        let text = |text: &str| text.to_owned();
        let decision = Decision {
            scope: Scope {
                organization: OrganizationId::new("acme").unwrap(),
                project: ProjectId::new("shop").unwrap(),
                environment: EnvironmentId::new("dev").unwrap(),
            },
            agent: text("bot"),
            roles: vec![text("support")],
            user: text("u-1"),
            tool: text("payments.refund"),
            arguments_json: text(r#"{"amount":51}"#),
            arguments_digest: [3; 32],
            outcome: text("deny"),
            reason_code: text("argument_invalid"),
            reason_message: text("argument `amount`: 51 is above 50"),
            reason_argument: text("/amount"),
            policy: text("refunds"),
            rule: text("small"),
            policy_version: Version(3),
            revision: Revision(42),
            severity: text("high"),
            matched: vec![text("refunds/small"), text("~refunds/next")],
            errors: vec![text("refunds/other: no such key")],
            latency_micros: 17,
            trace_id: Some([1; 16]),
            span_id: None,
            session_id: text("s"),
            request_id: text("r"),
            key_id: text("k"),
            token_id: text("t"),
        };
        Record {
            time: Timestamp(9),
            body: Body::Decision(Box::new(decision)),
        }
    }

    fn boot(previous: Option<(BootId, u64, [u8; 32])>) -> Record {
        let boot = Boot {
            region: "eu".into(),
            software_version: "0.1.0".into(),
            config_digest: [2; 32],
            durability: Durability::Strict,
            previous,
        };
        Record {
            time: Timestamp(1),
            body: Body::Boot(boot),
        }
    }

    #[test]
    fn every_kind_of_record_reads_back() {
        let gap = Gap {
            boot: BootId([5; 16]),
            first_sequence: 7,
            reason: "torn".into(),
        };
        for record in [
            decision(),
            boot(None),
            boot(Some((BootId([4; 16]), 9, [6; 32]))),
            Record {
                time: Timestamp(2),
                body: Body::Close("SIGTERM".into()),
            },
            Record {
                time: Timestamp(3),
                body: Body::Gap(gap),
            },
        ] {
            assert_eq!(decode(&encode(&record)).unwrap(), record);
        }
    }

    /// The bytes of the first format: they must decode for ever. Add formats, never edit this.
    #[test]
    fn the_first_format_is_frozen() {
        let hex: String = encode(&decision())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(hex, include_str!("record/frozen_decision_v1.hex").trim());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(decode(b"\xff\xff").is_err());
        assert!(decode(b"").is_err(), "no body");
        let mut short = storage::Record::decode(encode(&boot(None)).as_slice()).unwrap();
        if let Some(storage::record::Body::Boot(boot)) = &mut short.body {
            boot.config_digest.pop();
        }
        assert!(decode(&short.encode_to_vec()).is_err());
    }
}
