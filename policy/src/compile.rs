//! Policy files in, policy set out.

mod file;
mod index;
mod policy;
mod rule;
mod sharded;
mod vocabulary;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use veto_core::{PolicyName, RuleId};

use crate::check::Findings;
use crate::condition::ConditionCache;
use crate::diagnostic::{Diagnostic, DiagnosticSeverity, Diagnostics};
use crate::schema::SchemaCache;
use crate::source::{self, Source, Span};

use file::File;
pub(crate) use index::Index;
pub(crate) use policy::{CompiledArgument, CompiledPolicy, CompiledRule, Path, Rule};
use sharded::Sharded;
pub(crate) use vocabulary::Vocabulary;

/// A policy set with what the checker thinks of it.
#[derive(Debug)]
pub struct Compiled {
    /// The set.
    pub set: PolicySet,
    /// Findings that do not stop publishing.
    pub warnings: Vec<Diagnostic>,
}

/// All policies of an environment, ready to decide. Immutable; share it in an `Arc`. A copy is cheap.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    files: BTreeMap<Arc<str>, Arc<File>>,
    /// In which file each policy stands.
    names: Sharded<Arc<str>>,
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) index: Index,
}

impl PolicySet {
    /// How many policies it holds.
    #[must_use]
    pub fn policy_count(&self) -> usize {
        self.files.values().map(|file| file.policies.len()).sum()
    }

    /// How many rules its policies hold.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.policies().map(|policy| policy.rules.len()).sum()
    }

    /// What its policies and rules are called and which controls they serve, for evidence and lists.
    pub fn outline(&self) -> impl Iterator<Item = Outline<'_>> {
        self.rules().map(|(path, rule)| Outline {
            path,
            offset: rule.rule.span.start,
            policy: &rule.policy.name,
            description: rule.policy.description.as_deref().unwrap_or(""),
            rule: &rule.rule.id,
            controls: rule
                .policy
                .controls
                .iter()
                .chain(&*rule.rule.controls)
                .map(|c| &**c)
                .collect(),
        })
    }

    /// All policies, by file.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.files.values().flat_map(|file| &file.policies)
    }

    /// All rules with the file that they stand in.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, Rule<'_>)> {
        self.files.iter().flat_map(|(path, file)| {
            file.policies.iter().flat_map(move |policy| {
                let rules = policy.rules.iter();
                rules.map(move |rule| (&**path, Rule { policy, rule }))
            })
        })
    }

    /// Compiles the set that follows this one, reading again only what changed: of the `sources`, which
    /// are the whole of the new set, those in `changed`, which also names files that are gone.
    ///
    /// # Errors
    /// As [`compile()`].
    pub fn update(&self, sources: &[Source], changed: &[&str]) -> Result<Compiled, Diagnostics> {
        let changed: HashSet<&str> = changed.iter().copied().collect();
        let mut next = self.clone();
        let mut found = Vec::new();
        let mut caches = Caches::default();
        for path in &changed {
            if let Some(file) = next.files.remove(*path) {
                if file.shares {
                    return compile(sources);
                }
                for policy in &file.policies {
                    next.index.remove(policy);
                    next.names.remove(policy.name.as_str());
                }
            }
        }
        let mut added = Vec::new();
        for source in sources.iter().filter(|s| changed.contains(&*s.path)) {
            let file = source::read(source)
                .map(|nodes| file::compile(source, &nodes, &next.vocabulary, &mut caches));
            match file {
                Err(diagnostic) => found.push(diagnostic),
                // What others refer to may have changed.
                Ok(read) if read.file.shares => return compile(sources),
                Ok(read) => added.push((source, read)),
            }
        }
        for (source, read) in added {
            let policies = read.file.policies.clone();
            found.extend(next.insert(source, read));
            policies
                .iter()
                .for_each(|policy| next.index.sort_for(policy));
        }
        next.finish(found)
    }

    /// Puts a file in, for the index to be sorted after; findings are about names that stand twice.
    fn insert(&mut self, source: &Source, read: file::Read) -> Vec<Diagnostic> {
        let mut findings = Findings::new(source);
        let path: Arc<str> = source.path.as_str().into();
        if self.files.contains_key(&path) {
            vocabulary::twice(Span::default(), "file", &path, &mut findings);
            return findings.found;
        }
        for (policy, span) in read.file.policies.iter().zip(read.places) {
            let name: Arc<str> = policy.name.as_str().into();
            if self.names.get(&name).is_some() {
                vocabulary::twice(span, "policy", &name, &mut findings);
                continue;
            }
            *self.names.entry(&name) = Arc::clone(&path);
            self.index.add(policy);
        }
        self.files.insert(path, Arc::new(read.file));
        findings.found
    }

    fn finish(self, mut found: Vec<Diagnostic>) -> Result<Compiled, Diagnostics> {
        let kept = self.files.values().flat_map(|file| &file.findings);
        found.extend(kept.cloned());
        found.sort_by(|a, b| {
            (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code))
        });
        let is_error = |d: &Diagnostic| d.severity == DiagnosticSeverity::Error;
        if found.iter().any(is_error) {
            return Err(Diagnostics(found));
        }
        Ok(Compiled {
            set: self,
            warnings: found,
        })
    }
}

