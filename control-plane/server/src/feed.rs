//! Turns what the state says into signed bundles: one for each environment, built once for all who
//! subscribe, with a few earlier ones kept so that a change can be sent as a delta.
//!
//! INVARIANT (fresh-means-current): a heartbeat at `t` is signed only after the state was confirmed
//! later than `t` and every event of that state was turned into a bundle.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use veto_core::{Clock, Revision, Scope, Timestamp};
use veto_proto::storage::v1::{SignedBundle, TokenKey};
use veto_proto::sync::v1::{Delta, SignedHeader};
use veto_raft::Handle;
use veto_state::Event;
use veto_wire::bundle::{self, Signer};

use crate::Error;
use crate::meters::Meters;

/// Earlier bundles of an environment that a delta can build on.
const RING: usize = 16;
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A bundle as it is sent.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) signed: SignedBundle,
    pub(crate) revision: Revision,
    pub(crate) policy_version: u64,
    /// When the change was made that this bundle shows.
    pub(crate) committed: Timestamp,
    /// What changed since an earlier one: computed once for all who have that.
    since: Mutex<Option<(Revision, Delta)>>,
}

impl Built {
    /// What changed since an earlier one.
    pub(crate) fn since(&self, earlier: &Self) -> Result<Delta, bundle::Error> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, delta)) = &*since
            && *revision == earlier.revision
        {
            return Ok(delta.clone());
        }
        let delta = bundle::delta(&earlier.signed, &self.signed)?;
        *since = Some((earlier.revision, delta.clone()));
        Ok(delta)
    }

    pub(crate) fn digest(&self) -> &[u8] {
        self.signed
            .header
            .as_ref()
            .map_or(&[], |header| &header.digest)
    }
}

/// Signed headers of all environments at one instant.
pub(crate) type Beat = Arc<BTreeMap<Scope, SignedHeader>>;

/// The bundles of all environments.
#[derive(Debug)]
pub(crate) struct Feed {
    handle: Handle,
    signer: Arc<Signer>,
    token_keys: Vec<TokenKey>,
    clock: Arc<dyn Clock>,
    meters: Meters,
    bundles: RwLock<BTreeMap<Scope, VecDeque<Arc<Built>>>>,
    changes: watch::Sender<u64>,
    beats: watch::Sender<Beat>,
    /// All that was acknowledged before this instant is in the bundles, in microseconds.
    confirmed: AtomicI64,
}

impl Feed {
    pub(crate) fn new(
        handle: Handle,
        signer: Arc<Signer>,
        token_keys: Vec<TokenKey>,
        clock: Arc<dyn Clock>,
        meters: Meters,
        confirmed: Timestamp,
    ) -> Result<Self, Error> {
        meters.confirmed(confirmed.0);
        let feed = Self {
            handle,
            signer,
            token_keys,
            clock,
            meters,
            bundles: RwLock::default(),
            changes: watch::Sender::new(0),
            beats: watch::Sender::new(Beat::default()),
            confirmed: AtomicI64::new(confirmed.0),
        };
        feed.build_all()?;
        Ok(feed)
    }

