use proptest::prelude::*;

use super::*;
use crate::source::tree::Node;

fn source(text: impl Into<String>) -> Source {
    Source {
        path: "p.yaml".to_owned(),
        text: text.into(),
    }
}

fn formatted(text: &str) -> String {
    format(&source(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn values(text: &str) -> Vec<serde_json::Value> {
    let nodes = source::read(&source(text)).unwrap();
    nodes.iter().map(Node::to_json).collect()
}

#[test]
fn a_file_takes_the_form_that_all_files_share() {
    let text = "\u{feff}# First.\r\napiVersion:   veto/v1\r\nkind: Policy\r\nmetadata: {name: p,\r\n   controls: [ CC6.1 ]}\r\n\
        subjects: { roles: [r] }\r\nrules:\r\n- id: one   # the first\r\n  tools: ['**', \"a.b\"]\r\n  effect: allow     # and only\r\n  \
        arguments:\r\n        amount: {type: number}\r\n        to: {enum: [a, b]}  # whom\r\n\r\n        # Why.\r\n        \
        n: {type: integer}\r\n  when: >-\r\n     args.n > 1\r\n     && args.n < 5\r\n\r\n\r\n\r\n- {id: two, tools: [t], effect: deny}\r\n\
        ---\r\nkind: List\r\n# Last.\r\n";
    insta::assert_snapshot!(formatted(text), @r"
    # First.
    apiVersion: veto/v1
    kind: Policy
    metadata: { name: p, controls: [CC6.1] }
    subjects: { roles: [r] }
    rules:
      - id: one # the first
        tools: ['**', 'a.b']
        effect: allow # and only
        arguments:
          amount: { type: number }
          to:     { enum: [a, b] } # whom

          # Why.
          n: { type: integer }
        when: >-
          args.n > 1
          && args.n < 5

      - { id: two, tools: [t], effect: deny }
    ---
    kind: List
    # Last.
    ");
}

#[test]
fn what_the_reader_refuses_is_refused() {
    for (text, code) in [
        ("a: &x 1", "yaml-anchor"),
        ("a: !t 1", "yaml-tag"),
        ("a: [", "yaml-syntax"),
        ("a: 1\na: 2", "duplicate-key"),
        ("# nothing", "empty-file"),
    ] {
        let error = format(&source(text)).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
    }
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(format(&source(deep)).unwrap_err().code(), "yaml-too-large");
}

#[test]
fn large_files_and_deep_ones_are_formatted_on_a_small_stack() {
    let texts = [
        format!("k: {}", "a".repeat(500_000)),
        (0..8_000).map(|n| format!("k{n}: 1\n")).collect(),
        format!("a: [{}1]", "1, ".repeat(8_000)),
        format!("{}a: 1", "# c\n".repeat(40_000)),
        format!("a: |\n{}", "  x\n\n".repeat(40_000)),
        format!(
            "arguments:\n{}",
            (0..2_000)
                .map(|n| format!("  a{n}: {{ type: string }}  # {n}\n"))
                .collect::<String>()
        ),
        format!("{}1{}", "[".repeat(30), "]".repeat(30)),
        format!("{}1{}", "{a: ".repeat(30), "}".repeat(30)),
        format!("{}1{}", "[{a: ".repeat(15), "}]".repeat(15)),
        format!("{}1{}", "[a: ".repeat(15), "]".repeat(15)),
        format!("{}1", "- ".repeat(30)),
        (0..30).map(|n| format!("{}a:\n", "  ".repeat(n))).collect(),
    ];
    let thread = std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(move || {
            for text in texts {
                let new = formatted(&text);
                assert!(same::documents(
                    &source::read(&source(text)).unwrap(),
                    &source::read(&source(new)).unwrap()
                ));
            }
        });
    thread.unwrap().join().unwrap();
}

/// A line of a policy's text in many writings; what follows must be indented below it or beside it.
fn schema() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "true",
        "{}",
        "{type: string,pattern: '^[a-z #]{1,9}$'}",
        "{ type: number, maximum: 5.0 }",
        "{ enum: [ a,\n          'b # no', \"c: d\" ] }",
        "{ type: object, # closed\n          properties: { x: {type: string} },\n          # by hand\n          additionalProperties: false }",
        "\n          type: string\n          maxLength: 10",
        "\n          # one of these\n          anyOf:\n          - {type: string}\n          -   type: number   # or\n              minimum: 1",
    ])
    .prop_map(str::to_owned)
}

fn comment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        1 => "[a-z:'\"{\\[#é-]{0,12}".prop_map(|text| format!("   # {text}")),
        1 => Just("\t#tab".to_owned()),
    ]
}

