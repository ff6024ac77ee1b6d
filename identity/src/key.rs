//! API keys: `veto_<kind>_<env>_<id12>_<secret43>_<crc6>`.
//!
//! The prefix lets scanners find leaked keys, the id is public and safe to log, the secret has 256
//! bits, and the checksum (CRC-32 in base 62) tells a mistyped key from an unknown one. It is no security.

use std::io;

use veto_core::{Entropy, EnvironmentId, KeyId, Secret};

use crate::Error;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const NO_ENVIRONMENT: &str = "all";

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// An agent's: exchanges for tokens of the data plane.
    Agent,
    /// A data-plane node's: subscribes to bundles and appends records.
    Node,
    /// A pipeline's: validates and publishes policies, reads.
    Ci,
    /// An administrator's: everything within its scope.
    Admin,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Node, Self::Ci, Self::Admin];

    /// The kind as it stands in keys, tokens and rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Node => "node",
            Self::Ci => "ci",
            Self::Admin => "admin",
        }
    }

    /// Reads a kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An API key with its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What it is for.
    pub kind: KeyKind,
    /// The environment it is narrowed to; for people to see, the row decides.
    pub environment: Option<EnvironmentId>,
    /// Its public id.
    pub id: KeyId,
    secret: Secret<String>,
}

impl ApiKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    pub fn generate(
        kind: KeyKind,
        environment: Option<EnvironmentId>,
        entropy: &dyn Entropy,
    ) -> io::Result<Self> {
        // The id is a slug, so it draws from lower case and digits alone.
        let id = random_text(ID_LENGTH, 36, entropy)?.to_ascii_lowercase();
        let secret = random_text(SECRET_LENGTH, 62, entropy)?;
        let id = KeyId::new(&id).map_err(io::Error::other)?;
        Ok(Self {
            kind,
            environment,
            id,
            secret: Secret::new(secret),
        })
    }

    /// Reads a key and checks its form and checksum.
    ///
    /// # Errors
    /// [`Error::MalformedKey`] says which part is wrong and never quotes the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (body, checksum) = text
            .rsplit_once('_')
            .ok_or(Error::MalformedKey("no checksum"))?;
        if checksum != checksum_of(body) {
            return Err(Error::MalformedKey("the checksum does not match"));
        }
        let body = body
            .strip_prefix("veto_")
            .ok_or(Error::MalformedKey("no prefix"))?;
        let (body, secret) = body
            .rsplit_once('_')
            .ok_or(Error::MalformedKey("no secret"))?;
        let (body, id) = body.rsplit_once('_').ok_or(Error::MalformedKey("no id"))?;
        let (kind, environment) = body.split_once('_').ok_or(Error::MalformedKey("no kind"))?;
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Error::MalformedKey(
                "the secret has another length or alphabet",
            ));
        }
        let environment = match environment {
            NO_ENVIRONMENT => None,
            name => {
                Some(EnvironmentId::new(name).map_err(|_| Error::MalformedKey("bad environment"))?)
            }
        };
        Ok(Self {
            kind: KeyKind::parse(kind).ok_or(Error::MalformedKey("unknown kind"))?,
            environment,
            id: KeyId::new(id).map_err(|_| Error::MalformedKey("bad id"))?,
            secret: Secret::new(secret.to_owned()),
        })
    }

    /// The whole key as text; shown to its owner once.
    #[must_use]
    pub fn reveal(&self) -> String {
        let environment = self
            .environment
            .as_ref()
            .map_or(NO_ENVIRONMENT, EnvironmentId::as_str);
        let kind = self.kind.as_str();
        let body = format!(
            "veto_{kind}_{environment}_{}_{}",
            self.id,
            self.secret.expose()
        );
        let checksum = checksum_of(&body);
        format!("{body}_{checksum}")
    }

    /// What is hashed for storage: id and secret, so that a stored hash fits one key alone.
    pub(crate) fn hashed_text(&self) -> String {
        format!("{}_{}", self.id, self.secret.expose())
    }
}

fn checksum_of(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Draws letters evenly by rejecting bytes beyond the last whole multiple of the base.
fn random_text(length: usize, base: u8, entropy: &dyn Entropy) -> io::Result<String> {
    let limit = (256 / u16::from(base)) * u16::from(base);
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        entropy.fill(&mut bytes)?;
        let fair = bytes.iter().filter(|byte| u16::from(**byte) < limit);
        let letters = fair.map(|byte| char::from(ALPHABET[usize::from(byte % base)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::OsEntropy;

    #[test]
    fn a_key_reads_back_as_it_was_made() {
        for environment in [None, Some(EnvironmentId::new("pre_prod.eu").unwrap())] {
            let key = ApiKey::generate(KeyKind::Agent, environment, &OsEntropy).unwrap();
            assert_eq!(ApiKey::parse(&key.reveal()).unwrap(), key);
        }
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let key = ApiKey::generate(KeyKind::Admin, None, &OsEntropy)
            .unwrap()
            .reveal();
        for position in 0..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[position] = if bytes[position] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ApiKey::parse(&changed).is_err(), "{position}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        for bad in [
            "",
            "_",
            "veto",
            "veto_agent_all",
            "Bearer x",
            "veto_root_all_a_b_c",
            "ü_ü",
        ] {
            let error = ApiKey::parse(bad).unwrap_err();
            assert!(bad.len() < 2 || !error.to_string().contains(bad), "{error}");
        }
    }

    #[test]
    fn a_key_does_not_print_its_secret() {
        let key = ApiKey::generate(KeyKind::Ci, None, &OsEntropy).unwrap();
        assert!(!format!("{key:?}").contains(key.secret.expose().as_str()));
    }
}
