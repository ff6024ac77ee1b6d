//! Compiles the rules of a policy: schemas, conditions, and what the checker warns about.

use std::sync::Arc;

use super::Caches;
use super::policy::{CompiledArgument, CompiledPolicy, CompiledRule};
use super::vocabulary::Vocabulary;
use crate::check::{Effect, Findings, Policy, Rule, Tools, Window, within};
use crate::condition::{self, Condition, Declared, Names, Shape};
use crate::diagnostic::{DiagnosticCode as Code, DiagnosticSeverity};
use crate::glob::Glob;
use crate::schema::{Definitions, Problem, Schema};
use crate::source::Span;

/// Compiles a policy; rules with errors are left out, and findings say why.
pub(super) fn compile(
    policy: Policy<'_>,
    vocabulary: &Vocabulary,
    caches: &mut Caches,
    findings: &mut Findings<'_>,
) -> CompiledPolicy {
    // Tools that an allow of this policy opens for any arguments.
    let open: Vec<Glob> = policy
        .rules
        .iter()
        .filter(|rule| rule.effect == Effect::Allow && rule.arguments.is_none() && !rule.shadow)
        .flat_map(|rule| rule.tools.names.clone())
        .collect();
    let own = policy.definitions.iter();
    let own = own.map(|named| (named.name, named.node)).collect();
    let names = Definitions::new(&own, &vocabulary.schemas);
    for definition in &policy.definitions {
        let (node, lists) = (definition.node, &vocabulary.lists);
        if let Err(problems) = Schema::compile(node, lists, names, &mut caches.schemas) {
            report(problems, findings);
        }
    }
    let mut rules = Vec::with_capacity(policy.rules.len());
    for rule in policy.rules {
        beside(&rule, &open, findings);
        rules.extend(one(rule, vocabulary, names, caches, findings));
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    CompiledPolicy {
        name: policy.name,
        description: policy.description.map(Arc::from),
        controls: policy
            .controls
            .into_iter()
            .map(|text| caches.text(text))
            .collect(),
        subjects: policy.subjects,
        rules,
    }
}

/// A deny that filters by value can be dodged where an allow takes whatever is sent.
fn beside(rule: &Rule<'_>, open: &[Glob], findings: &mut Findings<'_>) {
    let by_value = rule
        .arguments
        .as_ref()
        .is_some_and(|arguments| !arguments.is_empty());
    if rule.effect != Effect::Deny || !by_value {
        return;
    }
    let meets = |a: &Glob, b: &Glob| {
        a.as_str() == b.as_str()
            || a.exact().is_some_and(|name| b.matches(name))
            || b.exact().is_some_and(|name| a.matches(name))
    };
    let tools = &rule.tools.names;
    if tools
        .iter()
        .any(|tool| open.iter().any(|allowed| meets(tool, allowed)))
    {
        let message = format!(
            "`{}` denies by value what another rule allows with `arguments: any`",
            rule.id
        );
        let help = Code::DenyBesideAny.help();
        findings.warning(rule.span, Code::DenyBesideAny, message, help);
    }
}

fn one(
    rule: Rule<'_>,
    vocabulary: &Vocabulary,
    names: Definitions<'_>,
    caches: &mut Caches,
    findings: &mut Findings<'_>,
) -> Option<CompiledRule> {
    let arguments = arguments(&rule, vocabulary, names, caches, findings);
    let named_tools = named(&rule.tools, vocabulary, caches);
    let mut rule = rule;
    // Written twice, a glob would find its rule twice.
    rule.tools.names.sort();
    rule.tools.names.dedup();
    let arguments = arguments?;
    let when = match rule.when {
        None => None,
        Some(written) => {
            let declared = declared(&rule, arguments.as_deref(), &named_tools, vocabulary);
            Some(condition(written, &declared, vocabulary, caches, findings)?)
        }
    };
    let path = |path: Vec<&str>| path.into_iter().map(Box::from).collect();
    Some(CompiledRule {
        id: rule.id,
        span: rule.span,
        tools: rule.tools,
        named_tools,
        effect: rule.effect,
        arguments,
        when,
        reason: rule.reason.map(|text| caches.text(text)),
        severity: rule.severity,
        controls: rule
            .controls
            .into_iter()
            .map(|text| caches.text(text))
            .collect(),
        approval: rule.approval.map(Arc::new),
        otherwise: rule.otherwise,
        only_if_allowed: rule.only_if_allowed,
        shadow: rule.shadow,
        window: (rule.window != Window::default()).then(|| Box::new(rule.window)),
        redact: rule.redact.into_iter().map(path).collect(),
    })
}

fn named(tools: &Tools, vocabulary: &Vocabulary, caches: &mut Caches) -> Box<[Arc<str>]> {
    let mut names: Vec<Arc<str>> = if tools.labels.is_empty() {
        tools
            .names
            .iter()
            .filter_map(Glob::exact)
            .map(|name| caches.text(name))
            .collect()
    } else {
        vocabulary.by_label(tools).cloned().collect()
    };
    names.sort();
    names.dedup();
    names.into()
}

/// The arguments with their schemas; the outer None says that one of them is wrong.
#[expect(
    clippy::option_option,
    reason = "whether it is whole, and whether any are listed"
)]
fn arguments(
    rule: &Rule<'_>,
    vocabulary: &Vocabulary,
    names: Definitions<'_>,
    caches: &mut Caches,
    findings: &mut Findings<'_>,
) -> Option<Option<Box<[CompiledArgument]>>> {
    let Some(listed) = &rule.arguments else {
        return Some(None);
    };
    let mut whole = true;
    let mut arguments = Vec::with_capacity(listed.len());
    for (name, node) in listed {
        match Schema::compile(node, &vocabulary.lists, names, &mut caches.schemas) {
            Ok(schema) => {
                if rule.effect == Effect::Allow {
                    open(&schema.open_objects(node), findings);
                }
                let optional = rule.optional.contains(name) || schema.may_be_absent();
                arguments.push(CompiledArgument {
                    name: caches.text(name),
                    schema,
                    optional,
                });
            }
            Err(problems) => {
                whole = false;
                report(problems, findings);
            }
        }
    }
    // Cheap checks first would be a matter of speed; by name is a matter of one stable reason.
    arguments.sort_by(|a, b| a.name.cmp(&b.name));
    whole.then(|| Some(arguments.into()))
}

