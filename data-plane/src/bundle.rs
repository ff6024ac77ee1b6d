//! Holds the bundles that this node enforces and swaps them without stopping a call.
//!
//! A call takes one [`Active`] and keeps it to the end, so no decision mixes two versions. A bundle
//! that fails verification, is older than one that was held, or does not compile never becomes
//! current: the last good one stays.
//!
//! - [`active`](Active): a verified bundle, compiled and ready.
//! - [`apply`]: what a message of the control plane does to the bundles.
//! - [`cache`]: the last good bundles on the disk, and the floors under their revisions.
//! - [`sync`]: the stream from the control plane.

mod active;
pub(crate) mod apply;
pub(crate) mod cache;
pub(crate) mod sync;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use veto_core::{Scope, Timestamp};
use veto_proto::sync::v1 as proto;

pub use active::{Active, TokenKeys};

/// The bundles in force, by scope.
#[derive(Debug, Default)]
pub struct Bundles(ArcSwap<Held>);

#[derive(Debug, Default, Clone)]
struct Held {
    scopes: HashMap<Scope, Arc<Active>>,
    /// Every distinct set of token keys; one, unless keys are being rotated.
    keys: Vec<Arc<TokenKeys>>,
}

impl Bundles {
    /// The bundle in force in the scope.
    #[must_use]
    pub fn get(&self, scope: &Scope) -> Option<Arc<Active>> {
        self.0.load().scopes.get(scope).cloned()
    }

    /// All bundles in force.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Active>> {
        self.0.load().scopes.values().cloned().collect()
    }

    /// Every set of token keys of the bundles in force.
    pub(crate) fn token_keys(&self) -> Vec<Arc<TokenKeys>> {
        self.0.load().keys.clone()
    }

    /// Tells whether any scope can be served at this time.
    #[must_use]
    pub fn is_serving(&self, now: Timestamp) -> bool {
        self.0
            .load()
            .scopes
            .values()
            .any(|active| active.check_fresh(now).is_ok())
    }

    /// The newest signed header of each bundle.
    pub(crate) fn heartbeat(&self) -> proto::Heartbeat {
        let held = self.0.load();
        proto::Heartbeat {
            headers: held.scopes.values().map(|active| active.newest()).collect(),
        }
    }

    /// Puts a bundle in force. Only the applier calls this, so writers never meet.
    fn put(&self, active: Arc<Active>) {
        let mut held = Held::clone(&self.0.load());
        held.scopes.insert(active.scope().clone(), active);
        self.swap(held);
    }

    fn remove(&self, scope: &Scope) {
        let mut held = Held::clone(&self.0.load());
        held.scopes.remove(scope);
        self.swap(held);
    }

    fn swap(&self, mut held: Held) {
        held.keys.clear();
        for active in held.scopes.values() {
            if held
                .keys
                .iter()
                .all(|keys| keys.digest() != active.token_keys().digest())
            {
                held.keys.push(active.token_keys().clone());
            }
        }
        self.0.store(Arc::new(held));
    }
}
