//! The one error of this crate.

use veto_core::Code;

/// Why a credential is refused. The text is for the log; callers are told the code alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not an API key.
    #[error("malformed API key: {0}")]
    MalformedKey(&'static str),
    /// The token is not a JWS of the expected shape, or its signature or claims are wrong.
    #[error("invalid token: {0}")]
    InvalidToken(String),
    /// The token is signed by a key that is not in the set.
    #[error("unknown signing key `{0}`")]
    UnknownSigner(String),
    /// The token's time is over, or has not begun.
    #[error("token is outside its time")]
    Expired,
    /// A signing key cannot be made or used.
    #[error("signing failed: {0}")]
    Signing(String),
    /// A certificate authority cannot be read, or a certificate cannot be made.
    #[error("certificates: {0}")]
    Authority(String),
    /// The pinned trust file cannot be read.
    #[error("trust file: {0}")]
    Trust(String),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::MalformedKey(_) | Self::InvalidToken(_) | Self::UnknownSigner(_) => {
                Code::CredentialInvalid
            }
            Self::Expired => Code::TokenExpired,
            Self::Signing(_) => Code::Internal,
            Self::Authority(_) | Self::Trust(_) => Code::ConfigInvalid,
        }
    }
}
