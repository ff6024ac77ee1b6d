//! Turns a token into the one who calls, and into the bundle of its scope.
//!
//! The claims of an unverified token choose the keys to verify with, and nothing else. What verified
//! is remembered by the hash of the token; time, revocation and the set of keys are checked at every
//! use all the same.

mod cache;

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use veto_core::{AgentId, EnvironmentId, OrganizationId, ProjectId, Role, Scope, Timestamp};
use veto_identity::token::LEEWAY_SECONDS;
use veto_identity::{Claims, KeyKind, unverified_claims};

use crate::Error;
use crate::bundle::{Active, Bundles};
use cache::Cache;

/// A token may live so long, in seconds. Revocations are kept in bundles a little longer than that,
/// so a token of a longer life could outlive the revocation of its key.
const LONGEST_LIFE_SECONDS: i64 = 15 * 60;
/// Tokens that are remembered.
const REMEMBERED: usize = 10_000;

/// The one who calls, as the verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Where.
    pub scope: Scope,
    /// Which agent.
    pub agent: AgentId,
    /// The roles that the token is narrowed to. Empty: all of the agent's.
    pub roles: Vec<Role>,
    /// The API key behind the token.
    pub key: String,
    /// The id of the token.
    pub token: String,
    /// From when it is valid, in seconds.
    not_before: i64,
    /// Until when it is valid, in seconds.
    expires: i64,
    /// Which set of keys verified it.
    verified_by: [u8; 32],
}

/// Verifies tokens against the bundles in force.
#[derive(Debug)]
pub struct Identity {
    bundles: Arc<Bundles>,
    cache: Cache<Arc<Caller>>,
}

impl Identity {
    /// Verifies against these bundles.
    #[must_use]
    pub fn new(bundles: Arc<Bundles>) -> Self {
        Self {
            bundles,
            cache: Cache::new(REMEMBERED),
        }
    }

    /// Verifies a token; hands out who calls, and the bundle that decides the call.
    ///
    /// # Errors
    /// [`Error::Credential`], [`Error::Claims`] or [`Error::Revoked`] when the token is not good here;
    /// [`Error::NoBundle`] when it is good and its scope is not held, whether or not there is such a
    /// scope.
    pub fn authenticate(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Arc<Caller>, Arc<Active>), Error> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(caller) = self.cache.get(&digest)
            && let Some(active) = self.bundles.get(&caller.scope)
            && active.token_keys().digest() == &caller.verified_by
        {
            caller.check_time(now)?;
            caller.check_key(&active)?;
            return Ok((caller, active));
        }
        let (caller, active) = self.verify(token, now)?;
        let caller = Arc::new(caller);
        self.cache.put(digest, caller.clone());
        Ok((caller, active))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<(Caller, Arc<Active>), Error> {
        let peeked = unverified_claims(token).map_err(Error::Credential)?;
        let scope = scope(&peeked)?;
        let Some(active) = self.bundles.get(&scope) else {
            return Err(self.not_held(token, now));
        };
        let keys = active.token_keys();
        let claims = keys
            .verifier()
            .verify(token, now)
            .map_err(Error::Credential)?;
        let caller = Caller::new(&claims, *keys.digest(), now)?;
        if &caller.scope != active.scope() {
            return Err(Error::Claims("of another scope"));
        }
        caller.check_key(&active)?;
        Ok((caller, active))
    }

    /// Only a token that verifies learns that its scope is not held: a forged one must not be a way
    /// to ask which scopes there are.
    fn not_held(&self, token: &str, now: Timestamp) -> Error {
        let mut refusal = Error::NoBundle;
        for keys in self.bundles.token_keys() {
            match keys.verifier().verify(token, now) {
                Ok(_) => return Error::NoBundle,
                Err(error) => refusal = Error::Credential(error),
            }
        }
        refusal
    }
}

impl Caller {
    fn new(claims: &Claims, verified_by: [u8; 32], now: Timestamp) -> Result<Self, Error> {
        if claims.kind != KeyKind::Agent.as_str() {
            return Err(Error::Claims("not of an agent's key"));
        }
        if claims.exp.saturating_sub(now.seconds()) > LONGEST_LIFE_SECONDS + LEEWAY_SECONDS {
            return Err(Error::Claims("valid for too long"));
        }
        let agent = claims.agent.as_deref().ok_or(Error::Claims("no agent"))?;
        let roles: Result<Vec<_>, _> = claims.roles.iter().map(|role| Role::new(role)).collect();
        Ok(Self {
            scope: scope(claims)?,
            agent: AgentId::new(agent).map_err(|_| Error::Claims("malformed agent"))?,
            roles: roles.map_err(|_| Error::Claims("malformed role"))?,
            key: claims.key.clone(),
            token: claims.jti.clone(),
            not_before: claims.nbf,
            expires: claims.exp,
            verified_by,
        })
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        let now = now.seconds();
        let begun = now >= self.not_before.saturating_sub(LEEWAY_SECONDS);
        if begun && now < self.expires.saturating_add(LEEWAY_SECONDS) {
            return Ok(());
        }
        Err(Error::Credential(veto_identity::Error::Expired))
    }

    fn check_key(&self, active: &Active) -> Result<(), Error> {
        if active.is_revoked(&self.key) {
            return Err(Error::Revoked(self.key.clone()));
        }
        Ok(())
    }
}

fn scope(claims: &Claims) -> Result<Scope, Error> {
    let narrow = Error::Claims("not of one environment");
    let (Some(project), Some(environment)) = (&claims.project, &claims.env) else {
        return Err(narrow);
    };
    let malformed = |_| Error::Claims("malformed scope");
    Ok(Scope {
        organization: OrganizationId::new(&claims.org).map_err(malformed)?,
        project: ProjectId::new(project).map_err(malformed)?,
        environment: EnvironmentId::new(environment).map_err(malformed)?,
    })
}
