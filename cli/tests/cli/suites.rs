//! `veto policy test`, without a server.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Answer, until, veto};

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
    when: env.name != 'frozen'
  - id: never
    tools: [export]
    effect: deny
";

const TESTS: &str = "apiVersion: veto/v1
kind: Tests
metadata: { name: refunds }
agents: { bot: { roles: [support] } }
agent: bot
tool: refund
cases:
  - { name: twenty, arguments: { amount: 20 }, expect: allow, rule: refunds/small }
  - { name: sixty, arguments: { amount: 60 }, expect: deny, reason: argument_invalid, argument: /amount }
  - { name: export, tool: export, expect: deny, rule: refunds/never }
";

/// A directory with the policy and these tests.
fn directory(tests: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("refunds.yaml"), POLICY).unwrap();
    std::fs::write(directory.path().join("refunds_test.yaml"), tests).unwrap();
    directory
}

fn test(directory: &Path, more: &[&str]) -> Answer {
    let mut command = veto();
    command.args(["policy", "test"]).arg(directory).args(more);
    Answer::of(command)
}

/// One case expects another outcome.
fn wrong() -> String {
    TESTS.replace(
        "amount: 60 }, expect: deny, reason: argument_invalid, argument: /amount",
        "amount: 60 }, expect: allow",
    )
}

#[test]
fn cases_that_hold_end_with_zero() {
    let directory = directory(TESTS);
    let answer = test(directory.path(), &[]).code(0);
    assert_eq!(answer.stdout, "3 passed, 0 failed\n");
    assert!(answer.stderr.is_empty(), "{answer:#?}");
}

#[test]
fn a_case_that_fails_is_told_with_what_came_and_why() {
    let directory = directory(&wrong());
    let answer = test(directory.path(), &[]).code(1);
    for part in [
        "refunds_test.yaml:9: FAILED sixty",
        "wanted: allow",
        "got:    deny, reason argument_invalid, argument /amount",
        "60 is above 50",
        "2 passed, 1 failed",
    ] {
        assert!(answer.stdout.contains(part), "{part}: {answer:#?}");
    }
    assert_eq!(answer.stderr, "error: 1 of 3 cases failed\n");
}

#[test]
fn filters_choose_cases_and_choosing_none_is_a_mistake() {
    let directory = directory(&wrong());
    let answer = test(directory.path(), &["--filter", "refunds/twenty"]).code(0);
    assert_eq!(answer.stdout, "1 passed, 0 failed\n");
    let two = ["--filter", "twenty", "--filter", "export"];
    let answer = test(directory.path(), &two).code(0);
    assert_eq!(answer.stdout, "2 passed, 0 failed\n");
    let answer = test(directory.path(), &["--filter", "fifty"]).code(2);
    assert!(answer.stderr.contains("no case of"), "{answer:#?}");
}

#[test]
fn a_directory_without_tests_is_a_mistake() {
    let directory = directory(TESTS);
    std::fs::remove_file(directory.path().join("refunds_test.yaml")).unwrap();
    let answer = test(directory.path(), &[]).code(2);
    assert!(answer.stderr.contains("holds no test"), "{answer:#?}");
    let answer = test(&directory.path().join("refunds.yaml"), &[]).code(2);
    assert!(answer.stderr.contains("name the directory"), "{answer:#?}");
}

#[test]
fn the_report_is_data_in_every_form() {
    let directory = directory(&wrong());
    let shown = test(directory.path(), &["-o", "json"]).code(1).json();
    assert_eq!(
        (&shown["ok"], &shown["passed"], &shown["failed"]),
        (&false.into(), &2.into(), &1.into())
    );
    let case = &shown["suites"][0]["cases"][1];
    assert_eq!((&case["name"], &case["line"]), (&"sixty".into(), &9.into()));
    assert_eq!(case["rules"][0]["rule"], "refunds/small");
    assert_eq!(shown["coverage"]["percent"], 75);
    assert_eq!(shown["coverage"]["by_rule"][0]["condition"]["met"], true);
    assert_eq!(shown["mutation"], Value::Null);
    let one_line = test(directory.path(), &["-o", "jsonl"]).code(1);
    assert_eq!(one_line.stdout.lines().count(), 1);
    assert_eq!(one_line.json(), shown);
    let yaml = test(directory.path(), &["-o", "yaml"]).code(1);
    assert!(yaml.stdout.contains("failed: 1\n"), "{yaml:#?}");
}

