//! Whether one rule matches whenever another one does. It says yes only when that is certain.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Effect, Subjects};
use crate::compile::{CompiledArgument, CompiledRule, Rule};
use crate::condition::Condition;
use crate::glob::Glob;

/// Tells whether a rule is for all calls that another one is for, by agent, tool and time.
pub(super) fn is_for(wide: Rule<'_>, narrow: Rule<'_>) -> bool {
    let policies = std::ptr::eq(wide.policy, narrow.policy);
    (policies || subjects(&wide.policy.subjects, &narrow.policy.subjects))
        && tools(wide.rule, narrow.rule)
        && window(wide.rule, narrow.rule)
}

fn subjects(wide: &Subjects, narrow: &Subjects) -> bool {
    if is_everybody(wide) {
        return true;
    }
    let agent = |agent: &Glob| wide.agents.iter().any(|glob| glob.covers(agent));
    narrow.roles.is_subset(&wide.roles)
        && narrow.agents.iter().all(agent)
        && (narrow.labels.is_empty() || labels(&wide.labels, &narrow.labels))
}

/// Tells whether all agents are meant.
pub(super) fn is_everybody(subjects: &Subjects) -> bool {
    subjects.agents.iter().any(|glob| glob.as_str() == "**")
}

type Labels = BTreeMap<String, BTreeSet<String>>;

/// Each label that is asked for is asked for at least as strictly.
fn labels(wide: &Labels, narrow: &Labels) -> bool {
    let asked = |(label, values): (&String, &BTreeSet<String>)| {
        narrow.get(label).is_some_and(|own| own.is_subset(values))
    };
    !wide.is_empty() && wide.iter().all(asked)
}

fn tools(wide: &CompiledRule, narrow: &CompiledRule) -> bool {
    let by_label = |rule: &CompiledRule| !rule.tools.labels.is_empty();
    let names = |name: &str| {
        if by_label(wide) {
            return wide.named_tools.iter().any(|known| **known == *name);
        }
        wide.tools.names.iter().any(|glob| glob.matches(name))
    };
    let covers = |glob: &Glob| match glob.exact() {
        Some(name) => names(name),
        None => !by_label(wide) && wide.tools.names.iter().any(|wide| wide.covers(glob)),
    };
    if by_label(narrow) {
        return narrow.named_tools.iter().all(|name| names(name));
    }
    narrow.tools.names.iter().all(covers)
}

fn window(wide: &CompiledRule, narrow: &CompiledRule) -> bool {
    let own = narrow.window.as_deref().copied().unwrap_or_default();
    wide.window.as_ref().is_none_or(|window| window.covers(own))
}

/// Tells whether a rule matches for certain wherever another one says anything, given that it is for the
/// same calls.
pub(super) fn follows(wide: &CompiledRule, narrow: &CompiledRule) -> bool {
    // An allow with `otherwise` says something where its bounds do not hold, too.
    if narrow.otherwise {
        return wide.when.is_none() && is_unbounded(wide);
    }
    condition(wide, narrow) && arguments(wide, narrow)
}

fn is_unbounded(rule: &CompiledRule) -> bool {
    let listed = rule.arguments.as_ref();
    listed.is_none_or(|listed| rule.effect != Effect::Allow && listed.is_empty())
}

/// A condition that is the same holds, and fails, with the other.
fn condition(wide: &CompiledRule, narrow: &CompiledRule) -> bool {
    wide.when.is_none() || text(wide) == text(narrow)
}

fn text(rule: &CompiledRule) -> Option<&str> {
    rule.when.as_ref().map(Condition::text)
}

fn arguments(wide: &CompiledRule, narrow: &CompiledRule) -> bool {
    let Some(wanted) = wide.arguments.as_deref() else {
        return true;
    };
    let listed = narrow.arguments.as_deref();
    let closed = wide.effect == Effect::Allow;
    // What an allow does not list is refused by it.
    let unforeseen = |own: &CompiledArgument| find(wanted, &own.name).is_none();
    if closed && listed.is_none_or(|listed| listed.iter().any(unforeseen)) {
        return false;
    }
    wanted.iter().all(|wanted| {
        match listed.and_then(|listed| find(listed, &wanted.name)) {
            Some(own) => (wanted.optional || !own.optional) && own.schema.within(&wanted.schema),
            // It is absent where the other rule is closed, and may be anything where it is not.
            None if narrow.effect == Effect::Allow && listed.is_some() => wanted.optional,
            None => wanted.optional && wanted.schema.is_any(),
        }
    })
}

fn find<'a>(listed: &'a [CompiledArgument], name: &str) -> Option<&'a CompiledArgument> {
    let found = listed.binary_search_by(|argument| (*argument.name).cmp(name));
    found.ok().map(|at| &listed[at])
}

/// Tells whether two rules of the same effect say the same of every call that both are for.
pub(super) fn equal(a: &CompiledRule, b: &CompiledRule) -> bool {
    let same = |a: &CompiledArgument, b: &CompiledArgument| {
        a.name == b.name && a.optional == b.optional && a.schema.same(&b.schema)
    };
    let arguments = match (&a.arguments, &b.arguments) {
        (None, None) => true,
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (None, Some(_)) | (Some(_), None) => false,
    };
    a.otherwise == b.otherwise
        && a.only_if_allowed == b.only_if_allowed
        && a.approval == b.approval
        && arguments
        && text(a) == text(b)
}

/// Tells whether all that a rule says beside its effect is said by another one: reason, severity, terms,
/// controls, and what records do not keep.
pub(super) fn says(wide: Rule<'_>, narrow: Rule<'_>) -> bool {
    let (a, b) = (wide.rule, narrow.rule);
    let serves = |control| a.controls.contains(control) || wide.policy.controls.contains(control);
    let telling = b.reason.is_none() || b.reason == a.reason;
    let severe = b.severity.is_none() || b.severity == a.severity;
    telling
        && severe
        && (b.approval.is_none() || b.approval == a.approval)
        && (!a.only_if_allowed || b.only_if_allowed)
        && b.controls.iter().all(serves)
        && b.redact.iter().all(|path| a.redact.contains(path))
}
