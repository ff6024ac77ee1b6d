//! What equal schemas share while a policy set is compiled.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jsonschema::Validator;

use super::format::Format;
use super::rule::Pattern;
use super::{Schema, other};

/// Compiled schemas, patterns and formats, shared between all that say the same. A cache may outlive
/// a compilation: what refers to another list or another named schema is another schema.
#[derive(Debug, Default)]
pub(crate) struct SchemaCache {
    /// By canonical text.
    schemas: HashMap<Box<str>, Schema, foldhash::fast::RandomState>,
    patterns: HashMap<Box<str>, Arc<Pattern>>,
    formats: BTreeMap<Format, Arc<Validator>>,
    /// For the text of one schema after the other.
    pub(super) text: String,
}

impl SchemaCache {
    /// The schema whose canonical text stands in `text`.
    pub(super) fn known(&self) -> Option<Schema> {
        self.schemas.get(&*self.text).cloned()
    }

    /// Keeps a schema for those that say the same.
    pub(super) fn keep(&mut self, text: &str, schema: &Schema) {
        self.schemas.insert(text.into(), schema.clone());
    }

    /// The compiled regular expression, or why it is refused.
    pub(super) fn pattern(&mut self, text: &str) -> Result<Arc<Pattern>, String> {
        if let Some(pattern) = self.patterns.get(text) {
            return Ok(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern {
            text: text.into(),
            regex: crate::condition::pattern(text)?,
        });
        self.patterns.insert(text.into(), Arc::clone(&pattern));
        Ok(pattern)
    }

    /// The validator of a format that is not checked here; None when there is none.
    pub(super) fn format(&mut self, format: Format) -> Option<Arc<Validator>> {
        if let Some(validator) = self.formats.get(&format) {
            return Some(Arc::clone(validator));
        }
        let validator = Arc::new(other::format(format.as_str())?);
        self.formats.insert(format, Arc::clone(&validator));
        Some(validator)
    }
}
