//! Policies as code, without a server.

use crate::harness::{Answer, root, veto};

fn run(arguments: &[&str]) -> Answer {
    let mut command = veto();
    command.args(arguments).current_dir(root());
    Answer::of(command)
}

const EXPLAIN: [&str; 8] = [
    "policy",
    "explain",
    "examples/agentdojo/policies",
    "--role",
    "banking-assistant",
    "--tool",
    "send_money",
    "--arguments",
];

#[test]
fn a_call_is_explained_rule_by_rule() {
    let call = r#"{"recipient":"Spotify","amount":20000,"subject":"a","date":"2026-01-01"}"#;
    let shown = run(&[&EXPLAIN[..], &[call, "-o", "json"]].concat())
        .code(0)
        .json();
    assert_eq!(shown["outcome"], "deny");
    assert_eq!(shown["rule"], "never-above-ceiling");
    let verdicts: Vec<_> = shown["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            (
                rule["rule"].as_str().unwrap(),
                rule["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("never-above-ceiling", "matched"),
            ("pay-known-payee", "otherwise")
        ]
    );
    let told = run(&[&EXPLAIN[..], &[r#"{"recipient":1}"#]].concat()).code(0);
    assert!(
        told.stdout.contains("break the schema of tool"),
        "{told:#?}"
    );
    let wrong = run(&[&EXPLAIN[..], &["[]"]].concat()).code(2);
    assert!(wrong.stderr.contains("`--arguments`"), "{wrong:#?}");
}

#[test]
fn a_first_directory_is_made_checked_formatted_and_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new");
    let path = path.to_str().unwrap();
    run(&["policy", "init", path]).code(0);
    run(&["policy", "validate", path]).code(0);
    run(&["policy", "fmt", "--check", path]).code(0);
    run(&["policy", "init", path]).code(2);
}

#[test]
fn formatting_keeps_comments_and_check_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("p.yaml");
    let path = file.to_str().unwrap();
    let ugly = "# why\napiVersion:   veto/v1\nkind: Policy\nmetadata: {name: p}\nsubjects: {roles: [r]} # who\n\
                rules:\n    - {id: a, tools: [t], effect: deny}\n";
    std::fs::write(&file, ugly).unwrap();
    run(&["policy", "fmt", "--check", path]).code(1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), ugly);
    run(&["policy", "fmt", path]).code(0);
    let nice = std::fs::read_to_string(&file).unwrap();
    assert!(nice.starts_with("# why\napiVersion: veto/v1\n") && nice.contains("# who"));
    run(&["policy", "fmt", "--check", path]).code(0);
    run(&["policy", "validate", path]).code(0);
}

#[test]
fn the_schema_for_editors_is_json() {
    let schema = run(&["policy", "schema"]).code(0).json();
    assert!(schema["$schema"].is_string());
}

/// The page's policy decides the calls below it as the comments behind them say.
#[test]
fn the_readme_decides_as_it_says() {
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let policy = page.split("```yaml\n").nth(1).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("readme.yaml");
    std::fs::write(&file, policy.split("```").next().unwrap()).unwrap();
    let checks: Vec<_> = page
        .lines()
        .filter_map(|line| line.trim().strip_prefix("$ veto check "))
        .collect();
    assert_eq!(checks.len(), 4);
    for check in checks {
        let (call, said) = check.split_once(" # ").unwrap();
        let mut shell = std::process::Command::new("bash");
        let command = r#"eval "set -- $CALL"; exec "$VETO" policy explain "$FILE" --role support -o json "$@""#;
        shell
            .args(["-c", command])
            .env("CALL", call)
            .env("FILE", &file)
            .env("VETO", env!("CARGO_BIN_EXE_veto"));
        let told = Answer::of(shell).code(0).json();
        let (outcome, rule) = said.trim().split_once(' ').unwrap();
        assert_eq!(told["outcome"], outcome, "{check}");
        match told["rule"].as_str() {
            Some(decided) => assert_eq!(decided, rule.trim(), "{check}"),
            None => assert_eq!(rule.trim(), "no rule names this tool", "{check}"),
        }
    }
}
