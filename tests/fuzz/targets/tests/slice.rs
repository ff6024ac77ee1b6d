//! A slice of the fuzzing, with the tests: the corpus and inputs made of it, from fixed seeds.
//! `make fuzz` runs the same targets by coverage, for as long as one likes, and measures time and memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what does not hold ends the test"
)]

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use peak_alloc::PeakAlloc;
use veto_fuzz_targets::{Mutator, Reached, Target};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What one input may take, and what may be left behind by all of them.
const MOST_GROWTH: usize = 64 * 1024 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = folder().join("corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// The words of a libFuzzer dictionary: lines of `"word"`, with `\\`, `\"` and `\xAB`.
fn words(name: &str) -> Vec<Vec<u8>> {
    let file = folder().join("dictionaries").join(format!("{name}.dict"));
    let text = std::fs::read_to_string(file).unwrap();
    let quoted = text.lines().filter(|line| line.starts_with('"'));
    quoted
        .map(|line| {
            let mut word = Vec::new();
            let mut rest = line[1..line.len() - 1].bytes();
            while let Some(byte) = rest.next() {
                let byte = match byte {
                    b'\\' => match rest.next().unwrap() {
                        b'x' => {
                            let digits = [rest.next().unwrap(), rest.next().unwrap()];
                            let digits = std::str::from_utf8(&digits).unwrap();
                            u8::from_str_radix(digits, 16).unwrap()
                        }
                        other => other,
                    },
                    byte => byte,
                };
                word.push(byte);
            }
            word
        })
        .collect()
}

/// Runs the corpus and `executions` inputs made of it; of those that are well-formed enough, as many
/// as `share` percent of the corpus must reach the checks, so that a target never runs idle.
/// The thread has the stack that servers give to their tasks, 2 MiB.
fn slice(name: &str, executions: usize, share: usize) {
    let target = Target::named(name).unwrap();
    let seeds = if name == "format" { "yaml" } else { name };
    let (corpus, words) = (corpus(seeds), words(seeds));
    assert!((5..=50).contains(&corpus.len()), "{} files", corpus.len());
    assert!(!words.is_empty() || name == "call");
    let before = ALLOCATOR.current_usage();
    let mut reached = 0;
    for input in &corpus {
        reached += usize::from(run(&target, input) == Reached::Checked);
    }
    assert!(
        reached * 100 >= corpus.len() * share,
        "{reached} of {} reach the checks",
        corpus.len()
    );
    let mut mutator = Mutator::new(0x5eed, &corpus, &words, target.max_len);
    let mut reached = 0;
    for _ in 0..executions {
        reached += usize::from(run(&target, &mutator.input()) == Reached::Checked);
    }
    assert!(reached * 50 >= executions, "{reached} reach the checks");
    let after = ALLOCATOR.current_usage();
    assert!(
        after.saturating_sub(before) <= MOST_GROWTH,
        "{before} bytes before, {after} after"
    );
    assert!(
        ALLOCATOR.peak_usage().saturating_sub(before) <= MOST_GROWTH,
        "{} bytes at the most",
        ALLOCATOR.peak_usage()
    );
}

fn run(target: &Target, input: &[u8]) -> Reached {
    let shown = || {
        let file = std::env::temp_dir().join(format!("veto-fuzz-{}", target.name));
        std::fs::write(&file, input).unwrap();
        format!("{}: {:?}", file.display(), String::from_utf8_lossy(input))
    };
    match catch_unwind(|| target.run(input)) {
        Ok(Ok(reached)) => reached,
        Ok(Err(finding)) => panic!("{finding}\n{}", shown()),
        Err(_) => panic!("the engine panics\n{}", shown()),
    }
}

#[test]
fn policy_text_is_refused_in_place_or_decides() {
    slice("yaml", 8_000, 50);
}

#[test]
fn conditions_tell_the_same_story_in_every_effect() {
    slice("cel", 40_000, 70);
}

#[test]
fn arguments_have_one_canonical_form() {
    slice("arguments", 100_000, 50);
}

#[test]
fn globs_match_as_the_naive_matcher_does() {
    slice("globs", 60_000, 60);
}

#[test]
fn decisions_follow_from_their_rules() {
    slice("call", 15_000, 80);
}

#[test]
fn formatting_and_printing_change_no_meaning() {
    slice("format", 2_000, 40);
}
