//! Random policy sets and calls from small alphabets, so that rules and calls meet.

use serde_json::{Value, json};

use super::model::{Asked, Lists, Policy, Rule, Terms, Tool, Window, World};
use super::shape::{Shape, Test};

/// A small generator of random numbers: splitmix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(
            seed.wrapping_mul(0x2545_f491_4f6c_dd1d)
                .wrapping_add(0x9e37_79b9),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn some<T: Clone>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let mut found = Vec::new();
        for item in from {
            if found.len() < most && self.one_in(2) {
                found.push(item.clone());
            }
        }
        found
    }

    fn up_to<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self, usize) -> T) -> Vec<T> {
        (0..=self.below(most)).map(|at| make(self, at)).collect()
    }
}

const NAMES: [&str; 3] = ["x", "y", "z"];
const ROLES: [&str; 3] = ["r1", "r2", "r3"];
const TOOLS: [&str; 6] = ["a", "a.b", "a.c", "b/c.d", "m.x", "m.y"];
const TOOL_GLOBS: [&str; 12] = [
    "a", "a.b", "a.c", "b/c.d", "m.x", "m.y", "a.*", "**", "*", "**.d", "m.*", "*.b",
];
const AGENTS: [&str; 3] = ["bot", "bot.eu", "ann"];
const LABELS: [&str; 2] = ["safe", "wide"];
const DAY: i64 = 86_400_000_000;

fn shape(random: &mut Random) -> Shape {
    match random.below(13) {
        0 | 1 => Shape::Any,
        2 | 3 => Shape::Number {
            min: random.one_in(2).then_some(1),
            below: random.one_in(2).then_some(4),
        },
        4 => Shape::AtMost(3),
        5 => Shape::Integer,
        6 => Shape::Text {
            longest: random.one_in(2).then_some(1),
        },
        7 => Shape::Starts('a'),
        8 => Shape::Enum(vec![json!(1), json!("a"), json!(2.5), json!(null)]),
        9 => Shape::Member(random.pick(&["words", "digits"])),
        10 => Shape::Empty,
        11 => Shape::Filled,
        _ => Shape::Object,
    }
}

