//! Which node enforces what, as the nodes themselves say. Kept in memory: it is rebuilt by the nodes'
//! own reports within a moment of a restart.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use veto_core::{NodeId, Revision, Scope, Timestamp};

/// Nodes that were gone longer are forgotten.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);
/// More rows than this are not kept; the oldest contact goes first.
const MOST: usize = 100_000;

/// What one node holds of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) region: String,
    pub(crate) software_version: String,
    pub(crate) revision: Revision,
    pub(crate) policy_version: u64,
    pub(crate) connected: bool,
    pub(crate) last_contact: Timestamp,
    pub(crate) last_refusal: String,
    pub(crate) propagation: Duration,
    /// The stream that reported last; only its end makes the row disconnected.
    stream: u64,
}

/// Who reports.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) node: NodeId,
    pub(crate) region: String,
    pub(crate) software_version: String,
    /// The stream it reports on, from [`Rollout::stream`].
    pub(crate) stream: u64,
}

/// What all nodes hold.
#[derive(Debug, Default)]
pub(crate) struct Rollout {
    rows: Mutex<BTreeMap<(NodeId, Scope), Status>>,
    streams: AtomicU64,
}

impl Rollout {
    /// A number for a new stream, never used before.
    pub(crate) fn stream(&self) -> u64 {
        self.streams.fetch_add(1, Ordering::Relaxed)
    }

    /// Changes the row of a node and an environment; makes it when it is new.
    pub(crate) fn report(
        &self,
        reporter: &Reporter,
        scope: &Scope,
        now: Timestamp,
        change: impl FnOnce(&mut Status),
    ) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (reporter.node.clone(), scope.clone());
        if rows.len() >= MOST && !rows.contains_key(&key) {
            let oldest = rows.iter().min_by_key(|(_, status)| status.last_contact);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                rows.remove(&key);
            }
        }
        let status = rows.entry(key).or_insert_with(|| Status {
            region: String::new(),
            software_version: String::new(),
            revision: Revision(0),
            policy_version: 0,
            connected: true,
            last_contact: now,
            last_refusal: String::new(),
            propagation: Duration::ZERO,
            stream: reporter.stream,
        });
        status.region.clone_from(&reporter.region);
        status
            .software_version
            .clone_from(&reporter.software_version);
        status.connected = true;
        status.stream = reporter.stream;
        status.last_contact = now;
        change(status);
    }

    /// Marks what a stream reported as no longer connected, unless a newer stream reports it.
    pub(crate) fn gone(&self, stream: u64, now: Timestamp) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        for status in rows.values_mut().filter(|status| status.stream == stream) {
            status.connected = false;
            status.last_contact = now;
        }
        forget(&mut rows, now);
    }

    /// What the nodes hold of the environments that the test picks, sorted by node and scope.
    pub(crate) fn list(
        &self,
        now: Timestamp,
        picked: impl Fn(&Scope) -> bool,
    ) -> Vec<((NodeId, Scope), Status)> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut rows, now);
        let picked = rows.iter().filter(|((_, scope), _)| picked(scope));
        picked
            .map(|(key, status)| (key.clone(), status.clone()))
            .collect()
    }
}

fn forget(rows: &mut BTreeMap<(NodeId, Scope), Status>, now: Timestamp) {
    rows.retain(|_, status| status.connected || now.since(status.last_contact) < MEMORY);
}