fn condition(
    (text, span): (&str, Span),
    declared: &Declared,
    vocabulary: &Vocabulary,
    caches: &mut Caches,
    findings: &mut Findings<'_>,
) -> Option<Condition> {
    let names = Names {
        arguments: declared,
        lists: &vocabulary.lists,
    };
    let mut tell = |problem: &condition::Problem| {
        let place = within(findings.text(), text, span, problem.start, problem.end);
        let (message, help) = (problem.message.as_str(), problem.help.as_str());
        match problem.severity {
            DiagnosticSeverity::Error => findings.error(place, problem.code, message, help),
            DiagnosticSeverity::Warning => findings.warning(place, problem.code, message, help),
        }
    };
    match caches.conditions.compile(text, &names) {
        Ok(checked) => {
            checked.warnings.iter().for_each(&mut tell);
            Some(checked.condition)
        }
        Err(problems) => {
            problems.iter().for_each(&mut tell);
            None
        }
    }
}

/// What is known of the arguments that a condition may read: what the rule says of them, and the
/// contracts of its tools, where all of them are registered.
fn declared(
    rule: &Rule<'_>,
    arguments: Option<&[CompiledArgument]>,
    tools: &[Arc<str>],
    vocabulary: &Vocabulary,
) -> Declared {
    let schemas: Option<Vec<_>> = arguments.map(|list| {
        let schema = |a: &CompiledArgument| (a.schema.json(), a.optional);
        list.iter().map(schema).collect()
    });
    let described = arguments.zip(schemas.as_ref()).map(|(list, schemas)| {
        let named = list.iter().zip(schemas);
        named.map(|(argument, (schema, optional))| (&*argument.name, schema, *optional))
    });
    let declared = Declared::of_rule(described, rule.effect == Effect::Allow, &vocabulary.lists);
    let by_label = !rule.tools.labels.is_empty();
    if !by_label && rule.tools.names.iter().any(|glob| glob.exact().is_none()) {
        return declared;
    }
    let mut contracts: Option<Shape> = None;
    for tool in tools {
        let shape = vocabulary.tools.get(tool).and_then(|t| t.shape.as_ref());
        let Some(shape) = shape else {
            return declared;
        };
        contracts = Some(contracts.map_or_else(|| shape.clone(), |known| known.join(shape)));
    }
    match contracts {
        Some(contracts) => declared.within(&contracts),
        None => declared,
    }
}

/// Reports what is wrong with a schema.
pub(super) fn report(problems: Vec<Problem>, findings: &mut Findings<'_>) {
    for problem in problems {
        findings.error(problem.span, problem.code, problem.message, problem.help);
    }
}

fn open(objects: &[Span], findings: &mut Findings<'_>) {
    for span in objects {
        let message = "this object accepts properties that are not listed";
        findings.warning(*span, Code::OpenObject, message, Code::OpenObject.help());
    }
}
