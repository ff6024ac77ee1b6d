//! What needs no server.

use std::net::TcpListener;

use crate::harness::{Answer, root, veto};

fn run(arguments: &[&str]) -> Answer {
    let mut command = veto();
    command.args(arguments).current_dir(root());
    Answer::of(command)
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    for wrong in [
        &["nonsense"][..],
        &["check"],
        &["fleet"],
        &["policy", "publish", "examples/first"],
        &["key", "create", "--kind", "root"],
        &["token", "--lifetime", "soon"],
        &["fleet", "--control-plane", "not a url", "--key", "k"],
        &["policy", "list", "--key", "k"],
    ] {
        let answer = run(wrong).code(2);
        assert!(
            !answer.stderr.is_empty() && answer.stdout.is_empty(),
            "{wrong:?}: {answer:#?}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_ends_with_three() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let control = ["--control-plane", &url, "--key", "veto_admin_all_x"];
    let node = ["--data-plane", &url, "--token", "a.b.c"];
    for (command, server) in [
        (&["fleet"][..], &control[..]),
        (&["decisions", "list"], &control),
        (&["check", "--tool", "t"], &node),
    ] {
        let answer = run(&[command, server].concat()).code(3);
        assert!(answer.stderr.contains("error[UNREACHABLE]"), "{answer:#?}");
        assert!(
            answer.stderr.contains(&url) && answer.stderr.contains("help: "),
            "{answer:#?}"
        );
        let answer = run(&[command, server, &["-o", "json"]].concat()).code(3);
        let error: serde_json::Value = serde_json::from_str(&answer.stderr).unwrap();
        assert_eq!(error["error"]["code"], "UNREACHABLE");
    }
}

#[test]
fn completions_name_every_subcommand() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).code(0).stdout;
        for subcommand in ["dev", "check", "replay-calls", "decisions", "fleet"] {
            assert!(script.contains(subcommand), "{shell} lacks {subcommand}");
        }
    }
}

#[test]
fn the_version_is_told_as_text_and_as_data() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(run(&["version"]).code(0).stdout.contains(version));
    assert_eq!(
        run(&["version", "-o", "json"]).code(0).json()["version"],
        version
    );
    let yaml = run(&["version", "-o", "yaml"]).code(0).stdout;
    assert!(yaml.contains(&format!("version: {version}")), "{yaml}");
}

#[test]
fn the_examples_are_valid_without_a_server() {
    for directory in ["examples/first", "examples/agentdojo/policies"] {
        let answer = run(&["policy", "validate", directory, "-o", "json"]).code(0);
        assert_eq!(answer.json(), serde_json::json!([]), "{directory}");
    }
}

#[test]
fn a_mistake_in_a_policy_is_shown_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let first =
        std::fs::read_to_string(root().join("examples/first/support-refunds.yaml")).unwrap();
    let wrong = first.replacen("effect: allow", "efect: allow", 1);
    let line = 1 + wrong
        .lines()
        .position(|line| line.contains("efect"))
        .unwrap();
    std::fs::write(directory.path().join("p.yaml"), wrong).unwrap();
    let path = directory.path().to_str().unwrap();

    let text = run(&["policy", "validate", path]).code(1);
    assert!(
        text.stdout.contains(&format!("p.yaml:{line}:")),
        "{text:#?}"
    );
    assert!(text.stderr.contains("error[INVALID_POLICY]"), "{text:#?}");
    let data = run(&["policy", "validate", path, "-o", "json"])
        .code(1)
        .json();
    assert_eq!(
        (&data[0]["severity"], &data[0]["line"]),
        (&"error".into(), &line.into())
    );
}
