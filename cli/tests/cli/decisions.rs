//! `veto decisions`: what was asked is listed and exported.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::harness::{Dev, until, veto};

#[test]
fn decisions_are_listed_filtered_followed_and_exported() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    let mut tail = veto();
    let exports = dev
        .exports
        .iter()
        .filter(|(name, _)| name.starts_with("VETO_"));
    // Its stream is replaced again and again while the calls come.
    tail.args(["decisions", "tail", "-o", "jsonl", "--renew", "100ms"])
        .envs(exports);
    let mut tail = tail
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut following = String::new();
    BufReader::new(tail.stderr.take().unwrap())
        .read_line(&mut following)
        .unwrap();
    assert!(following.contains("following"), "{following}");

    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let refund = ["check", "--tool", "payments.refund", "--arguments"];
    let ask = |more: &[&str]| dev.veto(&[&refund[..], more].concat());
    ask(&[
        r#"{"amount": 20}"#,
        "--traceparent",
        &parent,
        "--session",
        "s-1",
    ])
    .code(0);
    ask(&[r#"{"amount": 500}"#]).code(1);
    dev.veto(&["check", "--tool", "customers.export"]).code(1);

    let list = |more: &[&str]| {
        dev.veto(&[&["decisions", "list", "-o", "json"], more].concat())
            .code(0)
            .json()
    };
    let all = until("three records", || {
        let all = list(&[]);
        (all.as_array().unwrap().len() == 3).then_some(all)
    });
    let field = |name: &str| -> Vec<String> {
        all.as_array()
            .unwrap()
            .iter()
            .map(|r| r[name].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        field("outcome"),
        ["deny", "approval", "allow"],
        "newest first"
    );
    assert_eq!(field("agent"), ["support-bot"; 3]);
    assert_eq!(all[2]["arguments"], serde_json::json!({ "amount": 20 }));
    assert_eq!(
        (&all[2]["trace_id"], &all[2]["session_id"]),
        (&trace.into(), &"s-1".into())
    );
    assert_eq!(
        (&all[0]["rule"], &all[0]["severity"]),
        (&"never-export".into(), &"high".into())
    );

    assert_eq!(list(&["--outcome", "deny"]).as_array().unwrap().len(), 1);
    assert_eq!(list(&["--tool", "payments.*"]).as_array().unwrap().len(), 2);
    assert_eq!(list(&["--agent", "nobody"]).as_array().unwrap().len(), 0);
    assert_eq!(list(&["--trace", trace]).as_array().unwrap().len(), 1);
    assert_eq!(
        list(&["--from", "2100-01-01T00:00:00Z"])
            .as_array()
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        list(&["--from", "1h", "--limit", "2"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(list(&["--project", "nothing"]).as_array().unwrap().len(), 0);

    let lines = dev.veto(&["decisions", "export"]).code(0);
    assert_eq!(lines.stdout.lines().count(), 3, "{lines:#?}");
    assert!(
        lines
            .stdout
            .lines()
            .all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok())
    );
    assert!(lines.stderr.contains("3 records, SHA-256 "), "{lines:#?}");
    let file = directory.path().join("decisions.csv");
    let path = file.to_str().unwrap();
    dev.veto(&["decisions", "export", "--format", "csv", "--file", path])
        .code(0);
    let csv = std::fs::read_to_string(&file).unwrap();
    assert_eq!(csv.lines().count(), 4, "a header and three records: {csv}");

    let mut followed = BufReader::new(tail.stdout.take().unwrap()).lines();
    for outcome in ["allow", "approval", "deny"] {
        let line = followed.next().unwrap().unwrap();
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["outcome"], outcome);
    }
    tail.kill().unwrap();
    tail.wait().unwrap();
    assert_eq!(dev.stop(), Some(0));
}
