//! The cluster secret: 32 bytes that every replica is given as a file. The pepper for API keys and
//! the seeds of the signing keys follow from it by HKDF-SHA-256 (RFC 5869), so that no secret is
//! ever replicated, logged or part of a backup of the state.

use aws_lc_rs::{hkdf, hmac};
use veto_core::{Entropy, Secret};

use crate::{ApiKey, Error, TokenSigner};

/// The root of a cluster's keys.
#[derive(Debug, Clone)]
pub struct ClusterSecret(Secret<[u8; 32]>);

impl ClusterSecret {
    /// Takes the 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Makes a new secret.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(entropy: &dyn Entropy) -> std::io::Result<Self> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        Ok(Self::new(bytes))
    }

    /// The 32 bytes, to be written to the secret's file and nowhere else.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The keyed hash under which an API key is stored.
    ///
    /// # Errors
    /// [`Error::Signing`] when the key derivation fails, which no input causes.
    pub fn hash_key(&self, key: &ApiKey) -> Result<[u8; 32], Error> {
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(b"veto/pepper/v1")?);
        let tag = hmac::sign(&pepper, key.hashed_text().as_bytes());
        tag.as_ref()
            .try_into()
            .map_err(|_| Error::Signing("short tag".into()))
    }

    /// Compares a key with a stored hash, in constant time.
    #[must_use]
    pub fn key_matches(&self, key: &ApiKey, stored: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        self.hash_key(key)
            .is_ok_and(|hash| bool::from(hash.as_slice().ct_eq(stored)))
    }

    /// The seed of the Ed25519 key that signs bundles and key sets.
    ///
    /// # Errors
    /// [`Error::Signing`] when the key derivation fails, which no input causes.
    pub fn bundle_seed(&self) -> Result<Secret<[u8; 32]>, Error> {
        self.derive(b"veto/bundle/v1").map(Secret::new)
    }

    /// The signer of tokens; `issuer` is the cluster's id.
    ///
    /// # Errors
    /// [`Error::Signing`] when the key cannot be made, which no input causes.
    pub fn token_signer(&self, issuer: &str) -> Result<TokenSigner, Error> {
        TokenSigner::from_seed(issuer, &Secret::new(self.derive(b"veto/token/v1")?))
    }

    fn derive(&self, purpose: &[u8]) -> Result<[u8; 32], Error> {
        let failed = |_| Error::Signing("key derivation".into());
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"veto/cluster-secret");
        let mut bytes = [0; 32];
        salt.extract(self.0.expose())
            .expand(&[purpose], hkdf::HKDF_SHA256)
            .map_err(failed)?
            .fill(&mut bytes)
            .map_err(failed)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyKind;
    use veto_core::clock::SeededEntropy;

    #[test]
    fn a_stored_hash_fits_its_key_under_its_secret_alone() {
        let entropy = SeededEntropy::new(1);
        let secret = ClusterSecret::generate(&entropy).unwrap();
        let key = ApiKey::generate(KeyKind::Agent, None, &entropy).unwrap();
        let other = ApiKey::generate(KeyKind::Agent, None, &entropy).unwrap();
        let stored = secret.hash_key(&key).unwrap();
        assert!(secret.key_matches(&key, &stored));
        assert!(!secret.key_matches(&other, &stored));
        assert!(!secret.key_matches(&key, &stored[..31]));
        assert!(!ClusterSecret::new([7; 32]).key_matches(&key, &stored));
    }

    #[test]
    fn the_derived_keys_differ_by_purpose() {
        let secret = ClusterSecret::new([3; 32]);
        let bundle = secret.bundle_seed().unwrap();
        assert_ne!(bundle.expose(), &secret.derive(b"veto/pepper/v1").unwrap());
        assert_ne!(bundle.expose(), secret.reveal());
    }
}
