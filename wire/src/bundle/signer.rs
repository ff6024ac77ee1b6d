//! The control plane's side: signs bundles, headers and key sets.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use prost::Message as _;
use veto_core::{Secret, Timestamp};
use veto_identity::Trust;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1 as sync;

use super::{Error, digest, signed_text};

/// Signs for a cluster.
pub struct Signer {
    cluster: String,
    pair: Ed25519KeyPair,
    public_key: [u8; 32],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// Makes the signer from its 32-byte seed (RFC 8032).
    ///
    /// # Errors
    /// [`Error::Signing`] when the seed is refused, which no 32 bytes cause.
    pub fn from_seed(cluster: String, seed: &Secret<[u8; 32]>) -> Result<Self, Error> {
        let pair =
            Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| Error::Signing)?;
        let public_key = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| Error::Signing)?;
        Ok(Self {
            cluster,
            pair,
            public_key,
        })
    }

    /// What nodes pin.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust {
            cluster: self.cluster.clone(),
            bundle_key: self.public_key,
        }
    }

    /// Encodes and signs a bundle.
    #[must_use]
    pub fn sign(&self, bundle: &storage::Bundle, fresh_as_of: Timestamp) -> storage::SignedBundle {
        let bytes = bundle.encode_to_vec();
        let header = storage::BundleHeader {
            cluster: self.cluster.clone(),
            scope: bundle.scope.clone(),
            revision: bundle.revision,
            digest: digest(&bytes),
            fresh_as_of: fresh_as_of.0,
        };
        let signature = self.pair.sign(&signed_text(&header)).as_ref().to_vec();
        storage::SignedBundle {
            header: Some(header),
            signature,
            bundle: bytes,
        }
    }

    /// Signs a header anew, for a heartbeat.
    #[must_use]
    pub fn sign_header(
        &self,
        header: &storage::BundleHeader,
        fresh_as_of: Timestamp,
    ) -> sync::SignedHeader {
        let header = storage::BundleHeader {
            fresh_as_of: fresh_as_of.0,
            ..header.clone()
        };
        let signature = self.pair.sign(&signed_text(&header)).as_ref().to_vec();
        sync::SignedHeader {
            header: Some(header),
            signature,
        }
    }

    /// Signs a JWK Set.
    #[must_use]
    pub fn sign_jwks(&self, jwks_json: &str) -> Vec<u8> {
        self.pair.sign(&jwks_text(jwks_json)).as_ref().to_vec()
    }
}

/// Verifies a JWK Set against the pinned key.
///
/// # Errors
/// [`Error::Signature`] when it is not of that key.
pub fn verify_jwks(jwks_json: &str, signature: &[u8], trust: &Trust) -> Result<(), Error> {
    UnparsedPublicKey::new(&ED25519, trust.bundle_key)
        .verify(&jwks_text(jwks_json), signature)
        .map_err(|_| Error::Signature("not of the pinned key"))
}

fn jwks_text(jwks_json: &str) -> Vec<u8> {
    [b"veto/jwks/v1\n", jwks_json.as_bytes()].concat()
}
