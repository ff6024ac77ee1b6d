//! Names of things. Each kind of name is a type of its own, so that a project never stands where
//! an organization belongs; all are checked when made and cannot be made wrong.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Says why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind}: {rule}")]
pub struct InvalidId {
    /// What the text was meant to name, such as `project`.
    pub kind: &'static str,
    /// The text, cut to 64 characters.
    pub text: String,
    /// The grammar in words.
    pub rule: &'static str,
}

const SLUG_RULE: &str =
    "1 to 63 characters of a-z, 0-9, `-`, `_` and `.`, starting with a letter or digit";

fn is_slug(text: &str) -> bool {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let inner = |b: u8| edge(b) || matches!(b, b'-' | b'_' | b'.');
    (1..=63).contains(&text.len())
        && text.bytes().next().is_some_and(edge)
        && text.bytes().all(inner)
}

const TOOL_RULE: &str = "1 to 256 visible ASCII characters without `*`, quotes or spaces";

fn is_tool(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_graphic() && !matches!(b, b'*' | b'"' | b'\'' | b'`');
    (1..=256).contains(&text.len()) && text.bytes().all(fine)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $kind:literal, $check:path, $rule:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and makes the name.
            ///
            /// # Errors
            /// [`InvalidId`] when the text breaks the grammar.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                if $check(text) {
                    return Ok(Self(text.into()));
                }
                Err(InvalidId { kind: $kind, text: text.chars().take(64).collect(), rule: $rule })
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().into()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    )*};
}

names! {
    /// An organization: the tenant. `system` is reserved for those who run the cluster.
    OrganizationId: "organization", is_slug, SLUG_RULE;
    /// A project of an organization.
    ProjectId: "project", is_slug, SLUG_RULE;
    /// An environment of a project, such as `dev` or `production`.
    EnvironmentId: "environment", is_slug, SLUG_RULE;
    /// A registered agent of a project.
    AgentId: "agent", is_slug, SLUG_RULE;
    /// A role that agents hold and policies name.
    Role: "role", is_slug, SLUG_RULE;
    /// The name of a policy, unique in its policy set.
    PolicyName: "policy name", is_slug, SLUG_RULE;
    /// The id of a rule, unique in its policy.
    RuleId: "rule id", is_slug, SLUG_RULE;
    /// The public id of an API key; safe to log.
    KeyId: "key id", is_slug, SLUG_RULE;
    /// A data-plane node.
    NodeId: "node", is_slug, SLUG_RULE;
    /// The name of a tool, as the agent calls it; segments are separated by `.` or `/`.
    ToolName: "tool", is_tool, TOOL_RULE;
}

impl OrganizationId {
    /// The reserved organization of those who run the cluster.
    pub const SYSTEM: &'static str = "system";

    /// Tells whether this is the reserved organization.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.as_str() == Self::SYSTEM
    }
}

/// One run of a node's process: 128 random bits, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootId(pub [u8; 16]);

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The Raft log index of a committed change; totally ordered over all organizations.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a policy set in its environment; the first is 1, none is ever reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_a_small_alphabet_and_a_bounded_length() {
        assert!(OrganizationId::new("acme-eu_2.x").is_ok());
        for bad in ["", "-a", ".a", "A", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert!(OrganizationId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_tool_name_keeps_its_segments_and_refuses_wildcards() {
        assert!(ToolName::new("payments.refund").is_ok());
        assert!(ToolName::new("mcp/github/create_issue").is_ok());
        for bad in ["", "a*", "a b", "a\n", "\u{202e}", &"a".repeat(257)] {
            assert!(ToolName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_invalid_name_is_quoted_cut_short() {
        let error = ProjectId::new(&"X".repeat(500)).unwrap_err();
        assert_eq!(error.text.len(), 64);
        assert!(error.to_string().contains("is not a valid project"));
    }
}