#[test]
fn the_report_for_ci_is_well_formed_xml() {
    let directory = directory(&wrong());
    let file = directory.path().join("report.xml");
    test(directory.path(), &["--junit", file.to_str().unwrap()]).code(1);
    let text = std::fs::read_to_string(&file).unwrap();
    let xml = roxmltree::Document::parse(&text).unwrap();
    let suite = xml.root_element().first_element_child().unwrap();
    assert_eq!(suite.attribute("tests"), Some("3"));
    let cases: Vec<_> = suite.children().filter(|node| node.is_element()).collect();
    let names: Vec<_> = cases.iter().filter_map(|c| c.attribute("name")).collect();
    assert_eq!(names, ["twenty", "sixty", "export"]);
    let failures: Vec<_> = cases
        .iter()
        .map(|case| {
            case.descendants()
                .filter(|n| n.has_tag_name("failure"))
                .count()
        })
        .collect();
    assert_eq!(failures, [0, 1, 0]);
    let nowhere = directory.path().join("none/report.xml");
    let answer = test(directory.path(), &["--junit", nowhere.to_str().unwrap()]).code(1);
    assert!(answer.stderr.contains("none/report.xml"), "{answer:#?}");
}

#[test]
fn what_is_covered_is_told_and_too_little_of_it_fails() {
    let directory = directory(TESTS);
    let answer = test(directory.path(), &["--coverage"]).code(0);
    for part in [
        "refunds.yaml:6: refunds/small: matched, 1 of 2 bounds kept and broken, condition met only",
        "    no case breaks `type` of argument `amount`\n    no case fails the condition\n",
        "refunds.yaml:12: refunds/never: matched\n",
        "covered: 2 of 2 rules, 4 of 6 sides of bounds and conditions: 75 %",
    ] {
        assert!(answer.stdout.contains(part), "{part}: {answer:#?}");
    }
    test(directory.path(), &["--min-coverage", "75"]).code(0);
    let answer = test(directory.path(), &["--min-coverage", "76"]).code(1);
    assert_eq!(answer.stderr, "error: 75 % are covered, 76 % are wanted\n");
    test(directory.path(), &["--min-coverage", "101"]).code(2);
}

#[test]
fn a_change_that_no_case_notices_fails_unless_its_line_says_that_it_may() {
    let directory = directory(TESTS);
    let answer = test(directory.path(), &["--mutate"]).code(1);
    for part in [
        "refunds.yaml:10: SURVIVED `maximum` of `amount`: 50 becomes",
        "  10 | amount: { type: number, maximum: 50 }",
        "3 passed, 0 failed",
    ] {
        assert!(answer.stdout.contains(part), "{part}: {answer:#?}");
    }
    assert!(answer.stderr.contains("mutants survived"), "{answer:#?}");

    // The bound from both sides, the condition and the subjects are shown; the rest is said to make no difference.
    let more = "  - { name: fifty, arguments: { amount: 50 }, expect: allow }
  - { name: frozen, environment: frozen, arguments: { amount: 20 }, expect: deny }\n";
    let file = directory.path().join("refunds_test.yaml");
    std::fs::write(&file, format!("{TESTS}{more}")).unwrap();
    let shown = test(directory.path(), &["--mutate", "-o", "json"]).json();
    let left = shown["mutation"]["survived"].as_array().unwrap();
    assert!(shown["mutation"]["killed"].as_u64().unwrap() > 5, "{shown}");
    let mut lines: Vec<String> = POLICY.lines().map(str::to_owned).collect();
    for mutant in left {
        let at = usize::try_from(mutant["line"].as_u64().unwrap()).unwrap() - 1;
        if !lines[at].contains('#') {
            lines[at] += " # veto: equivalent";
        }
    }
    std::fs::write(directory.path().join("refunds.yaml"), lines.join("\n")).unwrap();
    let shown = test(directory.path(), &["--mutate", "-o", "json"]).code(0);
    let shown = shown.json();
    assert_eq!(shown["mutation"]["survived"], Value::Array(Vec::new()));
    let accepted = shown["mutation"]["equivalent"].as_array().unwrap().len();
    assert_eq!(accepted, left.len());
}

