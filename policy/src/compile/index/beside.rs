//! The rules that stand beside another one, for a look at the set as a whole.

use veto_core::Role;

use super::{Entry, Index};
use crate::compile::policy::Rule;

impl Index {
    /// The rules for a tool that can be for every agent of a kind: of the role, or with the id, and all that
    /// choose agents by glob or label. None when looking for them costs more than what is left.
    pub(crate) fn beside(
        &self,
        tool: &str,
        role: Option<&Role>,
        agent: Option<&str>,
        left: &mut usize,
    ) -> Option<Vec<Rule<'_>>> {
        *left = left.checked_sub(self.globs.tried(tool))?;
        let mut found: Vec<&Entry> = Vec::new();
        let mut whole = true;
        self.for_tool(tool, |rules| {
            let of_role = role.map_or(&[][..], |role| equal(&rules.roles, |known| known.cmp(role)));
            let of_agent = agent.map_or(&[][..], |id| {
                equal(&rules.agents, |known| (**known).cmp(id))
            });
            let count = of_role.len() + of_agent.len() + rules.patterns.len();
            match left.checked_sub(count) {
                Some(rest) if whole => {
                    *left = rest;
                    found.extend(of_role.iter().map(|(_, entry)| entry));
                    found.extend(of_agent.iter().map(|(_, entry)| entry));
                    found.extend(&rules.patterns);
                }
                _ => whole = false,
            }
        });
        whole.then(|| found.into_iter().filter_map(Entry::rule).collect())
    }
}

/// Those of a sorted list with the key.
fn equal<K>(sorted: &[(K, Entry)], order: impl Fn(&K) -> std::cmp::Ordering) -> &[(K, Entry)] {
    let from = sorted.partition_point(|(key, _)| order(key).is_lt());
    let to = sorted.partition_point(|(key, _)| order(key).is_le());
    &sorted[from..to]
}
