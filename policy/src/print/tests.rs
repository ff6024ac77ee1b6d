use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn source(text: String) -> Source {
    Source {
        path: "p.yaml".to_owned(),
        text,
    }
}

fn read(text: String) -> Vec<Value> {
    let source = source(text);
    let nodes = source::read(&source);
    let nodes = nodes.unwrap_or_else(|found| panic!("{found}\n{}", source.text));
    nodes.iter().map(Node::to_json).collect()
}

/// Texts that YAML reads as something else unless they are quoted, and any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z][a-z0-9_.-]{0,12}",
        1 => ".{0,12}",
        1 => "[ \n\t#:'\"|>&*!{}\\[\\],%@`?a-]{0,10}",
        1 => "(a|  b|\n|c #d|e: f){0,8}",
        1 => "[-+.0-9eExXoO_:inf]{0,8}",
        1 => prop::sample::select(vec!["", "null", "~", "True", "no", "0x1F", "1e3", "-.inf", "---", "...", "<<", "2024-05-01", "\u{feff}", "\u{85}", "a\r\nb"])
            .prop_map(str::to_owned),
        1 => "[a-z ]{100,140}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        5 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let key = prop_oneof![
            text(),
            prop::sample::select(vec![
                "metadata",
                "rules",
                "arguments",
                "tools",
                "when",
                "cases",
                "agents",
                "type",
                "properties",
                "approval"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_printed_reads_back_as_what_it_was(value in value().prop_filter("a document", |value| !value.is_null())) {
        let text = print_json(&value);
        prop_assert_eq!(read(text.clone()), [value], "{}", text);
        prop_assert_eq!(print(&source(text.clone())).unwrap(), text);
    }

    #[test]
    fn the_order_in_which_fields_are_written_does_not_matter(seed in any::<prop::sample::Index>()) {
        let mut fields = [
            "kind: Policy", "apiVersion: veto/v1", "metadata: { controls: [a], name: p }", "rules: []", "mode: shadow",
        ];
        let by = seed.index(fields.len());
        let usual = print(&source(fields.join("\n"))).unwrap();
        fields.rotate_left(by);
        prop_assert_eq!(print(&source(fields.join("\n"))).unwrap(), usual);
    }
}

#[test]
fn a_policy_is_printed_in_the_order_of_the_reference() {
    let text = "kind: Policy\nrules:\n  - effect: allow\n    when: |\n      args.a > 1 &&\n      args.b == 'x: y'\n    \
                arguments: { b: { pattern: '^a$', type: string }, a: { maximum: 1e3, type: number } }\n    id: one # gone\n    \
                tools: ['**.read', files.read]\n    reason: 'no: \"never\"'\napiVersion: veto/v1\n\
                metadata: { description: 'It reads, and that is all.', name: reads }\nsubjects: { agents: ['*'], roles: [r] }\n";
    insta::assert_snapshot!(print(&source(text.to_owned())).unwrap(), @r#"
    apiVersion: veto/v1
    kind: Policy
    metadata:
      name: reads
      description: It reads, and that is all.
    subjects: { roles: [r], agents: ['*'] }
    rules:
      - id: one
        tools: ['**.read', files.read]
        effect: allow
        arguments:
          b: { type: string, pattern: ^a$ }
          a: { type: number, maximum: 1000.0 }
        when: |
          args.a > 1 &&
          args.b == 'x: y'
        reason: 'no: "never"'
    "#);
}

#[test]
fn documents_are_separated_and_long_values_stand_on_lines_of_their_own() {
    let tools: Vec<_> = (0..9)
        .map(|n| format!("payments.service.tool-{n}"))
        .collect();
    let policy =
        json!({ "kind": "Policy", "rules": [{ "id": "a", "tools": tools, "arguments": {} }] });
    let list = json!({ "kind": "List", "values": ["no", 1, "1"] });
    insta::assert_snapshot!(documents(&[node(&policy), node(&list)]), @r#"
    kind: Policy
    rules:
      - id: a
        tools:
          - payments.service.tool-0
          - payments.service.tool-1
          - payments.service.tool-2
          - payments.service.tool-3
          - payments.service.tool-4
          - payments.service.tool-5
          - payments.service.tool-6
          - payments.service.tool-7
          - payments.service.tool-8
        arguments: {}
    ---
    kind: List
    values: ['no', 1, '1']
    "#);
}
