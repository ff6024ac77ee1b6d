//! Compiles one file.

use std::sync::Arc;

use super::policy::CompiledPolicy;
use super::vocabulary::{self, Vocabulary};
use super::{Caches, PolicySet, rule};
use crate::check::{self, Document, Findings};
use crate::diagnostic::{Diagnostic, DiagnosticCode as Code};
use crate::source::tree::Node;
use crate::source::{Source, Span};

/// What became of a file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) policies: Vec<Arc<CompiledPolicy>>,
    /// What the checker thinks of it.
    pub(super) findings: Vec<Diagnostic>,
    /// It holds documents that other files may refer to.
    pub(super) shares: bool,
}

/// A file with the places of its policies' names.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) file: File,
    pub(super) places: Vec<Span>,
}

/// Compiles the policies of a file; other documents are part of the vocabulary already.
pub(super) fn compile(
    source: &Source,
    nodes: &[Node],
    vocabulary: &Vocabulary,
    caches: &mut Caches,
) -> Read {
    let mut findings = Findings::new(source);
    let mut file = File {
        policies: Vec::new(),
        findings: Vec::new(),
        shares: false,
    };
    let mut places = Vec::new();
    let known = vocabulary::may_share(&source.text);
    for node in nodes {
        if known && !check::is_policy(node) {
            file.shares = true;
            continue;
        }
        match check::document(node, &mut findings) {
            None => {}
            Some(Document::Policy(policy)) => {
                places.push(policy.span);
                let compiled = rule::compile(policy, vocabulary, caches, &mut findings);
                file.policies.push(Arc::new(compiled));
            }
            // Spelled with escapes, a kind hides from the search for files that share something.
            Some(Document::List(..) | Document::Schema(_) | Document::Tool(_)) => {
                let message = "the kind of this document is written with escapes";
                let help = "write it plainly";
                let at = node.at("/kind").span;
                findings.error(at, Code::UnknownKind, message, help);
            }
        }
    }
    file.findings = findings.found;
    Read { file, places }
}

impl PolicySet {
    /// The policies of a file.
    pub(crate) fn of_file(&self, path: &str) -> &[Arc<CompiledPolicy>] {
        self.files.get(path).map_or(&[], |file| &file.policies)
    }
}
