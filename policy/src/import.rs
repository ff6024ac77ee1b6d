//! Reads policies of other systems and writes them in the language of Veto: text in, text and an
//! honest report out. What does not map is listed with a reason and never half translated.

mod algebra;
mod cerbos;
mod veto_sdk;
mod write;

use crate::compile::compile;
use crate::source::Source;
use crate::source::tree::Node;
use write::{Policy, Rule};

/// The system that the policies come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rule packs of the Veto SDK (PyPI `veto`, policy IR 1.0).
    VetoSdk,
    /// Resource policies of Cerbos (`api.cerbos.dev/v1`).
    Cerbos,
}

/// What happens to a call that no imported rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmatched {
    /// What the other system does: the Veto SDK allows, Cerbos denies.
    #[default]
    AsBefore,
    /// It is allowed, for the tools that the imported rules name.
    Allow,
    /// It is denied, as everywhere in Veto.
    Deny,
}

/// Which rule counts when a block and an approval of the Veto SDK both match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precedence {
    /// The first in the file, as in the SDK: an approval before a block keeps the block from counting.
    #[default]
    First,
    /// The strictest, as everywhere in Veto.
    Strictest,
}

/// How to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What happens to a call that no imported rule decides.
    pub unmatched: Unmatched,
    /// Which rule counts when several match.
    pub precedence: Precedence,
    /// Who approves: the SDK does not say.
    pub approvers: Vec<String>,
    /// Controls that every imported policy names.
    pub controls: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            unmatched: Unmatched::default(),
            precedence: Precedence::default(),
            approvers: vec!["role:approver".to_owned()],
            controls: Vec::new(),
        }
    }
}

/// A rule that was mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Its id or place in the source.
    pub rule: String,
    /// The file it stands in.
    pub path: String,
    /// The line it starts at.
    pub line: u32,
    /// The rules of Veto it became, as `policy/rule`.
    pub rules: Vec<String>,
}

/// A rule, or a part of a file, that was not mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// Its id or place in the source.
    pub rule: String,
    /// The file it stands in.
    pub path: String,
    /// The line it starts at.
    pub line: u32,
    /// Why not.
    pub reason: String,
}

/// Something to know about what was mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file it is about.
    pub path: String,
    /// The line it is about.
    pub line: u32,
    /// What to know.
    pub message: String,
}

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Policies of Veto, which compile.
    pub documents: Vec<Source>,
    /// The rules that were mapped, in the order of the sources.
    pub mapped: Vec<Mapped>,
    /// What was not mapped, in the order of the sources.
    pub unmapped: Vec<Unmapped>,
    /// What to know about the result.
    pub notes: Vec<Note>,
}

impl Imported {
    fn unmapped(&mut self, rule: &str, path: &str, line: u32, reason: impl Into<String>) {
        self.unmapped.push(Unmapped {
            rule: rule.to_owned(),
            path: path.to_owned(),
            line,
            reason: reason.into(),
        });
    }

    fn note(&mut self, path: &str, line: u32, message: impl Into<String>) {
        self.notes.push(Note {
            path: path.to_owned(),
            line,
            message: message.into(),
        });
    }
}

/// Translates policies of another system.
#[must_use]
pub fn import(format: Format, sources: &[Source], options: &Options) -> Imported {
    match format {
        Format::VetoSdk => veto_sdk::import(sources, options),
        Format::Cerbos => cerbos::import(sources, options),
    }
}

/// Rules as a policy of their own; what the checker refuses is not mapped.
fn checked(policy: &Policy, rules: Vec<Rule>) -> Result<Vec<Rule>, String> {
    let alone = Policy {
        rules,
        ..policy.clone()
    };
    let source = Source {
        path: String::new(),
        text: alone.text(),
    };
    match compile(&[source]) {
        Ok(_) => Ok(alone.rules),
        Err(found) => {
            let first = found.iter().next().map_or("", |found| &found.message);
            Err(format!("what it would become is refused: {first}"))
        }
    }
}

/// The line that a node starts at.
fn line(source: &Source, node: &Node) -> u32 {
    let before = source.text.get(..node.span.start).unwrap_or("");
    u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |n| n.saturating_add(1))
}
