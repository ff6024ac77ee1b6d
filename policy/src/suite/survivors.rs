//! Which changes of policies no case notices.

use crate::compile::PolicySet;
use crate::evaluate::evaluate;
use crate::source::Source;

use super::mutants::{MOST_MUTANTS, Mutant};
use super::{Case, Suite};

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

fn passes(set: &PolicySet, case: &Case) -> bool {
    case.expected.holds(&evaluate(set, &case.call, case.now))
}
