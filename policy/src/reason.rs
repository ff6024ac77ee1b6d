//! Why a call got its outcome, in words that the agent may see: never list contents.

use std::fmt;

macro_rules! reasons {
    ($($name:ident = $text:literal, $summary:literal;)*) => {
        /// The stable code of a reason.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ReasonCode {
            $(#[doc = $summary] $name,)*
        }

        impl ReasonCode {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it stands in answers and records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary),* }
            }
        }
    };
}

reasons! {
    Allowed = "allowed", "A rule allows the call, and none denies it or asks for approval.";
    NeedsApproval = "needs_approval", "A rule asks for approval by a person, and none denies the call.";
    DeniedByRule = "denied_by_rule", "A deny rule matches.";
    UnknownAgent = "unknown_agent", "The agent is not registered.";
    AgentDisabled = "agent_disabled", "The agent is disabled.";
    UnknownTool = "unknown_tool", "No rule of the policy set names the tool.";
    RoleMismatch = "role_mismatch", "Rules name the tool, and none is for this agent or one of its roles.";
    NoMatchingRule = "no_matching_rule", "Rules name the tool for this agent, and none of them allows it.";
    ArgumentUnknown = "argument_unknown", "The closest rule does not list an argument of the call.";
    ArgumentMissing = "argument_missing", "The closest rule requires an argument that the call does not have.";
    ArgumentInvalid = "argument_invalid", "An argument is outside what the closest rule accepts.";
    ConditionFalse = "condition_false", "The condition of the closest rule is not met.";
    ConditionError = "condition_error", "The condition of the closest rule could not be evaluated, so it does not allow.";
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ReasonCode {
    /// Reads a code back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

/// Why a call got its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable code.
    pub code: ReasonCode,
    /// One sentence, such as "argument `amount`: 51 is above 50".
    pub message: String,
    /// The argument that decided, as a JSON Pointer (RFC 6901).
    pub argument: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_codes_read_back() {
        for code in ReasonCode::ALL {
            assert_eq!(ReasonCode::parse(code.as_str()), Some(*code));
            assert!(code.summary().ends_with('.'));
        }
    }
}
