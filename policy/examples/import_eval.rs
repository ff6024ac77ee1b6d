//! Imports rule packs and decides calls with the result, one JSON line each: for comparisons with
//! the system that the packs come from.
//!
//! `cargo run -p veto-policy --example import_eval -- DIRECTORY < calls.jsonl`, where a call is
//! `{"pack": "financial.yaml", "tool": "…", "arguments": "{…}"}` and may have `agent` and `now`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers may stop at what it does not expect"
)]

use std::collections::BTreeMap;
use std::io::BufRead as _;

use serde_json::{Value, json};
use veto_core::{AgentId, EnvironmentId, Timestamp, ToolName};
use veto_policy::import::{Format, Options, import};
use veto_policy::{Agent, Arguments, Call, Source, compile, evaluate};

fn main() {
    let directory = std::env::args().nth(1).unwrap();
    let mut sources: Vec<Source> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| Source {
            path: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(path).unwrap(),
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let imported = import(Format::VetoSdk, &sources, &Options::default());
    let mapped =
        |m: &veto_policy::import::Mapped| json!({"pack": m.path, "rule": m.rule, "rules": m.rules});
    let unmapped = |u: &veto_policy::import::Unmapped| json!({"pack": u.path, "rule": u.rule, "reason": u.reason});
    println!(
        "{}",
        json!({
            "mapped": imported.mapped.iter().map(mapped).collect::<Vec<_>>(),
            "unmapped": imported.unmapped.iter().map(unmapped).collect::<Vec<_>>(),
        })
    );
    let sets: BTreeMap<_, _> = imported
        .documents
        .iter()
        .map(|d| {
            (
                d.path.clone(),
                compile(std::slice::from_ref(d)).unwrap().set,
            )
        })
        .collect();
    for line in std::io::stdin().lock().lines() {
        let call: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str, other: &str| call[name].as_str().unwrap_or(other).to_owned();
        let id = AgentId::new(&text("agent", "agent-1")).unwrap();
        let Ok(arguments) = Arguments::parse(&text("arguments", "{}")) else {
            println!("{}", json!({"outcome": "refused"}));
            continue;
        };
        let asked = Call {
            agent: Some(Agent {
                id: id.clone(),
                roles: Vec::new(),
                labels: BTreeMap::new(),
                disabled: false,
            }),
            agent_id: id,
            user: None,
            tool: ToolName::new(&text("tool", "")).unwrap(),
            arguments,
            context: Arguments::default(),
            environment: EnvironmentId::new("test").unwrap(),
            request_id: String::new(),
            trace_id: String::new(),
            session_id: String::new(),
        };
        let now = Timestamp::parse(&text("now", "2024-01-08T12:00:00Z")).unwrap();
        let Some(set) = sets.get(&text("pack", "")) else {
            println!("{}", json!({"outcome": "none"}));
            continue;
        };
        let decision = evaluate(set, &asked, now);
        let rule = |m: &veto_policy::decision::Matched| format!("{}/{}", m.policy, m.rule);
        println!(
            "{}",
            json!({
                "outcome": decision.outcome.as_str(),
                "matched": decision.matched.iter().map(rule).collect::<Vec<_>>(),
                "errors": decision.errors,
            })
        );
    }
}
