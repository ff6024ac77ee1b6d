//! Compiles the rules of a policy: schemas, conditions, and what the checker warns about.

use std::sync::Arc;

use veto_core::{PolicyName, RuleId};

use crate::check::{Effect, Findings, Policy, Rule, Subjects, Terms, within};
use crate::condition::{Condition, Declared, Names, Problem};
use crate::decision::Severity;
use crate::diagnostic::{DiagnosticCode as Code, DiagnosticSeverity};
use crate::glob::Glob;
use crate::list::Lists;
use crate::schema::Schema;
use crate::source::Span;
use crate::source::tree::Node;

/// A rule, ready to be matched.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) policy: PolicyName,
    pub(crate) id: RuleId,
    pub(crate) subjects: Arc<Subjects>,
    pub(crate) tools: Vec<Glob>,
    pub(crate) effect: Effect,
    /// None: any arguments.
    pub(crate) arguments: Option<Vec<CompiledArgument>>,
    pub(crate) when: Option<Condition>,
    pub(crate) reason: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) approval: Option<Terms>,
    pub(crate) otherwise: bool,
    pub(crate) only_if_allowed: bool,
    pub(crate) shadow: bool,
}

/// What a rule says of one argument.
#[derive(Debug)]
pub(crate) struct CompiledArgument {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    /// It may be absent or null.
    pub(crate) optional: bool,
}

/// Compiles the rules of a policy; rules with errors are left out, and findings say why.
pub(super) fn compile(
    policy: Policy,
    lists: &Arc<Lists>,
    findings: &mut Findings<'_>,
) -> Vec<CompiledRule> {
    let subjects = Arc::new(policy.subjects);
    // Tools that an allow of this policy opens for any arguments.
    let open: Vec<Glob> = policy
        .rules
        .iter()
        .filter(|rule| rule.effect == Effect::Allow && rule.arguments.is_none() && !rule.shadow)
        .flat_map(|rule| rule.tools.clone())
        .collect();
    let mut compiled = Vec::new();
    for rule in policy.rules {
        beside(&rule, &open, findings);
        compiled.extend(one(&policy.name, &subjects, rule, lists, findings));
    }
    compiled
}

/// A deny that filters by value can be dodged where an allow takes whatever is sent.
fn beside(rule: &Rule, open: &[Glob], findings: &mut Findings<'_>) {
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
    if rule
        .tools
        .iter()
        .any(|tool| open.iter().any(|allowed| meets(tool, allowed)))
    {
        let message = format!(
            "`{}` denies by value what another rule allows with `arguments: any`",
            rule.id
        );
        findings.warning(
            rule.span,
            Code::DenyBesideAny,
            message,
            Code::DenyBesideAny.help(),
        );
    }
}

fn one(
    policy: &PolicyName,
    subjects: &Arc<Subjects>,
    rule: Rule,
    lists: &Arc<Lists>,
    findings: &mut Findings<'_>,
) -> Option<CompiledRule> {
    let mut whole = true;
    let mut arguments = rule.arguments.as_ref().map(|_| Vec::new());
    for (name, node) in rule.arguments.iter().flatten() {
        match Schema::compile(node, lists) {
            Ok(schema) => {
                if rule.effect == Effect::Allow {
                    open(&schema.open_objects, findings);
                }
                let optional = rule.optional.contains(name) || schema.may_be_absent;
                let argument = CompiledArgument {
                    name: name.clone(),
                    schema,
                    optional,
                };
                arguments.get_or_insert_default().push(argument);
            }
            Err(problems) => {
                whole = false;
                for problem in problems {
                    findings.error(problem.span, problem.code, problem.message, problem.help);
                }
            }
        }
    }
    // Cheap checks first would be a matter of speed; by name is a matter of one stable reason.
    if let Some(arguments) = &mut arguments {
        arguments.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let when = match &rule.when {
        None => None,
        Some((text, span)) => {
            let described = arguments_of(&rule, lists);
            let names = Names {
                arguments: &described,
                lists,
            };
            let mut tell = |problem: &Problem| {
                let place = within(findings.text(), text, *span, problem.start, problem.end);
                let (message, help) = (problem.message.as_str(), problem.help.as_str());
                match problem.severity {
                    DiagnosticSeverity::Error => {
                        findings.error(place, problem.code, message, help);
                    }
                    DiagnosticSeverity::Warning => {
                        findings.warning(place, problem.code, message, help);
                    }
                }
            };
            match Condition::compile(text, &names) {
                Ok(checked) => {
                    checked.warnings.iter().for_each(&mut tell);
                    Some(checked.condition)
                }
                Err(problems) => {
                    whole = false;
                    problems.iter().for_each(&mut tell);
                    None
                }
            }
        }
    };
    whole.then(|| CompiledRule {
        policy: policy.clone(),
        id: rule.id,
        subjects: Arc::clone(subjects),
        tools: rule.tools,
        effect: rule.effect,
        arguments,
        when,
        reason: rule.reason,
        severity: rule.severity,
        approval: rule.approval,
        otherwise: rule.otherwise,
        only_if_allowed: rule.only_if_allowed,
        shadow: rule.shadow,
    })
}

/// What the rule says of the arguments that its condition may read.
fn arguments_of(rule: &Rule, lists: &Lists) -> Declared {
    let schemas: Option<Vec<_>> = rule.arguments.as_ref().map(|list| {
        let schema = |(name, node): &(String, Node)| (name.clone(), node.to_json());
        list.iter().map(schema).collect()
    });
    let described = schemas.as_ref().map(|list| {
        list.iter().map(|(name, schema)| {
            let empty = schema.get("empty") == Some(&serde_json::Value::Bool(true));
            let optional = empty || rule.optional.contains(name);
            (name.as_str(), schema, optional)
        })
    });
    Declared::of_rule(described, rule.effect == Effect::Allow, lists)
}

fn open(objects: &[Span], findings: &mut Findings<'_>) {
    for span in objects {
        let message = "this object accepts properties that are not listed";
        findings.warning(*span, Code::OpenObject, message, Code::OpenObject.help());
    }
}
