//! What the streams to nodes count and measure, in the data model of Prometheus.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use veto_core::Code;

/// Upper bounds, in seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// What is counted as it happens; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    subscribers: Gauge,
    ended: Family<[(&'static str, &'static str); 1], Counter>,
    refused: Counter,
    propagation: Histogram,
    confirmed: Gauge,
}

impl Default for Meters {
    fn default() -> Self {
        let ended: Family<[(&str, &str); 1], Counter> = Family::default();
        // What alerts look at begins at 0, not with the first time that it happens.
        for code in ["OK", Code::Overloaded.as_str()] {
            drop(ended.get_or_create(&[("code", code)]));
        }
        Self {
            subscribers: Gauge::default(),
            ended,
            refused: Counter::default(),
            propagation: Histogram::new(SECONDS),
            confirmed: Gauge::default(),
        }
    }
}

/// Counts a node as long as it lives.
pub(crate) struct Subscribed(Gauge);

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Meters {
    pub(crate) fn subscribed(&self) -> Subscribed {
        self.subscribers.inc();
        Subscribed(self.subscribers.clone())
    }

    /// A stream ended; no code: the node left.
    pub(crate) fn ended(&self, code: Option<Code>) {
        let code = code.map_or("OK", Code::as_str);
        self.ended.get_or_create(&[("code", code)]).inc();
    }

    /// A node refused a bundle.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// A node enforces a change so long after it was made.
    pub(crate) fn propagated(&self, took: Duration) {
        self.propagation.observe(took.as_secs_f64());
    }

    /// The state was confirmed at this time, microseconds since 1970-01-01 UTC.
    pub(crate) fn confirmed(&self, at: i64) {
        self.confirmed.set(at / 1_000_000);
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "veto_feed_subscribers",
            "Nodes that are connected to this replica",
            self.subscribers.clone(),
        );
        registry.register(
            "veto_feed_streams_ended",
            "Streams that ended, by code; OVERLOADED: the node took nothing for too long",
            self.ended.clone(),
        );
        registry.register(
            "veto_feed_bundles_refused",
            "Bundles that a node refused",
            self.refused.clone(),
        );
        registry.register_with_unit(
            "veto_feed_propagation",
            "From a change until a node here enforced it",
            Unit::Seconds,
            self.propagation.clone(),
        );
        registry.register(
            "veto_feed_fresh_timestamp_seconds",
            "Bundles hold all that was acknowledged before this time, in seconds since 1970",
            self.confirmed.clone(),
        );
    }
}
