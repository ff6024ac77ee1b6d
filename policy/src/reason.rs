//! Why a call got its outcome, in words that the agent may see: never list contents.

use std::fmt;

use serde_json::Value;

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
    ArgumentsInvalid = "arguments_invalid", "The arguments break the declared schema of the tool; no rule was asked.";
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

/// A value as it is shown in a reason: cut short, with nothing that a terminal would obey.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(value) => return value.to_string(),
        Value::Number(number) => return number.to_string(),
        Value::Array(_) => return "the list".to_owned(),
        Value::Object(_) => return "the object".to_owned(),
        Value::String(text) => text,
    };
    format!("`{}`", shown_text(text))
}

/// A text as it is shown in a reason.
pub(crate) fn shown_text(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let show = |c: char| {
        if hidden(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    };
    let more = if text.chars().count() > 64 { "…" } else { "" };
    text.chars().take(64).map(show).collect::<String>() + more
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
