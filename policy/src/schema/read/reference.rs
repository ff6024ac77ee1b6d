//! Resolves `use` and `$ref`.

use super::{CHAIN, DEPTH, Entries, Reader, Root, SUBSTITUTED, get};
use crate::diagnostic::DiagnosticCode as Code;
use crate::schema::inspect::nearest;
use crate::schema::rule::Rule;
use crate::schema::{Compiled, Schema};
use crate::source::Span;
use crate::source::tree::{Node, NodeValue};

/// What became of a named schema.
pub(super) type Resolved = Result<Schema, Failure>;

/// Why a reference leads nowhere, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// No schema has the name.
    Unknown,
    /// The schema has problems of its own, which are told where it stands.
    Broken,
    /// More schemas than may be.
    Large,
    /// Deeper than may be.
    Deep,
    /// It leads back to itself.
    Circle,
}

impl Reader<'_> {
    /// Says that a reference leads nowhere.
    pub(super) fn fail(&mut self, span: Span, failure: Failure, name: &str) {
        self.failure = self.failure.max(Some(failure));
        let message = match failure {
            Failure::Unknown => {
                let help = nearest(name, self.names.names(), &self.problems);
                let message = format!("there is no schema `{name}`");
                return self.problem(span, Code::UnknownSchema, message, help);
            }
            Failure::Broken => format!("the schema `{name}` has problems of its own"),
            Failure::Large => format!("more than {SUBSTITUTED} schemas are referred to"),
            Failure::Deep => format!("schemas are nested more than {DEPTH} levels deep"),
            Failure::Circle => format!("`{name}` leads back to itself"),
        };
        // One of these is enough: the next ones follow from it.
        let told = |problem: &crate::schema::Problem| problem.message == message;
        if !self.problems.iter().rev().take(20).any(told) {
            self.problem(span, Code::SchemaReference, message, None);
        }
    }

    /// Compiles a named schema, once.
    pub(super) fn named(&mut self, name: &str) -> Resolved {
        let (node, shared) = self.names.get(name).ok_or(Failure::Unknown)?;
        let id = (shared, name.to_owned());
        if let Some(resolved) = self.resolved.get(&id) {
            return resolved.clone();
        }
        if self.open.contains(&id) {
            return Err(Failure::Circle);
        }
        if self.open.len() == CHAIN {
            return Err(Failure::Deep);
        }
        let names = self.names;
        if shared {
            self.names = names.shared_only();
        }
        self.open.push(id.clone());
        let text = std::mem::take(&mut self.cache.text);
        let failure = self.failure.take();
        let problems = std::mem::take(&mut self.problems);
        let depth = self.depth;
        let (schema, ..) = self.measured(|reader| reader.root(node));
        let resolved = schema.ok_or_else(|| {
            let failure = self.failure.unwrap_or(Failure::Broken);
            failure.max(Failure::Broken)
        });
        self.depth = depth;
        self.problems = problems;
        self.failure = failure;
        self.cache.text = text;
        self.open.pop();
        self.names = names;
        self.resolved.insert(id, resolved.clone());
        resolved
    }

    /// Reads `use`.
    pub(super) fn uses<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) -> Option<Rule> {
        let node = get(all, "use")?;
        let NodeValue::Text(name) = &node.value else {
            let message = format!(
                "`use` takes the name of a schema, and this is {}",
                node.kind()
            );
            self.problem(node.span, Code::InvalidSchema, message, None);
            return None;
        };
        match self.named(name) {
            Err(failure) => {
                self.fail(node.span, failure, name);
                None
            }
            Ok(schema) => {
                self.count(root, node.span, &schema);
                if !root.elsewhere {
                    let mut here = root.pointer();
                    here.push_str("/use");
                    let open = schema.0.open_objects.iter();
                    root.open_objects
                        .extend(open.map(|at| format!("{here}{at}")));
                }
                Some(Rule::Use(schema))
            }
        }
    }

    /// Reads `$ref`.
    pub(super) fn refers<'n>(&mut self, root: &mut Root<'n>, all: Entries<'n>) -> Option<Rule> {
        let node = get(all, "$ref")?;
        let NodeValue::Text(target) = &node.value else {
            root.malformed = true;
            return None;
        };
        let local = target
            .strip_prefix("#/$defs/")
            .filter(|name| !name.contains('/'));
        let Some(name) = local else {
            let message = format!("`{target}` does not name a definition of this schema");
            self.problem(node.span, Code::SchemaReference, message, None);
            return None;
        };
        let found = root.definitions.iter().find(|(key, _)| key.name == name);
        let Some((key, definition)) = found else {
            let defined = root.definitions.iter().map(|(key, _)| key.name.as_str());
            let help = nearest(name, defined, &self.problems);
            let message = format!("`$defs` has no `{name}`");
            self.problem(node.span, Code::SchemaReference, message, help);
            return None;
        };
        let schema = self.local(root, node.span, &key.name, definition)?;
        self.count(root, node.span, &schema);
        Some(Rule::Reference(schema))
    }

    /// Compiles a definition of the schema, once.
    pub(super) fn local<'n>(
        &mut self,
        root: &mut Root<'n>,
        span: Span,
        name: &'n str,
        definition: &'n Node,
    ) -> Option<Schema> {
        if let Some(done) = root.done.get(name) {
            return done.clone();
        }
        if root.doing.contains(&name) {
            self.fail(span, Failure::Circle, name);
            return None;
        }
        root.doing.push(name);
        let elsewhere = std::mem::replace(&mut root.elsewhere, true);
        let before = self.problems.len();
        let (shape, size, depth) = self.measured(|reader| reader.shape(root, definition));
        root.elsewhere = elsewhere;
        root.doing.pop();
        let whole = self.problems.len() == before;
        let schema = whole.then(|| {
            Schema::new(Compiled {
                shape,
                may_be_absent: false,
                open_objects: Box::default(),
                size,
                depth,
            })
        });
        root.done.insert(name, schema.clone());
        schema
    }

    /// Counts what a reference brings in: chains of references must not grow without bound.
    fn count(&mut self, root: &mut Root<'_>, span: Span, schema: &Schema) {
        let Compiled { size, depth, .. } = *schema.0;
        self.size = self.size.saturating_add(size);
        root.substituted = root.substituted.saturating_add(size);
        self.deepest = self.deepest.max(self.depth + depth);
        if root.substituted > SUBSTITUTED {
            self.fail(span, Failure::Large, "");
        }
        if self.depth + depth > DEPTH {
            self.fail(span, Failure::Deep, "");
        }
    }
}
