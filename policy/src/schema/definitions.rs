//! Named schemas: what `use` may refer to.

use std::collections::BTreeMap;

use crate::source::tree::Node;

/// The schemas that all policies may use.
pub(crate) type Shared = BTreeMap<String, Node>;
/// The schemas that one policy defines.
pub(crate) type Own<'a> = BTreeMap<&'a str, &'a Node>;

static NO_OWN: Own<'static> = Own::new();

/// The schemas that a policy may `use`: its own `definitions`, then the set's documents of `kind: Schema`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definitions<'a> {
    own: &'a Own<'a>,
    shared: &'a Shared,
}

impl<'a> Definitions<'a> {
    /// The definitions of one policy before those of the whole set.
    pub(crate) const fn new(own: &'a Own<'a>, shared: &'a Shared) -> Self {
        Self { own, shared }
    }

    /// Those of the whole set alone.
    pub(crate) const fn shared(shared: &'a Shared) -> Self {
        Self {
            own: &NO_OWN,
            shared,
        }
    }

    /// What a shared schema may use: never what a policy defines.
    pub(super) const fn shared_only(self) -> Self {
        Self::shared(self.shared)
    }

    /// The schema of this name, and whether it is a shared one.
    pub(super) fn get(self, name: &str) -> Option<(&'a Node, bool)> {
        let own = self.own.get(name).map(|node| (*node, false));
        own.or_else(|| self.shared.get(name).map(|node| (node, true)))
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'a str> {
        let own = self.own.keys().copied();
        own.chain(self.shared.keys().map(String::as_str))
    }
}
