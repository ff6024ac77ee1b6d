//! Named schemas, and texts that are longer than a pattern reads, over whole policy sets.

use veto_policy::{DiagnosticCode as Code, Outcome, ReasonCode, compile, evaluate};

use super::support::{NOON, call, set, source};

const DAY: &str = "apiVersion: veto/v1\nkind: Schema\nmetadata: { name: iso_day }\n\
    schema: { type: string, format: date }\n---\n";

fn policy(definitions: &str, rules: &str) -> String {
    format!(
        "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p }}\n\
         subjects: {{ roles: [r] }}\n{definitions}rules:\n{rules}\n"
    )
}

fn codes(text: &str) -> Vec<Code> {
    match compile(&[source(text)]) {
        Ok(compiled) => compiled.warnings.iter().map(|found| found.code).collect(),
        Err(found) => found.iter().map(|found| found.code).collect(),
    }
}

#[test]
fn a_named_schema_holds_wherever_it_is_used() {
    let definitions = "definitions: { month: { use: iso_day, pattern: '-01$' } }\n";
    let rules = "  - { id: a, tools: [book], effect: allow, \
                 arguments: { day: { use: iso_day }, months: { items: { use: month } } } }";
    let set = set(&(DAY.to_owned() + &policy(definitions, rules)));
    let decide = |args: &str| evaluate(&set, &call(&["r"], "book", args), NOON);
    let fine = r#"{"day":"2024-02-29","months":["2024-03-01"]}"#;
    assert_eq!(decide(fine).outcome, Outcome::Allow);
    let bad = decide(r#"{"day":"2024-02-30","months":[]}"#);
    assert_eq!(bad.outcome, Outcome::Deny);
    assert!(
        bad.reason.message.contains("`2024-02-30` is no valid date"),
        "{}",
        bad.reason.message
    );
    let bad = decide(r#"{"day":"2024-02-29","months":["2024-03-02"]}"#);
    assert_eq!(bad.reason.argument.as_deref(), Some("/months/0"));
}

#[test]
fn a_condition_knows_the_type_that_a_named_schema_gives() {
    let rules = |when: &str| {
        format!(
            "  - {{ id: a, tools: [book], effect: allow, \
             arguments: {{ day: {{ use: iso_day }} }}, when: {when} }}"
        )
    };
    let fine = DAY.to_owned() + &policy("", &rules("args.day.startsWith('2024')"));
    assert_eq!(codes(&fine), []);
    let wrong = DAY.to_owned() + &policy("", &rules("args.day > 5"));
    assert_eq!(codes(&wrong), [Code::ConditionType]);
}

#[test]
fn a_broken_schema_is_told_once_where_it_stands_and_where_it_is_used() {
    let day = DAY.replace("format", "fromat");
    let rules = "  - { id: a, tools: [book], effect: allow, arguments: { day: { use: iso_day } } }";
    assert_eq!(
        codes(&(day + &policy("", rules))),
        [Code::UnknownKeyword, Code::SchemaReference]
    );
    let circle = "definitions: { a: { items: { use: b } }, b: { not: { use: a } } }\n";
    let rules = "  - { id: a, tools: [book], effect: deny }";
    assert_eq!(
        codes(&policy(circle, rules)),
        [Code::SchemaReference, Code::SchemaReference]
    );
    // A definition that nobody uses is checked as well.
    assert_eq!(
        codes(&policy("definitions: { a: { in: nobody } }\n", rules)),
        [Code::UnknownList]
    );
}

#[test]
fn a_changed_list_or_schema_reaches_every_rule() {
    let rules = "  - { id: a, tools: [pay], effect: allow, arguments: { to: { use: payee } } }";
    let shared = |name: &str| {
        source(&format!(
            "apiVersion: veto/v1\nkind: List\nmetadata: {{ name: payees }}\nvalues: [{name}]\n---\n\
             apiVersion: veto/v1\nkind: Schema\nmetadata: {{ name: payee }}\nschema: {{ in: payees }}\n"
        ))
    };
    let mut sources = vec![source(&policy("", rules)), shared("ann")];
    sources[1].path = "shared.yaml".to_owned();
    let set = compile(&sources).unwrap().set;
    let mut changed = shared("bob");
    changed.path = "shared.yaml".to_owned();
    sources[1] = changed;
    let next = set.update(&sources, &["shared.yaml"]).unwrap().set;
    let outcome = |set, name: &str| {
        let call = call(&["r"], "pay", &format!(r#"{{"to":"{name}"}}"#));
        evaluate(set, &call, NOON).outcome
    };
    assert_eq!(outcome(&set, "ann"), Outcome::Allow);
    assert_eq!(outcome(&set, "bob"), Outcome::Deny);
    assert_eq!(outcome(&next, "ann"), Outcome::Deny);
    assert_eq!(outcome(&next, "bob"), Outcome::Allow);
}

#[test]
fn a_long_text_dodges_no_deny_and_opens_no_allow() {
    let rules = "  - { id: a, tools: [send], effect: allow, arguments: { body: { pattern: fine } } }\n\
                 \x20 - { id: b, tools: [post], effect: allow, arguments: any }\n\
                 \x20 - { id: c, tools: [post], effect: deny, arguments: { body: { pattern: secret } } }";
    let set = set(&policy("", rules));
    let decide = |tool: &str, body: &str| {
        let arguments = format!(r#"{{"body":"{body}"}}"#);
        evaluate(&set, &call(&["r"], tool, &arguments), NOON)
    };
    let long = |word: &str| word.to_owned() + &" ".repeat(8 * 1024);
    assert_eq!(decide("send", "fine").outcome, Outcome::Allow);
    assert_eq!(decide("send", &long("fine")).outcome, Outcome::Deny);
    assert_eq!(decide("post", "hello").outcome, Outcome::Allow);
    assert_eq!(decide("post", "secret").outcome, Outcome::Deny);
    // Padding does not take the word out of sight.
    assert_eq!(decide("post", &long("secret")).outcome, Outcome::Deny);
}

#[test]
fn a_contract_that_is_composed_of_others_takes_what_they_list() {
    let tool = "apiVersion: veto/v1\nkind: Tool\nmetadata: { name: mail.send }\n\
                input: { use: message, properties: { urgent: { type: boolean } } }\n---\n\
                apiVersion: veto/v1\nkind: Schema\nmetadata: { name: message }\n\
                schema: { type: object, properties: { to: { type: string } }, required: [to] }\n---\n";
    let rules = "  - { id: a, tools: [mail.send], effect: allow, arguments: any }";
    let set = set(&(tool.to_owned() + &policy("", rules)));
    let decide = |args: &str| evaluate(&set, &call(&["r"], "mail.send", args), NOON);
    let fine = r#"{"to":"a","urgent":true}"#;
    assert_eq!(decide(fine).outcome, Outcome::Allow);
    for bad in [
        r#"{"to":"a","cc":"b"}"#,
        r#"{"urgent":true}"#,
        r#"{"to":1}"#,
    ] {
        assert_eq!(
            decide(bad).reason.code,
            ReasonCode::ArgumentsInvalid,
            "{bad}"
        );
    }
}
