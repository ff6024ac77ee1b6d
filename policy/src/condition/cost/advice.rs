//! What to say to the author of a condition that costs too much.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other expression is no path"
)]

use std::collections::BTreeSet;

use super::size::ENTRIES;
use crate::condition::environment::Variable;
use crate::condition::expression::Expression;
use crate::condition::lower::Kind;
use crate::condition::types::{Property, Type};
use crate::condition::{Names, Problem, limits};
use crate::diagnostic::{DiagnosticCode, DiagnosticSeverity};

pub(super) fn too_costly(
    text: &str,
    steps: u64,
    expression: &Expression,
    names: &Names<'_>,
) -> Problem {
    let shown = if steps > 1_000_000_000 {
        "more than a billion".to_owned()
    } else {
        steps.to_string()
    };
    let message = format!(
        "the condition may take {shown} steps, and at most {} are taken",
        limits::STEPS
    );
    Problem {
        start: 0,
        end: text.len(),
        severity: DiagnosticSeverity::Error,
        code: DiagnosticCode::ConditionTooLarge,
        message,
        help: help(expression, names),
    }
}

/// Which arguments to bound, and by what.
fn help(expression: &Expression, names: &Names<'_>) -> String {
    let mut loops = BTreeSet::new();
    let mut all = BTreeSet::new();
    paths(expression, &mut loops, &mut all);
    let chosen = if loops.is_empty() { all } else { loops };
    let args = Type::shaped(std::sync::Arc::clone(&names.arguments.shape));
    let told: Vec<_> = chosen
        .iter()
        .take(3)
        .map(|path| advice(path, &args, names.arguments.allow))
        .collect();
    if told.is_empty() {
        return "loop over less, or split the rule".to_owned();
    }
    told.join(", and ")
}

fn advice(path: &[String], args: &Type, allow: bool) -> String {
    let found = path
        .iter()
        .fold(args.clone(), |of, name| match of.property(name) {
            Property::Known(value, _) => value,
            Property::Unknown(_) => Type::ANY,
        });
    let name = format!("args.{}", path.join("."));
    let keyword = match found.kind {
        Kind::Text => "maxLength",
        Kind::Entries => "maxProperties",
        Kind::Any
        | Kind::Null
        | Kind::Bool
        | Kind::Number
        | Kind::Items
        | Kind::Time
        | Kind::Bytes
        | Kind::Type
        | Kind::Duration
        | Kind::Optional => "maxItems",
    };
    match found.most {
        Some(most) => format!("lower the `{keyword}` of `{name}`, which is {most}"),
        None if allow => {
            format!("give `{name}` a `type` and a `{keyword}` ({ENTRIES} entries are assumed)")
        }
        // A bound here would be a filter: what is larger would not be matched at all.
        None => format!(
            "declare the tool with a `{keyword}` for `{name}` ({ENTRIES} entries are assumed)"
        ),
    }
}

/// The arguments that are read, and of them those that loops run over.
fn paths(
    expression: &Expression,
    loops: &mut BTreeSet<Vec<String>>,
    all: &mut BTreeSet<Vec<String>>,
) {
    all.extend(path(expression));
    if let Expression::Loop(looped) = expression {
        loops.extend(path(&looped.over));
    }
    if path(expression).is_none() {
        for part in expression.parts() {
            paths(part, loops, all);
        }
    }
}

fn path(expression: &Expression) -> Option<Vec<String>> {
    match expression {
        Expression::Select(of, name) | Expression::OptionalSelect(of, name) => {
            if matches!(**of, Expression::Variable(Variable::Args)) {
                return Some(vec![name.clone()]);
            }
            let mut found = path(of)?;
            found.push(name.clone());
            Some(found)
        }
        _ => None,
    }
}
