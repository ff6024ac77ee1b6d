//! Signs, verifies and updates bundles.
//!
//! A [`VerifiedBundle`] can only be made by verifying, on the wire and on the disk alike: signature
//! by the pinned key, cluster, digest, and header against content. Nothing else hands out a bundle.
//!
//! INVARIANT (verified-only): whoever holds a `VerifiedBundle` holds what the control plane signed.

mod delta;
mod signer;

pub use delta::delta;
pub use signer::{Signer, verify_jwks};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use veto_core::{Code, EnvironmentId, OrganizationId, ProjectId, Revision, Scope, Timestamp};
use veto_identity::Trust;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as sync;

use crate::status::Coded;

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not a bundle, or header and content disagree.
    #[error("bundle is corrupt: {0}")]
    Corrupt(String),
    /// The signature is not of the pinned key, or of another cluster.
    #[error("bundle signature is invalid: {0}")]
    Signature(&'static str),
    /// A delta or a heartbeat is about another bundle than the one that is held.
    #[error("bundle builds on revision {base}, and {held} is held")]
    BaseMismatch {
        /// The revision it is about.
        base: Revision,
        /// The revision that is held.
        held: Revision,
    },
    /// A signature cannot be made.
    #[error("signing failed")]
    Signing,
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Corrupt(_) => Code::BundleCorrupt,
            Self::Signature(_) => Code::BundleSignatureInvalid,
            Self::BaseMismatch { .. } => Code::BundleBaseMismatch,
            Self::Signing => Code::Internal,
        }
    }
}

/// A bundle whose signature, cluster and digest were verified.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedBundle {
    scope: Scope,
    signed: storage::SignedBundle,
    header: storage::BundleHeader,
    bundle: storage::Bundle,
}

impl VerifiedBundle {
    /// Verifies a signed bundle, from the wire or from the disk.
    ///
    /// # Errors
    /// [`Error::Signature`] or [`Error::Corrupt`].
    pub fn verify(signed: storage::SignedBundle, trust: &Trust) -> Result<Self, Error> {
        let corrupt = |text: &str| Error::Corrupt(text.to_owned());
        let header = signed.header.clone().ok_or_else(|| corrupt("no header"))?;
        verify_header(&header, &signed.signature, trust)?;
        if header.digest != digest(&signed.bundle) {
            return Err(corrupt("the digest does not match"));
        }
        let bundle = storage::Bundle::decode(signed.bundle.as_slice())
            .map_err(|e| Error::Corrupt(e.to_string()))?;
        if bundle.scope != header.scope || bundle.revision != header.revision {
            return Err(corrupt("header and content disagree"));
        }
        let scope = header
            .scope
            .as_ref()
            .and_then(scope)
            .ok_or_else(|| corrupt("no scope"))?;
        Ok(Self {
            scope,
            signed,
            header,
            bundle,
        })
    }

    /// Applies a delta and verifies the result as a whole bundle.
    ///
    /// # Errors
    /// [`Error::BaseMismatch`] when the delta builds on another bundle, else as [`Self::verify`].
    pub fn apply(&self, delta: &sync::Delta, trust: &Trust) -> Result<Self, Error> {
        if delta.base_revision != self.header.revision || delta.base_digest != self.header.digest {
            return Err(self.mismatch(delta.base_revision));
        }
        let bundle = delta::applied(&self.bundle, delta)
            .ok_or_else(|| Error::Corrupt("the delta has no rest".into()))?;
        let signed = storage::SignedBundle {
            header: delta.header.clone(),
            signature: delta.signature.clone(),
            bundle: bundle.encode_to_vec(),
        };
        Self::verify(signed, trust)
    }

    /// Takes the newer `fresh_as_of` of a heartbeat for the very same bundle; an older one changes
    /// nothing.
    ///
    /// # Errors
    /// As [`Self::verify_heartbeat`].
    pub fn refresh(&self, heartbeat: &sync::SignedHeader, trust: &Trust) -> Result<Self, Error> {
        let fresh_as_of = self.verify_heartbeat(heartbeat, trust)?;
        let mut refreshed = self.clone();
        if fresh_as_of > self.fresh_as_of() {
            refreshed.signed.header.clone_from(&heartbeat.header);
            refreshed.signed.signature.clone_from(&heartbeat.signature);
            refreshed.header.fresh_as_of = fresh_as_of.0;
        }
        Ok(refreshed)
    }

    /// Verifies that a heartbeat is about the very same bundle and returns its `fresh_as_of`, which
    /// may be older than the one known.
    ///
    /// # Errors
    /// [`Error::BaseMismatch`] when it is about another bundle, [`Error::Signature`] when it is not
    /// of the pinned key.
    pub fn verify_heartbeat(
        &self,
        heartbeat: &sync::SignedHeader,
        trust: &Trust,
    ) -> Result<Timestamp, Error> {
        let header = heartbeat
            .header
            .as_ref()
            .ok_or_else(|| Error::Corrupt("no header".into()))?;
        verify_header(header, &heartbeat.signature, trust)?;
        let same = header.scope == self.header.scope && header.digest == self.header.digest;
        if !same || header.revision != self.header.revision {
            return Err(self.mismatch(header.revision));
        }
        Ok(Timestamp(header.fresh_as_of))
    }

    /// The environment.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What was verified.
    #[must_use]
    pub const fn bundle(&self) -> &storage::Bundle {
        &self.bundle
    }

    /// The signed header.
    #[must_use]
    pub const fn header(&self) -> &storage::BundleHeader {
        &self.header
    }

    /// The revision.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        Revision(self.header.revision)
    }

    /// The instant at which the control plane's knowledge was current.
    #[must_use]
    pub const fn fresh_as_of(&self) -> Timestamp {
        Timestamp(self.header.fresh_as_of)
    }

    /// Bundle and proof, as they go to the disk.
    #[must_use]
    pub const fn signed(&self) -> &storage::SignedBundle {
        &self.signed
    }

    const fn mismatch(&self, base: u64) -> Error {
        Error::BaseMismatch {
            base: Revision(base),
            held: Revision(self.header.revision),
        }
    }
}

/// Reads a scope; `None` when a name is malformed.
#[must_use]
pub fn scope(scope: &storage::Scope) -> Option<Scope> {
    Some(Scope {
        organization: OrganizationId::new(&scope.organization).ok()?,
        project: ProjectId::new(&scope.project).ok()?,
        environment: EnvironmentId::new(&scope.environment).ok()?,
    })
}

/// Writes a scope.
#[must_use]
pub fn scope_message(scope: &Scope) -> storage::Scope {
    storage::Scope {
        organization: scope.organization.to_string(),
        project: scope.project.to_string(),
        environment: scope.environment.to_string(),
    }
}

/// SHA-256 of an encoded bundle.
#[must_use]
pub fn digest(bundle: &[u8]) -> Vec<u8> {
    Sha256::digest(bundle).to_vec()
}

fn signed_text(header: &storage::BundleHeader) -> Vec<u8> {
    let mut text = b"veto/bundle/v1\n".to_vec();
    text.extend(header.encode_to_vec());
    text
}

fn verify_header(
    header: &storage::BundleHeader,
    signature: &[u8],
    trust: &Trust,
) -> Result<(), Error> {
    if header.cluster != trust.cluster {
        return Err(Error::Signature("of another cluster"));
    }
    UnparsedPublicKey::new(&ED25519, trust.bundle_key)
        .verify(&signed_text(header), signature)
        .map_err(|_| Error::Signature("not of the pinned key"))
}

#[cfg(test)]
mod tests;