/// One rule of a set, as lists and evidence name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline<'a> {
    /// The file that it stands in.
    pub path: &'a str,
    /// Where its id stands there, in bytes.
    pub offset: usize,
    /// Its policy.
    pub policy: &'a PolicyName,
    /// What the policy is for. Empty: nobody said.
    pub description: &'a str,
    /// The rule.
    pub rule: &'a RuleId,
    /// The controls that the policy and the rule serve, such as `CC6.1`.
    pub controls: Vec<&'a str>,
}

/// What files of one compilation have in common, so that it is kept once.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    schemas: SchemaCache,
    conditions: ConditionCache,
    texts: HashSet<Arc<str>, foldhash::fast::RandomState>,
}

impl Caches {
    /// The text, shared with all that is equal.
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}

/// Compiles policy files: all or nothing. No files make a set that denies everything.
///
/// # Errors
/// All findings, ordered by file and place, at least one of them an error.
pub fn compile(sources: &[Source]) -> Result<Compiled, Diagnostics> {
    // What others refer to is read first; the rest is read file by file, so that a large set never
    // stands in memory as text, trees and rules at once.
    let mut found = Vec::new();
    let mut shared = Vec::new();
    for source in sources.iter().filter(|s| vocabulary::may_share(&s.text)) {
        match source::read(source) {
            Err(diagnostic) => found.push(diagnostic),
            Ok(nodes) => shared.push((source, nodes)),
        }
    }
    let mut caches = Caches::default();
    let (vocabulary, problems) = vocabulary::read(&shared, &mut caches.schemas);
    found.extend(problems);
    let mut set = PolicySet {
        vocabulary: Arc::new(vocabulary),
        index: Index::for_about(sources.iter().map(|s| s.text.len()).sum::<usize>() / 256),
        names: Sharded::for_about(sources.len()),
        ..PolicySet::default()
    };
    let mut shared = shared.into_iter().peekable();
    for source in sources {
        let before = shared.next_if(|(known, _)| std::ptr::eq(*known, source));
        let nodes = match before {
            Some((_, nodes)) => nodes,
            // It was refused already.
            None if vocabulary::may_share(&source.text) => continue,
            None => match source::read(source) {
                Ok(nodes) => nodes,
                Err(diagnostic) => {
                    found.push(diagnostic);
                    continue;
                }
            },
        };
        let read = file::compile(source, &nodes, &set.vocabulary, &mut caches);
        found.extend(set.insert(source, read));
    }
    set.index.sort();
    set.finish(found)
}

#[cfg(test)]
mod tests;
