//! The file of calls: one task a line.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// Whose wish a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The user's.
    User,
    /// An attacker's, planted in what the agent reads.
    Injection,
}

/// A task with the calls that carry it out.
#[derive(Debug, Deserialize)]
pub(super) struct Task {
    /// The suite of tools.
    pub(super) suite: String,
    /// Whose wish it is.
    pub(super) kind: Kind,
    /// Its name in the suite.
    pub(super) task: String,
    /// What it wants, in words.
    #[serde(default)]
    pub(super) goal: String,
    /// The calls, in order; empty where the benchmark names none.
    pub(super) calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    /// The tool.
    pub(super) tool: String,
    /// Its arguments.
    pub(super) arguments: serde_json::Map<String, serde_json::Value>,
}

/// Reads the tasks.
pub(super) fn read(path: &Path) -> Result<Vec<Task>, Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| Error::File {
        path: name.clone(),
        source,
    })?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let tasks: Result<Vec<Task>, Error> = lines
        .map(|(number, line)| {
            let bad = |e| Error::Usage(format!("{name}:{}: {e}", number + 1));
            serde_json::from_str(line).map_err(bad)
        })
        .collect();
    let tasks = tasks?;
    if tasks.is_empty() {
        // A replay of nothing would keep every promise.
        return Err(Error::Usage(format!("`{name}` holds no calls")));
    }
    Ok(tasks)
}
