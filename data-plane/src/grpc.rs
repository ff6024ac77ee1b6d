//! The services of the node. A call goes one way: decode → identity → bundle → decide → record →
//! answer. No rule, no match, an error, a stale bundle, a record that cannot be kept: each denies,
//! and says why.

pub(crate) mod authorization;
mod decode;
pub(crate) mod health;
