//! Findings as SARIF, as code hosts read them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use veto_policy::{Diagnostic, DiagnosticCode, DiagnosticSeverity, compile, sarif};

use super::diagnostics;
use super::support::source;

fn finding(code: DiagnosticCode, severity: DiagnosticSeverity) -> Diagnostic {
    Diagnostic {
        code,
        severity,
        path: "finance/my refunds.yaml".to_owned(),
        line: 3,
        column: 5,
        length: 4,
        message: "it is wrong".to_owned(),
        help: "correct it".to_owned(),
    }
}

#[test]
fn a_finding_becomes_a_result_with_its_rule_and_its_region() {
    let found = [
        finding(DiagnosticCode::OpenObject, DiagnosticSeverity::Warning),
        finding(DiagnosticCode::YamlSyntax, DiagnosticSeverity::Error),
    ];
    let log = sarif(&found);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["tool"]["driver"]["name"], "veto");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["yaml-syntax", "open-object"]);
    assert_eq!(
        rules[0]["shortDescription"]["text"],
        "The text is not YAML."
    );
    assert_eq!(
        run["results"][0],
        json!({
            "ruleId": "open-object",
            "ruleIndex": 1,
            "level": "warning",
            "message": { "text": "it is wrong\nhelp: correct it" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "finance/my%20refunds.yaml" },
                "region": { "startLine": 3, "startColumn": 5, "endColumn": 9 },
            } }],
        })
    );
    assert_eq!(run["results"][1]["level"], "error");
}

#[test]
fn no_finding_is_a_whole_log_too() {
    let log = sarif(&[]);
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
}

/// What the schema of SARIF 2.1.0 asks of the parts that we write.
fn assert_well_formed(log: &Value) {
    let only = |value: &Value, names: &[&str]| {
        let known: BTreeSet<&str> = names.iter().copied().collect();
        let map = value.as_object().unwrap();
        assert!(
            map.keys().all(|name| known.contains(name.as_str())),
            "{map:?}"
        );
    };
    only(log, &["$schema", "version", "runs"]);
    let run = &log["runs"][0];
    only(run, &["tool", "columnKind", "results"]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let unique: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str()).collect();
    assert_eq!(unique.len(), rules.len());
    for result in run["results"].as_array().unwrap() {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let region = &place["region"];
        let number = |name: &str| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!(number("endColumn") > number("startColumn"));
    }
}

#[test]
fn every_code_of_the_checker_makes_a_well_formed_log() {
    let mut all = Vec::new();
    for (_, text) in diagnostics::texts() {
        all.extend(match compile(&[source(&text)]) {
            Ok(compiled) => compiled.warnings,
            Err(found) => found.0,
        });
    }
    assert!(all.len() > 50);
    let log = sarif(&all);
    assert_well_formed(&log);
    assert_eq!(
        log["runs"][0]["results"].as_array().unwrap().len(),
        all.len()
    );
    // For a look at it by the official schema: `VETO_SARIF=file cargo test -p veto-policy sarif`.
    if let Some(path) = std::env::var_os("VETO_SARIF") {
        std::fs::write(path, log.to_string()).unwrap();
    }
}
