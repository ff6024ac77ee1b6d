//! Where the rules of cells stand.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::cell::Cell;
use super::fold::address;
use crate::compile::{PolicySet, Rule};
use crate::source::{LineIndex, Source};

/// File and line of rules.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<usize, (Arc<str>, u32)>);

impl Places {
    /// Finds the rules that cells speak of.
    pub(super) fn of<'c, 'a: 'c>(
        set: &PolicySet,
        sources: &[Source],
        cells: impl Iterator<Item = &'c Cell<'a>>,
    ) -> Self {
        let rules = cells.flat_map(|cell| cell.branches().filter_map(|branch| branch.rule));
        let wanted: HashSet<usize> = rules.map(|rule| address(&rule)).collect();
        let texts: HashMap<&str, &str> = (sources.iter())
            .map(|source| (&*source.path, &*source.text))
            .collect();
        let mut lines: BTreeMap<&str, (Arc<str>, LineIndex)> = BTreeMap::new();
        let mut found = HashMap::new();
        for (path, rule) in set.rules() {
            if !wanted.contains(&address(&rule)) {
                continue;
            }
            let text = texts.get(path).copied().unwrap_or("");
            let (path, index) = lines
                .entry(path)
                .or_insert_with(|| (path.into(), LineIndex::new(text)));
            let line = index.position(text, rule.rule.span.start).0;
            found.insert(address(&rule), (Arc::clone(path), line));
        }
        Self(found)
    }

    /// The file and the line of a rule's id.
    pub(crate) fn get(&self, rule: Rule<'_>) -> Option<(&str, u32)> {
        let found = self.0.get(&address(&rule));
        found.map(|(path, line)| (&**path, *line))
    }
}
