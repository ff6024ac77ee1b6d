//! Filters that can be walked around: a rule that denies or asks by value, for a tool without a contract,
//! beside an allow that takes any arguments. An argument that is spelled differently passes both.

use std::collections::HashMap;

use super::{Notes, cover};
use crate::check::{Effect, Subjects};
use crate::compile::{CompiledRule, PolicySet, Rule};
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;

/// The allows that take any arguments.
pub(super) struct Open<'a> {
    /// By the tools that they name in full.
    exact: HashMap<&'a str, Vec<Rule<'a>>>,
    globs: Vec<(&'a Glob, Rule<'a>)>,
}

impl<'a> Open<'a> {
    pub(super) fn new(set: &'a PolicySet) -> Self {
        let mut open = Self {
            exact: HashMap::new(),
            globs: Vec::new(),
        };
        for policy in set.policies() {
            for rule in policy.rules.iter().filter(|rule| takes_any(rule)) {
                let entry = Rule { policy, rule };
                for glob in &rule.tools.names {
                    match glob.exact() {
                        Some(name) => open.exact.entry(name).or_default().push(entry),
                        None => open.globs.push((glob, entry)),
                    }
                }
            }
        }
        open
    }

    /// Looks at a rule that filters by value; false when there is too much to look at.
    pub(super) fn look(
        &self,
        set: &PolicySet,
        rule: Rule<'_>,
        left: &mut usize,
        notes: &mut Notes<'_>,
    ) -> bool {
        let by_value = rule
            .rule
            .arguments
            .as_ref()
            .is_some_and(|listed| !listed.is_empty());
        if !by_value || rule.rule.effect == Effect::Allow || rule.rule.shadow {
            return true;
        }
        // By label a rule chooses registered tools, and those without a contract are few.
        let names = match rule.rule.tools.labels.is_empty() {
            true => rule.rule.tools.names.clone(),
            false => Vec::new(),
        };
        for glob in &names {
            let found = match glob.exact() {
                Some(name) => self.of_tool(set, name, rule, left),
                None => self.of_glob(set, glob, rule, left),
            };
            match found {
                None => return false,
                Some(None) => {}
                Some(Some(allow)) => {
                    tell(rule, glob, allow, notes);
                    break;
                }
            }
        }
        true
    }

    fn of_tool(
        &self,
        set: &PolicySet,
        name: &str,
        rule: Rule<'_>,
        left: &mut usize,
    ) -> Option<Option<Rule<'a>>> {
        if has_contract(set, name) {
            return Some(None);
        }
        let exact = self.exact.get(name).map_or(&[][..], Vec::as_slice);
        let globs = self.globs.iter().filter(|(glob, _)| glob.matches(name));
        *left = left.checked_sub(exact.len() + self.globs.len())?;
        let mut all = exact.iter().chain(globs.map(|(_, allow)| allow));
        Some(all.find(|allow| passes(**allow, rule)).copied())
    }

    fn of_glob(
        &self,
        set: &PolicySet,
        glob: &Glob,
        rule: Rule<'_>,
        left: &mut usize,
    ) -> Option<Option<Rule<'a>>> {
        let count = self.exact.len() + self.globs.len();
        *left = left.checked_sub(count)?;
        let named = self.exact.iter();
        let mut named = named.filter(|(name, _)| glob.matches(name) && !has_contract(set, name));
        let of_tool =
            |allows: &Vec<Rule<'a>>| allows.iter().find(|allow| passes(**allow, rule)).copied();
        // The first by name, whatever the order of the map.
        let mut found = named
            .by_ref()
            .filter_map(|(_, allows)| of_tool(allows))
            .collect::<Vec<_>>();
        found.sort_by(Rule::order);
        let mut globs = self.globs.iter().filter(|(other, _)| glob.meets(other));
        let by_glob = globs.find(|(_, allow)| passes(*allow, rule));
        let by_glob = by_glob.map(|(_, allow)| *allow);
        Some(found.first().copied().or(by_glob))
    }
}

/// Tells whether it allows whatever arguments are sent.
fn takes_any(rule: &CompiledRule) -> bool {
    let reads = rule
        .when
        .as_ref()
        .is_some_and(|when| when.reads_arguments());
    rule.effect == Effect::Allow
        && !rule.shadow
        && rule.arguments.is_none()
        && rule.tools.labels.is_empty()
        && !reads
}

fn has_contract(set: &PolicySet, tool: &str) -> bool {
    let tool = set.vocabulary.tools.get(tool);
    tool.is_some_and(|tool| tool.contract.is_some())
}

/// Tells whether an allow lets calls through that the rule would have to stop.
fn passes(allow: Rule<'_>, rule: Rule<'_>) -> bool {
    // Within a policy, the compilation says so of a deny.
    let told = std::ptr::eq(allow.policy, rule.policy) && rule.rule.effect == Effect::Deny;
    !told && share(&allow.policy.subjects, &rule.policy.subjects)
}

/// Tells whether the same agent can be meant by both, as far as that is plain.
fn share(a: &Subjects, b: &Subjects) -> bool {
    let meets = |glob: &Glob| b.agents.iter().any(|other| glob.meets(other));
    let labels = a.labels.iter().any(|(name, values)| {
        b.labels
            .get(name)
            .is_some_and(|other| !values.is_disjoint(other))
    });
    cover::is_everybody(a)
        || cover::is_everybody(b)
        || !a.roles.is_disjoint(&b.roles)
        || a.agents.iter().any(meets)
        || labels
}

fn tell(rule: Rule<'_>, tool: &Glob, allow: Rule<'_>, notes: &mut Notes<'_>) {
    let code = Code::FilterWithoutContract;
    let message = format!(
        "`{rule}` filters by value on `{}`, which has no contract, and `{allow}` allows it with any arguments",
        tool.as_str()
    );
    notes.warn(rule.rule.span, code, message, code.help());
}
