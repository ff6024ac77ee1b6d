//! `veto dev`: a second start keeps everything; its lines work when pasted.

use std::path::Path;

use crate::harness::{Answer, Dev, until, veto};

#[test]
fn a_second_start_keeps_all_state_and_adds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let look = |dev: &Dev| {
        let keys = dev.veto(&["key", "list", "-o", "json"]).code(0).stdout;
        let versions = dev.veto(&["policy", "list", "-o", "json"]).code(0).stdout;
        let agents = dev.veto(&["agent", "list", "-o", "json"]).code(0).stdout;
        (keys, versions, agents, dev.exports["VETO_KEY"].clone())
    };
    let dev = Dev::start(directory.path(), &[]);
    dev.veto(&["check", "--tool", "customers.export"]).code(1);
    let before = look(&dev);
    // Stopped at once: the record may still be on its way to the ledger.
    assert_eq!(dev.stop(), Some(0));

    let dev = Dev::start(directory.path(), &[]);
    assert_eq!(look(&dev), before);
    dev.veto(&[
        "check",
        "--tool",
        "payments.refund",
        "--arguments",
        r#"{"amount": 20}"#,
    ])
    .code(0);
    let records = until("both records", || {
        let records = dev
            .veto(&["decisions", "list", "-o", "json"])
            .code(0)
            .json();
        (records.as_array().unwrap().len() == 2).then_some(records)
    });
    assert_ne!(records[0]["boot"], records[1]["boot"]);
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn the_lines_of_the_banner_work_when_pasted() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    let lines = dev.banner.lines().map(str::trim);
    let exports: Vec<_> = lines
        .clone()
        .filter(|line| line.starts_with("export "))
        .collect();
    let checks: Vec<_> = lines
        .filter(|line| line.starts_with("veto check "))
        .collect();
    assert_eq!(checks.len(), 3, "{}", dev.banner);
    let outcome = |check: &str| {
        let mut shell = std::process::Command::new("bash");
        shell
            .arg("-c")
            .arg(format!("{}\n{check}", exports.join("\n")));
        let answer = Answer::of(shell);
        answer
            .stdout
            .split_whitespace()
            .nth(1)
            .unwrap_or_else(|| panic!("{answer:#?}"))
            .to_owned()
    };
    let outcomes: Vec<_> = checks.iter().map(|check| outcome(check)).collect();
    assert_eq!(outcomes, ["allow", "deny", "approval"]);
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn the_demonstration_shows_the_three_outcomes() {
    let directory = tempfile::tempdir().unwrap();
    let answer = run_beside(directory.path(), &["--demo"], &["true"]).code(0);
    for text in [
        "allow",
        "Customer data leaves through the data team only.",
        "finance-lead",
    ] {
        assert!(answer.stdout.contains(text), "{answer:#?}");
    }
}

#[test]
fn a_command_beside_the_servers_gives_its_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let binary = env!("CARGO_BIN_EXE_veto");
    let allowed = [binary, "check", "--tool", "orders.get"];
    run_beside(directory.path(), &[], &allowed).code(0);
    run_beside(directory.path(), &[], &["sh", "-c", "exit 7"]).code(7);
    run_beside(directory.path(), &[], &["no-such-command"]).code(1);
}

#[test]
fn a_port_that_is_taken_and_a_directory_in_use_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port().to_string();
    let mut taken = veto();
    taken
        .args(["dev", "--control-plane-port", &port, "--data-dir"])
        .arg(directory.path());
    let answer = Answer::of(taken).code(1);
    assert!(answer.stderr.contains(&address.to_string()), "{answer:#?}");

    let dev = Dev::start(directory.path(), &[]);
    let second = run_beside(directory.path(), &[], &["true"]).code(1);
    assert!(
        second.stderr.contains(directory.path().to_str().unwrap()),
        "{second:#?}"
    );
    dev.veto(&["check", "--tool", "orders.get"]).code(0);
    assert_eq!(dev.stop(), Some(0));
}

/// Runs a command beside servers of its own.
pub(crate) fn run_beside(directory: &Path, more: &[&str], command: &[&str]) -> Answer {
    let mut dev = veto();
    dev.arg("dev").arg("--data-dir").arg(directory).args(more);
    for port in ["--control-plane-port", "--data-plane-port", "--ledger-port"] {
        dev.args([port, "0"]);
    }
    dev.arg("--").args(command).current_dir(directory);
    Answer::of(dev)
}
