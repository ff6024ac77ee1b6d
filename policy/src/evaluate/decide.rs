//! From the rules that matched to the outcome and its reason.

use std::time::Duration;

use smallvec::SmallVec;

use crate::call::{Agent, Call};
use crate::check::Terms;
use crate::compile::Rule;
use crate::decision::{Approval, ApprovalTerms, Decision, Outcome};
use crate::reason::{Reason, ReasonCode};

use super::closest::{self, Missed};
use super::matching::Miss;

/// What the rules for a call say of it, each list sorted by policy and rule.
#[derive(Debug, Default)]
pub(super) struct Verdicts<'a> {
    pub(super) denies: List<Rule<'a>>,
    pub(super) approvals: List<Rule<'a>>,
    /// Approvals that only raise an allow: `only_if_allowed`, and those, `otherwise` included, whose
    /// condition could not be evaluated.
    pub(super) escalations: List<Rule<'a>>,
    pub(super) allows: List<Rule<'a>>,
    /// Of the allows that did not match the one that came closest, and why it did not.
    closest: Option<Missed<'a>>,
    /// A rule that counts names the tool and the agent.
    pub(super) applicable: bool,
}

/// Few rules match a call; they fit without asking for memory.
type List<T> = SmallVec<[T; 2]>;

impl<'a> Verdicts<'a> {
    /// Takes note of an allow that did not match.
    pub(super) fn missed(&mut self, rule: Rule<'a>, miss: Miss<'a>) {
        let missed = (rule, miss);
        if self
            .closest
            .as_ref()
            .is_none_or(|known| closest::closer(&missed, known))
        {
            self.closest = Some(missed);
        }
    }

    /// Fills in the outcome: deny, else approval, else allow, else the default. `named` tells whether
    /// any rule names the tool.
    pub(super) fn decide(
        self,
        decision: &mut Decision,
        named: impl FnOnce() -> bool,
        call: &Call,
        agent: &Agent,
    ) {
        // The most severe deny speaks; among equals the first by name.
        let by_severity = |a: &&Rule<'_>, b: &&Rule<'_>| {
            (b.rule.severity.cmp(&a.rule.severity)).then_with(|| a.order(b))
        };
        if let Some(rule) = self.denies.iter().min_by(by_severity) {
            let told = rule.rule.reason.as_deref().map(str::to_owned);
            let message = told.unwrap_or_else(|| format!("rule `{rule}` denies it"));
            return settle(
                decision,
                Outcome::Deny,
                ReasonCode::DeniedByRule,
                *rule,
                message,
            );
        }
        let mut asking = self.approvals;
        if !asking.is_empty() || !self.allows.is_empty() {
            asking.extend(self.escalations);
            asking.sort_by(Rule::order);
        }
        if let Some(rule) = asking.first() {
            let told = rule.rule.reason.as_deref().map(str::to_owned);
            let message = told.unwrap_or_else(|| format!("rule `{rule}` asks for an approval"));
            settle(
                decision,
                Outcome::Approval,
                ReasonCode::NeedsApproval,
                *rule,
                message,
            );
            decision.approval = Some(approval(&asking));
            return;
        }
        if let Some(rule) = self.allows.iter().min_by(|a, b| a.order(b)) {
            let message = format!("rule `{rule}` allows it");
            return settle(
                decision,
                Outcome::Allow,
                ReasonCode::Allowed,
                *rule,
                message,
            );
        }
        if let Some((rule, miss)) = &self.closest {
            let mut reason = closest::reason(*rule, miss);
            decision.policy = Some(rule.policy.name.clone());
            let shows = reason.argument.as_deref();
            if shows.is_some_and(|pointer| decision.redaction.covers(pointer)) {
                reason.message = super::hidden(&reason);
            }
            decision.reason = reason;
            return;
        }
        let tool = &call.tool;
        let (code, message) = if self.applicable {
            (
                ReasonCode::NoMatchingRule,
                format!("no rule allows tool `{tool}`"),
            )
        } else if named() {
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
    rule: Rule<'_>,
    message: String,
) {
    decision.outcome = outcome;
    decision.reason = Reason {
        code,
        message,
        argument: None,
    };
    decision.policy = Some(rule.policy.name.clone());
    decision.rule = Some(rule.rule.id.clone());
    decision.severity = rule.rule.severity;
}

/// All of them must be satisfied, each by its own approvers; the shortest expiry holds.
fn approval(rules: &[Rule<'_>]) -> Approval {
    let terms = |rule: &Rule<'_>| {
        // The checker refuses a rule that asks without terms; nobody could approve it here.
        let terms = rule.rule.approval.as_deref();
        ApprovalTerms {
            policy: rule.policy.name.clone(),
            rule: rule.rule.id.clone(),
            approvers: terms
                .map(|terms| terms.approvers.clone())
                .unwrap_or_default(),
            quorum: terms.map_or(1, |terms| terms.quorum),
            independent: terms.is_some_and(|terms| terms.independent),
        }
    };
    let expires = |rule: &Rule<'_>| rule.rule.approval.as_deref().map(|t: &Terms| t.expires);
    Approval {
        terms: rules.iter().map(terms).collect(),
        expires: rules
            .iter()
            .filter_map(expires)
            .min()
            .unwrap_or(Duration::ZERO),
    }
}
