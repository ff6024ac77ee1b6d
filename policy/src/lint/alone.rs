//! What can be said of one rule on its own.

use std::sync::Arc;

use super::{Notes, cover, key};
use crate::check::Effect;
use crate::compile::{CompiledArgument, CompiledRule, PolicySet, Rule};
use crate::diagnostic::DiagnosticCode as Code;
use crate::schema::{Habit, Schema};
use crate::source::tree::Node;

/// Looks for an allow of everything, and for bounds that say less than they seem to.
pub(super) fn look(set: &PolicySet, rule: Rule<'_>, node: &Node, notes: &mut Notes<'_>) {
    if rule.rule.effect != Effect::Allow {
        return;
    }
    if is_open(rule.rule) {
        let whom = if cover::is_everybody(&rule.policy.subjects) {
            " to every agent"
        } else {
            ""
        };
        let message = format!("`{rule}` allows every tool with any arguments{whom}");
        let span = key(node, "/tools");
        notes.warn(span, Code::AllowAll, message, Code::AllowAll.help());
    }
    for argument in rule.rule.arguments.iter().flatten() {
        let typed = contracts(set, rule.rule).is_some_and(|contracts| {
            let mut contracts = contracts.iter().map(|(_, contract)| contract);
            contracts.all(|contract| contract.types_property(&argument.name))
        });
        for (pointer, habit) in argument.schema.habits(typed) {
            let schema = node.at(&pointer_of(&argument.name));
            tell(argument, habit, (schema, &pointer), notes);
        }
    }
}

fn tell(
    argument: &CompiledArgument,
    habit: Habit,
    (schema, pointer): (&Node, &str),
    notes: &mut Notes<'_>,
) {
    let name = &argument.name;
    match habit {
        Habit::Untyped { keyword, about } => {
            let code = Code::UntypedBound;
            let message = format!(
                "`{keyword}` of argument `{name}` bounds a {about} alone: values of other types pass"
            );
            let span = key(schema, pointer);
            notes.warn(span, code, message, format!("add `type: {about}`"));
        }
        Habit::Unanchored { start, end } => {
            let code = Code::UnanchoredPattern;
            let place = match (start, end) {
                (true, true) => "before and behind",
                (true, false) => "before",
                (false, _) => "behind",
            };
            let message = format!(
                "the pattern of argument `{name}` leaves open what stands {place} the match"
            );
            notes.warn(schema.at(pointer).span, code, message, code.help());
        }
    }
}

/// Tells whether it allows every tool with any arguments, whatever else holds.
fn is_open(rule: &CompiledRule) -> bool {
    let everything = rule.tools.names.iter().any(|glob| glob.as_str() == "**");
    !rule.shadow
        && rule.tools.labels.is_empty()
        && everything
        && rule.arguments.is_none()
        && rule.when.is_none()
}

/// Where the schema of an argument stands in a rule.
fn pointer_of(name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("/arguments/{name}")
}

/// Says why a rule can never match, when that is so.
pub(super) fn unreachable(
    set: &PolicySet,
    rule: Rule<'_>,
    node: &Node,
    notes: &mut Notes<'_>,
) -> bool {
    let found = empty(rule.rule, node)
        .or_else(|| refused(set, rule.rule, node))
        .or_else(|| unmet(rule.rule, node));
    let Some((span, why)) = found else {
        return false;
    };
    let code = Code::UnreachableRule;
    let message = format!("`{rule}` never matches: {why}");
    notes.warn(span, code, message, code.help());
    true
}

type Found = Option<(crate::source::Span, String)>;

/// Arguments that must be there for the rule to match.
fn demanded(rule: &CompiledRule) -> impl Iterator<Item = &CompiledArgument> {
    let listed = rule.arguments.iter().flatten();
    listed.filter(|argument| !argument.optional)
}

/// An argument that must be there accepts no value.
fn empty(rule: &CompiledRule, node: &Node) -> Found {
    // Where its bounds do not hold, such an allow asks a person.
    if rule.otherwise {
        return None;
    }
    let argument = demanded(rule).find(|argument| argument.schema.is_empty())?;
    let why = format!("argument `{}` accepts no value", argument.name);
    Some((key(node, &pointer_of(&argument.name)), why))
}

/// The tools with their contracts, when the rule is for registered tools alone and all have one.
fn contracts<'a>(
    set: &'a PolicySet,
    rule: &'a CompiledRule,
) -> Option<Vec<(&'a Arc<str>, &'a Schema)>> {
    let globs = (rule.tools.names.iter()).any(|glob| glob.exact().is_none());
    if (globs && rule.tools.labels.is_empty()) || rule.named_tools.is_empty() {
        return None;
    }
    let contract = |name| Some((name, set.vocabulary.tools.get(name)?.contract.as_ref()?));
    rule.named_tools.iter().map(contract).collect()
}

/// The contracts of all tools refuse what the rule wants.
fn refused(set: &PolicySet, rule: &CompiledRule, node: &Node) -> Found {
    let mut first = None;
    for (tool, contract) in contracts(set, rule)? {
        let (argument, why) = against(rule, tool, contract)?;
        first.get_or_insert((argument, why));
    }
    let (argument, why) = first?;
    let span = argument.map_or(rule.span, |name| key(node, &pointer_of(name)));
    Some((span, why))
}

/// Why no call that keeps the contract of a tool matches the rule, with the argument that is meant.
fn against<'a>(
    rule: &'a CompiledRule,
    tool: &str,
    contract: &Schema,
) -> Option<(Option<&'a str>, String)> {
    for argument in demanded(rule) {
        let name = &*argument.name;
        if contract.forbids(name) {
            return Some((
                Some(name),
                format!("tool `{tool}` takes no argument `{name}`"),
            ));
        }
        if !rule.otherwise && contract.excludes(name, &argument.schema) {
            let why = format!(
                "no value of argument `{name}` keeps the contract of tool `{tool}` as well"
            );
            return Some((Some(name), why));
        }
    }
    let listed = rule.arguments.as_deref()?;
    if rule.effect != Effect::Allow {
        return None;
    }
    let unlisted = |name: &&str| !listed.iter().any(|argument| *argument.name == **name);
    let name = contract.required().into_iter().find(unlisted)?;
    let why = format!("tool `{tool}` requires argument `{name}`, which the rule does not list");
    Some((None, why))
}

/// The condition is met by no call.
fn unmet(rule: &CompiledRule, node: &Node) -> Found {
    let when = rule.when.as_ref().filter(|_| !rule.otherwise)?;
    let numbers = |name: &str| {
        let mut listed = rule.arguments.iter().flatten();
        let argument = listed.find(|argument| *argument.name == *name && !name.contains('/'))?;
        Some(argument.schema.numbers())
    };
    // A deny matches where its condition fails, so that it must be false for certain.
    let never =
        when.is_false() || (rule.effect == Effect::Allow && when.contradicts_itself(numbers));
    never.then(|| {
        (
            node.at("/when").span,
            "no call meets its condition".to_owned(),
        )
    })
}
