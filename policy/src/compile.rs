//! Policy files in, policy set out.

mod index;
mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::{self, Document, Findings};
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code, DiagnosticSeverity, Diagnostics};
use crate::list::Lists;
use crate::source::{self, Source};

pub(crate) use index::Index;
pub(crate) use rule::{CompiledArgument, CompiledRule};

/// A policy set with what the checker thinks of it.
#[derive(Debug)]
pub struct Compiled {
    /// The set.
    pub set: PolicySet,
    /// Findings that do not stop publishing.
    pub warnings: Vec<Diagnostic>,
}

/// All policies of an environment, ready to decide. Immutable; share it in an `Arc`.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: usize,
    /// Sorted by policy and rule, so that the order of files and rules never matters.
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) index: Index,
    pub(crate) lists: Arc<Lists>,
}

impl PolicySet {
    /// How many policies it holds.
    #[must_use]
    pub const fn policy_count(&self) -> usize {
        self.policies
    }

    /// How many rules its policies hold.
    #[must_use]
    pub const fn rule_count(&self) -> usize {
        self.rules.len()
    }
}

/// Compiles policy files: all or nothing. No files make a set that denies everything.
///
/// # Errors
/// All findings, ordered by file and place, at least one of them an error.
pub fn compile(sources: &[Source]) -> Result<Compiled, Diagnostics> {
    let mut found = Vec::new();
    let mut documents = Vec::new();
    for source in sources {
        match source::read(source) {
            Err(diagnostic) => found.push(diagnostic),
            Ok(nodes) => {
                let mut findings = Findings::new(source);
                let read = nodes
                    .iter()
                    .filter_map(|node| check::document(node, &mut findings));
                documents.extend(read.map(|document| (source, document)));
                found.append(&mut findings.found);
            }
        }
    }
    let mut policies = BTreeMap::new();
    let mut lists = Lists::new();
    for (source, document) in documents {
        let mut findings = Findings::new(source);
        let mut twice = |span, kind: &str, name: &str| {
            let message = format!("there is a {kind} `{name}` already");
            findings.error(
                span,
                Code::DuplicateName,
                message,
                Code::DuplicateName.help(),
            );
        };
        match document {
            Document::List(list, span) if lists.contains_key(&list.name) => {
                twice(span, "list", &list.name);
            }
            Document::List(list, _) => {
                lists.insert(list.name.clone(), list);
            }
            Document::Policy(policy) if policies.contains_key(&policy.name) => {
                twice(policy.span, "policy", policy.name.as_str());
            }
            Document::Policy(policy) => {
                policies.insert(policy.name.clone(), (source, policy));
            }
        }
        found.append(&mut findings.found);
    }
    let lists = Arc::new(lists);
    let count = policies.len();
    let mut rules = Vec::new();
    for (source, policy) in policies.into_values() {
        let mut findings = Findings::new(source);
        rules.extend(rule::compile(policy, &lists, &mut findings));
        found.append(&mut findings.found);
    }
    found.sort_by(|a, b| {
        (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code))
    });
    if found
        .iter()
        .any(|d| d.severity == DiagnosticSeverity::Error)
    {
        return Err(Diagnostics(found));
    }
    rules.sort_by(|a: &CompiledRule, b| (&a.policy, &a.id).cmp(&(&b.policy, &b.id)));
    let index = Index::new(&rules);
    Ok(Compiled {
        set: PolicySet {
            policies: count,
            rules,
            index,
            lists,
        },
        warnings: found,
    })
}

#[cfg(test)]
mod tests;
