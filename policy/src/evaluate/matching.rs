//! Whether one rule matches a call, and if not, why not.

use serde_json::{Map, Value};

use crate::check::Effect;
use crate::compile::{CompiledArgument, CompiledRule};
use crate::condition::{Environment, Failure};
use crate::schema::{Refusal, Verdict};

/// How a rule stands to a call.
#[derive(Debug)]
pub(crate) enum Match {
    /// It matches.
    Certain,
    /// An allow whose names fit and whose bounds or condition do not, and which then asks for approval.
    Otherwise,
    /// A deny, an approval, or an allow with `otherwise`, whose condition could not be evaluated: it
    /// counts as far as it makes the outcome stricter.
    Failed(Failure),
    /// It does not match.
    Missed(Miss),
}

/// Why a rule does not match, the farthest from matching first.
#[derive(Debug)]
pub(crate) enum Miss {
    /// A deny or approval that filters on arguments which the call does not have so.
    Filtered,
    /// The call has an argument that the rule does not list.
    Unknown(String),
    /// The call lacks an argument that the rule requires.
    Missing(String),
    /// An argument is outside what the rule accepts; with how many are.
    Invalid {
        name: String,
        refusal: Refusal,
        count: usize,
    },
    /// The condition is not met.
    Unmet,
    /// The condition of an allow could not be evaluated.
    Failed(Failure),
}

/// Matches a rule that names the tool and the agent.
pub(crate) fn matches<'a>(rule: &'a CompiledRule, environment: &'a Environment<'a>) -> Match {
    let arguments = environment.call.arguments.as_map();
    if rule.effect != Effect::Allow {
        if !filter(rule, arguments) {
            return Match::Missed(Miss::Filtered);
        }
        return match condition(rule, environment) {
            Ok(true) => Match::Certain,
            Ok(false) => Match::Missed(Miss::Unmet),
            Err(failure) => Match::Failed(failure),
        };
    }
    match closed(rule, arguments) {
        None => {}
        // The bound of a value sends an allow with `otherwise` to a person; another type of value,
        // or another set of names, is not the call that the rule is about.
        Some(Miss::Invalid { refusal, .. })
            if rule.otherwise && only_bounds(rule, arguments) && !refusal.wrong_type =>
        {
            return Match::Otherwise;
        }
        Some(miss) => return Match::Missed(miss),
    }
    match condition(rule, environment) {
        Ok(true) => Match::Certain,
        Ok(false) if rule.otherwise => Match::Otherwise,
        Ok(false) => Match::Missed(Miss::Unmet),
        // A person might have been asked, so the failure may make an allow stricter.
        Err(failure) if rule.otherwise => Match::Failed(failure),
        Err(failure) => Match::Missed(Miss::Failed(failure)),
    }
}

fn condition<'a>(
    rule: &'a CompiledRule,
    environment: &'a Environment<'a>,
) -> Result<bool, Failure> {
    rule.when
        .as_ref()
        .map_or(Ok(true), |when| when.is_met(environment))
}

/// Optional means absent or null.
fn left_out(value: Option<&Value>) -> bool {
    matches!(value, None | Some(Value::Null))
}

/// Filters on the named arguments and ignores all others, so that an extra one dodges nothing, and
/// neither does a text that is longer than a pattern reads.
fn filter(rule: &CompiledRule, arguments: &Map<String, Value>) -> bool {
    rule.arguments.iter().flatten().all(|argument| {
        let value = arguments.get(&*argument.name);
        (argument.optional && left_out(value))
            || value.is_some_and(|value| argument.schema.verdict(value) != Verdict::Refused)
    })
}

/// An allow is closed: what is not listed is refused, what is not optional is required.
fn closed(rule: &CompiledRule, arguments: &Map<String, Value>) -> Option<Miss> {
    let listed = rule.arguments.as_ref()?;
    // Sorted, so that the reason is the same whatever order the caller chose.
    let known = |name: &String| listed.binary_search_by(|a| (*a.name).cmp(name)).is_ok();
    if let Some(name) = arguments.keys().filter(|name| !known(name)).min() {
        return Some(Miss::Unknown(name.clone()));
    }
    let lacking = |a: &&CompiledArgument| !a.optional && !arguments.contains_key(&*a.name);
    if let Some(argument) = listed.iter().find(lacking) {
        return Some(Miss::Missing(argument.name.to_string()));
    }
    let mut first = None;
    let mut count = 0;
    for argument in listed {
        let value = arguments.get(&*argument.name);
        if argument.optional && left_out(value) {
            continue;
        }
        let Some(value) = value else { continue };
        if !argument.schema.accepts(value) {
            count += 1;
            first = first
                .or_else(|| Some((argument.name.to_string(), argument.schema.refusal(value)?)));
        }
    }
    first.map(|(name, refusal)| Miss::Invalid {
        name,
        refusal,
        count,
    })
}

/// Tells whether all that is wrong with the arguments are bounds of values of the right type.
fn only_bounds(rule: &CompiledRule, arguments: &Map<String, Value>) -> bool {
    rule.arguments.iter().flatten().all(|argument| {
        let value = arguments
            .get(&*argument.name)
            .filter(|value| !(argument.optional && value.is_null()));
        value
            .and_then(|value| argument.schema.refusal(value))
            .is_none_or(|refusal| !refusal.wrong_type)
    })
}
