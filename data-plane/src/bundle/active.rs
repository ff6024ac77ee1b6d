//! A verified bundle, compiled and ready to decide.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use veto_core::{AgentId, Revision, Role, Scope, Timestamp, Version};
use veto_identity::{Audience, TokenVerifier, Trust};
use veto_policy::{Agent, PolicySet, Source};
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as proto;
use veto_wire::bundle::{self, VerifiedBundle};

use crate::Error;

/// A bundle in force. Nothing of it changes but how fresh it is known to be.
#[derive(Debug)]
pub struct Active {
    bundle: VerifiedBundle,
    policies: PolicySet,
    agents: HashMap<AgentId, Agent>,
    revoked: HashSet<String>,
    keys: Arc<TokenKeys>,
    fresh_as_of: AtomicI64,
    newest: Mutex<proto::SignedHeader>,
}

impl Active {
    /// Compiles a verified bundle. This takes time: not for the threads that answer calls.
    ///
    /// # Errors
    /// [`Error::Policies`] when the policies do not compile, [`Error::Bundle`] when a name or a key
    /// is malformed.
    pub fn prepare(bundle: VerifiedBundle, trust: &Trust) -> Result<Self, Error> {
        let content = bundle.bundle();
        let source = |policy: &storage::BundlePolicy| Source {
            path: policy.path.clone(),
            text: policy.text.clone(),
        };
        let sources: Vec<_> = content.policies.iter().map(source).collect();
        let compiled = veto_policy::compile(&sources).map_err(Error::Policies)?;
        let agents = content.agents.iter().map(agent).collect::<Result<_, _>>()?;
        let keys = Arc::new(TokenKeys::new(&content.token_keys, trust)?);
        Ok(Self {
            policies: compiled.set,
            agents,
            revoked: content.revoked_keys.iter().cloned().collect(),
            keys,
            fresh_as_of: AtomicI64::new(bundle.fresh_as_of().0),
            newest: Mutex::new(proto::SignedHeader {
                header: Some(bundle.header().clone()),
                signature: bundle.signed().signature.clone(),
            }),
            bundle,
        })
    }

    /// The environment.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        self.bundle.scope()
    }

    /// The revision.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.bundle.revision()
    }

    /// The version of the policy set.
    #[must_use]
    pub const fn version(&self) -> Version {
        Version(self.bundle.bundle().policy_version)
    }

    /// The compiled policies.
    #[must_use]
    pub const fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// An agent of the project.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// Tells whether an API key is revoked.
    #[must_use]
    pub fn is_revoked(&self, key: &str) -> bool {
        self.revoked.contains(key)
    }

    /// The keys that verify tokens.
    #[must_use]
    pub const fn token_keys(&self) -> &Arc<TokenKeys> {
        &self.keys
    }

    /// What was verified.
    #[must_use]
    pub const fn verified(&self) -> &VerifiedBundle {
        &self.bundle
    }

    /// Checks the age against the environment's bound.
    ///
    /// # Errors
    /// [`Error::Stale`] beyond it.
    pub fn check_fresh(&self, now: Timestamp) -> Result<(), Error> {
        let age = now.since(Timestamp(self.fresh_as_of.load(Ordering::Acquire)));
        let bound = Duration::from_secs(self.bundle.bundle().staleness_seconds);
        if age > bound {
            return Err(Error::Stale { age, bound });
        }
        Ok(())
    }

    /// Takes a newer `fresh_as_of` for the very same bundle; an older one changes nothing.
    ///
    /// # Errors
    /// [`Error::Bundle`] when it is about another bundle, or not signed by the pinned key.
    pub fn refresh(&self, heartbeat: &proto::SignedHeader, trust: &Trust) -> Result<(), Error> {
        let fresh_as_of = self.bundle.verify_heartbeat(heartbeat, trust)?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh_as_of.0 > self.fresh_as_of.load(Ordering::Acquire) {
            newest.clone_from(heartbeat);
            self.fresh_as_of.store(fresh_as_of.0, Ordering::Release);
        }
        Ok(())
    }

    /// The newest signed header of this bundle.
    pub(crate) fn newest(&self) -> proto::SignedHeader {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn agent(agent: &storage::BundleAgent) -> Result<(AgentId, Agent), Error> {
    let malformed = |e: veto_core::id::InvalidId| bundle::Error::Corrupt(e.to_string());
    let id = AgentId::new(&agent.id).map_err(malformed)?;
    let roles: Result<Vec<_>, _> = agent.roles.iter().map(|role| Role::new(role)).collect();
    let labels: BTreeMap<_, _> = agent
        .labels
        .iter()
        .map(|label| (label.name.clone(), label.value.clone()))
        .collect();
    let registered = Agent {
        id: id.clone(),
        roles: roles.map_err(malformed)?,
        labels,
        disabled: agent.disabled,
    };
    Ok((id, registered))
}

/// The keys that verify the tokens of a scope.
#[derive(Debug)]
pub struct TokenKeys {
    digest: [u8; 32],
    verifier: TokenVerifier,
}

impl TokenKeys {
    fn new(keys: &[storage::TokenKey], trust: &Trust) -> Result<Self, Error> {
        let mut digest = Sha256::new();
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            let malformed = |_| bundle::Error::Corrupt(format!("token key `{}`", key.id));
            let bytes = <[u8; 32]>::try_from(key.ed25519.as_slice()).map_err(malformed)?;
            digest.update((key.id.len() as u64).to_le_bytes());
            digest.update(&key.id);
            digest.update(bytes);
            pairs.push((key.id.clone(), bytes));
        }
        let verifier = TokenVerifier::new(Audience::DataPlane, &trust.cluster, pairs)
            .map_err(|e| bundle::Error::Corrupt(e.to_string()))?;
        Ok(Self {
            digest: digest.finalize().into(),
            verifier,
        })
    }

    /// Tells one set of keys from another.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What verifies with them.
    #[must_use]
    pub const fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}
