//! From the rules that matched to the outcome and its reason.

use std::time::Duration;

use crate::call::{Agent, Call};
use crate::compile::CompiledRule;
use crate::decision::{Approval, ApprovalTerms, Decision, Outcome};
use crate::reason::{Reason, ReasonCode};

use super::closest;
use super::matching::Miss;

/// What the rules for a call say of it, each list sorted by policy and rule.
#[derive(Debug, Default)]
pub(super) struct Verdicts<'a> {
    pub(super) denies: Vec<&'a CompiledRule>,
    pub(super) approvals: Vec<&'a CompiledRule>,
    /// Approvals that only raise an allow: `only_if_allowed`, and those, `otherwise` included, whose
    /// condition could not be evaluated.
    pub(super) escalations: Vec<&'a CompiledRule>,
    pub(super) allows: Vec<&'a CompiledRule>,
    /// Allows that did not match, and why.
    pub(super) misses: Vec<(&'a CompiledRule, Miss)>,
    /// A rule that counts names the tool and the agent.
    pub(super) applicable: bool,
}

impl Verdicts<'_> {
    /// Fills in the outcome: deny, else approval, else allow, else the default.
    pub(super) fn decide(self, decision: &mut Decision, named: bool, call: &Call, agent: &Agent) {
        // The most severe deny speaks; among equals the first by name.
        if let Some(rule) = self.denies.iter().rev().max_by_key(|rule| rule.severity) {
            let told = rule.reason.clone();
            let message =
                told.unwrap_or_else(|| format!("rule `{}/{}` denies it", rule.policy, rule.id));
            return settle(
                decision,
                Outcome::Deny,
                ReasonCode::DeniedByRule,
                rule,
                message,
            );
        }
        let mut asking = self.approvals;
        if !asking.is_empty() || !self.allows.is_empty() {
            asking.extend(self.escalations);
            asking.sort_by(|a, b| (&a.policy, &a.id).cmp(&(&b.policy, &b.id)));
        }
        if let Some(rule) = asking.first() {
            let told = rule.reason.clone();
            let message = told.unwrap_or_else(|| {
                format!("rule `{}/{}` asks for an approval", rule.policy, rule.id)
            });
            settle(
                decision,
                Outcome::Approval,
                ReasonCode::NeedsApproval,
                rule,
                message,
            );
            decision.approval = Some(approval(&asking));
            return;
        }
        if let Some(rule) = self.allows.first() {
            let message = format!("rule `{}/{}` allows it", rule.policy, rule.id);
            return settle(decision, Outcome::Allow, ReasonCode::Allowed, rule, message);
        }
        if let Some((rule, reason)) = closest::closest(self.misses) {
            decision.policy = Some(rule.policy.clone());
            decision.reason = reason;
            return;
        }
        let tool = &call.tool;
        let (code, message) = if self.applicable {
            (
                ReasonCode::NoMatchingRule,
                format!("no rule allows tool `{tool}`"),
            )
        } else if named {
            let roles: Vec<_> = agent.roles.iter().map(|role| role.as_str()).collect();
            let held = match &*roles {
                [] => "which holds no role".to_owned(),
                [role] => format!("which holds role `{role}`"),
                roles => format!("which holds roles `{}`", roles.join("`, `")),
            };
            let id = &agent.id;
            (
                ReasonCode::RoleMismatch,
                format!("no rule for tool `{tool}` is for agent `{id}`, {held}"),
            )
        } else {
            (
                ReasonCode::UnknownTool,
                format!("no rule names tool `{tool}`"),
            )
        };
        decision.reason = Reason {
            code,
            message,
            argument: None,
        };
    }
}

fn settle(
    decision: &mut Decision,
    outcome: Outcome,
    code: ReasonCode,
    rule: &CompiledRule,
    message: String,
) {
    decision.outcome = outcome;
    decision.reason = Reason {
        code,
        message,
        argument: None,
    };
    decision.policy = Some(rule.policy.clone());
    decision.rule = Some(rule.id.clone());
    decision.severity = rule.severity;
}

/// All of them must be satisfied, each by its own approvers; the shortest expiry holds.
fn approval(rules: &[&CompiledRule]) -> Approval {
    let terms = |rule: &&CompiledRule| {
        // The checker refuses a rule that asks without terms; nobody could approve it here.
        let terms = rule.approval.as_ref();
        ApprovalTerms {
            policy: rule.policy.clone(),
            rule: rule.id.clone(),
            approvers: terms
                .map(|terms| terms.approvers.clone())
                .unwrap_or_default(),
            quorum: terms.map_or(1, |terms| terms.quorum),
        }
    };
    let expires = rules
        .iter()
        .filter_map(|rule| rule.approval.as_ref())
        .map(|terms| terms.expires);
    Approval {
        terms: rules.iter().map(terms).collect(),
        expires: expires.min().unwrap_or(Duration::ZERO),
    }
}
