//! Tools, roles and agents that a policy names and nobody knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Notes, Registry, items, key, text};
use crate::compile::{CompiledPolicy, CompiledRule, PolicySet};
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::source::tree::Node;
use crate::suggest;

/// For more findings than this the nearest name is not looked for.
const SUGGESTIONS: usize = 100;

/// What is registered.
pub(super) struct Known<'a> {
    /// None: nobody registers tools, so that nothing is known of them.
    tools: Option<BTreeSet<&'a str>>,
    labels: BTreeSet<&'a str>,
    roles: Option<BTreeSet<&'a str>>,
    agents: Option<BTreeSet<&'a str>>,
    /// Which globs some registered tool matches, and which some agent.
    matched_tools: HashMap<Glob, bool>,
    matched_agents: HashMap<Glob, bool>,
    suggested: usize,
}

impl<'a> Known<'a> {
    pub(super) fn new(set: &'a PolicySet, registry: &'a Registry) -> Self {
        let registered: &'a BTreeMap<_, _> = &set.vocabulary.tools;
        let mut tools: BTreeSet<&str> = registered.keys().map(|name| &**name).collect();
        tools.extend(registry.tools.iter().map(|name| name.as_str()));
        let labels = registered.values().flat_map(|tool| &tool.labels);
        let roles = registry.roles.as_ref();
        let agents = registry.agents.as_ref();
        Self {
            tools: (!tools.is_empty()).then_some(tools),
            labels: labels.map(String::as_str).collect(),
            roles: roles.map(|roles| roles.iter().map(|role| role.as_str()).collect()),
            agents: agents.map(|agents| agents.iter().map(|agent| agent.as_str()).collect()),
            matched_tools: HashMap::new(),
            matched_agents: HashMap::new(),
            suggested: 0,
        }
    }

    /// Looks at the roles and agents of a policy; false when there are too many to look at.
    pub(super) fn subjects(
        &mut self,
        policy: &CompiledPolicy,
        node: &Node,
        left: &mut usize,
        notes: &mut Notes<'_>,
    ) -> bool {
        let code = Code::UnmatchedSubject;
        if let Some(roles) = &self.roles {
            for node in items(node.at("/subjects/roles")) {
                let written = text(node);
                if !roles.contains(written) {
                    let message = format!("no agent can hold the role `{written}`");
                    let help = help(&mut self.suggested, code, written, roles);
                    notes.warn(node.span, code, message, help);
                }
            }
        }
        let Some(agents) = &self.agents else {
            return true;
        };
        for node in items(node.at("/subjects/agents")) {
            let written = text(node);
            let mut globs = policy.subjects.agents.iter();
            let Some(glob) = globs.find(|glob| glob.as_str() == written) else {
                continue;
            };
            match matched(&mut self.matched_agents, agents, glob, left) {
                None => return false,
                Some(true) => {}
                Some(false) => {
                    let message = format!("no registered agent is called `{written}`");
                    let help = help(&mut self.suggested, code, written, agents);
                    notes.warn(node.span, code, message, help);
                }
            }
        }
        true
    }

    /// Looks at the tools of a rule; false when there are too many to look at.
    pub(super) fn tools(
        &mut self,
        rule: &CompiledRule,
        node: &Node,
        left: &mut usize,
        notes: &mut Notes<'_>,
    ) -> bool {
        let code = Code::UnmatchedTool;
        if !rule.tools.labels.is_empty() {
            if rule.named_tools.is_empty() {
                self.labels(rule, node, notes);
            }
            return true;
        }
        let Some(tools) = &self.tools else {
            return true;
        };
        let listed = match items(node.at("/tools")) {
            [] => items(node.at("/tools/names")),
            listed => listed,
        };
        let mut some = false;
        let mut globs = false;
        for node in listed {
            let written = text(node);
            let Some(glob) = rule.tools.names.iter().find(|g| g.as_str() == written) else {
                continue;
            };
            let Some(matches) = matched(&mut self.matched_tools, tools, glob, left) else {
                return false;
            };
            globs |= glob.exact().is_none();
            some |= matches;
            if glob.exact().is_some() && !matches {
                // This one says it already.
                some = true;
                let message = format!("no tool `{written}` is registered");
                let help = help(&mut self.suggested, code, written, tools);
                notes.warn(node.span, code, message, help);
            }
        }
        if globs && !some {
            let message = "no registered tool has such a name".to_owned();
            notes.warn(key(node, "/tools"), code, message, code.help());
        }
        true
    }

    /// Says that no tool carries the labels of a rule.
    fn labels(&mut self, rule: &CompiledRule, node: &Node, notes: &mut Notes<'_>) {
        let code = Code::UnmatchedTool;
        let message = if rule.tools.names.is_empty() {
            "no registered tool carries any of these labels"
        } else {
            "no registered tool has such a name and carries any of these labels"
        };
        let mut unknown = rule.tools.labels.iter();
        let unknown = unknown.find(|label| !self.labels.contains(label.as_str()));
        let help = unknown.map_or_else(
            || code.help().to_owned(),
            |label| help(&mut self.suggested, code, label, &self.labels),
        );
        notes.warn(key(node, "/tools"), code, message.to_owned(), help);
    }
}

/// The nearest known name, or the help of the code.
fn help(suggested: &mut usize, code: Code, written: &str, known: &BTreeSet<&str>) -> String {
    *suggested += 1;
    let near =
        (*suggested <= SUGGESTIONS).then(|| suggest::did_you_mean(written, known.iter().copied()));
    near.flatten().unwrap_or_else(|| code.help().to_owned())
}

/// Tells whether a name matches the glob; None when there are too many to look at.
fn matched(
    known: &mut HashMap<Glob, bool>,
    names: &BTreeSet<&str>,
    glob: &Glob,
    left: &mut usize,
) -> Option<bool> {
    if let Some(name) = glob.exact() {
        return Some(names.contains(name));
    }
    if let Some(found) = known.get(glob) {
        return Some(*found);
    }
    let mut found = false;
    let prefix = glob.prefix();
    let near = names
        .range(prefix..)
        .take_while(|name| name.starts_with(prefix));
    for name in near {
        *left = left.checked_sub(1)?;
        if glob.matches(name) {
            found = true;
            break;
        }
    }
    known.insert(glob.clone(), found);
    Some(found)
}
