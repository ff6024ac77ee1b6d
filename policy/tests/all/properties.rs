//! Laws that hold for every set and every call.

use proptest::prelude::*;
use veto_policy::{Arguments, Decision, Outcome, Source, compile, evaluate};

use super::support::{NOON, call};

/// A rule in one line of YAML; small alphabets, so that rules and calls meet.
fn rule() -> impl Strategy<Value = String> {
    let tool = prop::sample::select(vec!["a", "b", "a.*", "'**'", "'*'"]);
    let effect = prop::sample::select(vec!["allow", "deny", "require_approval"]);
    let arguments = prop::sample::select(vec![
        "any",
        "{}",
        "{ x: { type: number, maximum: 5 } }",
        "{ x: true, y: { const: 1 } }",
    ]);
    let when = prop::sample::select(vec![
        "",
        "when: args.x > 2",
        "when: args.x == 1",
        "when: has(args.y)",
        "when: \"'r1' in agent.roles\"",
    ]);
    let mode = prop::sample::select(vec!["", "", "", "mode: shadow"]);
    let extra = any::<bool>();
    (tool, effect, arguments, when, mode, extra).prop_map(
        |(tool, effect, arguments, when, mode, extra)| {
            // On an allow that lists its arguments, a condition may only read those.
            let closed = effect == "allow" && arguments != "any" && !arguments.contains("x:");
            let when = if closed || (arguments.contains("x:") && when.contains("args.y")) {
                ""
            } else {
                when
            };
            let extra = match (effect, extra) {
                ("allow", true) => "otherwise: require_approval",
                ("require_approval", true) => "only_if_allowed: true",
                _ => "",
            };
            let fields = [
                format!("tools: [{tool}]"),
                format!("effect: {effect}"),
                format!("arguments: {arguments}"),
            ];
            let rest = [when, mode, extra].map(str::to_owned);
            let all: Vec<_> = fields
                .into_iter()
                .chain(rest)
                .filter(|field| !field.is_empty())
                .collect();
            all.join("\n    ")
        },
    )
}

fn policy(name: &str, role: &str, rules: &[String], broken: bool) -> Source {
    use std::fmt::Write;
    let mut text = format!(
        "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: {name} }}\nsubjects: {{ roles: [{role}] }}\n\
         approval: {{ approvers: [role:lead] }}\nrules:\n"
    );
    for (at, rule) in rules.iter().enumerate() {
        let id = rule_id(rule, at);
        let rule = if broken {
            rule.replace("args.x", "context.missing")
        } else {
            rule.clone()
        };
        let _ = writeln!(text, "  - id: {id}\n    {rule}");
    }
    Source {
        path: format!("{name}.yaml"),
        text,
    }
}

/// An id that does not depend on the place of the rule.
fn rule_id(rule: &str, at: usize) -> String {
    let sum = rule
        .bytes()
        .fold(7_u64, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
    format!("r{sum}-{}", at / 1000)
}

fn decide(sources: &[Source], tool: &str, arguments: &str) -> Decision {
    let set = compile(sources)
        .unwrap_or_else(|found| panic!("{found}\n{}", sources[0].text))
        .set;
    evaluate(&set, &call(&["r1"], tool, arguments), NOON)
}

fn rules() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(rule(), 1..6).prop_map(|rules| rules.into_iter().collect())
}

