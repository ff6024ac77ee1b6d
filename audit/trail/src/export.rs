//! Decisions as CSV and JSON lines, one at a time, so that an export needs constant memory. Columns
//! have a fixed order; cells of a CSV that a spreadsheet would run are neutralised.

use std::io;

use serde::Serialize;
use veto_core::{BootId, Timestamp};

use crate::record::Decision;

macro_rules! columns {
    ($($name:ident: $kind:ty,)*) => {
        /// A decision with its place in the chain, flat, in the order of the columns.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub struct Exported {
            $($name: $kind,)*
        }

        impl Exported {
            /// The header of the CSV; the names are the keys of the JSON lines.
            pub const COLUMNS: &[&str] = &[$(stringify!($name)),*];

            /// The row of the CSV: every text neutralised, see [`cell`].
            #[must_use]
            pub fn csv_row(&self) -> Vec<String> {
                vec![$(cell(&self.$name.to_string())),*]
            }
        }
    };
}

columns! {
    time: String,
    organization: String,
    project: String,
    environment: String,
    agent: String,
    roles: String,
    user: String,
    tool: String,
    outcome: String,
    reason_code: String,
    reason_message: String,
    reason_argument: String,
    policy: String,
    rule: String,
    policy_version: u64,
    revision: u64,
    severity: String,
    matched: String,
    errors: String,
    arguments_json: String,
    arguments_digest: String,
    latency_micros: u64,
    trace_id: String,
    span_id: String,
    session_id: String,
    request_id: String,
    key_id: String,
    token_id: String,
    node: String,
    boot: String,
    sequence: u64,
    hash: String,
    stored_at: String,
}

/// Where a decision stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The node that decided.
    pub node: &'a str,
    /// The run of its process.
    pub boot: BootId,
    /// Its place in the boot.
    pub sequence: u64,
    /// The hash of its frame.
    pub hash: [u8; 32],
    /// When the node decided.
    pub time: Timestamp,
    /// When the ledger stored it.
    pub stored_at: Timestamp,
}

impl Exported {
    /// Flattens a decision; lists are joined with spaces, errors with `; `.
    #[must_use]
    pub fn new(place: Place<'_>, decision: &Decision) -> Self {
        Self {
            time: place.time.to_string(),
            organization: decision.scope.organization.to_string(),
            project: decision.scope.project.to_string(),
            environment: decision.scope.environment.to_string(),
            agent: decision.agent.clone(),
            roles: decision.roles.join(" "),
            user: decision.user.clone(),
            tool: decision.tool.clone(),
            outcome: decision.outcome.clone(),
            reason_code: decision.reason_code.clone(),
            reason_message: decision.reason_message.clone(),
            reason_argument: decision.reason_argument.clone(),
            policy: decision.policy.clone(),
            rule: decision.rule.clone(),
            policy_version: decision.policy_version.0,
            revision: decision.revision.0,
            severity: decision.severity.clone(),
            matched: decision.matched.join(" "),
            errors: decision.errors.join("; "),
            arguments_json: decision.arguments_json.clone(),
            arguments_digest: hex(&decision.arguments_digest),
            latency_micros: decision.latency_micros,
            trace_id: decision.trace_id.map(|id| hex(&id)).unwrap_or_default(),
            span_id: decision.span_id.map(|id| hex(&id)).unwrap_or_default(),
            session_id: decision.session_id.clone(),
            request_id: decision.request_id.clone(),
            key_id: decision.key_id.clone(),
            token_id: decision.token_id.clone(),
            node: place.node.to_owned(),
            boot: place.boot.to_string(),
            sequence: place.sequence,
            hash: hex(&place.hash),
            stored_at: place.stored_at.to_string(),
        }
    }

    /// Writes one line of JSON.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn write_json(&self, to: &mut impl io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut *to, self)?;
        to.write_all(b"\n")
    }
}

/// Keeps a spreadsheet from running a cell: a text that it could take for a formula gets an
/// apostrophe in front (OWASP, CSV injection), and so does one that has an apostrophe there, so that
/// a reader who takes one away has what was recorded. A formula may hide behind white space and
/// behind the full-width forms of its first character.
#[must_use]
pub fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let runs = matches!(
        first,
        Some(
            '=' | '+' | '-' | '@' | '|' | '\'' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        )
    );
    if runs || text.starts_with(['\t', '\r', '\n', '\0']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_neutralised() {
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\t=1",
            "\r=1",
            "\nx",
            "  =1",
            "|cmd",
            "\u{ff1d}1",
            "'kept",
        ] {
            assert_eq!(cell(bad), format!("'{bad}"));
        }
        for harmless in ["", "amount=1", "51 is above 50", "it's"] {
            assert_eq!(cell(harmless), harmless);
        }
    }

    #[test]
    fn columns_are_named_once_and_in_order() {
        assert_eq!(Exported::COLUMNS.first(), Some(&"time"));
        let unique: std::collections::BTreeSet<_> = Exported::COLUMNS.iter().collect();
        assert_eq!(unique.len(), Exported::COLUMNS.len());
    }
}
