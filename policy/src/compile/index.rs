//! Finds the rules that can match a call, so that cost follows them and not all rules.

use std::collections::HashMap;

use veto_core::{AgentId, Role};

use super::rule::CompiledRule;
use crate::glob::Glob;

/// Rules by tool, then by subject.
#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: HashMap<String, BySubject>,
    globs: Vec<(Glob, BySubject)>,
}

/// Rules of one tool or glob; numbers are places in the list of all rules.
#[derive(Debug, Default)]
struct BySubject {
    roles: HashMap<Role, Vec<usize>>,
    agents: HashMap<String, Vec<usize>>,
    globs: Vec<(Glob, usize)>,
}

impl Index {
    pub(super) fn new(rules: &[CompiledRule]) -> Self {
        let mut index = Self::default();
        let mut globs: HashMap<String, (Glob, BySubject)> = HashMap::new();
        for (at, rule) in rules.iter().enumerate() {
            for tool in &rule.tools {
                match tool.exact() {
                    Some(name) => index
                        .exact
                        .entry(name.to_owned())
                        .or_default()
                        .add(at, rule),
                    None => globs
                        .entry(tool.as_str().to_owned())
                        .or_insert_with(|| (tool.clone(), BySubject::default()))
                        .1
                        .add(at, rule),
                }
            }
        }
        index.globs = globs.into_values().collect();
        index.globs.sort_by(|a, b| a.0.cmp(&b.0));
        index
    }

    /// The rules that name the tool, and of them those for the agent, each sorted and once.
    /// The first says only whether there are any.
    pub(crate) fn candidates(
        &self,
        tool: &str,
        agent: &AgentId,
        roles: &[Role],
    ) -> (bool, Vec<usize>) {
        let globs = self
            .globs
            .iter()
            .filter(|(glob, _)| glob.matches(tool))
            .map(|(_, rules)| rules);
        let mut named = false;
        let mut found = Vec::new();
        for rules in self.exact.get(tool).into_iter().chain(globs) {
            named = true;
            for role in roles {
                found.extend(rules.roles.get(role).into_iter().flatten());
            }
            found.extend(rules.agents.get(agent.as_str()).into_iter().flatten());
            let by_glob = rules
                .globs
                .iter()
                .filter(|(glob, _)| glob.matches(agent.as_str()));
            found.extend(by_glob.map(|(_, at)| at));
        }
        found.sort_unstable();
        found.dedup();
        (named, found)
    }
}

impl BySubject {
    fn add(&mut self, at: usize, rule: &CompiledRule) {
        for role in &rule.subjects.roles {
            self.roles.entry(role.clone()).or_default().push(at);
        }
        for agent in &rule.subjects.agents {
            match agent.exact() {
                Some(id) => self.agents.entry(id.to_owned()).or_default().push(at),
                None => self.globs.push((agent.clone(), at)),
            }
        }
    }
}