fn some_call() -> impl Strategy<Value = (&'static str, &'static str)> {
    let tool = prop::sample::select(vec!["a", "b", "a.b", "c"]);
    let arguments = prop::sample::select(vec![
        "{}",
        r#"{"x": 1}"#,
        r#"{"x": 3}"#,
        r#"{"x": 7}"#,
        r#"{"x": "1"}"#,
        r#"{"x": 1, "y": 1}"#,
        r#"{"y": 2}"#,
    ]);
    (tool, arguments)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn another_deny_never_makes_an_outcome_looser(rules in rules(), deny in rule(), (tool, arguments) in some_call()) {
        let deny = deny.replace("effect: allow", "effect: deny").replace("effect: require_approval", "effect: deny")
            .replace("otherwise: require_approval", "").replace("only_if_allowed: true", "");
        let before = [policy("p", "r1", &rules, false)];
        let after = [before[0].clone(), policy("q", "r1", &[deny.trim_end().to_owned()], false)];
        let (before, after) = (decide(&before, tool, arguments), decide(&after, tool, arguments));
        prop_assert!(after.outcome >= before.outcome, "{before:?}\n{after:?}");
    }

    #[test]
    fn the_order_of_rules_and_files_never_matters(
        rules in rules(), other in rules(), (tool, arguments) in some_call(), turn in 0_usize..6,
    ) {
        let mut turned = rules.clone();
        turned.rotate_left(turn % rules.len());
        turned.reverse();
        let one = [policy("p", "r1", &rules, false), policy("q", "r1", &other, false)];
        let two = [policy("q", "r1", &other, false), policy("p", "r1", &turned, false)];
        prop_assert_eq!(decide(&one, tool, arguments), decide(&two, tool, arguments));
    }

    #[test]
    fn an_error_never_opens_a_door(rules in rules(), (tool, arguments) in some_call()) {
        // Conditions on `args.x` fail in one set and cannot be made true in the other.
        let failing = decide(&[policy("p", "r1", &rules, true)], tool, arguments);
        // Two conditions that become one make one rule.
        let never: std::collections::BTreeSet<_> = rules
            .iter()
            .map(|rule| rule.replace("args.x > 2", "false").replace("args.x == 1", "false"))
            .collect();
        let never: Vec<_> = never.into_iter().collect();
        let without = decide(&[policy("p", "r1", &never, false)], tool, arguments);
        prop_assert!(failing.outcome >= without.outcome, "{failing:?}\n{without:?}");
    }

    #[test]
    fn shadow_changes_nothing(rules in rules(), shadow in rules(), (tool, arguments) in some_call()) {
        let plain = policy("p", "r1", &rules, false);
        let mut quiet = policy("q", "r1", &shadow, false);
        quiet.text = quiet.text.replace("rules:", "mode: shadow\nrules:");
        let before = decide(std::slice::from_ref(&plain), tool, arguments);
        let mut after = decide(&[plain, quiet], tool, arguments);
        after.matched.retain(|matched| matched.policy.as_str() == "p");
        after.errors.retain(|error| !error.starts_with("~q/"));
        // Whether a tool is named at all is the one thing that a shadow policy may show.
        after.reason = before.reason.clone();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn rules_for_another_role_change_nothing(rules in rules(), other in rules(), (tool, arguments) in some_call()) {
        let plain = policy("p", "r1", &rules, false);
        let before = decide(std::slice::from_ref(&plain), tool, arguments);
        let mut after = decide(&[plain, policy("q", "r2", &other, false)], tool, arguments);
        after.reason = before.reason.clone();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn the_canonical_form_is_stable_and_keeps_the_value(json in json()) {
        let text = format!(r#"{{"v": {json}}}"#);
        let arguments = Arguments::parse(&text).unwrap();
        let canonical = arguments.canonical();
        let again = Arguments::parse(&canonical).unwrap();
        prop_assert_eq!(&again, &arguments);
        prop_assert_eq!(again.canonical(), canonical);
    }

    #[test]
    fn no_text_makes_the_reader_of_arguments_panic(text in "\\PC{0,80}|[\\[\\]{}:,\"0-9eE.+\\-\\\\u dDaA]{0,80}") {
        if let Ok(arguments) = Arguments::parse(&text) {
            prop_assert_eq!(Arguments::parse(&arguments.canonical()).unwrap().digest(), arguments.digest());
        }
    }

    #[test]
    fn no_condition_makes_the_checker_panic(when in "[a-z0-9 .()\\[\\]<>=!&|?:,+*/%'{}-]{0,60}") {
        let rule = format!("tools: [t]\n    effect: deny\n    when: \"{when}\"");
        let source = policy("p", "r1", &[rule], false);
        if let Ok(compiled) = compile(&[source]) {
            let decision = evaluate(&compiled.set, &call(&["r1"], "t", r#"{"a": 1}"#), NOON);
            prop_assert_eq!(decision.outcome, Outcome::Deny);
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "\\PC{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        prop::sample::select(vec![
            "true", "false", "null", "1.0", "-0", "1e21", "5e-324", "0.000001", "1e-7"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4).prop_map(|map| {
                let entry = |(key, value): (String, String)| {
                    format!("{}:{value}", serde_json::to_string(&key).unwrap())
                };
                format!(
                    "{{{}}}",
                    map.into_iter().map(entry).collect::<Vec<_>>().join(",")
                )
            }),
        ]
    })
}
