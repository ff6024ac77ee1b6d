//! Who is asking: API keys, the tokens they are exchanged for, and the keys that sign and pin.
//! Nothing here touches a socket; randomness and time are passed in.
//!
//! - [`authority`]: certificates that name the replicas of a cluster to each other.
//! - [`key`]: `veto_<kind>_<env>_<id>_<secret>_<crc32>`, made, read and printed once.
//! - [`secret`]: the cluster secret, from which the pepper and the signing keys follow.
//! - [`token`]: scoped JWTs, minted by the control plane, verified wherever they are used.
//! - [`trust`]: what a node or ledger pins of its cluster.

pub mod authority;
pub mod error;
pub mod key;
pub mod secret;
pub mod token;
pub mod trust;

pub use authority::{Authority, PeerName};
pub use error::Error;
pub use key::{ApiKey, KeyKind};
pub use secret::ClusterSecret;
pub use token::{Audience, Claims, TokenSigner, TokenVerifier, unverified_claims};
pub use trust::Trust;
