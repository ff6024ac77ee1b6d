//! Finds the rules that can match a call, so that cost follows them and not all rules.

mod beside;
mod globs;

use std::sync::Arc;

use smallvec::SmallVec;
use veto_core::Role;

use super::policy::{CompiledPolicy, CompiledRule, Rule};
use super::sharded::Sharded;
use crate::call::Agent;
use globs::Globs;

/// Rules by tool, then by subject. A copy shares what it has; a change copies what it touches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    exact: Sharded<BySubject>,
    globs: Globs,
}

/// The rules that a call has to look at; few fit without asking for memory.
pub(crate) type Candidates<'a> = SmallVec<[Rule<'a>; 12]>;

impl Index {
    /// Makes an empty index for about so many tools.
    pub(super) fn for_about(tools: usize) -> Self {
        Self {
            exact: Sharded::for_about(tools),
            globs: Globs::default(),
        }
    }

    /// Adds the rules of a policy; [`Index::sort`] must follow.
    pub(super) fn add(&mut self, policy: &Arc<CompiledPolicy>) {
        for (at, rule) in (0_u32..).zip(&policy.rules) {
            for tool in &rule.named_tools {
                self.exact.entry(tool).add(policy, at);
            }
            for glob in rule.tool_globs() {
                self.globs.entry(glob).add(policy, at);
            }
        }
    }

    /// Takes out the rules of a policy.
    pub(super) fn remove(&mut self, policy: &Arc<CompiledPolicy>) {
        for rule in &policy.rules {
            for tool in &rule.named_tools {
                if let Some(rules) = self.exact.get_mut(tool) {
                    rules.remove(policy);
                    if rules.is_empty() {
                        self.exact.remove(tool);
                    }
                }
            }
            for glob in rule.tool_globs() {
                self.globs.remove(glob, policy);
            }
        }
    }

    /// Sorts all rules after they were added.
    pub(super) fn sort(&mut self) {
        self.exact.values_mut().for_each(BySubject::sort);
        self.globs.values_mut().for_each(BySubject::sort);
    }

    /// Sorts the rules of the tools that a policy names, after it was added.
    pub(super) fn sort_for(&mut self, policy: &CompiledPolicy) {
        for rule in &policy.rules {
            for tool in &rule.named_tools {
                if let Some(rules) = self.exact.get_mut(tool) {
                    rules.sort();
                }
            }
            for glob in rule.tool_globs() {
                self.globs.entry(glob).sort();
            }
        }
    }

    /// The rules for the tool and the agent, each once, in no order that means anything.
    pub(crate) fn candidates(&self, tool: &str, agent: &Agent) -> Candidates<'_> {
        let mut found = Candidates::new();
        let mut places = 0;
        self.for_tool(tool, |rules| {
            let before = found.len();
            rules.find(agent, &mut found);
            places += usize::from(found.len() > before);
        });
        // A rule is found once for each way in which it names the tool or the agent.
        if found.len() > 1 && (places > 1 || agent.roles.len() > 1 || found.iter().any(Rule::twice))
        {
            found.sort_unstable_by_key(Rule::identity);
            found.dedup_by_key(|rule| rule.identity());
        }
        found
    }

    /// Tells whether any rule names the tool.
    pub(crate) fn names(&self, tool: &str) -> bool {
        let mut named = false;
        self.for_tool(tool, |_| named = true);
        named
    }

    /// Every rule that names the tool, whoever it is for, each once.
    pub(crate) fn of_tool(&self, tool: &str) -> Vec<Rule<'_>> {
        let mut found = Vec::new();
        self.for_tool(tool, |rules| found.extend(rules.all()));
        found.sort_unstable_by_key(Rule::identity);
        found.dedup_by_key(|rule| rule.identity());
        found
    }

    fn for_tool<'a>(&'a self, tool: &str, mut visit: impl FnMut(&'a BySubject)) {
        if let Some(rules) = self.exact.get(tool) {
            visit(rules);
        }
        self.globs.for_each(tool, visit);
    }
}

/// A rule by its policy and its place there.
#[derive(Debug, Clone)]
struct Entry {
    policy: Arc<CompiledPolicy>,
    at: u32,
}

impl Entry {
    fn rule(&self) -> Option<Rule<'_>> {
        let at = usize::try_from(self.at).ok()?;
        let rule: &CompiledRule = self.policy.rules.get(at)?;
        Some(Rule {
            policy: &self.policy,
            rule,
        })
    }
}

/// Rules of one tool or glob, by the agents that they are for.
#[derive(Debug, Clone, Default)]
pub(super) struct BySubject {
    roles: Vec<(Role, Entry)>,
    agents: Vec<(Arc<str>, Entry)>,
    /// For agents by glob or label: each has to be asked.
    patterns: Vec<Entry>,
}

impl BySubject {
    fn add(&mut self, policy: &Arc<CompiledPolicy>, at: u32) {
        let entry = || Entry {
            policy: Arc::clone(policy),
            at,
        };
        let subjects = &policy.subjects;
        for role in &subjects.roles {
            self.roles.push((role.clone(), entry()));
        }
        let mut pattern = !subjects.labels.is_empty();
        for agent in &subjects.agents {
            match agent.exact() {
                Some(id) => self.agents.push((id.into(), entry())),
                None => pattern = true,
            }
        }
        if pattern {
            self.patterns.push(entry());
        }
    }

    fn remove(&mut self, policy: &Arc<CompiledPolicy>) {
        self.roles
            .retain(|(_, entry)| !Arc::ptr_eq(&entry.policy, policy));
        self.agents
            .retain(|(_, entry)| !Arc::ptr_eq(&entry.policy, policy));
        self.patterns
            .retain(|entry| !Arc::ptr_eq(&entry.policy, policy));
    }

    fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.agents.is_empty() && self.patterns.is_empty()
    }

    fn sort(&mut self) {
        self.roles.sort_by(|a, b| a.0.cmp(&b.0));
        self.agents.sort_by(|a, b| a.0.cmp(&b.0));
        self.patterns.shrink_to_fit();
        self.roles.shrink_to_fit();
        self.agents.shrink_to_fit();
    }

    fn find<'a>(&'a self, agent: &Agent, found: &mut Candidates<'a>) {
        for role in &agent.roles {
            let from = self.roles.partition_point(|(name, _)| name < role);
            let same = self.roles[from..]
                .iter()
                .take_while(|(name, _)| name == role);
            found.extend(same.filter_map(|(_, entry)| entry.rule()));
        }
        let id = agent.id.as_str();
        let from = self.agents.partition_point(|(name, _)| &**name < id);
        let same = self.agents[from..]
            .iter()
            .take_while(|(name, _)| &**name == id);
        found.extend(same.filter_map(|(_, entry)| entry.rule()));
        let patterns = self
            .patterns
            .iter()
            .filter(|entry| entry.policy.subjects.by_pattern(agent));
        found.extend(patterns.filter_map(Entry::rule));
    }

    fn all(&self) -> impl Iterator<Item = Rule<'_>> {
        let roles = self.roles.iter().map(|(_, entry)| entry);
        let agents = self.agents.iter().map(|(_, entry)| entry);
        roles
            .chain(agents)
            .chain(&self.patterns)
            .filter_map(Entry::rule)
    }
}
