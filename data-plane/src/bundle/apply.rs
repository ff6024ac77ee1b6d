//! What a message of the control plane does to the bundles: verify → compile → keep on the disk →
//! swap. Any failure before the swap leaves everything as it was.
//!
//! INVARIANT (revision-monotonic): the revision of a scope never goes back, not even over a restart.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use veto_core::{Revision, Scope};
use veto_identity::Trust;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as proto;
use veto_wire::bundle::{self, VerifiedBundle};

use super::cache::Cache;
use super::{Active, Bundles};
use crate::Error;

/// A heartbeat may overtake the bundle it is about; this many in a row mean that it got lost.
const LOST_AFTER: u32 = 3;
/// Scopes for which such heartbeats are counted.
const COUNTED: usize = 10_000;

/// The one writer of the bundles in force.
#[derive(Debug)]
pub(crate) struct Applier {
    trust: Trust,
    cache: Cache,
    bundles: Arc<Bundles>,
    floors: HashMap<Scope, Revision>,
    /// Scopes whose floor on the disk is lower than here.
    raised: HashSet<Scope>,
    behind: HashMap<Scope, u32>,
}

/// Why a message about a scope was not taken.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The scope as the message names it.
    pub(crate) scope: Option<storage::Scope>,
    /// The revision that was offered.
    pub(crate) revision: u64,
    /// What was wrong.
    pub(crate) error: Error,
}

/// A bundle that is now in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enforced {
    /// Its scope.
    pub(crate) scope: Scope,
    /// Its revision.
    pub(crate) revision: Revision,
}

impl Applier {
    /// Takes what the disk holds.
    pub(crate) fn open(trust: Trust, cache: Cache, bundles: Arc<Bundles>) -> Result<Self, Error> {
        let loaded = cache.load(&trust)?;
        for verified in loaded.bundles {
            let (scope, revision) = (verified.scope().clone(), verified.revision());
            match Active::prepare(verified, &trust) {
                Ok(active) => {
                    tracing::info!(%scope, %revision, "kept bundle is in force");
                    bundles.put(Arc::new(active));
                }
                // Good bytes that this software cannot compile: a newer one may.
                Err(error) => tracing::error!(%scope, %revision, %error, "kept bundle is refused"),
            }
        }
        for header in &loaded.heartbeat.headers {
            let scope = scope_of(header.header.as_ref()).and_then(bundle::scope);
            if let Some(active) = scope.and_then(|scope| bundles.get(&scope))
                && let Err(error) = active.refresh(header, &trust)
            {
                tracing::debug!(scope = %active.scope(), %error, "kept header is not used");
            }
        }
        Ok(Self {
            trust,
            cache,
            bundles,
            floors: loaded.floors,
            raised: loaded.raised,
            behind: HashMap::new(),
        })
    }

    /// Takes a whole bundle.
    pub(crate) fn snapshot(&mut self, snapshot: proto::Snapshot) -> Result<Enforced, Box<Refused>> {
        let signed = snapshot.bundle.unwrap_or_default();
        let header = signed.header.clone();
        VerifiedBundle::verify(signed, &self.trust)
            .map_err(Error::from)
            .and_then(|verified| self.enforce(verified))
            .map_err(|error| refused(header.as_ref(), error))
    }

    /// Takes a change on top of the bundle in force.
    pub(crate) fn delta(&mut self, delta: &proto::Delta) -> Result<Enforced, Box<Refused>> {
        let held = scope_of(delta.header.as_ref())
            .and_then(bundle::scope)
            .and_then(|scope| self.bundles.get(&scope));
        let verified = match held {
            Some(active) => active.verified().apply(delta, &self.trust),
            None => Err(bundle::Error::BaseMismatch {
                base: Revision(delta.base_revision),
                held: Revision(0),
            }),
        };
        verified
            .map_err(Error::from)
            .and_then(|verified| self.enforce(verified))
            .map_err(|error| refused(delta.header.as_ref(), error))
    }

