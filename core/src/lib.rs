//! The words that every part of Veto uses. No I/O of its own, no async, no dependency on another part.
//!
//! - [`id`]: names of things, each a type of its own, with one grammar.
//! - [`scope`]: organization → project → environment, the boundary that no answer crosses.
//! - [`code`]: the stable codes of all errors, each with a page in `docs/errors`.
//! - [`clock`]: time and chance as things that are passed in.
//! - [`secret`]: a value that prints as `***`.

pub mod clock;
pub mod code;
pub mod id;
pub mod scope;
pub mod secret;

pub use clock::{Clock, Entropy, ManualClock, OsEntropy, SystemClock, Timestamp};
pub use code::{Code, Kind};
pub use id::{
    AgentId, BootId, EnvironmentId, KeyId, NodeId, OrganizationId, PolicyName, ProjectId, Revision,
    Role, RuleId, ToolName, Version,
};
pub use scope::Scope;
pub use secret::Secret;
