//! Makes a case small: whatever can go while the difference stays, goes.

use super::model::{Asked, World};

/// The smallest case that still holds.
pub(crate) fn smallest(
    mut world: World,
    mut asked: Asked,
    holds: impl Fn(&World, &Asked) -> bool,
) -> (World, Asked) {
    loop {
        let step = smaller(&world, &asked)
            .into_iter()
            .find(|(w, a)| holds(w, a));
        match step {
            Some((w, a)) => (world, asked) = (w, a),
            None => return (world, asked),
        }
    }
}

/// Every case that is one step smaller.
fn smaller(world: &World, asked: &Asked) -> Vec<(World, Asked)> {
    let mut found = Vec::new();
    let mut with_world = |change: &dyn Fn(&mut World)| {
        let mut next = world.clone();
        change(&mut next);
        if next != *world {
            found.push((next, asked.clone()));
        }
    };
    for at in 0..world.policies.len() {
        with_world(&|w| drop(w.policies.remove(at)));
        with_world(&|w| w.policies[at].shadow = false);
        with_world(&|w| w.policies[at].agents.clear());
        with_world(&|w| w.policies[at].labels.clear());
        with_world(&|w| (w.policies[at].window.from, w.policies[at].window.to) = (None, None));
        for rule in 0..world.policies[at].rules.len() {
            with_world(&|w| drop(w.policies[at].rules.remove(rule)));
            with_world(&|w| w.policies[at].rules[rule].when = None);
            with_world(&|w| w.policies[at].rules[rule].arguments = None);
            with_world(&|w| w.policies[at].rules[rule].otherwise = false);
            with_world(&|w| w.policies[at].rules[rule].shadow = false);
            with_world(&|w| w.policies[at].rules[rule].only_if_allowed = false);
            with_world(&|w| w.policies[at].rules[rule].severity = None);
            with_world(&|w| w.policies[at].rules[rule].terms = None);
            with_world(&|w| w.policies[at].rules[rule].redact.clear());
            let tools = world.policies[at].rules[rule].tools.len();
            with_world(&|w| {
                w.policies[at].rules[rule]
                    .tools
                    .truncate(tools.saturating_sub(1))
            });
            let arguments = world.policies[at].rules[rule].arguments.as_ref();
            for argument in 0..arguments.map_or(0, Vec::len) {
                with_world(&|w| {
                    if let Some(list) = &mut w.policies[at].rules[rule].arguments {
                        list.remove(argument);
                    }
                });
            }
        }
    }
    for at in 0..world.tools.len() {
        with_world(&|w| drop(w.tools.remove(at)));
    }
    for name in asked.arguments.keys() {
        let mut next = asked.clone();
        next.arguments.remove(name);
        found.push((world.clone(), next));
    }
    let mut without_user = asked.clone();
    without_user.user = None;
    if without_user != *asked {
        found.push((world.clone(), without_user));
    }
    found
}
