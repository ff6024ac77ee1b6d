//! Findings as SARIF 2.1.0, which code hosts and editors read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Diagnostic, DiagnosticCode, DiagnosticSeverity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The findings as one SARIF log with one run: the codes that they have as its rules, and a result for each.
/// Paths become relative references; columns count Unicode code points, from 1.
#[must_use]
pub fn sarif(findings: &[Diagnostic]) -> Value {
    let codes: BTreeSet<DiagnosticCode> = findings.iter().map(|found| found.code).collect();
    let codes: Vec<DiagnosticCode> = codes.into_iter().collect();
    let results: Vec<Value> = findings.iter().map(|found| result(found, &codes)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "veto",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: DiagnosticCode) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "help": { "text": code.help() },
    })
}

fn result(found: &Diagnostic, codes: &[DiagnosticCode]) -> Value {
    let level = match found.severity {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Warning => "warning",
    };
    let text = if found.help.is_empty() {
        found.message.clone()
    } else {
        format!("{}\nhelp: {}", found.message, found.help)
    };
    json!({
        "ruleId": found.code.as_str(),
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": reference(&found.path) },
            "region": {
                "startLine": found.line.max(1),
                "startColumn": found.column.max(1),
                // The end is the first column that is not meant.
                "endColumn": found.column.max(1).saturating_add(found.length.max(1)),
            },
        } }],
    })
}

/// A path as a relative URI reference (RFC 3986): what has a meaning there is percent-encoded.
fn reference(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_reference_that_means_the_same_file() {
        assert_eq!(reference("./finance/refunds.yaml"), "finance/refunds.yaml");
        assert_eq!(reference("a b/50%:é#.yaml"), "a%20b/50%25%3A%C3%A9%23.yaml");
        assert_eq!(reference("finance\\refunds.yaml"), "finance/refunds.yaml");
    }
}
