//! What a replica counts and measures, in the data model of Prometheus. Labels come from short closed lists.

use std::fmt;
use std::sync::Weak;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;
use veto_wire::status::Coded as _;

use crate::Error;
use crate::members::Members;
use crate::replica::Replica;

/// Upper bounds, in seconds.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

type ByCode = Family<[(&'static str, &'static str); 1], Counter>;

/// What is counted as it happens; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    proposals: ByCode,
    proposal_seconds: Histogram,
    confirmations: ByCode,
    confirmation_seconds: Histogram,
    sync_seconds: Histogram,
    backups: ByCode,
}

impl Default for Meters {
    fn default() -> Self {
        let begun = || {
            let family = ByCode::default();
            drop(family.get_or_create(&[("code", "OK")]));
            family
        };
        Self {
            proposals: begun(),
            proposal_seconds: Histogram::new(SECONDS),
            confirmations: begun(),
            confirmation_seconds: Histogram::new(SECONDS),
            sync_seconds: Histogram::new(SECONDS),
            backups: begun(),
        }
    }
}

impl Meters {
    /// A command was answered, or was not.
    pub(crate) fn proposed<T>(&self, begun: Instant, result: &Result<T, Error>) {
        self.proposals
            .get_or_create(&[("code", code(result))])
            .inc();
        self.proposal_seconds.observe(begun.elapsed().as_secs_f64());
    }

    /// A read was confirmed, or was not.
    pub(crate) fn confirmed(&self, begun: Instant, result: &Result<(), Error>) {
        self.confirmations
            .get_or_create(&[("code", code(result))])
            .inc();
        self.confirmation_seconds
            .observe(begun.elapsed().as_secs_f64());
    }

    /// A backup was made, or was not.
    pub(crate) fn backed_up<T>(&self, result: &Result<T, Error>) {
        self.backups.get_or_create(&[("code", code(result))]).inc();
    }

    /// The log was forced to the disk.
    pub(crate) fn synced(&self, begun: Instant) {
        self.sync_seconds.observe(begun.elapsed().as_secs_f64());
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "veto_raft_proposals",
            "Commands that were handed to the cluster here, by the code of the answer",
            self.proposals.clone(),
        );
        registry.register_with_unit(
            "veto_raft_proposal",
            "How long commands took until they were applied here",
            Unit::Seconds,
            self.proposal_seconds.clone(),
        );
        registry.register(
            "veto_raft_confirmations",
            "Reads that the leader was asked to confirm, by the code of the answer",
            self.confirmations.clone(),
        );
        registry.register_with_unit(
            "veto_raft_confirmation",
            "How long it took until a read was confirmed",
            Unit::Seconds,
            self.confirmation_seconds.clone(),
        );
        registry.register(
            "veto_raft_backups",
            "Backups that were made of this replica, by how they ended",
            self.backups.clone(),
        );
        registry.register_with_unit(
            "veto_raft_log_sync",
            "How long forcing the log to the disk took",
            Unit::Seconds,
            self.sync_seconds.clone(),
        );
    }
}

fn code<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "OK",
        Err(error) => error.code().as_str(),
    }
}

/// What is read when somebody asks. It keeps no replica alive.
#[derive(Debug)]
pub(crate) struct Status(pub(crate) Weak<Replica>);

impl Collector for Status {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(core) = self.0.upgrade() else {
            return Ok(());
        };
        let (status, metrics) = (core.status(), core.metrics());
        let members = Members::of(&metrics);
        let leads = status.leader == core.node();
        let voters = members.members.values().filter(|(_, votes)| *votes).count();
        let learners = members.members.len() - voters;
        let mut gauge = |name: &str, help: &str, value: u64| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        gauge(
            "veto_raft_is_leader",
            "1 on the replica that leads",
            u64::from(leads),
        )?;
        let known = u64::from(status.leader != 0);
        gauge("veto_raft_has_leader", "1 where a leader is known", known)?;
        gauge(
            "veto_raft_term",
            "The term; it rises with each election",
            status.term,
        )?;
        gauge(
            "veto_raft_last_log_index",
            "The newest entry of the log",
            status.last_log,
        )?;
        gauge(
            "veto_raft_applied_index",
            "The newest entry that was applied",
            status.applied,
        )?;
        gauge(
            "veto_raft_snapshot_index",
            "The newest entry in the snapshot",
            status.snapshot,
        )?;
        gauge("veto_raft_voters", "Members that vote", voters as u64)?;
        gauge(
            "veto_raft_learners",
            "Members that do not vote",
            learners as u64,
        )?;
        let Some(replication) = metrics.replication.as_ref().filter(|_| leads) else {
            return Ok(());
        };
        let help = "Entries that a member lacks, as the leader knows";
        let name = "veto_raft_replication_lag_entries";
        let mut lag = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (node, matching) in replication {
            let behind = status
                .last_log
                .saturating_sub(matching.map_or(0, |id| id.index));
            let behind = i64::try_from(behind).unwrap_or(i64::MAX);
            let labels = [("member", node.to_string())];
            ConstGauge::new(behind).encode(lag.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
