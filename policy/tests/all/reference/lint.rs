//! What lint says of random policy sets is true: without a rule that it says never matches, or is covered by
//! another one, every call has the same outcome.

use std::collections::BTreeMap;

use veto_core::Timestamp;
use veto_policy::{DiagnosticCode as Code, Registry, compile, evaluate, lint};

use super::generate::Random;
use super::model::{Asked, World};

const CLAIMS: [Code; 3] = [
    Code::UnreachableRule,
    Code::ShadowedRule,
    Code::RedundantRule,
];

/// The world without the rule at a line of one of its files.
fn without(world: &World, path: &str, line: u32) -> World {
    let mut world = world.clone();
    let file = world.sources().into_iter().find(|s| s.path == path);
    let text = file.unwrap().text;
    let at = usize::try_from(line).unwrap();
    // The finding may be about a field of the rule.
    let id = text
        .lines()
        .take(at)
        .filter(|line| line.starts_with("  - id: "))
        .last();
    let id = id.unwrap().trim_start_matches("  - id: ");
    for policy in world
        .policies
        .iter_mut()
        .filter(|p| path == format!("{}.yaml", p.name))
    {
        let before = policy.rules.len();
        policy.rules.retain(|rule| rule.id != id);
        assert_eq!(policy.rules.len() + 1, before);
    }
    world.policies.retain(|policy| !policy.rules.is_empty());
    world
}

#[test]
fn without_a_rule_that_decides_nothing_every_outcome_is_the_same() {
    let mut seen = BTreeMap::new();
    for seed in 0..super::number("VETO_SETS", 4_000) {
        let mut random = Random::new((1 << 50) + seed);
        let world = World::random(&mut random);
        let sources = world.sources();
        let Ok(compiled) = compile(&sources) else {
            continue;
        };
        let found = lint(&compiled, &sources, &Registry::default());
        for finding in found.iter().filter(|f| CLAIMS.contains(&f.code)) {
            *seen.entry(finding.code).or_insert(0_u32) += 1;
            let world = without(&world, &finding.path, finding.line);
            let set = compile(&world.sources()).unwrap().set;
            for _ in 0..150 {
                let asked = Asked::random(&mut random);
                let (call, now) = (asked.call(), Timestamp(asked.now));
                let before = evaluate(&compiled.set, &call, now);
                let after = evaluate(&set, &call, now);
                assert_eq!(
                    before.outcome,
                    after.outcome,
                    "seed {seed}: {finding}\n{asked:#?}\n{before:#?}\n{}",
                    sources
                        .iter()
                        .map(|s| &*s.text)
                        .collect::<Vec<_>>()
                        .join("---\n")
                );
            }
        }
    }
    println!("{seen:?}");
    for code in CLAIMS {
        assert!(seen.get(&code).is_some_and(|n| *n > 20), "{code}: {seen:?}");
    }
}
