//! A set and a call in, a decision out.

use veto_core::Timestamp;

use crate::call::Call;
use crate::compile::PolicySet;
use crate::decision::{Decision, Outcome};
use crate::reason::{Reason, ReasonCode};

/// Decides a call. Pure: the same set, call and time give the same decision.
#[must_use]
pub fn evaluate(_set: &PolicySet, call: &Call, _now: Timestamp) -> Decision {
    let reason = Reason {
        code: ReasonCode::UnknownTool,
        message: format!("no rule names tool `{}`", call.tool),
        argument: None,
    };
    Decision {
        outcome: Outcome::Deny,
        reason,
        policy: None,
        rule: None,
        severity: None,
        matched: Vec::new(),
        errors: Vec::new(),
        approval: None,
    }
}
