//! Compiles equal conditions once.

use std::collections::HashMap;

use super::{Checked, Condition, Declared, Names, Problem};

/// Conditions by text and by the arguments that they were checked against. A cache serves one set of
/// lists: when a list changes, start with a new one.
#[derive(Debug, Default)]
pub(crate) struct ConditionCache(HashMap<Box<str>, HashMap<Declared, Checked>>);

impl ConditionCache {
    /// Compiles the text of a `when`, or gives what it was compiled to before.
    pub(crate) fn compile(
        &mut self,
        text: &str,
        names: &Names<'_>,
    ) -> Result<Checked, Vec<Problem>> {
        let known = self
            .0
            .get(text)
            .and_then(|known| known.get(names.arguments));
        if let Some(checked) = known {
            return Ok(checked.clone());
        }
        let checked = Condition::compile(text, names)?;
        let known = self.0.entry(text.into()).or_default();
        known.insert(names.arguments.clone(), checked.clone());
        Ok(checked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::list::Lists;

    #[test]
    fn a_condition_is_compiled_once_for_what_it_is_checked_against() {
        let lists = Lists::new();
        let declared = |kind: &str| {
            let schema = json!({"type": kind});
            Declared::of_rule(Some([("a", &schema, false)]), true, &lists)
        };
        let mut cache = ConditionCache::default();
        let mut compile = |text: &str, arguments: &Declared| {
            let lists = &lists;
            let checked = cache.compile(text, &Names { arguments, lists });
            checked.map(|checked| checked.condition.0)
        };
        let number = declared("number");
        let first = compile("args.a > 1", &number).unwrap();
        let again = compile("args.a > 1", &declared("integer")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = compile("args.a > 2", &number).unwrap();
        assert!(!Arc::ptr_eq(&first, &other));
        assert!(compile("args.a > 1", &declared("string")).is_err());
        let any = compile("args.a > 1", &Declared::default()).unwrap();
        assert!(!Arc::ptr_eq(&first, &any));
    }
}
