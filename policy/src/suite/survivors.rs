//! Which changes of policies no case notices.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::compile::PolicySet;
use crate::diagnostic::visible;
use crate::evaluate::evaluate;
use crate::source::Source;

use super::mutants::{MOST_MUTANTS, Mutant};
use super::{Case, Suite};

/// Survivors that people are shown; JSON has all.
const MOST_SHOWN: usize = 200;
/// Characters of a line that people are shown.
const WIDEST: usize = 200;

/// What cases make of mutants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survivors {
    /// How many mutants made a case fail that passes.
    pub killed: usize,
    /// How many do not compile; they count for nothing.
    pub refused: usize,
    /// Those that no case notices.
    pub survived: Vec<Mutant>,
    /// Those that no case notices, on lines that say `# veto: equivalent`.
    pub accepted: Vec<Mutant>,
    /// There were more than are made; those of the last files are missing.
    pub cut: bool,
}

/// Runs the cases that pass against each mutant. `set` is what `sources` compile to.
#[must_use]
pub fn survivors(
    set: &PolicySet,
    sources: &[Source],
    suites: &[Suite],
    mutants: &[Mutant],
) -> Survivors {
    let cases: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let passing: Vec<&Case> = cases.into_iter().filter(|case| passes(set, case)).collect();
    let mut found = Survivors {
        cut: mutants.len() >= MOST_MUTANTS,
        ..Survivors::default()
    };
    let mut changed = sources.to_vec();
    for mutant in mutants {
        let Some(at) = sources.iter().position(|s| s.path == mutant.path) else {
            continue;
        };
        changed[at].text = mutant.text(&sources[at]);
        let compiled = set.update(&changed, &[&mutant.path]);
        changed[at].text.clone_from(&sources[at].text);
        match compiled {
            Err(_) => found.refused += 1,
            Ok(next) if passing.iter().any(|case| !passes(&next.set, case)) => found.killed += 1,
            Ok(_) if mutant.equivalent => found.accepted.push(mutant.clone()),
            Ok(_) => found.survived.push(mutant.clone()),
        }
    }
    found
}

impl Survivors {
    /// What came of the mutants as JSON. `sources` are the files that were changed.
    #[must_use]
    pub fn to_json(&self, sources: &[Source]) -> Value {
        let each = |mutants: &[Mutant]| {
            let as_json = |mutant: &Mutant| {
                let source = written(mutant, sources);
                json!({ "path": mutant.path, "line": mutant.line, "what": mutant.what, "source": source })
            };
            mutants.iter().map(as_json).collect::<Vec<_>>()
        };
        json!({
            "killed": self.killed,
            "refused": self.refused,
            "survived": each(&self.survived),
            "equivalent": each(&self.accepted),
            "cut": self.cut,
        })
    }

    /// The survivors with their lines, and how many mutants there were, for people.
    #[must_use]
    pub fn to_text(&self, sources: &[Source]) -> String {
        let mut out = String::new();
        for mutant in self.survived.iter().take(MOST_SHOWN) {
            let head = format!("{}:{}: SURVIVED {}", mutant.path, mutant.line, mutant.what);
            let _ = writeln!(out, "{}", visible(&head));
            let line: String = written(mutant, sources).chars().take(WIDEST).collect();
            let _ = writeln!(out, "  {} | {}\n", mutant.line, visible(&line));
        }
        if let Some(more @ 1..) = self.survived.len().checked_sub(MOST_SHOWN) {
            let _ = writeln!(out, "and {more} more survived\n");
        }
        let _ = writeln!(
            out,
            "mutants: {} killed, {} survived, {} marked as equivalent, {} not valid",
            self.killed,
            self.survived.len(),
            self.accepted.len(),
            self.refused
        );
        if self.cut {
            let _ = writeln!(out, "not tried: what comes after {MOST_MUTANTS} mutants");
        }
        out
    }
}

/// The line that a mutant changes, as it is written.
fn written<'a>(mutant: &Mutant, sources: &'a [Source]) -> &'a str {
    let source = sources.iter().find(|source| source.path == mutant.path);
    let at = usize::try_from(mutant.line).unwrap_or(1).saturating_sub(1);
    let line = source.and_then(|source| source.text.lines().nth(at));
    line.unwrap_or("").trim()
}

fn passes(set: &PolicySet, case: &Case) -> bool {
    case.expected.holds(&evaluate(set, &case.call, case.now))
}
