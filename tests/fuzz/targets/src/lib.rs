//! What is fuzzed of the policy engine. A target takes any bytes and says what does not hold; it never
//! panics itself, so a panic is the engine's. It goes through the public API of `veto-policy` alone.
//!
//! - [`Target`]: the targets by name, with the longest input that makes sense.
//! - [`Mutator`]: inputs from a seed, for the slice that runs with the tests.
//!
//! `tests/slice.rs` replays the corpus and mutates it; `../libfuzzer` drives the same functions by coverage.

mod arguments;
mod call;
mod cel;
mod choices;
mod fixtures;
mod format;
mod globs;
mod mutator;
mod points;
mod yaml;

pub use mutator::Mutator;

/// Something that does not hold, with what is needed to see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Finding(pub String);

impl From<veto_core::id::InvalidId> for Finding {
    fn from(error: veto_core::id::InvalidId) -> Self {
        Self(format!("a name of the target itself: {error}"))
    }
}

impl From<veto_policy::ArgumentsError> for Finding {
    fn from(error: veto_policy::ArgumentsError) -> Self {
        Self(format!("arguments of the target itself: {error}"))
    }
}

/// How far an input came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It was refused, as it may be.
    Refused,
    /// It was read, and what must hold of it was checked.
    Checked,
}

/// Something to fuzz.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, on the command line and as the folder of its corpus (`format` shares that of `yaml`).
    pub name: &'static str,
    /// What an input is.
    pub summary: &'static str,
    /// The longest input, in bytes.
    pub max_len: usize,
    run: fn(&[u8]) -> Result<Reached, Finding>,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 6] = [
        Self {
            name: "yaml",
            summary: "text of a policy file",
            max_len: 16 * 1024,
            run: yaml::run,
        },
        Self {
            name: "cel",
            summary: "text of a condition",
            max_len: 4 * 1024,
            run: cel::run,
        },
        Self {
            name: "arguments",
            summary: "JSON text of a call's arguments",
            max_len: 16 * 1024,
            run: arguments::run,
        },
        Self {
            name: "globs",
            summary: "a glob, then names, one a line",
            max_len: 512,
            run: globs::run,
        },
        Self {
            name: "call",
            summary: "choices that make a policy set and a call",
            max_len: 512,
            run: call::run,
        },
        Self {
            name: "format",
            summary: "text of a policy file, to be formatted and printed",
            max_len: 4 * 1024,
            run: format::run,
        },
    ];

    /// Finds a target by name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name == name)
    }

    /// Runs one input.
    ///
    /// # Errors
    /// [`Finding`] when something does not hold that must hold for every input.
    pub fn run(&self, input: &[u8]) -> Result<Reached, Finding> {
        (self.run)(input)
    }
}

/// A claim about an input; the text is made only when it fails.
fn claim(holds: bool, found: impl FnOnce() -> String) -> Result<(), Finding> {
    if holds { Ok(()) } else { Err(Finding(found())) }
}
