//! What reviewers and CI ask of policies, without a server: lint, SARIF, the matrix, differences.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Answer, Dev, root, veto};

const POLICY: &str = "apiVersion: veto/v1
kind: Policy
metadata: { name: refunds }
subjects: { roles: [support] }
rules:
  - id: small
    tools: [refund]
    effect: allow
    arguments:
      amount: { type: number, maximum: 50 }
  - id: never
    tools: [export]
    effect: deny
";

fn run(directory: &Path, arguments: &[&str]) -> Answer {
    let mut command = veto();
    command.args(arguments).current_dir(directory);
    Answer::of(command)
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn codes(findings: &Value) -> Vec<&str> {
    let each = findings.as_array().unwrap().iter();
    each.map(|found| found["code"].as_str().unwrap()).collect()
}

#[test]
fn lint_finds_what_validate_only_warns_of() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here, "p/refunds.yaml", POLICY);
    let clean = run(here, &["policy", "lint", "p"]).code(0);
    assert!(
        clean.stdout.is_empty() && clean.stderr.contains("no finding"),
        "{clean:#?}"
    );

    let unused = "apiVersion: veto/v1\nkind: List\nmetadata: { name: payees }\nvalues: [a]\n";
    write(here, "p/lists.yaml", unused);
    let found = run(here, &["policy", "lint", "p", "-o", "json"]).code(1);
    assert_eq!(codes(&found.json()), ["unused-name"]);
    let error: Value = serde_json::from_str(&found.stderr).unwrap();
    assert_eq!(error["error"]["message"], "1 finding");
    let warned = run(here, &["policy", "validate", "p", "-o", "json"]).code(0);
    assert_eq!(codes(&warned.json()), ["unused-name"]);

    write(here, "p/lists.yaml", "kind: List\n");
    let wrong = run(here, &["policy", "lint", "p"]).code(1);
    assert!(wrong.stderr.contains("error[INVALID_POLICY]"), "{wrong:#?}");
}

#[test]
fn lint_is_told_which_roles_agents_and_tools_there_are() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let agent = POLICY.replace("roles: [support]", "roles: [support], agents: [bot]");
    write(here, "p.yaml", &agent);
    let lint = |more: &[&str], code| {
        let all = [&["policy", "lint", "p.yaml", "-o", "json"], more].concat();
        let found = run(here, &all).code(code).json();
        codes(&found).join(" ")
    };
    assert_eq!(lint(&[], 0), "");
    assert_eq!(lint(&["--role", "support", "--agent", "bot"], 0), "");
    assert_eq!(lint(&["--role", "suport"], 1), "unmatched-subject");
    assert_eq!(lint(&["--agent", "bto"], 1), "unmatched-subject");
    assert_eq!(lint(&["--tool", "refund", "--tool", "export"], 0), "");
    assert_eq!(lint(&["--tool", "refund"], 1), "unmatched-tool");
}

#[test]
fn findings_are_written_as_sarif_with_paths_from_here() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(
        here,
        "a b/p/refunds.yaml",
        &POLICY.replace("effect: deny", "efect: deny"),
    );
    write(here, "a b/p/refunds_test.yaml", "kind: Test\n");
    let absolute = here.canonicalize().unwrap().join("a b");
    for path in ["a b", "./a b", absolute.to_str().unwrap(), "a b/p"] {
        let all = ["policy", "validate", path, "--sarif", "found.sarif"];
        run(here, &all).code(1);
        let text = std::fs::read_to_string(here.join("found.sarif")).unwrap();
        let log: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let results = log["runs"][0]["results"].as_array().unwrap();
        let files: Vec<_> = results
            .iter()
            .map(|found| &found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
            .collect();
        assert!(
            files.contains(&&"a%20b/p/refunds.yaml".into()),
            "{path}: {files:?}"
        );
        assert!(
            files.contains(&&"a%20b/p/refunds_test.yaml".into()),
            "{path}: {files:?}"
        );
        let first = &results[0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!(first["startLine"], 13);
    }
    write(here, "a b/p/refunds.yaml", POLICY);
    run(here, &["policy", "lint", "a b", "--sarif", "found.sarif"]).code(0);
    let text = std::fs::read_to_string(here.join("found.sarif")).unwrap();
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn the_matrix_tells_who_may_do_what() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here, "p.yaml", POLICY);
    let text = run(here, &["policy", "matrix", "p.yaml"]).code(0).stdout;
    for part in [
        "role support",
        "anyone else",
        "allow if [",
        "refunds/small (p.yaml:6)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let one = [
        "policy", "matrix", "p.yaml", "--role", "support", "--tool", "export",
    ];
    let shown = run(here, &[&one[..], &["-o", "json"]].concat())
        .code(0)
        .json();
    assert_eq!(shown["grid"], serde_json::json!([[0]]));
    assert_eq!(shown["cells"][0]["kind"], "deny");
    assert_eq!(
        shown["subjects"][0]["roles"],
        serde_json::json!(["support"])
    );
    run(
        here,
        &["policy", "matrix", "p.yaml", "--registered", "--role", "x"],
    )
    .code(2);
}

