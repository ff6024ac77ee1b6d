//! Tests of policies: calls with what must come of them, in files that end in `_test.yaml`.
//!
//! [`read()`] turns files into [`Suite`]s, strictly; [`run()`] makes their calls and gives a [`Report`]
//! with what the cases cover; [`mutants()`] changes policies one small thing at a time, and
//! [`survivors()`] tells which of the changes no case notices.

mod case;
mod check;
mod coverage;
mod mutants;
mod people;
mod read;
mod report;
mod run;
mod survivors;

use std::collections::BTreeMap;

use veto_core::{PolicyName, RuleId, Timestamp};

use crate::call::Call;
use crate::decision::Outcome;
use crate::reason::ReasonCode;

pub use coverage::{BoundCoverage, ConditionCoverage, Coverage, RuleCoverage, Uncovered};
pub use mutants::{MOST_MUTANTS, Mutant, mutants};
pub use read::read;
pub use report::{CaseReport, Report, SuiteReport};
pub use run::run;
pub use survivors::{Survivors, survivors};

/// How the files are called that hold tests.
pub const SUFFIX: &str = "_test.yaml";

/// A document of `kind: Tests`.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// The file that it stands in.
    pub path: String,
    /// The line of its name, from 1.
    pub line: u32,
    /// Its cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// A call with what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it shows; once in a suite.
    pub name: String,
    /// The line of its name, from 1.
    pub line: u32,
    /// The call.
    pub call: Call,
    /// When it is made.
    pub now: Timestamp,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of a call; None: whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The outcome.
    pub outcome: Outcome,
    /// The rule that decides; of an approval one of those that ask.
    pub rule: Option<(PolicyName, RuleId)>,
    /// The code of the reason.
    pub reason: Option<ReasonCode>,
    /// The argument that decides, as a JSON Pointer.
    pub argument: Option<String>,
    /// All rules that match, as `policy/rule`, sorted; shadow rules with a leading `~`.
    pub matched: Option<Vec<String>>,
    /// All that may approve, sorted.
    pub approvers: Option<Vec<String>>,
}

/// The people and agents of a suite, by id.
#[derive(Debug, Default)]
struct People {
    agents: BTreeMap<String, crate::call::Agent>,
    users: BTreeMap<String, crate::call::User>,
}
