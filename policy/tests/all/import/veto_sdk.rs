use veto_policy::import::{Format, Options, Precedence, Unmatched};
use veto_policy::{Outcome, evaluate};

use super::super::support::{NOON, call};
use super::{from, reasons, set, text};

fn pack(rules: &str) -> String {
    format!("version: \"1.0\"\nname: pack\ndescription: A small pack.\nrules:\n{rules}")
}

fn outcome(rules: &str, tool: &str, arguments: &str) -> Outcome {
    outcome_with(&Options::default(), rules, tool, arguments)
}

fn outcome_with(options: &Options, rules: &str, tool: &str, arguments: &str) -> Outcome {
    let imported = from(Format::VetoSdk, &pack(rules), options);
    assert_eq!(reasons(&imported.unmapped), "");
    evaluate(&set(&imported), &call(&[], tool, arguments), NOON).outcome
}

/// A rule of one condition on `x`.
fn rule(action: &str, operator: &str, value: &str) -> String {
    format!(
        "  - id: a\n    name: A\n    action: {action}\n    tools: [t]\n    conditions:\n      \
         - {{field: arguments.x, operator: {operator}, value: {value}}}\n"
    )
}

const SHIPPING: &str = "
  - id: Big orders!
    name: Big orders
    description: Somebody looks at big orders.
    severity: critical
    action: require_approval
    tools: [ship, send]
    metadata: {controls: [CC6.1]}
    conditions:
      - {field: arguments.items, operator: length_greater_than, value: 2}
  - id: embargo
    name: Embargo
    severity: info
    action: block
    tools: [ship]
    condition_groups:
      - - {field: arguments.to.country, operator: equals, value: Narnia}
      - - {field: arguments.to.country, operator: in, value: [Oz, Erewhon]}
  - id: odd-notes
    name: Odd notes
    action: warn
    tools: [ship]
    conditions:
      - {field: arguments.note, operator: matches, value: '(^|\\s)asap!*$'}
";

#[test]
fn a_pack_reads_as_a_policy() {
    let imported = from(Format::VetoSdk, &pack(SHIPPING), &Options::default());
    insta::assert_snapshot!(text(&imported));
    let notes: Vec<_> = imported
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    insta::assert_snapshot!("a_pack_reads_as_a_policy_notes", notes.join("\n"));
}

#[test]
fn every_rule_leads_to_what_it_became() {
    let imported = from(Format::VetoSdk, &pack(SHIPPING), &Options::default());
    let became: Vec<_> = imported
        .mapped
        .iter()
        .map(|mapped| (mapped.rule.as_str(), mapped.line, mapped.rules.join(" ")))
        .collect();
    assert_eq!(
        became,
        [
            ("Big orders!", 6, "pack/big-orders".to_owned()),
            ("embargo", 15, "pack/embargo".to_owned()),
            ("odd-notes", 23, "pack/odd-notes".to_owned()),
        ]
    );
}

#[test]
fn an_approval_before_a_block_counts_unless_the_strictest_shall() {
    let both = r#"{"items": [1, 2, 3], "to": {"country": "OZ"}}"#;
    assert_eq!(outcome(SHIPPING, "ship", both), Outcome::Approval);
    let strictest = Options {
        precedence: Precedence::Strictest,
        ..Options::default()
    };
    assert_eq!(
        outcome_with(&strictest, SHIPPING, "ship", both),
        Outcome::Deny
    );
    let one = r#"{"items": [1], "to": {"country": "oz"}}"#;
    assert_eq!(outcome(SHIPPING, "ship", one), Outcome::Deny);
    assert_eq!(outcome(SHIPPING, "send", one), Outcome::Allow);
}

#[test]
fn what_no_rule_matches_is_allowed_as_before_or_denied_on_request() {
    assert_eq!(outcome(SHIPPING, "ship", "{}"), Outcome::Allow);
    let deny = Options {
        unmatched: Unmatched::Deny,
        ..Options::default()
    };
    assert_eq!(outcome_with(&deny, SHIPPING, "ship", "{}"), Outcome::Deny);
    // A tool that no rule names is not opened by an import.
    assert_eq!(outcome(SHIPPING, "pay", "{}"), Outcome::Deny);
}

