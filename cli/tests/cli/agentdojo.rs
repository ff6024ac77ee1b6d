//! Real calls of a public benchmark through a running Veto.

use std::path::Path;

use crate::dev::run_beside;
use crate::harness::{Answer, root};

fn replay(directory: &Path, more: &[&str]) -> Answer {
    let calls = root().join("examples/agentdojo/calls.jsonl");
    let key = |role: &str| directory.join(format!("keys/{role}-assistant.key"));
    let map = |suite| format!("{suite}=@{}", key(suite).display());
    let (banking, workspace) = (map("banking"), map("workspace"));
    let command = [
        env!("CARGO_BIN_EXE_veto"),
        "replay-calls",
        calls.to_str().unwrap(),
        "--map",
        &banking,
        "--map",
        &workspace,
    ];
    run_beside(directory, &["--agentdojo"], &[&command[..], more].concat())
}

#[test]
fn user_tasks_pass_and_attacks_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let answer = replay(directory.path(), &["-o", "json"]).code(0);
    let report = answer.json();
    assert_eq!(report["missed"], serde_json::json!([]));
    assert_eq!(report["attacks_not_blocked"], serde_json::json!([]));
    let groups = report["groups"].as_array().unwrap();
    let sum = |kind: &str, field: &str| -> u64 {
        let of_kind = groups.iter().filter(|group| group["kind"] == kind);
        of_kind.map(|group| group[field].as_u64().unwrap()).sum()
    };
    // The counts of the file: a replay that skips calls must not pass.
    assert_eq!((sum("user", "tasks"), sum("user", "calls")), (56, 117));
    assert_eq!(
        (sum("injection", "tasks"), sum("injection", "calls")),
        (23, 22)
    );
    assert_eq!(sum("injection", "tasks_without_calls"), 8);
    assert_eq!(sum("injection", "tasks_blocked"), 15);
    assert_eq!(sum("user", "denied"), 0);
    let kept = std::fs::read_to_string(directory.path().join("results/agentdojo.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&kept).unwrap(),
        report
    );

    // The judge can fail: a floor that no policy with approvals can meet.
    let strict = replay(directory.path(), &["--min-allowed", "1.0"]).code(1);
    assert!(strict.stdout.contains("Missed:"), "{strict:#?}");
    assert!(
        strict
            .stdout
            .contains("banking/user_task_14 update_password: approval"),
        "{strict:#?}"
    );
    assert!(!strict.stdout.contains("All promises kept"), "{strict:#?}");
}
