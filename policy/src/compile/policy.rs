//! What policies and rules become: small, shared where they are alike, ready to be matched.

use std::sync::Arc;

use veto_core::{PolicyName, RuleId};

use crate::call::Agent;
use crate::check::{Effect, Subjects, Terms, Tools, Window};
use crate::condition::Condition;
use crate::decision::Severity;
use crate::glob::Glob;
use crate::schema::Schema;
use crate::source::Span;

/// A policy, ready to decide.
#[derive(Debug)]
pub(crate) struct CompiledPolicy {
    pub(crate) name: PolicyName,
    pub(crate) description: Option<Arc<str>>,
    pub(crate) controls: Vec<Arc<str>>,
    pub(crate) subjects: Subjects,
    /// Sorted by id, so that the order in the file never matters.
    pub(crate) rules: Vec<CompiledRule>,
}

/// A rule, ready to be matched.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) id: RuleId,
    pub(crate) span: Span,
    pub(crate) tools: Tools,
    /// The tools that it names in full or finds by label.
    pub(crate) named_tools: Box<[Arc<str>]>,
    pub(crate) effect: Effect,
    /// Sorted by name. None: any arguments.
    pub(crate) arguments: Option<Box<[CompiledArgument]>>,
    pub(crate) when: Option<Condition>,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) severity: Option<Severity>,
    pub(crate) controls: Box<[Arc<str>]>,
    pub(crate) approval: Option<Arc<Terms>>,
    pub(crate) otherwise: bool,
    pub(crate) only_if_allowed: bool,
    pub(crate) shadow: bool,
    /// None: always.
    pub(crate) window: Option<Box<Window>>,
    pub(crate) redact: Box<[Path]>,
}

/// The path of an argument, in its segments.
pub(crate) type Path = Arc<[Box<str>]>;

/// What a rule says of one argument.
#[derive(Debug)]
pub(crate) struct CompiledArgument {
    pub(crate) name: Arc<str>,
    pub(crate) schema: Schema,
    /// It may be absent or null.
    pub(crate) optional: bool,
}

impl CompiledRule {
    /// The globs by which it names tools; a rule that goes by label has found its tools already.
    pub(crate) fn tool_globs(&self) -> impl Iterator<Item = &Glob> {
        let by_label = !self.tools.labels.is_empty();
        let names = self.tools.names.iter();
        names.filter(move |glob| !by_label && glob.exact().is_none())
    }
}

impl Subjects {
    /// Tells whether an agent is meant by a glob or by its labels.
    pub(crate) fn by_pattern(&self, agent: &Agent) -> bool {
        self.agents
            .iter()
            .any(|glob| glob.exact().is_none() && glob.matches(agent.id.as_str()))
            || self.by_labels(agent)
    }

    fn by_labels(&self, agent: &Agent) -> bool {
        let carries = |(label, values): (&String, &std::collections::BTreeSet<String>)| {
            agent
                .labels
                .get(label)
                .is_some_and(|value| values.contains(value))
        };
        !self.labels.is_empty() && self.labels.iter().all(carries)
    }

    /// Tells whether an agent is meant in any way.
    pub(crate) fn include(&self, agent: &Agent) -> bool {
        agent.roles.iter().any(|role| self.roles.contains(role))
            || self
                .agents
                .iter()
                .any(|glob| glob.matches(agent.id.as_str()))
            || self.by_labels(agent)
    }
}

/// A rule with its policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule<'a> {
    pub(crate) policy: &'a CompiledPolicy,
    pub(crate) rule: &'a CompiledRule,
}

impl Rule<'_> {
    /// Tells two rules apart.
    pub(super) fn identity(&self) -> usize {
        std::ptr::from_ref(self.rule).addr()
    }

    /// Tells whether an agent may be meant twice by the subjects of the policy.
    pub(super) fn twice(&self) -> bool {
        let subjects = &self.policy.subjects;
        let ways = [
            !subjects.roles.is_empty(),
            !subjects.agents.is_empty(),
            !subjects.labels.is_empty(),
        ];
        ways.into_iter().filter(|way| *way).count() > 1 || subjects.agents.len() > 1
    }

    /// Orders rules by policy and rule.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |rule: &Self| (rule.policy.name.as_str(), rule.rule.id.as_str());
        key(self).cmp(&key(other))
    }
}

impl std::fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.policy.name, self.rule.id)
    }
}
