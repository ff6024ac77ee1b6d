//! One change of a random policy set, such as people make.

use serde_json::json;

use super::super::reference::generate::Random;
use super::super::reference::model::{Rule, Window, World};
use super::super::reference::shape::Shape;

/// Makes a change and says which.
pub(super) fn random(world: &mut World, random: &mut Random) -> String {
    let spare = World::random(random);
    let policy = random.below(world.policies.len());
    let at = random.below(world.policies[policy].rules.len());
    let id = format!(
        "{}/{}",
        world.policies[policy].name, world.policies[policy].rules[at].id
    );
    let kind = random.below(18);
    match kind {
        0 => world.policies[policy].roles = spare.policies[0].roles.clone(),
        1 => world.lists.words = random.pick(&[vec!["a"], vec!["a", "ab", "b"], vec!["abc"]]),
        2 => world.lists.digits = random.pick(&[vec![1], vec![1, 3, 4], vec![2]]),
        3 => {
            world.policies[policy].rules.remove(at);
            if world.policies[policy].rules.is_empty() {
                world.policies[policy].rules = spare.policies[0].rules.clone();
            }
        }
        4 => {
            let mut rule = spare.policies[0].rules[0].clone();
            rule.id = "new".to_owned();
            world.policies[policy].rules.push(rule);
        }
        5 => world.policies[policy].terms.quorum = 3,
        6 => world.policies[policy].terms.seconds = 120,
        7 if !world.tools.is_empty() => {
            let tool = random.below(world.tools.len());
            let argument = random.below(world.tools[tool].arguments.len());
            let of = &mut world.tools[tool].arguments[argument];
            of.1 = wider(&of.1, random);
        }
        8 if !world.tools.is_empty() => {
            let tool = random.below(world.tools.len());
            let argument = random.below(world.tools[tool].arguments.len());
            let of = &mut world.tools[tool].arguments[argument];
            of.2 = !of.2;
        }
        _ => rule(&mut world.policies[policy].rules[at], &spare, kind, random),
    }
    if world.policies[policy].roles.is_empty() && world.policies[policy].agents.is_empty() {
        world.policies[policy].roles = vec!["r1"];
    }
    format!("change {kind} of {id}")
}

fn rule(rule: &mut Rule, spare: &World, kind: usize, random: &mut Random) {
    let other = &spare.policies[0].rules[0];
    match kind {
        9 => rule.otherwise = rule.effect == "allow" && !rule.otherwise,
        10 => rule.only_if_allowed = rule.effect == "require_approval" && !rule.only_if_allowed,
        11 => rule.shadow = !rule.shadow,
        12 => {
            rule.window = Window {
                from: random.one_in(2).then_some(86_400_000_000),
                to: random.one_in(2).then_some(3 * 86_400_000_000),
            };
        }
        13 => {
            rule.when = rule
                .when
                .as_ref()
                .map_or_else(|| other.when.clone(), |_| None)
        }
        14 => {
            rule.effect = random.pick(&["allow", "deny", "require_approval"]);
            rule.otherwise &= rule.effect == "allow";
            rule.only_if_allowed &= rule.effect == "require_approval";
            if rule.effect == "deny" || (rule.effect == "allow" && !rule.otherwise) {
                rule.terms = None;
            }
        }
        15 => {
            for (_, _, optional) in rule.arguments.iter_mut().flatten().take(1) {
                *optional = !*optional;
            }
        }
        _ => {
            for (_, shape, _) in rule.arguments.iter_mut().flatten().take(1) {
                *shape = wider(shape, random);
            }
        }
    }
}

/// Another shape of the same kind: often a bound that moved.
fn wider(shape: &Shape, random: &mut Random) -> Shape {
    match shape {
        Shape::Number { min, .. } => Shape::Number {
            min: random.pick(&[*min, None, Some(0), Some(2)]),
            below: random.pick(&[None, Some(2), Some(5)]),
        },
        Shape::AtMost(_) => Shape::AtMost(random.pick(&[2, 4])),
        Shape::Text { .. } => Shape::Text {
            longest: random.pick(&[None, Some(0), Some(2)]),
        },
        Shape::Enum(_) => Shape::Enum(random.pick(&[
            vec![json!(1), json!("a")],
            vec![json!(1), json!("a"), json!(2.5), json!(null), json!("b")],
        ])),
        Shape::Starts(_) => random.pick(&[Shape::Starts('b'), Shape::Any]),
        Shape::Integer => random.pick(&[
            Shape::Number {
                min: None,
                below: None,
            },
            Shape::Number {
                min: Some(1),
                below: None,
            },
        ]),
        Shape::Any | Shape::Member(_) | Shape::Empty | Shape::Filled | Shape::Object => {
            random.pick(&[Shape::Any, Shape::Integer, Shape::Text { longest: Some(1) }])
        }
    }
}
