//! The answer to a call.

use std::time::Duration;

use veto_core::{PolicyName, RuleId};

use crate::reason::Reason;
use crate::redact::Redaction;

/// What the policy says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The agent may make the call.
    Allow,
    /// A human must approve first.
    Approval,
    /// The agent must not make the call.
    Deny,
}

impl Outcome {
    /// The outcome as it stands in records: `allow`, `approval` or `deny`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Approval => "approval",
            Self::Deny => "deny",
        }
    }

    /// Reads an outcome back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Allow, Self::Approval, Self::Deny]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}

/// How much it matters that a rule matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Somebody should look today.
    High,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// Every severity, lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The severity as it stands in policies and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a severity back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
    }
}

/// A decision with all that a record needs to explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the policy says.
    pub outcome: Outcome,
    /// Why, for the agent.
    pub reason: Reason,
    /// The policy that decided; for a default deny the closest one. None: no rule came near.
    pub policy: Option<PolicyName>,
    /// The rule that decided. None: no rule matched.
    pub rule: Option<RuleId>,
    /// The severity of the rule that decided.
    pub severity: Option<Severity>,
    /// Every rule that matched, sorted by policy and rule, shadow rules among them.
    pub matched: Vec<Matched>,
    /// Conditions that failed to evaluate, as `policy/rule: error`, sorted; shadow rules with a leading `~`.
    pub errors: Vec<String>,
    /// Who must approve; set when the outcome is approval.
    pub approval: Option<Approval>,
    /// What a record of the call must not keep. The reason does not show it either.
    pub redaction: Redaction,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    /// Its policy.
    pub policy: PolicyName,
    /// The rule.
    pub rule: RuleId,
    /// It is in shadow mode: it changed nothing.
    pub shadow: bool,
}

/// Who must approve a call; every entry of `terms` must be satisfied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// One for each approval rule that matched, sorted by policy and rule.
    pub terms: Vec<ApprovalTerms>,
    /// The shortest of the rules' expiries.
    pub expires: Duration,
}

/// The terms of one approval rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// The policy that asks.
    pub policy: PolicyName,
    /// The rule that asks.
    pub rule: RuleId,
    /// Who may approve, such as `role:finance-lead`.
    pub approvers: Vec<String>,
    /// How many different people must approve.
    pub quorum: u32,
    /// The person on whose behalf the agent acts never counts.
    pub independent: bool,
}
