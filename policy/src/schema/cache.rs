//! What equal schemas share while a policy set is compiled.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jsonschema::Validator;

use super::format::Format;
use super::rule::Pattern;
use super::{Schema, other};

/// The identity of a schema: the digest of its canonical text and of what it refers to.
pub(super) type Digest = [u8; 32];

/// Compiled schemas, patterns and formats, shared between all that say the same. A cache may outlive
/// a compilation: what refers to another list or another named schema is another schema.
#[derive(Debug, Default)]
pub(crate) struct SchemaCache {
    pub(super) schemas: HashMap<Digest, Schema>,
    patterns: HashMap<Box<str>, Arc<Pattern>>,
    formats: BTreeMap<Format, Arc<Validator>>,
    /// For the text of one schema after the other.
    pub(super) text: String,
}

impl SchemaCache {
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
