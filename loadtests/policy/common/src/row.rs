//! What is measured, as a row of the table.

use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::measure::Plan;

/// How the arguments of the call come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Parsed already, into whatever the engine takes without more work.
    Parsed,
    /// As JSON text; reading it is part of the figure.
    Text,
}

/// What the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// The amount is below the bound.
    Allow,
    /// The amount is above the bound.
    Deny,
}

impl Case {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Allow, Self::Deny];

    /// Its name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Form {
    /// Its name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parsed => "parsed",
            Self::Text => "text",
        }
    }
}

/// One decision, measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// Which engine, and which way of using it.
    pub engine: String,
    /// How many rules are loaded.
    pub rules: usize,
    /// How the arguments come.
    pub form: Form,
    /// What the answer is.
    pub case: Case,
    /// Nanoseconds of processor time, median.
    pub nanoseconds: f64,
    /// The same, of the quickest sample.
    pub best: f64,
    /// Allocations of one decision.
    pub allocations: u64,
    /// Bytes that they ask for.
    pub bytes: u64,
}

impl Row {
    /// Measures a decision, answer and its release included.
    pub fn measure(
        engine: &str,
        rules: usize,
        form: Form,
        case: Case,
        plan: Plan,
        mut decide: impl FnMut(),
    ) -> Self {
        let figure = plan.time(&mut decide);
        let (allocations, bytes) = allocations::of(&mut decide);
        Self {
            engine: engine.to_owned(),
            rules,
            form,
            case,
            nanoseconds: figure.median,
            best: figure.best,
            allocations,
            bytes,
        }
    }
}

/// What it took to load the rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    /// Which engine, and which way of using it.
    pub engine: String,
    /// How many rules.
    pub rules: usize,
    /// Milliseconds of processor time; none: it was not tried, or did not work.
    pub milliseconds: Option<f64>,
    /// Why there are no figures, if there are none.
    pub note: Option<String>,
}

/// What the peers' binary prints, as one line of JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Peers {
    /// The decisions.
    pub rows: Vec<Row>,
    /// The loads.
    pub loads: Vec<Load>,
}
