//! The rows and columns of a matrix.

use std::collections::{BTreeMap, BTreeSet};

use veto_core::{AgentId, Role, ToolName};

use super::{MOST_CELLS, TooLarge, Wanted};
use crate::call::Agent;
use crate::compile::PolicySet;
use crate::glob::Glob;

/// A row: one agent, or one that stands for all that the policies treat alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Such as `role support`, `agent bot.*`, `label team=finance`, `anyone else`, or the id of an agent.
    pub name: String,
    /// The agent, or the one that stands for the others.
    pub agent: Agent,
}

/// A column: a tool, or one that stands for all other names of a glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name of the tool, or the glob.
    pub name: String,
    /// The tool, or the name that stands for the others.
    pub tool: ToolName,
    /// What it stands for.
    pub kind: ColumnKind,
}

/// What a column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// A registered tool.
    Registered,
    /// A tool that rules name in full.
    Named,
    /// Names of a glob that no registered tool has and no rule names in full.
    Glob,
}

impl ColumnKind {
    /// The kind as it stands in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Named => "named",
            Self::Glob => "glob",
        }
    }
}

/// Rows and columns.
#[derive(Debug)]
pub(crate) struct Axes {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) columns: Vec<Column>,
}

/// The rows and columns of some policy sets together.
pub(crate) fn axes(sets: &[&PolicySet], wanted: &Wanted) -> Result<Axes, TooLarge> {
    let subjects = if wanted.agents.is_empty() {
        subjects(sets)
    } else {
        let named = wanted.agents.iter().map(|agent| Subject {
            name: agent.id.to_string(),
            agent: agent.clone(),
        });
        named.collect()
    };
    let columns = if wanted.tools.is_empty() {
        columns(sets)
    } else {
        let mut names: Vec<_> = wanted.tools.iter().collect();
        names.sort();
        names.dedup();
        let column = |tool: &ToolName| Column {
            name: tool.to_string(),
            tool: tool.clone(),
            kind: kind(sets, tool.as_str()),
        };
        names.into_iter().map(column).collect()
    };
    let (rows, tools) = (subjects.len(), columns.len());
    let cells = rows.saturating_mul(tools);
    if cells > MOST_CELLS {
        return Err(TooLarge::Cells {
            subjects: rows,
            tools,
            cells,
        });
    }
    Ok(Axes { subjects, columns })
}

fn kind(sets: &[&PolicySet], tool: &str) -> ColumnKind {
    if (sets.iter()).any(|set| set.vocabulary.tools.contains_key(tool)) {
        ColumnKind::Registered
    } else {
        ColumnKind::Named
    }
}

/// What stands in place of a star, the least likely to be another name first.
const FILLERS: [&str; 6] = ["other", "other-one", "some.other", "x", "x.y", ""];

/// Names that a glob matches.
fn examples(glob: &Glob) -> impl Iterator<Item = String> {
    FILLERS.into_iter().filter_map(|filler| {
        let text = glob.as_str().replace("**", "*").replace('*', filler);
        glob.matches(&text).then_some(text)
    })
}

