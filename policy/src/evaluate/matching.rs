//! Whether one rule matches a call, and if not, why not.

use serde_json::{Map, Value};
use smallvec::SmallVec;

use crate::check::Effect;
use crate::compile::{CompiledArgument, CompiledRule};
use crate::condition::{Environment, Failure};
use crate::schema::Verdict;

/// How a rule stands to a call.
#[derive(Debug)]
pub(crate) enum Match<'a> {
    /// It matches.
    Certain,
    /// An allow whose names fit and whose bounds or condition do not, and which then asks for approval.
    Otherwise,
    /// A deny, an approval, or an allow with `otherwise`, whose condition could not be evaluated: it
    /// counts as far as it makes the outcome stricter.
    Failed(Failure),
    /// It does not match.
    Missed(Miss<'a>),
}

/// Why a rule does not match, the farthest from matching first. It is put into words only when it is told.
#[derive(Debug)]
pub(crate) enum Miss<'a> {
    /// A deny or approval that filters on arguments which the call does not have so.
    Filtered,
    /// The call has an argument that the rule does not list.
    Unknown(&'a str),
    /// The call lacks an argument that the rule requires.
    Missing(&'a str),
    /// An argument is outside what the rule accepts; with how many are.
    Invalid {
        argument: &'a CompiledArgument,
        value: &'a Value,
        count: usize,
    },
    /// The condition is not met.
    Unmet,
    /// The condition of an allow could not be evaluated.
    Failed(Failure),
}

/// Matches a rule that names the tool and the agent.
pub(crate) fn matches<'a>(rule: &'a CompiledRule, environment: &'a Environment<'a>) -> Match<'a> {
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
        Some(Miss::Invalid { .. }) if rule.otherwise && only_bounds(rule, arguments) => {
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
fn closed<'a>(rule: &'a CompiledRule, arguments: &'a Map<String, Value>) -> Option<Miss<'a>> {
    let listed = rule.arguments.as_deref()?;
    // Mostly both stand in the same order; where they do not, the name is looked up.
    let mut sent = arguments.iter().peekable();
    let values: SmallVec<[Option<&Value>; 8]> = listed
        .iter()
        .map(|argument| {
            let next = sent.next_if(|(name, _)| **name == *argument.name);
            next.map_or_else(|| arguments.get(&*argument.name), |(_, value)| Some(value))
        })
        .collect();
    if values.iter().flatten().count() < arguments.len() {
        // The first by name, so that the reason is the same whatever order the caller chose.
        let known = |name: &str| listed.binary_search_by(|a| (*a.name).cmp(name)).is_ok();
        let names = arguments.keys().map(String::as_str);
        if let Some(name) = names.filter(|name| !known(name)).min() {
            return Some(Miss::Unknown(name));
        }
    }
    let mut given = listed.iter().zip(values);
    let lacking = |(argument, value): &(&CompiledArgument, Option<&Value>)| {
        !argument.optional && value.is_none()
    };
    if let Some((argument, _)) = given.clone().find(lacking) {
        return Some(Miss::Missing(&argument.name));
    }
    let wrong = |(argument, value): (&'a CompiledArgument, Option<&'a Value>)| {
        let value = value.filter(|value| !(argument.optional && value.is_null()))?;
        (!argument.schema.accepts(value)).then_some((argument, value))
    };
    let (argument, value) = given.by_ref().find_map(wrong)?;
    Some(Miss::Invalid {
        argument,
        value,
        count: 1 + given.filter_map(wrong).count(),
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
