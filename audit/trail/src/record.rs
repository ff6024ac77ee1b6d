//! What is kept. The stored form is `veto.storage.v1.Record`; `wire::record` converts.

use veto_core::{BootId, Revision, Scope, Timestamp, Version};

/// The payload of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Wall time of the node.
    pub time: Timestamp,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// First of a boot, at sequence 0.
    Boot(Boot),
    /// A call was decided.
    Decision(Box<Decision>),
    /// Last of a boot that ended in order, with the reason.
    Close(String),
    /// The node admits that records are missing.
    Gap(Gap),
}

/// How durable a record is before its answer leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Forced to stable storage.
    #[default]
    Strict,
}

/// First record of a boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// The node's region; empty when none is configured.
    pub region: String,
    /// The version of its software.
    pub software_version: String,
    /// SHA-256 of its configuration.
    pub config_digest: [u8; 32],
    /// How durable a record is before its answer leaves.
    pub durability: Durability,
    /// The boot before this one with the last sequence and hash found on disk.
    pub previous: Option<(BootId, u64, [u8; 32])>,
}

/// A declared loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The boot that lost records.
    pub boot: BootId,
    /// The first sequence that is missing.
    pub first_sequence: u64,
    /// Why, for people.
    pub reason: String,
}

/// What was decided, for whom, by which rule. Empty texts mean none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where.
    pub scope: Scope,
    /// Which agent.
    pub agent: String,
    /// The roles that counted, sorted.
    pub roles: Vec<String>,
    /// On whose behalf: the user's id.
    pub user: String,
    /// Which tool.
    pub tool: String,
    /// The arguments in canonical form.
    pub arguments_json: String,
    /// SHA-256 of the canonical form of the original arguments.
    pub arguments_digest: [u8; 32],
    /// allow, deny or approval.
    pub outcome: String,
    /// Stable reason code.
    pub reason_code: String,
    /// The reason in words.
    pub reason_message: String,
    /// The argument that decided, as a JSON Pointer (RFC 6901).
    pub reason_argument: String,
    /// The policy that decided.
    pub policy: String,
    /// The rule that decided.
    pub rule: String,
    /// The version of the policy set.
    pub policy_version: Version,
    /// The revision of the bundle.
    pub revision: Revision,
    /// Severity of the rule.
    pub severity: String,
    /// Every rule that matched, as `policy/rule`, shadow rules with a leading `~`.
    pub matched: Vec<String>,
    /// Conditions that failed to evaluate, as `policy/rule: error`.
    pub errors: Vec<String>,
    /// Microseconds from the arrival of the call to the decision.
    pub latency_micros: u64,
    /// W3C trace id.
    pub trace_id: Option<[u8; 16]>,
    /// The caller's span id.
    pub span_id: Option<[u8; 8]>,
    /// The session.
    pub session_id: String,
    /// The caller's id of the call.
    pub request_id: String,
    /// The id of the API key behind the token.
    pub key_id: String,
    /// The id of the token.
    pub token_id: String,
}
