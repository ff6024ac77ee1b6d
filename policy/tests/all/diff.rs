//! The semantic diff tells the truth: calls are drawn from the cells of both sets and decided by both.
//! `VETO_SETS` sets how many edits are tried.

mod document;
mod edit;
mod example;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use veto_core::{AgentId, Role};
use veto_policy::diff::{Changes, Direction, Side, semantic};
use veto_policy::matrix::{Wanted, matrix};
use veto_policy::{Agent, Approval, Decision, Outcome, PolicySet, Source, compile, evaluate};

use super::matrix::{draw::Drawer, lists};
use super::reference::generate::Random;
use super::reference::model::World;

const TOOLS: [&str; 7] = ["a", "a.b", "a.c", "b/c.d", "m.x", "m.y", "unheard.of"];

/// What two policy sets differ in, over their own rows and columns.
fn differ(old: &[Source], new: &[Source]) -> Changes {
    differ_for(old, new, &Wanted::default())
}

fn differ_for(old: &[Source], new: &[Source], wanted: &Wanted) -> Changes {
    let sets = [old, new].map(|sources| compile(sources).unwrap().set);
    let side = |set, sources| Side { set, sources };
    semantic(side(&sets[0], old), side(&sets[1], new), wanted).unwrap()
}

/// Agents with some roles and labels.
fn agents(random: &mut Random) -> Vec<Agent> {
    let mut agent = |id: &str| {
        let roles = ["r1", "r2", "r3"].into_iter().filter(|_| random.one_in(2));
        let roles = roles.map(|role| Role::new(role).unwrap()).collect();
        let mut labels = BTreeMap::new();
        if random.one_in(2) {
            labels.insert("team".to_owned(), random.pick(&["red", "blue"]).to_owned());
        }
        if random.one_in(2) {
            labels.insert("tier".to_owned(), "gold".to_owned());
        }
        let id = AgentId::new(id).unwrap();
        Agent {
            id,
            roles,
            labels,
            disabled: false,
        }
    };
    ["bot", "bot.eu", "ann"].map(&mut agent).into()
}

/// Tells whether whoever can approve under the first can approve under the second.
fn is_as_strict(old: &Approval, new: &Approval) -> bool {
    old.expires <= new.expires
        && new.terms.iter().all(|new| {
            old.terms.iter().any(|old| {
                old.quorum >= new.quorum
                    && old.approvers.iter().all(|one| new.approvers.contains(one))
                    && (old.independent || !new.independent)
            })
        })
}

/// Tells whether the second decision is stricter than the first one.
fn is_stricter(old: &Decision, new: &Decision) -> bool {
    match (old.outcome, new.outcome) {
        (Outcome::Approval, Outcome::Approval) => !is_as_strict(
            old.approval.as_ref().unwrap(),
            new.approval.as_ref().unwrap(),
        ),
        (old, new) => new > old,
    }
}

fn compiled(world: &World) -> Option<(PolicySet, Vec<Source>)> {
    let sources = world.sources();
    Some((compile(&sources).ok()?.set, sources))
}

fn branches(matrix: &Value, place: (usize, usize)) -> Vec<Value> {
    let cell = matrix["grid"][place.0][place.1].as_u64().unwrap();
    matrix["cells"][cell as usize]["branches"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_direction_holds_for_every_call_that_is_drawn() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let sets = std::env::var("VETO_SETS").map_or(600, |text| text.parse().unwrap());
    for seed in 0..sets {
        let mut random = Random::new(seed + 40_000);
        let world = World::random(&mut random);
        let mut edited = world.clone();
        let what = edit::random(&mut edited, &mut random);
        let (Some((old, old_sources)), Some((new, new_sources))) =
            (compiled(&world), compiled(&edited))
        else {
            continue;
        };
        let wanted = Wanted {
            agents: agents(&mut random),
            tools: TOOLS.iter().map(|tool| tool.parse().unwrap()).collect(),
        };
        let changes = differ_for(&old_sources, &new_sources, &wanted);
        let before = matrix(&old, &old_sources, &wanted).unwrap();
        let after = matrix(&new, &new_sources, &wanted).unwrap();
        let (before_json, after_json) = (before.to_json(), after.to_json());
        let mut lists = lists(&world);
        for (name, values) in super::matrix::lists(&edited) {
            lists.entry(name).or_default().extend(values);
        }
        for (row, subject) in before.subjects().iter().enumerate() {
            for (at, column) in before.columns().iter().enumerate() {
                let direction = changes.direction(&subject.name, &column.name);
                let mut both = branches(&before_json, (row, at));
                both.extend(branches(&after_json, (row, at)));
                let drawer = Drawer::new(&json!({ "branches": both }), &lists);
                let tries = if direction.is_some() { 150 } else { 15 };
                let (mut stricter, mut looser) = (0, 0);
                for _ in 0..tries {
                    let (call, now) = drawer.call(&subject.agent, &column.tool, &mut random);
                    let (a, b) = (evaluate(&old, &call, now), evaluate(&new, &call, now));
                    stricter += usize::from(is_stricter(&a, &b));
                    looser += usize::from(is_stricter(&b, &a));
                    let told = match direction {
                        None => stricter + looser == 0,
                        Some(Direction::Looser) => stricter == 0,
                        Some(Direction::Stricter) => looser == 0,
                        Some(Direction::Different) => true,
                    };
                    assert!(
                        told,
                        "seed {seed}, {what}: {} {}: {direction:?}\n{}\n{a:#?}\n{b:#?}\n{}\n{}",
                        subject.name,
                        column.name,
                        call.arguments.canonical(),
                        before.to_text(),
                        after.to_text()
                    );
                }
                let direction = direction.map_or("same", Direction::as_str);
                let found = ["", " and stricter"][usize::from(stricter > 0)].to_owned()
                    + ["", " and looser"][usize::from(looser > 0)];
                *seen.entry(format!("{direction}{found}")).or_default() += 1;
            }
        }
    }
    println!("{seen:#?}");
    let count = |what: &str| seen.get(what).copied().unwrap_or(0);
    // Most changes are told, and what is told is there.
    let told = count("looser and looser") + count("stricter and stricter");
    let untold = count("different and looser") + count("different and stricter");
    assert!(told > 500 && untold * 8 < told, "{seen:#?}");
    let [loose, strict] = ["looser", "stricter"].map(count);
    assert!(loose + strict < told, "{seen:#?}");
}

#[test]
fn names_order_texts_and_files_mean_nothing() {
    let mut compared = 0;
    for seed in 0..300 {
        let mut random = Random::new(seed + 80_000);
        let world = World::random(&mut random);
        let Some((_, sources)) = compiled(&world) else {
            continue;
        };
        let mut other = world.clone();
        other.policies.reverse();
        for policy in &mut other.policies {
            policy.rules.reverse();
            for rule in &mut policy.rules {
                rule.id = format!("other-{}", 9 - rule.id[1..].parse::<u8>().unwrap());
            }
        }
        // All in one file, with other words for people.
        let text = other.text().replace(
            "effect:",
            "description: Of no meaning. # Nor this.\n    effect:",
        );
        let moved = [Source {
            path: "all.yaml".to_owned(),
            text,
        }];
        let changes = differ(&sources, &moved);
        assert!(
            changes.is_empty() && changes.lists.is_empty(),
            "{}",
            changes.to_text()
        );
        compared += changes.compared;
    }
    assert!(compared > 5_000, "{compared}");
}
