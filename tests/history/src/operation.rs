//! One line of a history.

use serde::{Deserialize, Serialize};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Set a key's value.
    Write,
    /// Give a key's value.
    Read,
    /// Set a key's value if it is the expected one.
    Cas,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was answered.
    Ok,
    /// It was refused and has no effect.
    Fail,
    /// Nobody knows: it may take effect at any later time, or never.
    Info,
}

/// What one client asked of one key, and what it saw. A line of JSON in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Who asked. A client asks one thing after the other.
    pub client: u64,
    /// The number of the request, unique within the client.
    pub op: u64,
    /// What was asked.
    pub kind: Kind,
    /// Of which key.
    pub key: String,
    /// When it was asked, nanoseconds of one monotonic clock.
    pub invoke: u64,
    /// When the answer came, same clock. Absent: none came.
    #[serde(rename = "return", default)]
    pub returned: Option<u64>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was written, or read. Absent: the key has no value.
    #[serde(default)]
    pub value: Option<String>,
    /// What a compare-and-set expected. Absent: no value.
    #[serde(default)]
    pub expected: Option<String>,
    /// The revision that a write was acknowledged with, where it is known.
    #[serde(default)]
    pub revision: Option<u64>,
    /// Which replica was asked.
    #[serde(default)]
    pub node: u64,
}

impl Operation {
    /// When it was over for certain; an unknown outcome never is.
    #[must_use]
    pub fn end(&self) -> u64 {
        match self.outcome {
            Outcome::Ok | Outcome::Fail => self.returned.unwrap_or(u64::MAX),
            Outcome::Info => u64::MAX,
        }
    }

    /// Tells whether it set a value, or may have.
    #[must_use]
    pub fn sets(&self) -> bool {
        self.kind != Kind::Read && self.outcome != Outcome::Fail
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let Self { client, op, .. } = self;
        write!(f, "client {client}, operation {op} at node {}: ", self.node)?;
        match self.kind {
            Kind::Write => write!(f, "write {} = {}", self.key, text(&self.value))?,
            Kind::Read => write!(f, "read {}: {}", self.key, text(&self.value))?,
            Kind::Cas => {
                let (expected, value) = (text(&self.expected), text(&self.value));
                write!(f, "set {} from {expected} to {value}", self.key)?;
            }
        }
        if let Some(revision) = self.revision {
            write!(f, ", revision {revision}")?;
        }
        match self.returned {
            Some(returned) => write!(f, " [{} ns to {returned} ns]", self.invoke),
            None => write!(f, " [{} ns, no answer]", self.invoke),
        }
    }
}

/// Why a file is no history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A line is no operation.
    #[error("line {line} is no operation")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// An operation contradicts itself.
    #[error("{0}: {1}")]
    Operation(Box<Operation>, &'static str),
}

/// Reads a history: a JSON object a line, see [`Operation`].
///
/// # Errors
/// [`HistoryError`] at the first line that is none.
pub fn parse(text: &str) -> Result<Vec<Operation>, HistoryError> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let operation: Operation =
                serde_json::from_str(line).map_err(|source| HistoryError::Line {
                    line: at + 1,
                    source,
                })?;
            well_formed(operation)
        })
        .collect()
}

fn well_formed(operation: Operation) -> Result<Operation, HistoryError> {
    let wrong = |text| Err(HistoryError::Operation(Box::new(operation.clone()), text));
    if operation.outcome == Outcome::Ok && operation.returned.is_none() {
        return wrong("an answer has a time");
    }
    if operation.returned.is_some_and(|end| end < operation.invoke) {
        return wrong("it was answered before it was asked");
    }
    if operation.kind != Kind::Read && operation.value.is_none() {
        return wrong("nothing is written");
    }
    Ok(operation)
}