/// The rows that policies tell apart: each role, id, glob and set of labels, and everybody else.
fn subjects(sets: &[&PolicySet]) -> Vec<Subject> {
    let mut roles: BTreeSet<&Role> = BTreeSet::new();
    let mut globs: BTreeSet<&Glob> = BTreeSet::new();
    let mut labels: BTreeSet<BTreeMap<String, String>> = BTreeSet::new();
    for policy in sets.iter().flat_map(|set| set.policies()) {
        roles.extend(&policy.subjects.roles);
        globs.extend(&policy.subjects.agents);
        labels.extend(label_sets(&policy.subjects.labels));
    }
    let (ids, globs): (Vec<_>, Vec<_>) = globs.into_iter().partition(|g| g.exact().is_some());
    let is_named = |id: &str| ids.iter().any(|known| known.exact() == Some(id));
    let met = |id: &AgentId| globs.iter().filter(|g| g.matches(id.as_str())).count();
    let fewest = |names: &mut dyn Iterator<Item = String>| {
        let ids = names.filter(|name| !is_named(name));
        ids.filter_map(|name| AgentId::new(&name).ok())
            .min_by_key(met)
    };
    let anyone = ["agent.of.no.name", "someone.else", "someone", "z", "0.0"];
    let anyone = fewest(&mut anyone.into_iter().map(str::to_owned));
    let agent = |id: &AgentId| Agent {
        id: id.clone(),
        roles: Vec::new(),
        labels: BTreeMap::new(),
        disabled: false,
    };
    let mut found = Vec::new();
    if let Some(id) = &anyone {
        found.extend(roles.into_iter().map(|role| Subject {
            name: format!("role {role}"),
            agent: Agent {
                roles: vec![role.clone()],
                ..agent(id)
            },
        }));
    }
    for glob in &ids {
        // No agent has a name that is no id.
        let id = glob.exact().and_then(|id| AgentId::new(id).ok());
        found.extend(id.map(|id| Subject {
            name: format!("agent {id}"),
            agent: agent(&id),
        }));
    }
    for glob in &globs {
        // Those whom everybody is are no row of their own.
        if anyone.as_ref().is_some_and(|id| glob.matches(id.as_str())) {
            continue;
        }
        let id = fewest(&mut examples(glob));
        found.extend(id.map(|id| Subject {
            name: format!("agent {}", glob.as_str()),
            agent: agent(&id),
        }));
    }
    if let Some(id) = &anyone {
        found.extend(labels.into_iter().map(|labels| Subject {
            name: label_name(&labels),
            agent: Agent {
                labels,
                ..agent(id)
            },
        }));
        found.push(Subject {
            name: if found.is_empty() {
                "anyone"
            } else {
                "anyone else"
            }
            .to_owned(),
            agent: agent(id),
        });
    }
    found
}

/// Sets of labels that a policy is for, such that each of its values stands in one of them.
fn label_sets(wanted: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeMap<String, String>> {
    let first = |values: &BTreeSet<String>| values.first().cloned().unwrap_or_default();
    let base: BTreeMap<_, _> = (wanted.iter())
        .map(|(name, values)| (name.clone(), first(values)))
        .collect();
    let mut found = Vec::new();
    for (name, values) in wanted {
        for value in values {
            let mut labels = base.clone();
            labels.insert(name.clone(), value.clone());
            found.push(labels);
        }
    }
    found
}

fn label_name(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let word = if pairs.len() == 1 { "label" } else { "labels" };
    format!("{word} {}", pairs.join(", "))
}

/// The columns: registered tools, tools that rules name, and for each glob the names that are neither.
fn columns(sets: &[&PolicySet]) -> Vec<Column> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut globs: BTreeSet<&Glob> = BTreeSet::new();
    for set in sets {
        names.extend(set.vocabulary.tools.keys().map(|name| &**name));
        for (_, rule) in set.rules().filter(|(_, rule)| !rule.rule.shadow) {
            names.extend(rule.rule.named_tools.iter().map(|name| &**name));
            globs.extend(rule.rule.tool_globs());
        }
    }
    let mut found: Vec<Column> = Vec::new();
    for name in &names {
        found.extend(ToolName::new(name).ok().map(|tool| Column {
            name: (*name).to_owned(),
            kind: kind(sets, name),
            tool,
        }));
    }
    let loose: Vec<&Glob> = globs
        .iter()
        .copied()
        .filter(|glob| is_loose(glob))
        .collect();
    for glob in &globs {
        let met = |tool: &ToolName| {
            let others = loose.iter().filter(|other| other.matches(tool.as_str()));
            others.count()
        };
        let free = examples(glob).filter(|name| !names.contains(&**name));
        let tool = free
            .filter_map(|name| ToolName::new(&name).ok())
            .min_by_key(met);
        found.extend(tool.map(|tool| Column {
            name: glob.as_str().to_owned(),
            kind: ColumnKind::Glob,
            tool,
        }));
    }
    found
}

/// Tells whether a glob starts with a star, so that it may match names of many kinds.
fn is_loose(glob: &Glob) -> bool {
    glob.prefix().is_empty()
}
