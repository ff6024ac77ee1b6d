//! Parts of the language beyond names and conditions: labels, registered tools, windows, redaction.

use veto_core::Timestamp;
use veto_policy::{Outcome, PolicySet, ReasonCode, compile, evaluate};

use super::support::{call, source};

fn set(text: &str) -> PolicySet {
    compile(&[source(text)]).unwrap().set
}

fn policy(subjects: &str, rules: &str) -> String {
    format!(
        "---\napiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p }}\nsubjects: {subjects}\n\
         approval: {{ approvers: [role:lead], independent: true }}\nrules:\n{rules}\n\
         \x20 - {{ id: ask, tools: [ask], effect: require_approval }}\n"
    )
}

const TOOL: &str = "---\napiVersion: veto/v1\nkind: Tool\nmetadata: { name: mail.send, labels: [sends, external] }\n\
    input: { properties: { to: { type: string }, n: { type: integer } }, required: [to] }\n";

#[test]
fn an_agent_is_chosen_by_all_of_its_labels() {
    let rules = "  - { id: r, tools: [t], effect: allow, arguments: any }";
    let set = set(&policy(
        "{ labels: { team: [finance, treasury], tier: gold } }",
        rules,
    ));
    let outcome = |labels: &[(&str, &str)]| {
        let mut call = call(&["r"], "t", "{}");
        let agent = call.agent.as_mut().unwrap();
        agent.labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        evaluate(&set, &call, Timestamp(0)).outcome
    };
    assert_eq!(
        outcome(&[("team", "treasury"), ("tier", "gold"), ("x", "y")]),
        Outcome::Allow
    );
    assert_eq!(
        outcome(&[("team", "sales"), ("tier", "gold")]),
        Outcome::Deny
    );
    assert_eq!(outcome(&[("team", "finance")]), Outcome::Deny);
}

