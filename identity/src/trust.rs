//! What a node or a ledger pins of its cluster, out of band: `trust.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;

/// The anchor of all verification: which cluster, and the public key that signs for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The cluster's id; also the issuer of its tokens.
    pub cluster: String,
    /// Ed25519 public key of bundles and key sets; in the file as 64 hexadecimal digits.
    #[serde(with = "hex_bytes")]
    pub bundle_key: [u8; 32],
}

impl Trust {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Trust`] when it is missing or malformed.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |e: &dyn std::fmt::Display| Error::Trust(format!("{}: {e}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|e| failed(&e))?;
        serde_json::from_str(&text).map_err(|e| failed(&e))
    }

    /// The content of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!({"cluster": self.cluster, "bundle_key": hex_bytes::print(&self.bundle_key)})
            .to_string()
    }
}

mod hex_bytes {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn print(bytes: &[u8; 32]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&print(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || D::Error::custom("expected 64 hexadecimal digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_back_and_refuses_what_it_does_not_know() {
        let trust = Trust {
            cluster: "c1".into(),
            bundle_key: [0xab; 32],
        };
        assert_eq!(
            serde_json::from_str::<Trust>(&trust.to_json()).unwrap(),
            trust
        );
        for bad in [
            r#"{"cluster":"c1"}"#,
            r#"{"cluster":"c1","bundle_key":"zz"}"#,
        ] {
            assert!(serde_json::from_str::<Trust>(bad).is_err());
        }
    }
}