#[test]
fn a_rule_that_only_logs_is_in_shadow_mode() {
    let imported = from(Format::VetoSdk, &pack(SHIPPING), &Options::default());
    let asked = call(&[], "ship", r#"{"note": "do it ASAP!!"}"#);
    let decision = evaluate(&set(&imported), &asked, NOON);
    assert_eq!(decision.outcome, Outcome::Allow);
    let shadow: Vec<_> = decision.matched.iter().filter(|m| m.shadow).collect();
    assert_eq!(shadow.len(), 1);
    assert_eq!(shadow[0].rule.as_str(), "odd-notes");
}

#[test]
fn operators_take_what_python_takes() {
    // Operator, value, an argument that it blocks, and one that it does not.
    for (operator, value, blocked, allowed) in [
        ("equals", "Prod", r#""pROD""#, r#""prod ""#),
        ("equals", "true", "1.0", r#""true""#),
        ("equals", "no", "0", "null"),
        ("equals", "[a]", r#"["a"]"#, r#"["A"]"#),
        ("not_equals", "x", "null", r#""X""#),
        ("contains", "ssh", r#""~/.SSH/id""#, r#"["x.ssh"]"#),
        ("contains", "a", r#"["b", "a"]"#, r#"["A"]"#),
        ("not_contains", "a", "[]", "3"),
        ("starts_with", "/etc", r#""/ETC/x""#, r#""x/etc""#),
        ("ends_with", ".env", r#""a.ENV""#, r#"[".env"]"#),
        ("matches", r"'^a\d$'", r#""A٣\n""#, r#""a1\n\n""#),
        ("greater_than", "10", r#"" 1_1 ""#, r#""10""#),
        ("greater_than", "0.5", "true", "false"),
        ("greater_than", "10", r#""Infinity""#, r#""nan""#),
        ("less_than", "10", r#""-1e5""#, r#""10.0""#),
        ("length_greater_than", "1", r#""a, b""#, r#""a; ,""#),
        ("in", "[a, 1]", "true", "2"),
        ("not_in", "[a, 1]", "null", r#""A""#),
    ] {
        let rules = rule("block", operator, value);
        let ask = |x: &str| outcome(&rules, "t", &format!(r#"{{"x": {x}}}"#));
        assert_eq!(ask(blocked), Outcome::Deny, "{operator} {value} {blocked}");
        assert_eq!(ask(allowed), Outcome::Allow, "{operator} {value} {allowed}");
    }
}

#[test]
fn windows_in_utc_are_read_from_the_time_of_the_call() {
    let window = |operator: &str, days: &str| {
        format!(
            "  - id: a\n    name: A\n    action: block\n    tools: [t]\n    conditions:\n      - field: \
             context.time\n        operator: {operator}\n        value: {{start: \"22:00\", end: \"06:00\", \
             timezone: UTC, days: {days}}}\n"
        )
    };
    let at = |rules: &str, hours: i64| {
        let imported = from(Format::VetoSdk, &pack(rules), &Options::default());
        let now = veto_core::Timestamp(NOON.0 + hours * 3_600_000_000);
        evaluate(&set(&imported), &call(&[], "t", "{}"), now).outcome
    };
    // NOON is that of a Monday; the night of Monday ends on Tuesday.
    let inside = window("within_hours", "[mon]");
    assert_eq!(at(&inside, 0), Outcome::Allow);
    assert_eq!(at(&inside, 10), Outcome::Deny);
    assert_eq!(at(&inside, 17), Outcome::Deny);
    assert_eq!(at(&inside, 18), Outcome::Allow);
    assert_eq!(at(&inside, -10), Outcome::Allow);
    let outside = window("outside_hours", "[mon]");
    assert_eq!(at(&outside, 0), Outcome::Deny);
    assert_eq!(at(&outside, 10), Outcome::Allow);
    assert_eq!(at(&outside, 24), Outcome::Allow);
}

#[test]
fn what_does_not_map_is_listed_with_a_reason() {
    let rules = "
  - {id: history, name: H, action: block, tools: [t], blocked_by: [{tool: u}]}
  - {id: disabled, name: O, action: block, tools: [t], enabled: off}
  - {id: star, name: S, action: block, tools: ['t*']}
  - {id: dead, name: D, action: block, tools: [t], conditions: [{field: x, operator: matches, value: '(a+)+'}]}
  - {id: ahead, name: A, action: block, tools: [t], conditions: [{field: x, operator: matches, value: '(?!a)b'}]}
  - {id: zone, name: Z, action: block, tools: [t], conditions: [{field: context.time, operator: within_hours, value: {start: '09:00', end: '17:00', timezone: Europe/Berlin}}]}
  - {id: day, name: Y, action: block, tools: [t], conditions: [{field: context.day_of_week, operator: equals, value: mon}]}
  - {id: date, name: T, action: block, tools: [t], conditions: [{field: x, operator: equals, value: 2024-05-01}]}
  - {id: accent, name: E, action: block, tools: [t], conditions: [{field: x, operator: contains, value: café}]}
  - {id: role, name: R, action: block, tools: [t], conditions: [{field: role, operator: equals, value: admin}]}
output_rules:
  - {id: mask, name: M, action: redact, output_conditions: [{field: output, operator: matches, value: x}]}
";
    let imported = from(Format::VetoSdk, &pack(rules), &Options::default());
    assert!(imported.mapped.is_empty());
    assert!(imported.documents.is_empty());
    insta::assert_snapshot!(reasons(&imported.unmapped));
}

#[test]
fn a_file_that_the_sdk_refuses_is_refused() {
    let list = [
        "version: 1.0\nrules: []\n",
        "version: \"1.0\"\n",
        "version: \"1.0\"\nrules:\n  - {id: a, name: A, action: block, when: x}\n",
        "version: \"1.0\"\nrules:\n  - {id: a, name: A, action: deny}\n",
        "version: \"1.0\"\nrules:\n  - {id: a, name: A, action: block, conditions: [{field: x, operator: is, value: 1}]}\n",
        "version: \"1.0\"\nrules: [*all]\n",
    ];
    let told: String = list
        .iter()
        .map(|text| reasons(&from(Format::VetoSdk, text, &Options::default()).unmapped))
        .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn an_extended_pack_is_found_among_the_files() {
    let base = veto_policy::Source {
        path: "packs/base.yaml".to_owned(),
        text: pack(&rule("block", "equals", "1")),
    };
    let own = veto_policy::Source {
        path: "own.yaml".to_owned(),
        text: "version: \"1.0\"\nextends: '@veto/base'\nrules:\n  - {id: b, name: B, action: block, tools: [u]}\n"
            .to_owned(),
    };
    let options = Options::default();
    let imported = veto_policy::import::import(Format::VetoSdk, &[base, own.clone()], &options);
    assert_eq!(imported.mapped.len(), 3);
    assert!(imported.documents[1].text.contains("packs/base.yaml:5 `a`"));
    let alone = veto_policy::import::import(Format::VetoSdk, &[own], &options);
    assert_eq!(alone.mapped.len(), 1);
    assert!(alone.unmapped[0].reason.contains("is not among the files"));
}

#[test]
fn numbers_that_only_python_reads_take_the_stricter_rule() {
    let rules = rule("require_approval", "greater_than", "10")
        + &rule("block", "not_in", "[1]").replace("id: a", "id: b");
    // Python reads 5 here, which is within the bound, and blocks.
    let ask = |x: &str| outcome(&rules, "t", &format!(r#"{{"x": {x}}}"#));
    assert_eq!(ask(r#""0_5""#), Outcome::Deny);
    assert_eq!(ask(r#""5""#), Outcome::Deny);
    assert_eq!(ask(r#""50""#), Outcome::Approval);
    assert_eq!(ask("50"), Outcome::Approval);
}

#[test]
fn a_text_that_is_longer_than_patterns_read_takes_the_stricter_rule() {
    let rules = rule("block", "contains", "secret");
    let long = format!(r#"{{"x": "{}"}}"#, "a".repeat(9 * 1024));
    assert_eq!(outcome(&rules, "t", &long), Outcome::Deny);
}

#[test]
fn agents_are_named_or_left_out() {
    let agents = |agents: &str| rule("block", "equals", "1") + &format!("    agents: {agents}\n");
    for (named, blocked) in [
        ("[agent-1, other]", true),
        ("[other]", false),
        ("{not: [agent-1]}", false),
        ("{not: [other]}", true),
    ] {
        let wanted = if blocked {
            Outcome::Deny
        } else {
            Outcome::Allow
        };
        assert_eq!(
            outcome(&agents(named), "t", r#"{"x": 1}"#),
            wanted,
            "{named}"
        );
    }
}