fn between() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "\n",
        "\n\n\n",
        "# flush\n",
        "    # inner\n",
        "      # deep\n\n",
        "\n  # outer\n  # twice\n",
    ])
    .prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        ("when", "args.a > 1"),
        ("when", "\"!(args.b == 'x')\""),
        ("when", "|\n      args.a > 1\n\n        && args.b < 2"),
        (
            "when",
            ">-\n      args.a > 1\n      && args.b < 2\n      # not a comment",
        ),
        ("when", "args.a > 1\n      && args.b < 2"),
        ("reason", "'It is''nt: so'"),
        ("optional", "[ a ,b ]"),
        ("optional", "\n    - a   # first\n    -   b"),
        ("approval", "{approvers: [role:x,\n      user], quorum: 1}"),
        ("severity", "high"),
        ("controls", "[]"),
        ("redact", "[\n      a/b, # no\n      c ]"),
    ]);
    let argument = (schema(), comment(), between());
    let fields = prop::collection::vec((field, between(), comment()), 0..5);
    (
        prop::collection::vec(argument, 0..4),
        fields,
        between(),
        comment(),
    )
        .prop_map(|(arguments, fields, before, behind)| {
            let mut text = format!("{before}  - id: r{behind}\n    tools: ['**', a.b]\n");
            if !arguments.is_empty() {
                text += "    arguments:\n";
            }
            for (at, (schema, comment, between)) in arguments.iter().enumerate() {
                let comment = if schema.contains('\n') {
                    ""
                } else {
                    &**comment
                };
                text += &format!("      {}: {schema}{comment}\n{between}", "n".repeat(at + 1));
            }
            let mut seen = Vec::new();
            for ((name, value), between, comment) in fields {
                if seen.contains(&name) {
                    continue;
                }
                seen.push(name);
                // Behind a block scalar a comment would be text.
                let comment = if value.contains(['|', '>', '\n']) {
                    String::new()
                } else {
                    comment
                };
                text += &format!("{between}    {name}: {value}{comment}\n");
            }
            text
        })
}

fn policy() -> impl Strategy<Value = String> {
    (between(), prop::collection::vec(rule(), 1..4), between(), comment()).prop_map(|(top, rules, end, behind)| {
        let rules = rules.concat();
        format!(
            "{top}apiVersion: veto/v1{behind}\nkind: Policy\nmetadata: {{ name: p }}{behind}\nsubjects: {{roles: [r]}}\nrules:{behind}\n{rules}{end}"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn formatting_keeps_meaning_and_comments_and_is_done_once(documents in prop::collection::vec(policy(), 1..3)) {
        let text = documents.join("---\n");
        let meant = source::read(&source(&text));
        prop_assert!(meant.is_ok(), "{:?}\n{}", meant, text);
        let new = formatted(&text);
        prop_assert_eq!(values(&text), values(&new), "{}", new);
        let comments = |text: &str| text.matches('#').count();
        prop_assert_eq!(comments(&text), comments(&new), "{}", new);
        prop_assert_eq!(formatted(&new), &*new, "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(
        text in policy(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[-\t\n\r #:'\"|>{}\\[\\],&*!?%a0]{0,3}"), 1..6),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, new) in cuts {
            let at = at.index(chars.len());
            chars.splice(at..(at + 2).min(chars.len()), new.chars());
            if chars.is_empty() {
                break;
            }
        }
        let text: String = chars.into_iter().collect();
        if let Ok(new) = format(&source(&text)) {
            prop_assert_eq!(values(&text), values(&new));
            prop_assert_eq!(formatted(&new), &*new);
        }
    }
}
