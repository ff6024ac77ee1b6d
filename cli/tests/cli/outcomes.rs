//! `veto check`: three outcomes, and what is no outcome.

use crate::harness::{Answer, Dev};

fn check(dev: &Dev, tool: &str, arguments: &str, more: &[&str]) -> Answer {
    dev.veto(&[&["check", "--tool", tool, "--arguments", arguments], more].concat())
}

#[test]
fn a_check_tells_the_outcome_its_reason_and_its_record() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);

    let allow = check(&dev, "payments.refund", r#"{"amount": 20}"#, &[]).code(0);
    assert!(
        allow.stdout.contains("allow") && allow.stdout.contains("small-refunds"),
        "{allow:#?}"
    );
    let deny = check(&dev, "customers.export", "{}", &[]).code(1);
    assert!(
        deny.stdout
            .contains("Customer data leaves through the data team only."),
        "{deny:#?}"
    );
    assert!(deny.stderr.is_empty(), "an answer is no error: {deny:#?}");
    let approval = check(&dev, "payments.refund", r#"{"amount": 500}"#, &[]).code(1);
    assert!(
        approval.stdout.contains("role:finance-lead"),
        "{approval:#?}"
    );

    let allow = check(
        &dev,
        "payments.refund",
        r#"{"amount": 20}"#,
        &["-o", "json"],
    )
    .code(0)
    .json();
    assert_eq!(allow["outcome"], "allow");
    assert_eq!(allow["policy"], "support-refunds");
    assert_eq!(allow["rule"], "small-refunds");
    assert_eq!(allow["policy_version"], 1);
    assert_eq!(allow["receipt"]["node"], "dev");
    assert_eq!(allow["receipt"]["hash"].as_str().unwrap().len(), 64);
    assert!(allow["revision"].as_u64().unwrap() > 0);

    let over = check(
        &dev,
        "payments.refund",
        r#"{"amount": 5000}"#,
        &["-o", "json"],
    )
    .code(1)
    .json();
    assert_eq!(over["outcome"], "deny");
    assert_eq!(over["reason"]["argument"], "/amount");
    let unknown = check(&dev, "shell.run", r#"{"cmd": "id"}"#, &["-o", "json"])
        .code(1)
        .json();
    assert_eq!(unknown["outcome"], "deny");

    let approval = check(
        &dev,
        "payments.refund",
        r#"{"amount": 500}"#,
        &["-o", "json"],
    )
    .code(1)
    .json();
    let terms = &approval["approval"]["terms"][0];
    assert_eq!(
        (&terms["rule"], &terms["quorum"]),
        (&"large-refunds".into(), &1.into())
    );
    assert_eq!(approval["approval"]["expires_seconds"], 900);

    no_decision_is_an_error(&dev);
    an_agents_key_will_do_in_place_of_a_token(&dev, directory.path());
    assert_eq!(dev.stop(), Some(0));
}

fn no_decision_is_an_error(dev: &Dev) {
    let twice = check(dev, "payments.refund", r#"{"amount": 1, "amount": 2}"#, &[]).code(1);
    assert!(
        twice.stderr.contains("error[INVALID_ARGUMENTS]"),
        "{twice:#?}"
    );
    assert!(twice.stdout.is_empty(), "{twice:#?}");
    let forged = check(dev, "payments.refund", "{}", &["--token", "a.b.c"]).code(1);
    assert!(
        forged.stderr.contains("error[CREDENTIAL_INVALID]"),
        "{forged:#?}"
    );
}

fn an_agents_key_will_do_in_place_of_a_token(dev: &Dev, directory: &std::path::Path) {
    let key = format!("@{}", directory.join("keys/research-bot.key").display());
    let ask = ["check", "--key", &key, "--tool"];
    let variables = [("VETO_TOKEN", "")];
    let own = [
        &ask[..],
        &["wiki.search", "--arguments", r#"{"query": "x"}"#],
    ]
    .concat();
    dev.veto_with(&own, &variables).code(0);
    let anothers = [
        &ask[..],
        &["payments.refund", "--arguments", r#"{"amount": 20}"#],
    ]
    .concat();
    dev.veto_with(&anothers, &variables).code(1);
}

#[test]
fn a_check_is_explained_to_those_who_may_read_policies() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    let told = check(
        &dev,
        "payments.refund",
        r#"{"amount": 500}"#,
        &["--explain"],
    )
    .code(1);
    for text in [
        "approval",
        "support-refunds/small-refunds (allow)",
        "support-refunds/large-refunds (require_approval): matched",
        "args.amount > 50 && args.amount <= 1000  =  true",
    ] {
        assert!(told.stdout.contains(text), "{text}: {told:#?}");
    }

    let data = check(&dev, "orders.get", "{}", &["--explain", "-o", "json"]);
    let data = data.code(0).json();
    assert_eq!(data["outcome"], "allow");
    assert_eq!(data["rules"][0]["rule"], "look-up-orders");
    assert_eq!(data["rules"][0]["verdict"], "matched");
    assert!(
        data["receipt"]["sequence"].is_u64(),
        "it was a call: {data}"
    );

    // What other rules and lists hold is nothing for the agent.
    let agent = std::fs::read_dir(directory.path().join("keys")).unwrap();
    let file = agent
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("support-bot"))
        .unwrap();
    let key = std::fs::read_to_string(file).unwrap();
    let arguments = ["check", "--explain", "--tool", "orders.get"];
    let refused = dev
        .veto_with(&arguments, &[("VETO_KEY", key.trim())])
        .code(1);
    assert!(refused.stderr.contains("PERMISSION_DENIED"), "{refused:#?}");
}