    /// Tells of each change; what is newest is asked for then, so a slow reader misses nothing but
    /// steps in between.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn beats(&self) -> watch::Receiver<Beat> {
        self.beats.subscribe()
    }

    /// The newest bundles of the environments that the test picks.
    pub(crate) fn newest(&self, picked: impl Fn(&Scope) -> bool) -> Vec<(Scope, Arc<Built>)> {
        let bundles = self.bundles.read().unwrap_or_else(PoisonError::into_inner);
        let newest = bundles.iter().filter(|(scope, _)| picked(scope));
        newest
            .filter_map(|(s, ring)| Some((s.clone(), Arc::clone(ring.back()?))))
            .collect()
    }

    /// A bundle that was newest a while ago.
    pub(crate) fn earlier(
        &self,
        scope: &Scope,
        revision: Revision,
        digest: &[u8],
    ) -> Option<Arc<Built>> {
        let bundles = self.bundles.read().unwrap_or_else(PoisonError::into_inner);
        let mut ring = bundles.get(scope)?.iter();
        ring.find(|built| built.revision == revision && built.digest() == digest)
            .cloned()
    }

    /// Follows the state until it ends.
    pub(crate) async fn run(self: Arc<Self>, mut events: broadcast::Receiver<Event>) {
        let (sender, mut confirmed) = mpsc::channel(1);
        // Ends with this task, however that ends.
        let mut confirming = JoinSet::new();
        confirming.spawn(Arc::clone(&self).confirm(sender));
        // Whether every change so far is in a bundle; an old bundle must not be called fresh.
        let mut whole = true;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(event) => whole &= self.take(&event),
                    Err(RecvError::Lagged(_)) => whole = self.take_all(),
                    Err(RecvError::Closed) => break,
                },
                Some(at) = confirmed.recv() => {
                    whole &= self.drain(&mut events);
                    whole = whole || self.take_all();
                    if whole {
                        self.beat(at);
                    }
                }
            }
        }
    }

    async fn confirm(self: Arc<Self>, confirmed: mpsc::Sender<Timestamp>) {
        let mut ticks = tokio::time::interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let before = self.clock.now();
            match self.handle.confirm().await {
                Ok(()) if confirmed.send(before).await.is_err() => return,
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "no heartbeat: the state is not confirmed"),
            }
        }
    }

    /// Takes what is waiting; tells whether all of it is in bundles.
    fn drain(&self, events: &mut broadcast::Receiver<Event>) -> bool {
        let mut whole = true;
        loop {
            match events.try_recv() {
                Ok(event) => whole &= self.take(&event),
                Err(TryRecvError::Lagged(_)) => whole = self.take_all(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return whole,
            }
        }
    }

    fn take(&self, event: &Event) -> bool {
        let result = match event {
            Event::BundleChanged { scope, .. } => self.build(scope),
            Event::KeyRevoked { .. } => Ok(()),
            Event::Replaced => return self.take_all(),
        };
        self.tell(result)
    }

    /// Builds whatever is not built yet, also what earlier events could not.
    fn take_all(&self) -> bool {
        self.tell(self.build_all())
    }

    fn beat(&self, at: Timestamp) {
        self.meters
            .confirmed(self.confirmed.fetch_max(at.0, Ordering::Relaxed).max(at.0));
        let sign = |(scope, built): (Scope, Arc<Built>)| {
            let header = built.signed.header.as_ref()?;
            Some((scope, self.signer.sign_header(header, at)))
        };
        let beat = self.newest(|_| true).into_iter().filter_map(sign).collect();
        self.beats.send_replace(Arc::new(beat));
    }

    /// Wakes those who subscribe; tells whether all went well.
    fn tell(&self, result: Result<(), Error>) -> bool {
        self.changes.send_modify(|count| *count += 1);
        if let Err(error) = &result {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "a bundle cannot be built"
            );
        }
        result.is_ok()
    }

    fn build_all(&self) -> Result<(), Error> {
        let scopes = self.handle.read(|tables| {
            let mut scopes = Vec::new();
            for organization in tables.organizations()? {
                for row in tables.environments(&organization.id, None)? {
                    let scope = veto_proto::storage::v1::Scope {
                        organization: organization.id.clone(),
                        project: row.project,
                        environment: row.id,
                    };
                    scopes.extend(bundle::scope(&scope));
                }
            }
            Ok::<_, veto_state::Error>(scopes)
        })?;
        for scope in &scopes {
            self.build(scope)?;
        }
        let mut bundles = self.bundles.write().unwrap_or_else(PoisonError::into_inner);
        bundles.retain(|scope, _| scopes.contains(scope));
        Ok(())
    }

    fn build(&self, scope: &Scope) -> Result<(), Error> {
        let now = self.clock.now();
        let found = self.handle.read(|tables| {
            let committed = tables.environment(scope)?.map(|row| row.bundle_time);
            Ok::<_, veto_state::Error>(tables.bundle(scope)?.zip(committed))
        })?;
        let mut bundles = self.bundles.write().unwrap_or_else(PoisonError::into_inner);
        let Some((mut bundle, committed)) = found else {
            bundles.remove(scope);
            return Ok(());
        };
        let ring = bundles.entry(scope.clone()).or_default();
        if ring
            .back()
            .is_some_and(|newest| newest.revision.0 >= bundle.revision)
        {
            return Ok(());
        }
        bundle.token_keys.clone_from(&self.token_keys);
        // A replica that catches up builds what was newest once: not fresher than its own change, or than
        // the last time it was sure to lack nothing.
        let sure = self.confirmed.load(Ordering::Relaxed).max(committed);
        let fresh = now.min(Timestamp(sure));
        ring.push_back(Arc::new(Built {
            revision: Revision(bundle.revision),
            policy_version: bundle.policy_version,
            committed: Timestamp(committed),
            signed: self.signer.sign(&bundle, fresh),
            since: Mutex::default(),
        }));
        if ring.len() > RING {
            ring.pop_front();
        }
        Ok(())
    }
}