    fn enforce(&mut self, verified: VerifiedBundle) -> Result<Enforced, Error> {
        let (scope, revision) = (verified.scope().clone(), verified.revision());
        let floor = self.floors.get(&scope).copied().unwrap_or_default();
        if revision < floor {
            return Err(Error::Rollback {
                offered: revision,
                floor,
            });
        }
        let active = Active::prepare(verified, &self.trust)?;
        if let Some(held) = self.bundles.get(&scope)
            && held.verified().header().digest == active.verified().header().digest
        {
            // The very same bundle again must not look older than it is known to be.
            active.refresh(&held.newest(), &self.trust)?;
        }
        self.cache.store(active.verified())?;
        if self.floors.insert(scope.clone(), revision) != Some(revision) {
            self.raised.insert(scope.clone());
        }
        self.behind.remove(&scope);
        self.bundles.put(Arc::new(active));
        tracing::info!(%scope, %revision, "bundle is in force");
        Ok(Enforced { scope, revision })
    }

    /// Takes newer times for the bundles in force; returns what a control plane must hear of.
    pub(crate) fn heartbeat(&mut self, heartbeat: &proto::Heartbeat) -> Vec<Refused> {
        heartbeat
            .headers
            .iter()
            .filter_map(|header| self.beat(header).err().map(|refused| *refused))
            .collect()
    }

    fn beat(&mut self, signed: &proto::SignedHeader) -> Result<(), Box<Refused>> {
        let header = signed.header.as_ref();
        let offered = header.map_or(0, |header| header.revision);
        let Some(scope) = scope_of(header).and_then(bundle::scope) else {
            let problem = bundle::Error::Corrupt("no scope".into());
            return Err(refused(header, problem.into()));
        };
        let held = self.bundles.get(&scope);
        let result = match &held {
            Some(active) => active.refresh(signed, &self.trust),
            None => Err(bundle::Error::BaseMismatch {
                base: Revision(offered),
                held: Revision(0),
            }
            .into()),
        };
        let error = match result {
            Ok(()) => {
                self.behind.remove(&scope);
                return Ok(());
            }
            Err(error) => error,
        };
        if !matches!(error, Error::Bundle(bundle::Error::BaseMismatch { .. })) {
            return Err(refused(header, error));
        }
        // An older replica knows less than this node: not worth a word, the bundle ages by itself.
        if held.is_some_and(|active| offered < active.revision().0) {
            return Ok(());
        }
        if self.behind.len() >= COUNTED {
            self.behind.clear();
        }
        let beats = self.behind.entry(scope.clone()).or_default();
        *beats += 1;
        if *beats < LOST_AFTER {
            return Ok(());
        }
        self.behind.remove(&scope);
        Err(refused(header, error))
    }

    /// Writes the floors that rose. Until then the bundle on the disk stands for its floor, so that
    /// a new bundle waits for one write before it is in force, not for two.
    pub(crate) fn keep_floors(&mut self) -> Result<(), Error> {
        for scope in &self.raised {
            let floor = self.floors.get(scope).copied().unwrap_or_default();
            self.cache.store_floor(scope, floor, &self.trust)?;
        }
        self.raised.clear();
        Ok(())
    }

    /// Drops a bundle; the floor under its revision stays.
    pub(crate) fn withdraw(&mut self, scope: &Scope) -> Result<(), Error> {
        self.bundles.remove(scope);
        self.behind.remove(scope);
        tracing::info!(%scope, "bundle is withdrawn");
        self.keep_floors()?;
        self.cache.remove(scope)
    }
}

const fn scope_of(header: Option<&storage::BundleHeader>) -> Option<&storage::Scope> {
    match header {
        Some(header) => header.scope.as_ref(),
        None => None,
    }
}

pub(super) fn refused(header: Option<&storage::BundleHeader>, error: Error) -> Box<Refused> {
    Box::new(Refused {
        scope: scope_of(header).cloned(),
        revision: header.map_or(0, |header| header.revision),
        error,
    })
}
