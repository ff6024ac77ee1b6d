//! Seeds hold, each seed does the same each time, and whatever is broken on purpose is found.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the simulation.
#[expect(
    clippy::unwrap_used,
    reason = "a test without the program cannot go on"
)]
fn simulate(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_veto-simulation");
    Command::new(program).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Some of the seeds of `make simulate`; the others are for long runs.
#[test]
fn seeds_hold() {
    let output = simulate(&["run", "--seeds", "50"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("50 of 50 seeds from 1 hold"));
}

#[test]
fn a_seed_does_the_same_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let trace = |seed: &str, name: &str| {
        let path = directory.path().join(name);
        let path = path.to_str().unwrap();
        let output = simulate(&["run", "--from", seed, "--trace", path]);
        assert!(output.status.success(), "{}", text(&output));
        std::fs::read_to_string(Path::new(path)).unwrap()
    };
    for seed in ["4", "9", "17"] {
        let (first, second) = (trace(seed, "first"), trace(seed, "second"));
        let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
        assert!(first.lines().count() > 300, "seed {seed} does something");
    }
    assert_ne!(trace("4", "first"), trace("5", "second"));
}

/// What is broken, and the invariant that finds it: a seed in so many must.
const MUTATIONS: &[(&str, &str)] = &[
    ("unconfirmed-reads", "C1"),
    ("lying-disks", "C2"),
    ("other-entry", "C3"),
    ("second-leader", "C4"),
    ("older-vote", "C5"),
    ("other-rows", "C6"),
    ("new-request-ids", "C7"),
    ("never-heals", "C8"),
    ("no-actor", "C9"),
];
const TRIES: u64 = 12;

#[test]
fn each_invariant_finds_what_breaks_it() {
    for (mutation, invariant) in MUTATIONS {
        let found = (1..=TRIES).map(|seed| {
            let (seed, only) = (
                seed.to_string(),
                ["--mutation", mutation, "--only", invariant],
            );
            simulate(&[&["run", "--from", &seed][..], &only[..]].concat())
        });
        let mut found = found.filter(|output| !output.status.success());
        let output = found.next();
        let output = output.unwrap_or_else(|| panic!("nothing found {mutation}"));
        let said = text(&output);
        assert!(
            said.contains(&format!("VIOLATION of {invariant}: ")),
            "{said}"
        );
        assert!(said.contains("make simulate SEEDS=1 FROM="), "{said}");
    }
}
