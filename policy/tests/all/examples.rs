//! The examples compile without a finding and keep their promises.

use std::path::{Path, PathBuf};

use serde_json::Value;
use veto_policy::{Compiled, Outcome, Source, compile, evaluate, render};

use super::support::{NOON, call};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn compiled(folder: &str) -> Compiled {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(examples().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            sources.push(Source {
                path: name,
                text: std::fs::read_to_string(path).unwrap(),
            });
        }
    }
    let show = |d: &veto_policy::Diagnostic| {
        render(
            d,
            sources.iter().find(|source| source.path == d.path).unwrap(),
        )
    };
    match compile(&sources) {
        Ok(compiled) => {
            assert!(
                compiled.warnings.is_empty(),
                "{}",
                show(&compiled.warnings[0])
            );
            compiled
        }
        Err(found) => panic!("{}", found.iter().map(show).collect::<Vec<_>>().join("\n")),
    }
}

#[test]
fn the_first_policies_show_three_outcomes() {
    let set = compiled("first").set;
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
    let set = compiled("agentdojo/policies").set;
    let text = std::fs::read_to_string(examples().join("agentdojo/calls.jsonl")).unwrap();
    let mut attacks: std::collections::BTreeMap<String, bool> = std::collections::BTreeMap::new();
    let (mut users, mut outright) = (0, 0);
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
                users += 1;
                outright += u32::from(decision.outcome == Outcome::Allow);
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
    assert!(
        users > 50 && outright * 10 >= users * 9,
        "{outright} of {users} allowed outright"
    );
    let open: Vec<_> = attacks.iter().filter(|(_, blocked)| !**blocked).collect();
    assert!(open.is_empty(), "attacks that nothing blocks: {open:?}");
}
