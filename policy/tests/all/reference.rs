//! A second evaluator, written down from the rules of the language without index or lowering, against
//! the engine: random policy sets, random calls, every part of the decision. `VETO_PAIRS` sets how many
//! (policy set, call) pairs are tried and `VETO_SEED` where they start; a difference prints the smallest
//! case that still shows it.

pub(crate) mod generate;
mod lint;
pub(crate) mod model;
mod naive;
pub(crate) mod shape;
mod shrink;

use std::collections::BTreeMap;

use veto_core::Timestamp;
use veto_policy::{Decision, PolicySet, compile, evaluate};

use self::generate::Random;
use self::model::{Asked, World};
use self::naive::Answer;

/// Calls for each policy set.
const CALLS: u64 = 400;

/// What the engine says, in the words of the naive evaluator.
fn engine(set: &PolicySet, asked: &Asked) -> Answer {
    let call = asked.call();
    let decision = evaluate(set, &call, Timestamp(asked.now));
    let kept = decision.redaction.apply(&call.arguments).canonical();
    answer(decision, kept)
}

fn answer(decision: Decision, kept: String) -> Answer {
    let shadow = |shadow: bool| if shadow { "~" } else { "" };
    let errors = decision.errors.iter().map(|error| {
        let name = error.split(": ").next().unwrap_or("");
        name.to_owned()
    });
    Answer {
        outcome: decision.outcome.as_str().to_owned(),
        code: decision.reason.code.as_str().to_owned(),
        policy: decision.policy.map(|p| p.to_string()),
        rule: decision.rule.map(|r| r.to_string()),
        matched: decision
            .matched
            .iter()
            .map(|m| format!("{}{}/{}", shadow(m.shadow), m.policy, m.rule))
            .collect(),
        errors: errors.collect(),
        terms: decision.approval.map(|approval| {
            let rules = approval.terms.iter();
            let rules = rules.map(|t| format!("{}/{} {}", t.policy, t.rule, t.quorum));
            (rules.collect(), approval.expires.as_secs())
        }),
        kept,
    }
}

fn set(world: &World) -> Option<PolicySet> {
    compile(&world.sources()).ok().map(|compiled| compiled.set)
}

fn differs(world: &World, asked: &Asked) -> Option<(Answer, Answer)> {
    let set = set(world)?;
    let (engine, naive) = (engine(&set, asked), naive::decide(world, asked));
    (engine != naive).then_some((engine, naive))
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.replace('_', "").parse().ok())
        .unwrap_or(otherwise)
}

/// Tries pairs from a seed on; counts what was seen of each outcome and reason.
fn run(seed: u64, pairs: u64, seen: &mut BTreeMap<String, u64>) {
    let mut tried = 0;
    let mut refused = 0_u64;
    let mut world_seed = seed;
    while tried < pairs {
        let mut random = Random::new(world_seed);
        world_seed += 1;
        let world = World::random(&mut random);
        // A condition that can never be right for its arguments is refused when it is published.
        let Some(set) = set(&world) else {
            refused += 1;
            continue;
        };
        for _ in 0..CALLS {
            let asked = Asked::random(&mut random);
            let (engine, naive) = (engine(&set, &asked), naive::decide(&world, &asked));
            if engine != naive {
                let (world, asked) = shrink::smallest(world, asked, |w, a| differs(w, a).is_some());
                let (engine, naive) = differs(&world, &asked).unwrap();
                panic!(
                    "seed {}:\n{}\n{asked:#?}\nengine: {engine:#?}\nnaive: {naive:#?}",
                    world_seed - 1,
                    world.text()
                );
            }
            *seen
                .entry(format!("{} {}", naive.outcome, naive.code))
                .or_default() += 1;
            tried += 1;
        }
    }
    let sets = world_seed - seed;
    assert!(refused * 2 < sets, "{refused} of {sets} sets are refused");
}

#[test]
fn a_naive_evaluator_agrees_on_random_policies_and_calls() {
    let pairs = number("VETO_PAIRS", 1_000_000);
    let seed = number("VETO_SEED", 1);
    // One thread for each half; each has seeds of its own.
    let halves = std::thread::scope(|scope| {
        let half = |start: u64| {
            scope.spawn(move || {
                let mut seen = BTreeMap::new();
                run(start, pairs / 2, &mut seen);
                seen
            })
        };
        let both = [half(seed), half(seed + (1 << 40))];
        both.map(|thread| {
            thread
                .join()
                .unwrap_or_else(|e| std::panic::resume_unwind(e))
        })
    });
    let [mut seen, other] = halves;
    for (what, count) in other {
        *seen.entry(what).or_default() += count;
    }
    println!("{seen:#?}");
    // Each way in which a call can end was really tried.
    for what in [
        "allow allowed",
        "approval needs_approval",
        "deny denied_by_rule",
        "deny unknown_agent",
        "deny agent_disabled",
        "deny arguments_invalid",
        "deny unknown_tool",
        "deny role_mismatch",
        "deny no_matching_rule",
        "deny argument_unknown",
        "deny argument_missing",
        "deny argument_invalid",
        "deny condition_false",
        "deny condition_error",
    ] {
        assert!(
            seen.get(what).is_some_and(|n| *n > pairs / 100_000),
            "{what}: {seen:?}"
        );
    }
}

#[test]
fn a_wrong_evaluator_is_found_out_and_the_case_made_small() {
    // As if the first rule that matches decided, whatever comes after.
    let wrong = |world: &World, asked: &Asked| {
        let set = set(world)?;
        let engine = engine(&set, asked);
        let first = engine.matched.first()?.clone();
        (!first.starts_with('~') && engine.outcome == "deny" && engine.matched.len() > 1)
            .then_some(())
    };
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let world = World::random(&mut random);
        let asked = Asked::random(&mut random);
        if wrong(&world, &asked).is_some() {
            let (small, _) = shrink::smallest(world, asked, |w, a| wrong(w, a).is_some());
            let rules: usize = small.policies.iter().map(|p| p.rules.len()).sum();
            assert!(rules <= 2, "{}", small.text());
            return;
        }
    }
    panic!("no case was found");
}