#[test]
fn tools_are_chosen_by_label_and_narrowed_by_name() {
    let rules = "  - { id: r, tools: { names: ['mail.*'], labels: [sends, other] }, effect: allow, arguments: any }\n\
                 \x20 - { id: s, tools: { labels: [external] }, effect: deny, when: args.to == 'x' }";
    let other = TOOL.replace("mail.send", "chat.send");
    let set = set(&(policy("{ roles: [r] }", rules) + TOOL + &other));
    let decide = |tool: &str, args: &str| evaluate(&set, &call(&["r"], tool, args), Timestamp(0));
    assert_eq!(decide("mail.send", r#"{"to":"a"}"#).outcome, Outcome::Allow);
    assert_eq!(decide("mail.send", r#"{"to":"x"}"#).outcome, Outcome::Deny);
    assert_eq!(decide("chat.send", r#"{"to":"a"}"#).outcome, Outcome::Deny);
    // A tool that nobody registered carries no label.
    assert_eq!(
        decide("mail.other", "{}").reason.code,
        ReasonCode::UnknownTool
    );
}

#[test]
fn the_contract_of_a_registered_tool_comes_before_any_rule() {
    let rules = "  - { id: r, tools: [mail.send], effect: allow, arguments: any }\n\
                 \x20 - { id: s, tools: [mail.send], effect: deny, when: args.n > 5, redact: [to] }";
    let set = set(&(policy("{ roles: [r] }", rules) + TOOL));
    let decide = |args: &str| evaluate(&set, &call(&["r"], "mail.send", args), Timestamp(0));
    assert_eq!(decide(r#"{"to":"a","n":1}"#).outcome, Outcome::Allow);
    for (args, argument, words) in [
        (
            r#"{"to":"a","cc":"b"}"#,
            None,
            "property `cc` is not listed",
        ),
        (
            r#"{"to":"a","n":"6"}"#,
            Some("/n"),
            "`6` is not of type integer",
        ),
        (r#"{"n":9}"#, None, "property `to` is missing"),
        // What records do not keep, reasons do not show.
        (r#"{"to":[42]}"#, Some("/to"), "it is not shown"),
    ] {
        let decision = decide(args);
        assert_eq!(decision.reason.code, ReasonCode::ArgumentsInvalid, "{args}");
        assert_eq!(decision.reason.argument.as_deref(), argument, "{args}");
        assert!(
            decision.reason.message.contains(words),
            "{}",
            decision.reason.message
        );
        assert!(decision.matched.is_empty());
    }
}

#[test]
fn a_rule_holds_within_its_window_and_that_of_its_policy() {
    let rules = "  - { id: r, tools: [t], effect: allow, arguments: any, not_before: '2026-01-01T00:00:00Z' }";
    let text = policy("{ roles: [r] }", rules)
        .replace("rules:", "not_after: 2026-02-01T01:00:00+01:00\nrules:");
    let set = set(&text);
    let at = |time: &str| {
        let now = Timestamp::parse(time).unwrap();
        evaluate(&set, &call(&["r"], "t", "{}"), now)
    };
    assert_eq!(at("2025-12-31T23:59:59.999999Z").outcome, Outcome::Deny);
    assert_eq!(at("2026-01-01T00:00:00Z").outcome, Outcome::Allow);
    assert_eq!(at("2026-01-31T23:59:59.999999Z").outcome, Outcome::Allow);
    assert_eq!(at("2026-02-01T00:00:00Z").outcome, Outcome::Deny);
}

#[test]
fn what_a_rule_redacts_is_hidden_in_records_and_reasons() {
    let rules = "  - id: r\n    tools: [t]\n    effect: allow\n    arguments: { pin: { maximum: 5 }, n: { maximum: 5 } }\n    \
                 redact: [pin]\n  - { id: s, tools: [t], effect: deny, when: args.n == 3, redact: ['n/deep'], mode: shadow }";
    let set = set(&policy("{ roles: [r] }", rules));
    let decision = evaluate(
        &set,
        &call(&["r"], "t", r#"{"pin":1234,"n":1}"#),
        Timestamp(0),
    );
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(decision.reason.argument.as_deref(), Some("/pin"));
    assert!(
        !decision.reason.message.contains("1234"),
        "{}",
        decision.reason.message
    );
    let arguments = call(&["r"], "t", r#"{"pin":1234,"n":1}"#).arguments;
    assert_eq!(
        decision.redaction.apply(&arguments).canonical(),
        r#"{"n":1,"pin":"[redacted]"}"#
    );
    let shown = evaluate(
        &set,
        &call(&["r"], "t", r#"{"pin":1,"n":1234}"#),
        Timestamp(0),
    );
    assert!(shown.reason.message.contains("1234"));
    // A call that no rule is for hides what any rule for the tool hides.
    let mut stranger = call(&["r"], "t", "{}");
    stranger.agent = None;
    assert!(!evaluate(&set, &stranger, Timestamp(0)).redaction.is_empty());
}

#[test]
fn terms_say_that_the_person_acted_for_does_not_count() {
    let set = set(&policy(
        "{ roles: [r] }",
        "  - { id: r, tools: [t], effect: deny }",
    ));
    let decision = evaluate(&set, &call(&["r"], "ask", "{}"), Timestamp(0));
    assert!(decision.approval.unwrap().terms[0].independent);
}

#[test]
fn a_condition_is_checked_against_the_contract_of_the_tool() {
    let text = |when: &str| {
        let rules = format!("  - {{ id: s, tools: [mail.send], effect: deny, when: \"{when}\" }}");
        policy("{ roles: [r] }", &rules) + TOOL
    };
    let codes = |when: &str| {
        let found = compile(&[source(&text(when))]).unwrap_err();
        found.iter().map(|d| d.code.as_str()).collect::<Vec<_>>()
    };
    assert!(compile(&[source(&text("args.to == 'a' && args.n > 1"))]).is_ok());
    assert_eq!(codes("args.too == 'a'"), ["unknown-argument"]);
    assert_eq!(codes("args.n == 'a'"), ["condition-type"]);
}

#[test]
fn an_explanation_says_of_every_rule_why_and_shows_the_parts_of_its_condition() {
    let rules = "  - { id: a, tools: [t], effect: allow, arguments: { n: { maximum: 5 } }, controls: [CC6.1] }\n\
                 \x20 - { id: b, tools: ['*'], effect: deny, when: args.n > 5 && args.x == 'y' }\n\
                 \x20 - { id: c, tools: [t], effect: deny, not_before: '2030-01-01T00:00:00Z' }\n\
                 \x20 - { id: d, tools: [u], effect: deny }";
    let other = policy(
        "{ roles: [other] }",
        "  - { id: e, tools: [t], effect: deny }",
    )
    .replace("name: p", "name: q");
    let set = set(&(policy("{ roles: [r] }", rules) + &other));
    let shown = veto_policy::explain(&set, &call(&["r"], "t", r#"{"n": 7}"#), Timestamp(0));
    let verdicts: Vec<_> = shown
        .rules
        .iter()
        .map(|r| format!("{}/{} {}", r.policy, r.rule, r.verdict.as_str()))
        .collect();
    assert_eq!(
        verdicts,
        [
            "p/a argument_invalid",
            "p/b failed",
            "p/c outside_window",
            "q/e other_agent"
        ]
    );
    assert_eq!(shown.rules[0].message, "argument `n`: 7 is above 5");
    let parts: Vec<_> = shown.rules[1]
        .condition
        .iter()
        .map(|s| format!("{} = {}", s.text, s.value))
        .collect();
    assert!(parts.contains(&"args.n > 5 = true".to_owned()), "{parts:?}");
    assert!(shown.rules[1].condition.iter().any(|s| s.failed));
    let outline: Vec<_> = set
        .outline()
        .map(|o| (o.rule.as_str(), o.controls.len()))
        .collect();
    assert!(outline.contains(&("a", 1)) && outline.contains(&("b", 0)));
}
