//! The arguments of a call: one JSON object, read strictly, with one canonical form.
//!
//! Numbers are kept exactly: an integer keeps all its digits, and a number with a fraction is the
//! nearest IEEE double. `20`, `20.0` and `2e1` are the same value from here on, so that calls with
//! the same digest get the same decision.

mod canonical;
mod parse;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use veto_core::Code;

/// Limits of the text.
pub mod limits {
    /// Longest text, in bytes.
    pub const BYTES: usize = 256 * 1024;
    /// Deepest nesting; the object itself is level 1.
    pub const DEPTH: usize = 64;
}

/// Says why a text is not taken as arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// The text is longer than [`limits::BYTES`].
    #[error("the text has {bytes} bytes; at most {} are read", limits::BYTES)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Objects and arrays are nested deeper than [`limits::DEPTH`].
    #[error("nested deeper than {} levels at byte {offset}", limits::DEPTH)]
    TooDeep {
        /// Where.
        offset: usize,
    },
    /// The text is not JSON.
    #[error("not JSON at byte {offset}: {problem}")]
    Syntax {
        /// Where.
        offset: usize,
        /// What was expected.
        problem: &'static str,
    },
    /// The text is JSON and no object.
    #[error("the arguments must be a JSON object")]
    NotAnObject,
    /// An object has the same key twice.
    #[error("the key `{key}` stands twice in one object, again at byte {offset}")]
    DuplicateKey {
        /// The key, cut to 64 characters.
        key: String,
        /// Where it stands again.
        offset: usize,
    },
    /// A number is outside what can be kept exactly.
    #[error(
        "the number `{number}` at byte {offset} is out of range: integers have 64 bits, others are doubles"
    )]
    NumberOutOfRange {
        /// The number, cut to 64 characters.
        number: String,
        /// Where.
        offset: usize,
    },
    /// A `\u` escape names half of a surrogate pair.
    #[error("lone surrogate at byte {offset}")]
    LoneSurrogate {
        /// Where.
        offset: usize,
    },
}

impl ArgumentsError {
    /// The code under which clients learn of it.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::RequestTooLarge,
            Self::TooDeep { .. }
            | Self::Syntax { .. }
            | Self::NotAnObject
            | Self::DuplicateKey { .. }
            | Self::NumberOutOfRange { .. }
            | Self::LoneSurrogate { .. } => Code::InvalidArguments,
        }
    }
}

/// A JSON object that was read strictly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads the text; an empty text means `{}`.
    ///
    /// # Errors
    /// [`ArgumentsError`] when the text is not one JSON object within the limits, without duplicate
    /// keys, lone surrogates, or numbers that would change.
    pub fn parse(json: &str) -> Result<Self, ArgumentsError> {
        if json.is_empty() {
            return Ok(Self::default());
        }
        parse::object(json).map(Self)
    }

    /// Takes values that come from arguments which were read strictly.
    pub(crate) const fn from_map(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// The value of an argument.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The arguments as a map.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The canonical form: RFC 8785, except that integers keep all their digits.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical::object(&self.0)
    }

    /// SHA-256 of the canonical form.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }
}

#[cfg(test)]
mod tests;
