//! The matrix says what the evaluator does: calls are drawn from its cells and decided by both.

pub(crate) mod draw;
pub(crate) mod example;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use veto_core::Timestamp;
use veto_policy::matrix::{Kind, Matrix, Wanted, matrix};
use veto_policy::{Outcome, PolicySet, Source, compile, evaluate};

use self::draw::Drawer;
use super::reference::generate::Random;
use super::reference::model::{Asked, World};

/// Which branches of which cells some call has reached, by matrix and cell; the last is what is left over.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    branches: usize,
    reached: usize,
    calls: usize,
    outcomes: BTreeMap<&'static str, usize>,
}

impl Reached {
    /// The part of the branches that was reached, in percent.
    fn percent(&self) -> usize {
        self.reached * 100 / self.branches.max(1)
    }
}

/// Draws calls for each distinct cell and compares.
pub(crate) fn agree(
    set: &PolicySet,
    matrix: &Matrix<'_>,
    lists: &BTreeMap<String, Vec<Value>>,
    random: &mut Random,
    tries: usize,
    seen: &mut Reached,
) {
    let json = matrix.to_json();
    let mut places: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (subject, row) in json["grid"].as_array().unwrap().iter().enumerate() {
        for (column, cell) in row.as_array().unwrap().iter().enumerate() {
            let cell = cell.as_u64().unwrap() as usize;
            places.entry(cell).or_default().push((subject, column));
        }
    }
    for (number, places) in places {
        let cell = &matrix.cells()[number];
        let drawer = Drawer::new(&json["cells"][number], lists);
        let mut reached = BTreeSet::new();
        for _ in 0..tries {
            let (subject, column) = random.pick(&places);
            let agent = &matrix.subjects()[subject].agent;
            let (call, now) = drawer.call(agent, &matrix.columns()[column].tool, random);
            let wanted = evaluate(set, &call, now);
            let got = cell.decide(&call, now);
            let show = || {
                format!(
                    "{} {} at {now}: {}\n{:#?}\n{cell:#?}",
                    agent.id,
                    call.tool,
                    call.arguments.canonical(),
                    wanted
                )
            };
            assert_eq!(got, wanted.outcome, "{}", show());
            let fits = match cell.kind() {
                Kind::Allow => got == Outcome::Allow,
                Kind::Approval => got == Outcome::Approval,
                Kind::Deny => got == Outcome::Deny,
                Kind::ApprovalIf => got != Outcome::Allow,
                Kind::AllowIf => true,
            };
            assert!(fits, "{:?}: {}", cell.kind(), show());
            reached.insert(cell.reached(&call, now));
            seen.calls += 1;
            *seen.outcomes.entry(got.as_str()).or_default() += 1;
        }
        let always = matches!(cell.kind(), Kind::Allow | Kind::Approval);
        let left_over = usize::from(!always || cell.branches().len() == 0);
        seen.branches += cell.branches().len() + left_over;
        seen.reached += reached.len();
    }
}

fn compiled(world: &World) -> Option<(PolicySet, Vec<Source>)> {
    let sources = world.sources();
    let set = compile(&sources).ok()?.set;
    Some((set, sources))
}

pub(crate) fn lists(world: &World) -> BTreeMap<String, Vec<Value>> {
    let words = world.lists.words.iter().map(|word| Value::from(*word));
    let digits = world.lists.digits.iter().map(|digit| Value::from(*digit));
    BTreeMap::from([
        ("words".to_owned(), words.collect()),
        ("digits".to_owned(), digits.collect()),
    ])
}

#[test]
fn cells_of_random_policies_decide_as_the_evaluator_does() {
    let mut seen = Reached::default();
    for seed in 0..150 {
        let mut random = Random::new(seed + 77_000);
        let world = World::random(&mut random);
        let Some((set, sources)) = compiled(&world) else {
            continue;
        };
        let matrix = matrix(&set, &sources, &Wanted::default()).unwrap();
        agree(&set, &matrix, &lists(&world), &mut random, 60, &mut seen);
    }
    println!("{seen:?}: {}%", seen.percent());
    assert!(seen.calls > 50_000, "{seen:?}");
    assert!(seen.percent() >= 60, "{seen:?}");
    assert!(
        seen.outcomes.values().all(|count| *count > 1_000),
        "{seen:?}"
    );
}

#[test]
fn the_row_of_an_agent_decides_as_the_evaluator_does() {
    let mut checked = 0;
    for seed in 0..400 {
        let mut random = Random::new(seed + 99_000);
        let world = World::random(&mut random);
        let Some((set, sources)) = compiled(&world) else {
            continue;
        };
        for _ in 0..20 {
            let asked = Asked::random(&mut random);
            let call = asked.call();
            let wanted = Wanted {
                agents: call.agent.iter().cloned().collect(),
                tools: vec![call.tool.clone()],
            };
            if wanted.agents.is_empty() {
                continue;
            }
            let matrix = matrix(&set, &sources, &wanted).unwrap();
            let cell = matrix.cell(0, 0).unwrap();
            let now = Timestamp(asked.now);
            assert_eq!(cell.decide(&call, now), evaluate(&set, &call, now).outcome);
            checked += 1;
        }
    }
    assert!(checked > 3_000, "{checked}");
}

/// Directories of policies below `examples`.
pub(crate) fn example_folders() -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        let mut has_policies = false;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else {
                has_policies |= path.extension().is_some_and(|e| e == "yaml");
            }
        }
        if has_policies {
            found.push(folder.to_owned());
        }
    }
    let mut found = Vec::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    below(&examples, &mut found);
    found.sort();
    found
}

/// The policy files of a directory.
pub(crate) fn files(folder: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with(veto_policy::suite::SUFFIX) {
            let text = std::fs::read_to_string(path).unwrap();
            sources.push(Source { path: name, text });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

#[test]
fn cells_of_the_examples_decide_as_the_evaluator_does() {
    let mut folders = 0;
    for folder in example_folders() {
        let sources = files(&folder);
        let Ok(compiled) = compile(&sources) else {
            continue;
        };
        folders += 1;
        let set = compiled.set;
        let matrix = matrix(&set, &sources, &Wanted::default()).unwrap();
        let mut seen = Reached::default();
        let mut random = Random::new(5);
        let lists = values::lists_of(&sources);
        agree(&set, &matrix, &lists, &mut random, 1_500, &mut seen);
        println!("{}: {seen:?}: {}%", folder.display(), seen.percent());
        assert!(seen.percent() >= 60, "{}: {seen:?}", folder.display());
    }
    assert!(folders >= 2, "the examples moved");
}
