//! Policies, keys and agents: a change is enforced when the command says so.

use crate::harness::{Dev, root};

const REFUND: [&str; 5] = [
    "check",
    "--tool",
    "payments.refund",
    "--arguments",
    r#"{"amount": 20}"#,
];

#[test]
fn a_published_change_is_in_force_when_the_command_returns() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    dev.veto(&REFUND).code(0);

    let policies = tempfile::tempdir().unwrap();
    let path = policies.path().to_str().unwrap();
    let first =
        std::fs::read_to_string(root().join("examples/first/support-refunds.yaml")).unwrap();
    let file = policies.path().join("support-refunds.yaml");
    std::fs::write(&file, first.replace("maximum: 50 }", "maximum: 10 }")).unwrap();
    let publish = [
        "policy",
        "publish",
        path,
        "--message",
        "tighten",
        "--parent",
        "1",
    ];
    let published = dev
        .veto(&[&publish[..], &["--wait", "30s", "-o", "json"]].concat())
        .code(0);
    assert!(
        published
            .stderr
            .contains("enforced on 1 of 1 connected nodes"),
        "{published:#?}"
    );
    let published = published.json();
    assert_eq!(
        (&published["version"], &published["parent"]),
        (&2.into(), &1.into())
    );
    assert_eq!(published["enforced_on"], 1);
    dev.veto(&REFUND).code(1);

    let late = dev.veto(&publish).code(1);
    assert!(late.stderr.contains("error[VERSION_CONFLICT]"), "{late:#?}");
    std::fs::write(&file, "kind: Policy\n").unwrap();
    let wrong = dev
        .veto(&["policy", "publish", path, "--message", "x"])
        .code(1);
    assert!(wrong.stderr.contains("error[INVALID_POLICY]"), "{wrong:#?}");

    let versions = dev.veto(&["policy", "list", "-o", "json"]).code(0).json();
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(
        (&versions[0]["version"], &versions[0]["message"]),
        (&2.into(), &"tighten".into())
    );
    let shown = dev.veto(&["policy", "show", "1"]).code(0).stdout;
    assert!(
        shown.contains("maximum: 50 }") && shown.contains("kind: List"),
        "{shown}"
    );
    let shown = dev.veto(&["policy", "show", "-o", "json"]).code(0).json();
    assert_eq!(shown["files"][0]["path"], "support-refunds.yaml");

    let fleet = dev.veto(&["fleet", "-o", "json"]).code(0).json();
    assert_eq!(
        (&fleet[0]["node"], &fleet[0]["policy_version"]),
        (&"dev".into(), &2.into())
    );
    assert_eq!(fleet[0]["connected"], true);
    let elsewhere = dev
        .veto(&["policy", "list", "--environment", "nowhere"])
        .code(1);
    assert!(
        elsewhere.stderr.contains("error[NOT_FOUND]"),
        "{elsewhere:#?}"
    );
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn places_agents_and_keys_are_made_used_and_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path(), &[]);
    dev.veto(&["project", "create", "shop"]).code(0);
    let again = dev.veto(&["project", "create", "shop"]).code(1);
    assert!(again.stderr.contains("error[ALREADY_EXISTS]"), "{again:#?}");
    let place = ["--project", "shop", "--environment", "staging"];
    dev.veto(&[
        "env",
        "create",
        "staging",
        "--staleness",
        "1h",
        "--project",
        "shop",
    ])
    .code(0);
    let environments = dev
        .veto(&["env", "list", "--project", "shop", "-o", "json"])
        .json();
    assert_eq!(environments[0]["staleness_seconds"], 3600);
    dev.veto(&[
        "agent",
        "put",
        "helper",
        "--role",
        "support",
        "--label",
        "a=b",
        "--project",
        "shop",
    ])
    .code(0);
    let agents = dev
        .veto(&["agent", "list", "--project", "shop", "-o", "json"])
        .json();
    assert_eq!(agents[0]["labels"]["a"], "b");
    let first = root().join("examples/first");
    let publish = [
        "policy",
        "publish",
        first.to_str().unwrap(),
        "--message",
        "first",
        "--wait",
    ];
    dev.veto(&[&publish[..], &place].concat()).code(0);

    let create = [
        "key",
        "create",
        "--kind",
        "agent",
        "--agent",
        "helper",
        "--expires",
        "1h",
    ];
    let key = dev
        .veto(&[&create[..], &place].concat())
        .code(0)
        .stdout
        .trim()
        .to_owned();
    assert!(
        key.starts_with("veto_agent_staging_"),
        "the key alone stands on stdout"
    );
    let as_helper = [("VETO_KEY", key.as_str()), ("VETO_TOKEN", "")];
    dev.veto_with(&REFUND, &as_helper).code(0);
    let token = dev.veto_with(&["token"], &as_helper).code(0).stdout;
    assert_eq!(token.trim().split('.').count(), 3);
    let refused = dev.veto_with(&["key", "list"], &as_helper).code(1);
    assert!(
        refused.stderr.contains("error[PERMISSION_DENIED]"),
        "{refused:#?}"
    );

    let keys = dev.veto(&["key", "list", "-o", "jsonl"]).code(0).stdout;
    let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let helper = keys
        .lines()
        .map(row)
        .find(|key| key["agents"][0] == "helper")
        .unwrap();
    assert!(helper.get("secret_key").is_none());
    let id = helper["id"].as_str().unwrap();
    dev.veto(&["key", "revoke", id, "--reason", "test"]).code(0);
    let revoked = dev.veto_with(&["token"], &as_helper).code(1);
    assert!(
        revoked.stderr.contains("error[CREDENTIAL_INVALID]"),
        "{revoked:#?}"
    );
    assert_eq!(dev.stop(), Some(0));
}
