//! JSON Schema 2020-12 of one argument, with the keywords `in` (named lists), `empty`, and `use`
//! (named schemas).
//!
//! `inspect` and `read` turn a document into the `rule`s of a schema, which `verdict` applies to a
//! value, `explain` puts into words, and `bounds` lists. Equal schemas are one in a `cache`.

mod bounds;
mod cache;
mod definitions;
mod empty;
mod explain;
mod format;
mod habits;
mod inspect;
mod json;
mod multiple;
mod order;
mod other;
mod range;
mod read;
mod rule;
mod verdict;
mod within;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::diagnostic::DiagnosticCode as Code;
use crate::list::Lists;
use crate::source::Span;
use crate::source::tree::Node;

pub(crate) use bounds::Bound;
pub(crate) use cache::SchemaCache;
pub(crate) use definitions::Definitions;
pub(crate) use habits::Habit;
pub(crate) use range::Range;
pub(crate) use verdict::Verdict;

/// A compiled schema; cheap to clone, and shared with all that say the same.
#[derive(Debug, Clone)]
pub(crate) struct Schema(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    shape: rule::Shape,
    may_be_absent: bool,
    /// Where objects accept properties that are not listed.
    open_objects: Box<[Box<str>]>,
    /// How many schemas it consists of, those that it refers to included.
    size: u32,
    depth: u32,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// JSON Pointer within the argument; empty for the argument itself.
    pub(crate) pointer: String,
    /// The bound that failed as a path within the schema, such as `items/pattern`.
    pub(crate) keyword: String,
    /// Such as "51 is above 50"; never list contents.
    pub(crate) message: String,
    /// The value is of another type than the schema wants, so no bound was looked at.
    pub(crate) wrong_type: bool,
    /// The value as it may be shown.
    pub(crate) value: String,
    /// The bound as it may be shown; None for those that hold other schemas.
    pub(crate) bound: Option<String>,
}

/// Something wrong with a schema.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Schema {
    fn new(compiled: Compiled) -> Self {
        Self(Arc::new(compiled))
    }

    /// Compiles a schema. Problems of a schema that it uses are told where that one is compiled.
    pub(crate) fn compile(
        node: &Node,
        lists: &Lists,
        names: Definitions<'_>,
        cache: &mut SchemaCache,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = read::Reader::new(lists, names, cache);
        let schema = reader.root(node);
        schema.ok_or(reader.problems)
    }

    /// `empty: true`: the argument may be left out.
    pub(crate) fn may_be_absent(&self) -> bool {
        self.0.may_be_absent
    }

    /// Objects that accept properties which the schema does not list, in the document that it was
    /// compiled from.
    pub(crate) fn open_objects(&self, node: &Node) -> Vec<Span> {
        let places = self.0.open_objects.iter();
        places.map(|place| node.at(place).span).collect()
    }

    /// What the schema says of the value.
    pub(crate) fn verdict(&self, value: &Value) -> Verdict {
        self.0.shape.verdict(value)
    }

    /// Tells whether the value is accepted for certain, as an allow wants it.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.verdict(value) == Verdict::Accepted
    }

    /// Says why an object is not accepted; None when it is.
    pub(crate) fn refuses(&self, object: &Map<String, Value>) -> Option<Refusal> {
        if self.0.shape.verdict_of_object(object) == Verdict::Accepted {
            return None;
        }
        self.refusal(&Value::Object(object.clone()))
    }

    /// Says why the value is not accepted; None when it is.
    pub(crate) fn refusal(&self, value: &Value) -> Option<Refusal> {
        explain::explain(&self.0.shape, value, &explain::Trail::default())
    }

    /// Every bound of the schema, those of alternatives and of used schemas too.
    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let mut found = Vec::new();
        bounds::collect(&self.0.shape, "", &mut found);
        found
    }

    /// The pointers of all bounds that the value breaks where they apply; those of an alternative
    /// count although another one accepts the value.
    pub(crate) fn failed(&self, value: &Value) -> Vec<String> {
        let mut found = BTreeSet::new();
        bounds::failed(&self.0.shape, value, "", &mut found);
        found.into_iter().collect()
    }

    /// The schema as JSON Schema, with `use` and `$ref` substituted and without what only describes.
    #[allow(dead_code, reason = "read by coverage, the matrix and lint")]
    pub(crate) fn json(&self) -> Value {
        self.0.shape.json(false)
    }

    fn shape(&self) -> &rule::Shape {
        &self.0.shape
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

#[cfg(test)]
mod tests;
