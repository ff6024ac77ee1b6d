//! A node that writes a chain of frames.

use veto_core::{
    BootId, EnvironmentId, NodeId, OrganizationId, ProjectId, Revision, Scope, Timestamp, Version,
};
use veto_trail::{Body, Boot, Decision, Durability, Frame, GENESIS, Record};
use veto_wire::record;

use super::NOON;

/// One boot of a node, with all frames it wrote.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: NodeId,
    pub(crate) boot: BootId,
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) hash: [u8; 32],
}

impl Node {
    /// A boot that has written its boot record.
    pub(crate) fn boot(name: &str, boot: u8) -> Self {
        Self::boot_in(name, boot, "")
    }

    pub(crate) fn boot_in(name: &str, boot: u8, region: &str) -> Self {
        let mut node = Self::empty(name, boot);
        node.write(NOON, boot_record(region));
        node
    }

    /// A boot that has written nothing, not even its boot record.
    pub(crate) fn empty(name: &str, boot: u8) -> Self {
        Self {
            name: NodeId::new(name).unwrap(),
            boot: BootId([boot; 16]),
            frames: Vec::new(),
            hash: GENESIS,
        }
    }

    /// The sequence of the next frame.
    pub(crate) fn next(&self) -> u64 {
        self.frames.len() as u64
    }

    pub(crate) fn write(&mut self, time: Timestamp, body: Body) {
        let frame = Frame {
            node: self.name.clone(),
            boot: self.boot,
            sequence: self.next(),
            previous: self.hash,
            payload: record::encode(&Record { time, body }),
        };
        let (bytes, hash) = frame.encode().unwrap();
        self.frames.push(bytes);
        self.hash = hash;
    }

    /// Writes a decision of an organization, a microsecond after the one before.
    pub(crate) fn decide(&mut self, organization: &str) -> &mut Self {
        self.decide_with(organization, |_| {})
    }

    pub(crate) fn decide_with(
        &mut self,
        organization: &str,
        change: impl FnOnce(&mut Decision),
    ) -> &mut Self {
        let time = Timestamp(NOON.0 + i64::try_from(self.next()).unwrap());
        self.decide_at(time, organization, change)
    }

    pub(crate) fn decide_at(
        &mut self,
        time: Timestamp,
        organization: &str,
        change: impl FnOnce(&mut Decision),
    ) -> &mut Self {
        let mut decision = decision(organization);
        change(&mut decision);
        self.write(time, Body::Decision(Box::new(decision)));
        self
    }

    /// Takes back the last frame: what is written next rewrites the past.
    pub(crate) fn rewind(&mut self, to: usize) {
        self.frames.truncate(to);
        let last = self
            .frames
            .last()
            .map(|bytes| Frame::decode(bytes).unwrap().1);
        self.hash = last.unwrap_or(GENESIS);
    }
}

pub(crate) fn boot_record(region: &str) -> Body {
    Body::Boot(Boot {
        region: region.into(),
        software_version: "0.1.0".into(),
        config_digest: [1; 32],
        durability: Durability::Strict,
        previous: None,
    })
}

fn decision(organization: &str) -> Decision {
    Decision {
        scope: Scope {
            organization: OrganizationId::new(organization).unwrap(),
            project: ProjectId::new("shop").unwrap(),
            environment: EnvironmentId::new("dev").unwrap(),
        },
        agent: "bot".into(),
        roles: vec!["support".into()],
        user: "u-1".into(),
        tool: "payments.refund".into(),
        arguments_json: r#"{"amount":20}"#.into(),
        arguments_digest: [2; 32],
        outcome: "allow".into(),
        reason_code: "RULE_ALLOWS".into(),
        reason_message: "rule small-refunds allows it".into(),
        reason_argument: String::new(),
        policy: "support-refunds".into(),
        rule: "small-refunds".into(),
        policy_version: Version(3),
        revision: Revision(41),
        severity: String::new(),
        matched: vec!["support-refunds/small-refunds".into()],
        errors: Vec::new(),
        latency_micros: 17,
        trace_id: None,
        span_id: None,
        session_id: "s-1".into(),
        request_id: "r-1".into(),
        key_id: "k-1".into(),
        token_id: "t-1".into(),
    }
}