fn test(random: &mut Random, depth: usize, names: &[&'static str]) -> Test {
    let x = if names.is_empty() {
        return Test::Role(random.pick(&ROLES));
    } else {
        random.pick(names)
    };
    match random.below(if depth == 0 { 12 } else { 17 }) {
        0 | 1 => Test::Above(x, 2),
        2 => Test::Is(
            x,
            random.pick(&[json!(2), json!("a"), json!(2.5), json!(null), json!(true)]),
        ),
        3 => Test::Has(x),
        4 => Test::Starts(x, "a"),
        5 => Test::Listed(x, random.pick(&["words", "digits"])),
        6 => Test::Role(random.pick(&ROLES)),
        7 => Test::Label("team", random.pick(&["red", "blue"])),
        8 => Test::User("ann"),
        9 => Test::Before(2 * DAY),
        10 => Test::Context(2),
        11 => {
            if random.one_in(2) {
                Test::Orred(x, 2)
            } else {
                Test::All(x, 3)
            }
        }
        12 => Test::Not(Box::new(test(random, depth - 1, names))),
        13 | 14 => {
            let (a, b) = (
                test(random, depth - 1, names),
                test(random, depth - 1, names),
            );
            Test::And(Box::new(a), Box::new(b))
        }
        _ => {
            let (a, b) = (
                test(random, depth - 1, names),
                test(random, depth - 1, names),
            );
            Test::Or(Box::new(a), Box::new(b))
        }
    }
}

fn window(random: &mut Random) -> Window {
    if random.one_in(6) {
        let from = random.one_in(2).then_some(DAY);
        Window {
            from,
            to: random.one_in(2).then_some(3 * DAY),
        }
    } else {
        Window {
            from: None,
            to: None,
        }
    }
}

fn terms(random: &mut Random) -> Terms {
    Terms {
        quorum: 1 + random.below(2) as u32,
        seconds: random.pick(&[60, 900]),
    }
}

fn rule(random: &mut Random, at: usize) -> Rule {
    let effect = random.pick(&["allow", "allow", "deny", "require_approval"]);
    let arguments = (!random.one_in(3)).then(|| {
        let names = random.some(&NAMES, 3);
        let argument = |name: &str| {
            let name = NAMES
                .into_iter()
                .find(|known| *known == name)
                .unwrap_or("x");
            (name, shape(random), random.one_in(3))
        };
        names.into_iter().map(argument).collect::<Vec<_>>()
    });
    let readable: Vec<_> = match (effect, &arguments) {
        ("allow", Some(listed)) => listed.iter().map(|a| a.0).collect(),
        _ => NAMES.to_vec(),
    };
    let otherwise = effect == "allow" && random.one_in(4);
    let asks = otherwise || effect == "require_approval";
    let by_label = if random.one_in(5) {
        vec![random.pick(&LABELS)]
    } else {
        Vec::new()
    };
    let tools = if !by_label.is_empty() && random.one_in(2) {
        Vec::new()
    } else {
        random.up_to(3, |random, _| random.pick(&TOOL_GLOBS))
    };
    Rule {
        id: format!("r{at}"),
        tools,
        by_label,
        effect,
        arguments,
        when: random.one_in(2).then(|| test(random, 2, &readable)),
        otherwise,
        only_if_allowed: effect == "require_approval" && random.one_in(3),
        shadow: random.one_in(8),
        window: window(random),
        severity: random
            .one_in(2)
            .then(|| random.pick(&["low", "medium", "high", "critical"])),
        terms: (asks && random.one_in(2)).then(|| terms(random)),
        redact: if random.one_in(6) {
            vec![random.pick(&NAMES)]
        } else {
            Vec::new()
        },
    }
}

fn policy(random: &mut Random, at: usize) -> Policy {
    let mut roles = random.some(&ROLES, 2);
    let agents = if random.one_in(3) {
        vec![random.pick(&["bot", "bot.*", "*", "**", "ann"])]
    } else {
        Vec::new()
    };
    let mut labels = Vec::new();
    if random.one_in(4) {
        labels.push(("team", random.pick(&[vec!["red"], vec!["red", "blue"]])));
        if random.one_in(2) {
            labels.push(("tier", vec!["gold"]));
        }
    }
    if roles.is_empty() && agents.is_empty() && labels.is_empty() {
        roles.push("r1");
    }
    Policy {
        name: format!("p{}", random.pick(&[at, at + 10])),
        roles,
        agents,
        labels,
        shadow: random.one_in(8),
        window: window(random),
        terms: terms(random),
        rules: random.up_to(4, rule),
    }
}

impl World {
    pub(crate) fn random(random: &mut Random) -> Self {
        let tool = |name: &'static str, random: &mut Random| Tool {
            name,
            labels: random.some(&LABELS, 2),
            arguments: NAMES.map(|n| (n, shape(random), random.one_in(4))).to_vec(),
        };
        let mut tools = Vec::new();
        for name in ["m.x", "m.y"] {
            if random.one_in(2) {
                tools.push(tool(name, random));
            }
        }
        Self {
            lists: Lists {
                words: vec!["a", "ab"],
                digits: vec![1, 3],
            },
            tools,
            policies: random.up_to(4, policy),
        }
    }
}

fn value(random: &mut Random) -> Value {
    match random.below(14) {
        0..=3 => json!(random.below(6)),
        4 => json!(random.pick(&[2.0, 2.5, 3.0, 4.0])),
        5 | 6 => json!(random.pick(&["a", "ab", "b", "", "abc"])),
        7 => json!(true),
        8 => Value::Null,
        9 => json!([]),
        10 => json!([1, 2]),
        11 => json!([1, 9, "a"]),
        12 => json!({ "n": 1 }),
        _ => random.pick(&[json!({}), json!({ "n": "1" }), json!({ "n": 1, "m": 2 })]),
    }
}

impl Asked {
    pub(crate) fn random(random: &mut Random) -> Self {
        let mut labels = Vec::new();
        if random.one_in(2) {
            labels.push(("team", random.pick(&["red", "blue", "green"])));
        }
        if random.one_in(2) {
            labels.push(("tier", "gold"));
        }
        let mut arguments: serde_json::Map<_, _> = random
            .some(&NAMES, 3)
            .into_iter()
            .map(|name| (name.to_owned(), value(random)))
            .collect();
        if random.one_in(12) {
            arguments.insert("extra".into(), json!(1));
        }
        let tool = if random.one_in(30) {
            "unheard"
        } else {
            random.pick(&TOOLS)
        };
        // The edges of windows and of conditions on time.
        let now = random.pick(&[0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY, 3 * DAY - 1, 3 * DAY]);
        Self {
            known: !random.one_in(40),
            disabled: random.one_in(40),
            agent: random.pick(&AGENTS),
            roles: random.some(&ROLES, 3),
            labels,
            user: random.one_in(2).then(|| random.pick(&["ann", "bob"])),
            tool,
            arguments,
            context: random.one_in(2).then(|| random.below(4) as i64),
            now,
        }
    }
}
