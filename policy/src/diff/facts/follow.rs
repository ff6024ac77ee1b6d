//! What follows from guards, and which of them contradict each other.

use serde_json::{Value, json};

use super::super::clauses::{Clause, clauses, compared};
use super::super::schemas::{Known, within};
use super::{Asked, Fact, Guard, Unless};
use crate::check::Window;
use crate::matrix::{Met, has_pattern};

/// Tells whether some guard of the evidence shows it.
fn any<'a, 'g>(evidence: &'g [&'g Guard<'a>], shows: impl Fn(&'g Guard<'a>) -> bool) -> bool {
    evidence.iter().any(|guard| shows(guard))
}

/// Tells whether calls that all guards are about are calls that another guard is about.
pub(in crate::diff) fn implies(evidence: &[&Guard<'_>], wanted: &Guard<'_>) -> bool {
    follows_but(evidence, wanted)
        && wanted
            .arguments
            .iter()
            .all(|fact| fact_follows(evidence, fact))
        && condition_follows(evidence, wanted)
}

/// The same, but for arguments and for what must be met.
pub(super) fn follows_but(evidence: &[&Guard<'_>], wanted: &Guard<'_>) -> bool {
    let kept = |limit: Known<'_>| any(evidence, |g| g.kept.is_some_and(|own| within(own, limit)));
    let broken =
        |limit: Known<'_>| any(evidence, |g| g.broken.is_some_and(|own| within(limit, own)));
    let window = |wanted: Window| {
        let own = evidence.iter().filter_map(|guard| guard.window);
        let own = own.fold(Window::default(), Window::and);
        own.and(wanted) == own
    };
    let only = |names: &[&str]| {
        any(evidence, |g| {
            g.only
                .is_some_and(|own| own.iter().all(|name| names.contains(name)))
        })
    };
    let fails = wanted
        .condition
        .as_ref()
        .filter(|asked| asked.met == Met::Fails);
    wanted.kept.is_none_or(kept)
        && wanted.broken.is_none_or(broken)
        && wanted.window.is_none_or(window)
        && wanted.only.is_none_or(only)
        && (fails.is_none() || condition_follows(evidence, wanted))
        && wanted
            .typed
            .iter()
            .all(|fact| typed_follows(evidence, fact))
        && (wanted.unless.as_ref()).is_none_or(|unless| unless_follows(evidence, unless))
}

fn is_left_out(evidence: &[&Guard<'_>], fact: &Fact<'_>) -> bool {
    fact.optional
        && any(evidence, |g| {
            g.only.is_some_and(|only| !only.contains(&&*fact.name))
        })
}

pub(super) fn fact_follows(evidence: &[&Guard<'_>], fact: &Fact<'_>) -> bool {
    fact.is_idle()
        || is_left_out(evidence, fact)
        || any(evidence, |guard| guard.facts().any(|own| own.implies(fact)))
        || together(evidence, fact)
}

/// Tells whether all that is known of an argument shows what one fact alone does not.
fn together(evidence: &[&Guard<'_>], fact: &Fact<'_>) -> bool {
    let named = evidence.iter().flat_map(|guard| guard.facts());
    let named: Vec<_> = named
        .filter(|own| own.name == fact.name && !own.optional)
        .collect();
    let sure = |own: &Fact<'_>| own.strict || !has_pattern(&own.json);
    // Lists are looked up on one side alone.
    let listed = named
        .iter()
        .find(|own| has_lists(&own.json))
        .or(named.first());
    let Some(lists) = listed.map(|own| own.lists) else {
        return false;
    };
    let fits = |own: &&&Fact<'_>| {
        (sure(own) || !fact.strict) && (std::ptr::eq(own.lists, lists) || !has_lists(&own.json))
    };
    let all: Vec<Value> = named
        .iter()
        .filter(fits)
        .map(|own| own.json.clone())
        .collect();
    let json = json!({ "allOf": all });
    all_known(&json) && within(Known { json: &json, lists }, fact.known())
}

fn all_known(json: &Value) -> bool {
    json["allOf"].as_array().is_some_and(|all| all.len() > 1)
}

fn has_lists(json: &Value) -> bool {
    match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(all) => all.iter().any(has_lists),
        Value::Object(map) => map.contains_key("in") || map.values().any(has_lists),
    }
}

fn condition_follows(evidence: &[&Guard<'_>], wanted: &Guard<'_>) -> bool {
    let Some(asked) = &wanted.condition else {
        return true;
    };
    let fails = |guard: &Guard<'_>| {
        let own = guard.condition.as_ref().filter(|own| own.met == Met::Fails);
        own.is_some_and(|own| own.is(asked))
    };
    match asked.met {
        Met::Fails => any(evidence, fails),
        Met::YesOrFails if any(evidence, fails) => true,
        Met::Yes | Met::YesOrFails => wanted.clauses.iter().all(|clause| {
            any(evidence, |guard| {
                guard.clauses.iter().any(|own| own.implies(clause))
            })
        }),
    }
}

fn typed_follows(evidence: &[&Guard<'_>], fact: &Fact<'_>) -> bool {
    fact.is_idle()
        || is_left_out(evidence, fact)
        || any(evidence, |guard| {
            let accepted = |own: &Fact<'_>| own.strict && own.implies(fact);
            guard.facts().any(accepted) || guard.typed.iter().any(|own| own.is_typed_as(fact))
        })
}

fn unless_follows(evidence: &[&Guard<'_>], wanted: &Unless<'_>) -> bool {
    // What is outside narrower bounds and another condition is outside wider ones.
    let narrower = |own: &Unless<'_>| {
        let implied = |fact: &Fact<'_>| {
            fact.is_idle() || wanted.arguments.iter().any(|other| other.implies(fact))
        };
        let condition = match (&own.condition, &wanted.condition) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(wanted)) => own.is(wanted),
        };
        condition && own.arguments.iter().all(implied)
    };
    any(evidence, |guard| {
        let excluded = |fact: &Fact<'_>| wanted.arguments.iter().any(|other| fact.excludes(other));
        guard.unless.as_ref().is_some_and(narrower) || guard.facts().any(excluded)
    })
}

/// Tells whether a condition that fails compares nothing but numbers that are there.
fn cannot_fail(guards: &[&Guard<'_>], guard: &Guard<'_>) -> bool {
    let fails = guard
        .condition
        .as_ref()
        .filter(|asked| asked.met == Met::Fails);
    let Some(asked) = fails else {
        return false;
    };
    let number = |name: String| Fact {
        name,
        json: json!({ "type": "number" }),
        lists: asked.lists,
        optional: false,
        strict: true,
    };
    let names = compared(asked.condition.text());
    names.is_some_and(|names| {
        names
            .into_iter()
            .all(|name| fact_follows(guards, &number(name)))
    })
}

/// Tells whether there are no calls that all guards are about.
pub(in crate::diff) fn contradicts(guards: &[&Guard<'_>]) -> bool {
    let windows = guards.iter().filter_map(|guard| guard.window);
    let window = windows.fold(Window::default(), Window::and);
    if matches!((window.not_before, window.not_after), (Some(start), Some(end)) if start >= end) {
        return true;
    }
    let pairs = guards
        .iter()
        .flat_map(|a| guards.iter().map(move |b| (*a, *b)));
    for (a, b) in pairs {
        let kept = |own: Known<'_>| b.broken.is_some_and(|broken| within(own, broken));
        let missing = |only: &[&str]| {
            let mut needed = b.facts().chain(&b.typed).filter(|fact| !fact.optional);
            needed.any(|fact| !only.contains(&&*fact.name))
        };
        let arguments = || {
            a.facts()
                .any(|own| b.facts().any(|other| own.excludes(other)))
        };
        let conditions = || match (&a.condition, &b.condition) {
            (Some(own), Some(other)) => {
                (own.met == Met::Yes && other.met == Met::Fails && own.is(other))
                    || a.clauses
                        .iter()
                        .any(|own| b.clauses.iter().any(|other| own.excludes(other)))
            }
            (None, _) | (_, None) => false,
        };
        if cannot_fail(guards, a) {
            return true;
        }
        if a.kept.is_some_and(kept) || a.only.is_some_and(missing) || arguments() || conditions() {
            return true;
        }
    }
    guards
        .iter()
        .filter_map(|guard| guard.unless.as_ref())
        .any(|unless| {
            let accepted = |fact: &Fact<'_>| {
                let own = |own: &Fact<'_>| own.strict && own.implies(fact);
                fact.is_idle()
                    || is_left_out(guards, fact)
                    || any(guards, |guard| guard.facts().any(own))
            };
            let met = |asked: &Asked<'_>| {
                let clauses = clauses(asked.condition.text(), true, asked.lists);
                let known = |clause: &Clause<'_>| {
                    any(guards, |guard| {
                        guard.clauses.iter().any(|own| own.implies(clause))
                    })
                };
                let fails = |guard: &Guard<'_>| {
                    guard
                        .condition
                        .as_ref()
                        .is_some_and(|own| own.met == Met::Fails && own.is(asked))
                };
                any(guards, fails) || clauses.iter().all(known)
            };
            unless.arguments.iter().all(accepted) && unless.condition.as_ref().is_none_or(met)
        })
}
