//! What is worth a look in a policy set as a whole: rules that decide nothing, names that mean nothing, and
//! rules that say less than they seem to.
//!
//! `alone` looks at one rule, `names` at what it names, `pairs` at the rules beside it (`cover` compares
//! two), `dodge` at filters that can be walked around, `unused` at what nobody refers to. `accept` reads
//! the comments that accept a finding. Whatever is said is certain; what is not certain is not said.

mod accept;
mod alone;
mod cover;
mod dodge;
mod names;
mod pairs;
mod unused;

use std::collections::BTreeSet;

use veto_core::{AgentId, Role, ToolName};

use crate::check;
use crate::compile::{Compiled, CompiledPolicy, PolicySet, Rule};
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code, DiagnosticSeverity};
use crate::source::tree::{Node, NodeValue};
use crate::source::{self, LineIndex, Source, Span};

/// What is known beside the policy set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// The roles that agents may hold. None: not known.
    pub roles: Option<BTreeSet<Role>>,
    /// The agents that are registered. None: not known.
    pub agents: Option<BTreeSet<AgentId>>,
    /// Tools beside those that the set registers.
    pub tools: BTreeSet<ToolName>,
}

/// Steps of comparing rules and names; a few seconds' worth at most.
const STEPS: usize = 100_000_000;

/// Everything that is worth a look in a set: the warnings of its compilation and those about the set as a
/// whole, ordered by file and place, without those that a comment accepts. `sources` are the files that the
/// set was compiled from.
#[must_use]
pub fn lint(compiled: &Compiled, sources: &[Source], registry: &Registry) -> Vec<Diagnostic> {
    look(compiled, sources, registry, STEPS)
}

fn look(
    compiled: &Compiled,
    sources: &[Source],
    registry: &Registry,
    steps: usize,
) -> Vec<Diagnostic> {
    let mut lint = Lint::new(&compiled.set, registry, steps);
    let mut unused = unused::Names::default();
    let mut found = compiled.warnings.clone();
    for (at, source) in sources.iter().enumerate() {
        let Ok(nodes) = source::read(source) else {
            continue;
        };
        let mut notes = Notes::new(source);
        unused.read(at, &nodes, &mut notes);
        let policies = compiled.set.of_file(&source.path);
        for node in nodes.iter().filter(|node| check::is_policy(node)) {
            let name = text(node.at("/metadata/name"));
            let policy = policies.iter().find(|policy| policy.name.as_str() == name);
            if let Some(policy) = policy {
                lint.policy(policy, node, &mut notes);
            }
        }
        found.append(&mut notes.found);
    }
    found.extend(unused.found(sources));
    found.extend(lint.left_out());
    accept::apply(sources, found)
}

/// The rules of a set under the eyes of lint.
struct Lint<'a> {
    set: &'a PolicySet,
    known: names::Known<'a>,
    open: dodge::Open<'a>,
    /// How many steps are left.
    left: usize,
    /// The first rule that was not compared, and how many were not.
    skipped: Option<(Diagnostic, usize)>,
}

impl<'a> Lint<'a> {
    fn new(set: &'a PolicySet, registry: &'a Registry, left: usize) -> Self {
        Self {
            set,
            known: names::Known::new(set, registry),
            open: dodge::Open::new(set),
            left,
            skipped: None,
        }
    }

    fn policy(&mut self, policy: &'a CompiledPolicy, node: &Node, notes: &mut Notes<'_>) {
        if !self.known.subjects(policy, node, &mut self.left, notes) {
            self.skip(key(node, "/subjects"), notes);
        }
        let NodeValue::List(rules) = &node.at("/rules").value else {
            return;
        };
        for node in rules {
            let id = text(node.at("/id"));
            let found = policy
                .rules
                .binary_search_by(|rule| rule.id.as_str().cmp(id));
            if let Ok(at) = found {
                let rule = Rule {
                    policy,
                    rule: &policy.rules[at],
                };
                self.rule(rule, node, notes);
            }
        }
    }

    fn rule(&mut self, rule: Rule<'a>, node: &Node, notes: &mut Notes<'_>) {
        let mut whole = self.known.tools(rule.rule, node, &mut self.left, notes);
        alone::look(self.set, rule, node, notes);
        if !alone::unreachable(self.set, rule, node, notes) {
            whole &= pairs::look(self.set, rule, &mut self.left, notes);
            whole &= self.open.look(self.set, rule, &mut self.left, notes);
        }
        if !whole {
            self.skip(rule.rule.span, notes);
        }
    }

    /// Takes note of something that there was no time to look at.
    fn skip(&mut self, span: Span, notes: &mut Notes<'_>) {
        match &mut self.skipped {
            Some((_, count)) => *count += 1,
            None => {
                let code = Code::LintIncomplete;
                let first = notes.diagnostic(span, code, String::new(), code.help());
                self.skipped = Some((first, 1));
            }
        }
    }

    /// Says which rules were not compared with all others.
    fn left_out(self) -> Option<Diagnostic> {
        let (first, count) = self.skipped?;
        let message = match count {
            1 => "this rule was not compared with all others".to_owned(),
            n => format!(
                "this rule and {} more were not compared with all others",
                n - 1
            ),
        };
        Some(Diagnostic { message, ..first })
    }
}

/// Collects what is found in one source.
struct Notes<'a> {
    source: &'a Source,
    lines: Option<LineIndex>,
    found: Vec<Diagnostic>,
}

impl<'a> Notes<'a> {
    const fn new(source: &'a Source) -> Self {
        Self {
            source,
            lines: None,
            found: Vec::new(),
        }
    }

    fn diagnostic(
        &mut self,
        span: Span,
        code: Code,
        message: String,
        help: impl Into<String>,
    ) -> Diagnostic {
        let lines = self
            .lines
            .get_or_insert_with(|| LineIndex::new(&self.source.text));
        let severity = DiagnosticSeverity::Warning;
        self.source
            .diagnostic(lines, severity, span, code, message, help.into())
    }

    fn warn(&mut self, span: Span, code: Code, message: String, help: impl Into<String>) {
        let found = self.diagnostic(span, code, message, help);
        self.found.push(found);
    }
}

/// The text of a node; empty when it is none.
fn text(node: &Node) -> &str {
    match &node.value {
        NodeValue::Text(text) => text,
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::List(_)
        | NodeValue::Map(_) => "",
    }
}

/// The place of a key by its JSON Pointer, or of the deepest node on the way to it.
fn key(node: &Node, pointer: &str) -> Span {
    let (above, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let above = node.at(above);
    let name = name.replace("~1", "/").replace("~0", "~");
    match &above.value {
        NodeValue::Map(entries) => entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map_or(above.span, |(key, _)| key.span),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_)
        | NodeValue::List(_) => above.span,
    }
}

/// The entries of a list, or nothing.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        NodeValue::List(nodes) => nodes,
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_)
        | NodeValue::Map(_) => &[],
    }
}

#[cfg(test)]
mod tests;
