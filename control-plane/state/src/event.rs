//! What those who watch the state are told after a command took effect.

use veto_core::{KeyId, Revision, Scope};

/// Something that nodes or streams must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What a node must know of the environment changed.
    BundleChanged {
        /// The environment.
        scope: Scope,
        /// The revision that changed it.
        revision: Revision,
    },
    /// A key was revoked; streams that it opened must end.
    KeyRevoked {
        /// The key.
        key: KeyId,
    },
    /// A snapshot took the place of the whole state: anything may have changed.
    Replaced,
}
