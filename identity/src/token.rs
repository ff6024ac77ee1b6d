//! Scoped, short-lived JWTs (RFC 7519), signed with EdDSA (RFC 8037).
//!
//! The algorithm is fixed by the key, never taken from the header; a token of one audience is
//! refused by the other; every claim is required and typed. `jku`, `jwk`, `x5u`, `x5c` and `crit`
//! are refused, whatever they say. Time is passed in, with 30 s of leeway for clocks.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use veto_core::{Secret, Timestamp};

use crate::Error;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;
/// How far clocks may disagree, in seconds.
pub const LEEWAY_SECONDS: i64 = 30;

/// Where a token is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Data-plane nodes.
    DataPlane,
    /// The audit ledger.
    Ledger,
}

impl Audience {
    /// The `aud` claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataPlane => "veto:data-plane",
            Self::Ledger => "veto:ledger",
        }
    }

    /// The `typ` header.
    #[must_use]
    pub const fn token_type(self) -> &'static str {
        match self {
            Self::DataPlane => "veto-agent+jwt",
            Self::Ledger => "veto-ledger+jwt",
        }
    }
}

/// What a token says. Times are seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: the cluster's id.
    pub iss: String,
    /// Where it is used: [`Audience::as_str`].
    pub aud: String,
    /// Whom it stands for: the agent, or the key where there is none.
    pub sub: String,
    /// When it ends.
    pub exp: i64,
    /// When it begins.
    pub nbf: i64,
    /// When it was made.
    pub iat: i64,
    /// Its own id.
    pub jti: String,
    /// The organization.
    pub org: String,
    /// The project; absent when it covers all of them.
    pub project: Option<String>,
    /// The environment; absent when it covers all of them.
    pub env: Option<String>,
    /// The agent, in tokens of the data plane.
    pub agent: Option<String>,
    /// The roles it is narrowed to; empty means all of the agent's.
    pub roles: Vec<String>,
    /// The public id of the API key that it was exchanged for.
    pub key: String,
    /// The kind of that key.
    pub kind: String,
    /// On whose behalf (RFC 8693, section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<serde_json::Value>,
}

/// Mints tokens.
pub struct TokenSigner {
    issuer: String,
    key_id: String,
    public_key: [u8; 32],
    key: EncodingKey,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSigner")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

impl TokenSigner {
    pub(crate) fn from_seed(issuer: &str, seed: &Secret<[u8; 32]>) -> Result<Self, Error> {
        let failed = |e: &dyn std::fmt::Display| Error::Signing(e.to_string());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|e| failed(&e))?;
        let document = pair.to_pkcs8v1().map_err(|e| failed(&e))?;
        let public_key: [u8; 32] = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| Error::Signing("key size".into()))?;
        Ok(Self {
            issuer: issuer.to_owned(),
            key_id: URL_SAFE_NO_PAD.encode(&public_key[..9]),
            public_key,
            key: EncodingKey::from_ed_der(document.as_ref()),
        })
    }

    /// The id under which verifiers know the key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub const fn public_key(&self) -> [u8; 32] {
        self.public_key
    }

    /// Signs the claims; `iss` and `aud` are set here.
    ///
    /// # Errors
    /// [`Error::Signing`] when the claims cannot be encoded.
    pub fn mint(&self, audience: Audience, mut claims: Claims) -> Result<String, Error> {
        claims.iss.clone_from(&self.issuer);
        claims.aud = audience.as_str().into();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(audience.token_type().into());
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|e| Error::Signing(e.to_string()))
    }

    /// The public key as a JWK Set (RFC 7517).
    #[must_use]
    pub fn jwks_json(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.public_key);
        serde_json::json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.key_id, "x": x,
        }]})
        .to_string()
    }
}

/// Verifies tokens of one audience from one issuer.
pub struct TokenVerifier {
    audience: Audience,
    issuer: String,
    keys: BTreeMap<String, DecodingKey>,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

impl TokenVerifier {
    /// Takes the Ed25519 public keys by id.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when a key is malformed.
    pub fn new(
        audience: Audience,
        issuer: &str,
        keys: impl IntoIterator<Item = (String, [u8; 32])>,
    ) -> Result<Self, Error> {
        let decode = |(id, key): (String, [u8; 32])| {
            DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(key))
                .map(|key| (id, key))
                .map_err(|e| Error::InvalidToken(e.to_string()))
        };
        let keys = keys.into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok(Self {
            audience,
            issuer: issuer.to_owned(),
            keys,
        })
    }

    /// Takes the keys of a JWK Set; keys of other types are passed over.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when the text is not a JWK Set.
    pub fn from_jwks(audience: Audience, issuer: &str, jwks: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Key>,
        }
        #[derive(Deserialize)]
        struct Key {
            crv: Option<String>,
            kid: Option<String>,
            x: Option<String>,
        }
        let set: Set =
            serde_json::from_str(jwks).map_err(|e| Error::InvalidToken(e.to_string()))?;
        let keys = set
            .keys
            .into_iter()
            .filter(|key| key.crv.as_deref() == Some("Ed25519"));
        let keys = keys.filter_map(|key| {
            let bytes = URL_SAFE_NO_PAD.decode(key.x?).ok()?;
            Some((key.kid?, bytes.try_into().ok()?))
        });
        Self::new(audience, issuer, keys)
    }

    /// Tells whether a key of this id is known.
    #[must_use]
    pub fn knows(&self, key_id: &str) -> bool {
        self.keys.contains_key(key_id)
    }

    /// Verifies signature, type, issuer, audience and time.
    ///
    /// # Errors
    /// [`Error::Expired`] outside the token's time, [`Error::UnknownSigner`] when the key is not
    /// known, else [`Error::InvalidToken`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Error> {
        let invalid = |e: &dyn std::fmt::Display| Error::InvalidToken(e.to_string());
        if token.len() > MAX_TOKEN {
            return Err(invalid(&"longer than 8 KiB"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|e| invalid(&e))?;
        if header.typ.as_deref() != Some(self.audience.token_type()) {
            return Err(invalid(&"another type"));
        }
        if header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some()
            || header.crit.is_some()
        {
            return Err(invalid(&"a header that brings its own trust"));
        }
        let key_id = header.kid.ok_or_else(|| invalid(&"no key id"))?;
        let key = self.keys.get(&key_id).ok_or(Error::UnknownSigner(key_id))?;

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[self.audience.as_str()]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // Time is checked below, against the clock that was passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|e| invalid(&e))?
            .claims;
        let now = now.seconds();
        if now >= claims.exp.saturating_add(LEEWAY_SECONDS)
            || now < claims.nbf.saturating_sub(LEEWAY_SECONDS)
        {
            return Err(Error::Expired);
        }
        Ok(claims)
    }
}

/// Reads the claims without any verification: good for choosing the keys to verify with, and for
/// nothing else.
///
/// # Errors
/// [`Error::InvalidToken`] when the text is not a JWT with Veto's claims.
pub fn unverified_claims(token: &str) -> Result<Claims, Error> {
    let invalid = |e: &dyn std::fmt::Display| Error::InvalidToken(e.to_string());
    if token.len() > MAX_TOKEN {
        return Err(invalid(&"longer than 8 KiB"));
    }
    let mut parts = token.split('.');
    let payload = parts.nth(1).ok_or_else(|| invalid(&"no payload"))?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|e| invalid(&e))?;
    serde_json::from_slice(&bytes).map_err(|e| invalid(&e))
}

#[cfg(test)]
mod tests;
