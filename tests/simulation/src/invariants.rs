//! What must hold, whatever happens. C1 to C9 are the names that the checks here, the tests of real
//! processes and the documents share.

mod c1_linearizable;
mod c2_durable;
mod c3_one_history;
mod c4_one_leader;
mod c5_never_back;
mod c6_same_rows;
mod c7_once;
mod c8_heals;
mod c9_audited;

use std::collections::BTreeMap;

use veto_history::Operation;

use crate::trace::{Event, Status};

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: &'static str,
    /// What was seen.
    pub problem: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.problem)
    }
}

/// How a simulation ended.
#[derive(Debug, Clone, Default)]
pub struct Final {
    /// What clients saw.
    pub history: Vec<Operation>,
    /// The members that shall be there, and whether each votes.
    pub wanted: BTreeMap<u64, bool>,
    /// How each of them says that it is; `None` for one that does not serve.
    pub replicas: BTreeMap<u64, Option<Status>>,
    /// The digest of the rows of each.
    pub digests: BTreeMap<u64, (u64, Vec<u8>)>,
    /// Whether all worked again in time.
    pub healed: bool,
}

/// One invariant, and what it has seen.
pub trait Invariant: std::fmt::Debug + Send {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Takes note of what happened.
    ///
    /// # Errors
    /// What is wrong with it.
    fn observe(&mut self, _event: &Event) -> Result<(), String> {
        Ok(())
    }
    /// Looks at how it ended.
    ///
    /// # Errors
    /// What is wrong with it.
    fn end(&mut self, _end: &Final) -> Result<(), String> {
        Ok(())
    }
}

/// All invariants, or some of them.
#[derive(Debug)]
pub struct Checks(Vec<Box<dyn Invariant>>);

impl Checks {
    /// All that are named; all there are when none is.
    #[must_use]
    pub fn new(only: &[String]) -> Self {
        let mut all: Vec<Box<dyn Invariant>> = vec![
            Box::new(c1_linearizable::Linearizable),
            Box::new(c2_durable::Durable::default()),
            Box::new(c3_one_history::OneHistory::default()),
            Box::new(c4_one_leader::OneLeader::default()),
            Box::new(c5_never_back::NeverBack::default()),
            Box::new(c6_same_rows::SameRows::default()),
            Box::new(c7_once::Once::default()),
            Box::new(c8_heals::Heals),
            Box::new(c9_audited::Audited::default()),
        ];
        all.retain(|one| only.is_empty() || only.iter().any(|name| name == one.name()));
        Self(all)
    }

    /// Shows them what happened.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn observe(&mut self, event: &Event) -> Result<(), Violation> {
        self.each(|one| one.observe(event))
    }

    /// Shows them how it ended.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn end(&mut self, end: &Final) -> Result<(), Violation> {
        self.each(|one| one.end(end))
    }

    /// A violation that was seen elsewhere, when the invariant is among these.
    #[must_use]
    pub fn violation(&self, invariant: &'static str, problem: &str) -> Option<Violation> {
        let known = self.0.iter().any(|one| one.name() == invariant);
        known.then(|| Violation {
            invariant,
            problem: problem.to_owned(),
        })
    }

    fn each(
        &mut self,
        mut look: impl FnMut(&mut dyn Invariant) -> Result<(), String>,
    ) -> Result<(), Violation> {
        for one in &mut self.0 {
            look(one.as_mut()).map_err(|problem| Violation {
                invariant: one.name(),
                problem,
            })?;
        }
        Ok(())
    }
}
