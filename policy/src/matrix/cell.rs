//! What a subject may do with a tool.

use std::sync::Arc;

use veto_core::Timestamp;

use super::guard::Requirement;
use crate::call::Call;
use crate::check::Terms;
use crate::compile::Rule;
use crate::condition::Environment;
use crate::decision::Outcome;
use crate::list::Lists;

/// What comes of the calls of a subject to a tool: the first branch that a call meets decides, and a call
/// that meets none is denied.
#[derive(Debug)]
pub struct Cell<'a> {
    branches: Vec<Arc<Branch<'a>>>,
    /// What every call keeps that the rules decide.
    kept: Option<Requirement<'a>>,
    lists: &'a Lists,
}

/// A guard with its outcome.
#[derive(Debug)]
pub struct Branch<'a> {
    pub(crate) outcome: Outcome,
    /// None: the contract of the tool.
    pub(crate) rule: Option<Rule<'a>>,
    pub(crate) requirements: Vec<Requirement<'a>>,
    /// It counts for calls that another branch allows, and joins those that ask for an approval.
    pub(crate) if_allowed: bool,
}

/// A cell in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Every call is allowed.
    Allow,
    /// Some calls are allowed.
    AllowIf,
    /// Every call needs an approval.
    Approval,
    /// Some calls need an approval, and none is allowed without.
    ApprovalIf,
    /// Every call is denied.
    Deny,
}

impl Kind {
    /// The kind as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::AllowIf => "allow_if",
            Self::Approval => "approval",
            Self::ApprovalIf => "approval_if",
            Self::Deny => "deny",
        }
    }
}

impl<'a> Branch<'a> {
    /// What comes of the calls that it is about.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The rule as `policy/rule`; None: the schema of the tool.
    #[must_use]
    pub fn rule(&self) -> Option<String> {
        self.rule.map(|rule| rule.to_string())
    }

    /// Who may approve; None: it asks for no approval.
    pub(crate) fn terms(&self) -> Option<&'a Terms> {
        let rule = self.rule.filter(|_| self.outcome == Outcome::Approval)?;
        rule.rule.approval.as_deref()
    }

    /// It only turns what another branch allows into an approval.
    #[must_use]
    pub const fn is_only_if_allowed(&self) -> bool {
        self.if_allowed
    }

    /// Nothing is asked of a call.
    pub(crate) fn is_always(&self) -> bool {
        self.requirements.is_empty() && !self.if_allowed
    }

    /// What it asks of a call, one thing a line.
    #[must_use]
    pub fn conditions(&self) -> Vec<String> {
        self.requirements.iter().map(ToString::to_string).collect()
    }

    /// Whether the call is as the branch asks, but for what other branches say.
    fn holds(&self, environment: &Environment<'_>) -> bool {
        (self.requirements.iter()).all(|requirement| requirement.holds(environment))
    }
}

impl<'a> Cell<'a> {
    pub(super) const fn new(
        branches: Vec<Arc<Branch<'a>>>,
        kept: Option<Requirement<'a>>,
        lists: &'a Lists,
    ) -> Self {
        Self {
            branches,
            kept,
            lists,
        }
    }

    /// What every call keeps that the rules decide.
    pub(crate) const fn kept(&self) -> Option<&Requirement<'a>> {
        self.kept.as_ref()
    }

    pub(crate) const fn lists(&self) -> &'a Lists {
        self.lists
    }

    /// What is asked in turn.
    pub fn branches(&self) -> impl ExactSizeIterator<Item = &Branch<'a>> {
        self.branches.iter().map(|branch| &**branch)
    }

    /// The outcomes that are possible: allow, approval, deny.
    fn possible(&self) -> [bool; 3] {
        let mut found = [false, false, true];
        let allows = || self.branches().filter(|b| b.outcome == Outcome::Allow);
        let always = |branch: &Branch<'_>| branch.requirements.is_empty();
        let escalations = || self.branches().filter(|branch| branch.if_allowed);
        found[0] = allows().next().is_some() && !escalations().any(always);
        let asks = |b: &Branch<'_>| b.outcome == Outcome::Approval && !b.if_allowed;
        let escalated = allows().next().is_some() && escalations().next().is_some();
        found[1] = self.branches().any(asks) || escalated;
        let denies = self.branches().any(|b| b.outcome == Outcome::Deny);
        let settled = |branch: &Branch<'_>| branch.is_always() && branch.outcome != Outcome::Deny;
        found[2] = denies || !self.branches().any(settled);
        found
    }

    /// The cell in one word.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.possible() {
            [true, false, false] => Kind::Allow,
            [true, ..] => Kind::AllowIf,
            [false, true, false] => Kind::Approval,
            [false, true, true] => Kind::ApprovalIf,
            [false, false, _] => Kind::Deny,
        }
    }

    /// The cell in a few words, such as `allow if, approval if`.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        match self.possible() {
            [true, false, false] => "allow",
            [true, false, true] => "allow if",
            [true, true, false] => "allow or approval",
            [true, true, true] => "allow if, approval if",
            [false, true, false] => "approval",
            [false, true, true] => "approval if",
            [false, false, _] => "deny",
        }
    }

    /// Decides a call of the subject to the tool by the branches of the cell.
    #[must_use]
    pub fn decide(&self, call: &Call, now: Timestamp) -> Outcome {
        let branch = self.reached(call, now).and_then(|at| self.branches.get(at));
        branch.map_or(Outcome::Deny, |branch| branch.outcome)
    }

    /// The branch that decides a call; None: none does, and the call is denied.
    #[must_use]
    pub fn reached(&self, call: &Call, now: Timestamp) -> Option<usize> {
        let agent = call.agent.as_ref().filter(|agent| !agent.disabled)?;
        let environment = Environment {
            call,
            agent,
            now,
            lists: self.lists,
        };
        let holds = |branch: &Arc<Branch<'_>>| branch.holds(&environment);
        let allowed = || {
            let mut allows = self.branches.iter().filter(|b| b.outcome == Outcome::Allow);
            allows.any(holds)
        };
        (self.branches.iter()).position(|branch| holds(branch) && (!branch.if_allowed || allowed()))
    }
}