#[test]
fn hostile_files_of_tests_are_refused_with_their_place() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let deep = format!(
        "{TESTS}  - {{ name: x, expect: deny, arguments: {{ a: {} }} }}\n",
        "[".repeat(9_999)
    );
    let long = format!(
        "{TESTS}  - {{ name: {}, expect: deny }}\n",
        "x".repeat(2 << 20)
    );
    let misspelled = TESTS.replace("expect: allow", "expects: allow");
    for tests in [
        bomb,
        &deep,
        &long,
        &misspelled,
        "\u{1b}[31m",
        "kind: Policy\n",
    ] {
        let directory = directory(tests);
        for command in ["test", "validate"] {
            let mut veto = veto();
            veto.args(["policy", command]).arg(directory.path());
            let answer = Answer::of(veto).code(1);
            assert!(
                answer.stderr.contains("error[INVALID_POLICY]"),
                "{answer:#?}"
            );
            let told = format!("{}{}", answer.stdout, answer.stderr);
            assert!(told.contains("refunds_test.yaml:"), "{told:.2000}");
            assert!(
                !told.contains('\u{1b}') && told.len() < 100_000,
                "{told:.2000}"
            );
        }
    }
}

#[test]
fn tests_are_validated_with_the_policies_and_alone() {
    let directory = directory(TESTS);
    let file = directory.path().join("refunds_test.yaml");
    for path in [directory.path(), &file] {
        let mut command = veto();
        command.args(["policy", "validate"]).arg(path);
        let answer = Answer::of(command).code(0);
        assert!(answer.stderr.contains("3 cases of tests"), "{answer:#?}");
    }
}

const GUIDE: &str = include_str!("../../../docs/testing-policies.md");

/// The lines of what a command says, as the guide shows them.
fn assert_in_guide(told: &str) {
    let shown: String = told.lines().map(|line| format!("    {line}\n")).collect();
    assert!(GUIDE.contains(&shown), "not in the guide:\n{shown}");
}

#[test]
fn the_guide_shows_what_the_command_says() {
    let mut blocks = GUIDE.split("```yaml\n").skip(1);
    let mut block = || blocks.next().unwrap().split("```").next().unwrap();
    let (policy, tests) = (block(), block());
    let directory = directory(tests);
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).unwrap();
    };
    write("refunds.yaml", policy);
    test(directory.path(), &["--mutate", "--min-coverage", "100"]).code(0);

    write(
        "refunds.yaml",
        &policy.replace("maximum: 50", "maximum: 49"),
    );
    let failed = test(directory.path(), &["--filter", "fifty"]).code(1);
    assert_in_guide(failed.stdout.split("\n\n").next().unwrap());

    write("refunds.yaml", policy);
    let (before, cent) = tests.split_once("  - name: so is a cent\n").unwrap();
    let (_, after) = cent.split_once("  - name: ").unwrap();
    let without = format!("{before}  - name: {after}");
    write("refunds_test.yaml", &without);
    let survived = test(directory.path(), &["--mutate"]).code(1);
    assert_in_guide(survived.stdout.split("\n\n").next().unwrap());
}

/// `veto policy test --watch` that runs: its reports, and the lines of its talk.
struct Watch {
    child: Child,
    reports: mpsc::Receiver<String>,
    talk: mpsc::Receiver<String>,
}

impl Watch {
    fn start(directory: &Path) -> Self {
        let mut command = veto();
        command
            .args(["policy", "test", "--watch", "-o", "jsonl"])
            .arg(directory);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            reports: lines(child.stdout.take().unwrap()),
            talk: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    fn next(&self) -> Value {
        let line = until("a report", || self.reports.try_recv().ok());
        serde_json::from_str(&line).unwrap()
    }
}

/// Reads to the end, so that a full pipe never stops the process.
fn lines(stream: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (line, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let read = BufReader::new(stream).lines().map_while(Result::ok);
        read.for_each(|text| drop(line.send(text)));
    });
    lines
}

impl Drop for Watch {
    fn drop(&mut self) {
        // After a signal it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_a_file_runs_the_tests_again_until_ctrl_c() {
    let directory = directory(TESTS);
    let mut watch = Watch::start(directory.path());
    assert_eq!(watch.next()["failed"], 0);
    let policy = directory.path().join("refunds.yaml");
    std::fs::write(&policy, POLICY.replace("maximum: 50", "maximum: 60")).unwrap();
    assert_eq!(watch.next()["failed"], 1);
    // A file that is wrong is told, and ends nothing.
    std::fs::write(&policy, "kind: Policy\n").unwrap();
    until("an error", || {
        let mut told = watch.talk.try_iter();
        told.find(|line| line.contains("INVALID_POLICY"))
    });
    std::fs::write(&policy, POLICY).unwrap();
    assert_eq!(watch.next()["failed"], 0);

    let interrupt = format!("kill -INT {}", watch.child.id());
    let mut shell = std::process::Command::new("sh");
    assert!(shell.args(["-c", &interrupt]).status().unwrap().success());
    let end = until("the end", || watch.child.try_wait().unwrap());
    assert_eq!(end.code(), Some(0));
}