#[test]
fn directories_are_compared_file_by_file() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here, "old/p.yaml", POLICY);
    write(
        here,
        "new/p.yaml",
        &POLICY.replace("maximum: 50", "maximum: 60"),
    );
    write(here, "new/p_test.yaml", "tests are not published\n");
    let text = run(here, &["policy", "diff", "old", "new"]).code(0).stdout;
    assert!(
        text.starts_with("--- old/p.yaml\n+++ new/p.yaml\n@@"),
        "{text}"
    );
    assert!(
        text.contains("\n-      amount: { type: number, maximum: 50 }\n+"),
        "{text}"
    );
    let differs = run(here, &["policy", "diff", "old", "new", "--fail-on", "any"]).code(1);
    assert_eq!(differs.stderr, "error: 1 file differs\n");
    let same = run(
        here,
        &[
            "policy",
            "diff",
            "old",
            "old",
            "--fail-on",
            "any",
            "-o",
            "json",
        ],
    );
    assert_eq!(same.code(0).json(), Value::Array(Vec::new()));
    run(here, &["policy", "diff", "old"]).code(2);
    run(here, &["policy", "diff", "@old", "new"]).code(2);
}

#[test]
fn meanings_are_compared_and_looser_ones_can_fail() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(here, "old/p.yaml", POLICY);
    // Another name, another file, another order: the same meaning.
    write(
        here,
        "same/q.yaml",
        &POLICY.replace("id: small", "id: little"),
    );
    write(
        here,
        "looser/p.yaml",
        &POLICY.replace("maximum: 50", "maximum: 60"),
    );
    let diff = |old: &str, new: &str, more: &[&str]| {
        run(
            here,
            &[&["policy", "diff", "--semantic", old, new], more].concat(),
        )
    };
    let same = diff("old", "same", &["--fail-on", "any"]).code(0).stdout;
    assert!(same.starts_with("no call is decided otherwise"), "{same}");
    let looser = diff("old", "looser", &[]).code(0).stdout;
    assert!(
        looser.contains("looser     refund for role support"),
        "{looser}"
    );
    let failed = diff("old", "looser", &["--fail-on", "looser"]).code(1);
    assert_eq!(
        failed.stderr,
        "error: cells that may be looser than before: 1\n"
    );
    let stricter = diff("looser", "old", &["--fail-on", "looser", "-o", "json"]).code(0);
    assert_eq!(stricter.json()["stricter"], 1);
    diff("looser", "old", &["--fail-on", "any"]).code(1);
    let other = ["--tool", "export", "--role", "support", "--fail-on", "any"];
    diff("old", "looser", &other).code(0);
    // What only means something for meanings is refused for texts.
    for more in [&["--fail-on", "looser"][..], &["--tool", "export"]] {
        run(here, &[&["policy", "diff", "old", "looser"], more].concat()).code(2);
    }
    write(here, "wrong/p.yaml", "kind: Policy\n");
    let wrong = diff("old", "wrong", &[]).code(1);
    assert!(wrong.stderr.contains("error[INVALID_POLICY]"), "{wrong:#?}");
}

#[test]
fn versions_and_registered_agents_are_asked_of_the_control_plane() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    let policies = root().join("examples/first");
    let path = policies.to_str().unwrap();
    for version in ["1", "@1", "@latest"] {
        let same = dev.veto(&["policy", "diff", version, path, "--fail-on", "any"]);
        assert!(same.code(0).stdout.is_empty(), "{version}");
    }
    let changed = tempfile::tempdir().unwrap();
    write(changed.path(), "p.yaml", POLICY);
    let other = changed.path().to_str().unwrap();
    let shown = dev.veto(&["policy", "diff", "@latest", other, "-o", "json"]);
    let shown = shown.code(0).json();
    let kinds: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["change"])
        .collect();
    assert_eq!(kinds, ["added", "removed", "removed"]);
    dev.veto(&["policy", "diff", "9", path]).code(1);
    let meant = dev.veto(&[
        "policy",
        "diff",
        "--semantic",
        "1",
        other,
        "--registered",
        "-o",
        "json",
    ]);
    assert_ne!(meant.code(0).json()["looser"], 0);

    let matrix = dev.veto(&["policy", "matrix", path, "--registered", "-o", "json"]);
    let names: Vec<_> = matrix.code(0).json()["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["research-bot", "support-bot"]);
    dev.veto(&["policy", "lint", path, "--registered"]).code(0);
    let role = POLICY.replace("[support]", "[suport]");
    write(changed.path(), "p.yaml", &role);
    let found = dev.veto(&["policy", "lint", other, "--registered", "-o", "json"]);
    assert_eq!(codes(&found.code(1).json()), ["unmatched-subject"]);
    assert_eq!(dev.stop(), Some(0));
}
