use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use veto_core::{BootId, ManualClock, NodeId, OsEntropy, Timestamp};
use veto_core::{EnvironmentId, OrganizationId, ProjectId, Revision, Scope, Version};
use veto_trail::{Body, Boot, Decision, Durability, Record};
use veto_wire::record::decode;

use super::reader::Entry;
use super::segment::{Segment, list};
use super::{Config, Error, Handle, Position, Receipt, Spool};

mod ledger;
mod otlp;
mod recovery;
mod ship;
mod spool;

const START: Position = Position { order: 0, next: 0 };

fn boot() -> Boot {
    Boot {
        region: "eu".into(),
        software_version: "0.1.0".into(),
        config_digest: [1; 32],
        durability: Durability::Strict,
        previous: None,
    }
}

fn open_with(config: &Config) -> Result<Spool, Error> {
    let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
    let node = NodeId::new("node-1").unwrap();
    Spool::open(config, node, boot(), clock, &OsEntropy)
}

fn open(dir: &Path) -> Spool {
    open_with(&Config::new(dir)).unwrap()
}

/// Small segments, so that a test of a few records has several.
fn small(dir: &Path) -> Config {
    Config {
        segment_bytes: 2000,
        ..Config::new(dir)
    }
}

fn decision(number: usize) -> Record {
    let text = |text: &str| text.to_owned();
    let decision = Decision {
        scope: Scope {
            organization: OrganizationId::new("acme").unwrap(),
            project: ProjectId::new("shop").unwrap(),
            environment: EnvironmentId::new("dev").unwrap(),
        },
        agent: text("bot"),
        roles: vec![text("clerk"), text("support")],
        user: text("u-1"),
        tool: text("payments.refund"),
        arguments_json: format!(r#"{{"amount":{number}}}"#),
        arguments_digest: [3; 32],
        outcome: text(if number.is_multiple_of(2) {
            "allow"
        } else {
            "deny"
        }),
        reason_code: text("argument_invalid"),
        reason_message: text("argument `amount`: 51 is above 50"),
        reason_argument: text("/amount"),
        policy: text("refunds"),
        rule: text("small"),
        policy_version: Version(3),
        revision: Revision(42),
        severity: text("high"),
        matched: vec![text("refunds/small")],
        errors: Vec::new(),
        latency_micros: 17,
        trace_id: Some([1; 16]),
        span_id: Some([2; 8]),
        session_id: text("s"),
        request_id: number.to_string(),
        key_id: text("k"),
        token_id: text("t"),
    };
    Record {
        time: Timestamp(2_000_000),
        body: Body::Decision(Box::new(decision)),
    }
}

async fn append(handle: &Handle, count: usize) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for number in 0..count {
        receipts.push(handle.append(&decision(number)).await.unwrap());
    }
    receipts
}

/// All frames that readers see, with the boot's order.
fn entries(handle: &Handle, from: Position) -> Vec<(u64, Entry)> {
    let mut reader = handle.reader(from);
    let mut all = Vec::new();
    while let Some(batch) = reader.next(7, 0).unwrap() {
        let order = batch.start.order;
        all.extend(batch.entries.into_iter().map(|entry| (order, entry)));
    }
    all
}

fn records(handle: &Handle) -> Vec<(u64, Record)> {
    let all = entries(handle, START).into_iter();
    all.map(|(order, entry)| (order, decode(&entry.frame.payload).unwrap()))
        .collect()
}

fn segments(dir: &Path) -> Vec<(Segment, PathBuf)> {
    let all = list(dir).unwrap().into_iter();
    all.map(|segment| (segment.clone(), segment.path(dir)))
        .collect()
}

/// Ends a spool as a crash does: without a last record.
async fn crash(spool: Spool) -> BootId {
    let boot = spool.handle().boot();
    spool.abandon().await;
    boot
}
