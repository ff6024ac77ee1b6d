//! The examples compile without a finding and keep their promises.

mod suites;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use veto_policy::suite::SUFFIX;
use veto_policy::{Outcome, PolicySet, Source, compile, evaluate, render};

use super::support::{NOON, call};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The files of a folder that hold policies, or those that hold tests, sorted by name.
fn files(folder: &Path, tests: bool) -> Vec<Source> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml") && name.ends_with(SUFFIX) == tests)
        .collect();
    names.sort();
    let read = |name: String| Source {
        text: std::fs::read_to_string(folder.join(&name)).unwrap(),
        path: name,
    };
    names.into_iter().map(read).collect()
}

/// Compiles the policies of a folder, without a finding.
fn compiled(sources: &[Source]) -> PolicySet {
    let show = |d: &veto_policy::Diagnostic| {
        let source = sources.iter().find(|source| source.path == d.path);
        render(d, source.unwrap())
    };
    let found = match compile(sources) {
        Ok(compiled) if compiled.warnings.is_empty() => return compiled.set,
        Ok(compiled) => compiled.warnings,
        Err(found) => found.0,
    };
    panic!("{}", found.iter().map(show).collect::<Vec<_>>().join("\n"))
}

fn compiled_folder(name: &str) -> PolicySet {
    compiled(&files(&examples().join(name), false))
}

#[test]
fn the_first_policies_show_three_outcomes() {
    let set = compiled_folder("first");
    let outcome = |amount: &str| {
        let arguments = format!(r#"{{"amount": {amount}, "order_id": "O-123456"}}"#);
        evaluate(
            &set,
            &call(&["support"], "payments.refund", &arguments),
            NOON,
        )
    };
    assert_eq!(outcome("20").outcome, Outcome::Allow);
    assert_eq!(outcome("51").outcome, Outcome::Approval);
    let denied = outcome("5000");
    assert_eq!(denied.outcome, Outcome::Deny);
    assert_eq!(denied.reason.message, "argument `amount`: 5000 is above 50");
    let export = evaluate(
        &set,
        &call(&["support"], "crm.customers.export", "{}"),
        NOON,
    );
    assert_eq!(
        export.reason.message,
        "Customer data leaves through the data team only."
    );
}

#[test]
fn agentdojo_policies_hold_their_promises() {
    let set = compiled_folder("agentdojo/policies");
    let text = std::fs::read_to_string(examples().join("agentdojo/calls.jsonl")).unwrap();
    let mut attacks: BTreeMap<String, bool> = BTreeMap::new();
    // Of each suite: the calls that solve its user tasks, and those of them that need nobody.
    let mut calls: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let suite = row["suite"].as_str().unwrap();
        let role = format!("{suite}-assistant");
        let task = format!("{suite}/{}", row["task"].as_str().unwrap());
        for one in row["calls"].as_array().unwrap() {
            let tool = one["tool"].as_str().unwrap();
            let arguments = one["arguments"].to_string();
            let decision = evaluate(&set, &call(&[&role], tool, &arguments), NOON);
            if row["kind"] == "user" {
                let (users, outright) = calls.entry(suite.to_owned()).or_default();
                *users += 1;
                *outright += u32::from(decision.outcome == Outcome::Allow);
                assert_ne!(
                    decision.outcome,
                    Outcome::Deny,
                    "{task}: {tool} {arguments}: {}",
                    decision.reason.message
                );
            } else {
                *attacks.entry(task.clone()).or_default() |= decision.outcome != Outcome::Allow;
            }
        }
    }
    let wanted = [("banking", (33, 30)), ("workspace", (84, 77))];
    assert_eq!(
        calls,
        wanted
            .map(|(suite, counts)| (suite.to_owned(), counts))
            .into()
    );
    let open: Vec<_> = attacks.iter().filter(|(_, blocked)| !**blocked).collect();
    assert!(open.is_empty(), "attacks that nothing blocks: {open:?}");
    assert_eq!(attacks.len(), 15);
}
