//! What the checker says, word for word: a message that changes changes here too.

use std::collections::BTreeSet;

use veto_policy::{DiagnosticCode, compile, render};

use super::support::source;

/// Every finding of a text, as people see it.
fn shown(text: &str) -> (BTreeSet<DiagnosticCode>, String) {
    let source = source(text);
    let found = match compile(std::slice::from_ref(&source)) {
        Ok(compiled) => compiled.warnings,
        Err(found) => found.0,
    };
    let text: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
    (found.iter().map(|d| d.code).collect(), text.join("\n"))
}

const HEAD: &str =
    "apiVersion: veto/v1\nkind: Policy\nmetadata: { name: p }\nsubjects: { roles: [r] }\n";

fn rule(fields: &str) -> String {
    format!(
        "{HEAD}rules:\n  - id: one\n    tools: [t]\n    {}\n",
        fields.replace('\n', "\n    ")
    )
}

fn allow(rest: &str) -> String {
    rule(&format!("effect: allow\n{rest}"))
}

#[test]
fn a_typo_is_underlined_and_the_right_name_suggested() {
    let (_, text) = shown(&rule("efect: allow\narguments: {}"));
    insta::assert_snapshot!(text, @r#"
    error[unknown-field]: a rule has no field `efect`
     --> policy.yaml:8:5
      |
    8 |     efect: allow
      |     ^^^^^
      = help: did you mean `effect`?
    "#);
}

#[test]
fn a_typo_in_a_condition_is_underlined_where_it_stands() {
    let (_, text) = shown(&allow(
        "arguments: { amount: { type: number } }\nwhen: 1 < args.amuont && arg.amount < 5",
    ));
    insta::assert_snapshot!(text, @r#"
    error[unknown-argument]: `arguments` of this rule has no `amuont`
      --> policy.yaml:10:20
       |
    10 |     when: 1 < args.amuont && arg.amount < 5
       |                    ^^^^^^
       = help: did you mean `amount`?

    error[unknown-variable]: there is no variable `arg`
      --> policy.yaml:10:30
       |
    10 |     when: 1 < args.amuont && arg.amount < 5
       |                              ^^^
       = help: did you mean `args`?
    "#);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let text = allow(
        "arguments: { a: { maxLenght: 3 }, b: { in: nowhere }, c: { pattern: '(?=x)' } }\nlimits: []",
    );
    let (_, text) = shown(&text);
    insta::assert_snapshot!(text, @r#"
    error[unknown-keyword]: JSON Schema has no keyword `maxLenght`
     --> policy.yaml:9:23
      |
    9 |     arguments: { a: { maxLenght: 3 }, b: { in: nowhere }, c: { pattern: '(?=x)' } }
      |                       ^^^^^^^^^
      = help: did you mean `maxLength`?

    error[unknown-list]: there is no list `nowhere`
     --> policy.yaml:9:48
      |
    9 |     arguments: { a: { maxLenght: 3 }, b: { in: nowhere }, c: { pattern: '(?=x)' } }
      |                                                ^^^^^^^
      = help: Correct the name, or add a document of `kind: List`.

    error[invalid-pattern]: the pattern is refused: look-around, including look-ahead and look-behind, is not supported
     --> policy.yaml:9:73
      |
    9 |     arguments: { a: { maxLenght: 3 }, b: { in: nowhere }, c: { pattern: '(?=x)' } }
      |                                                                         ^^^^^^^
      = help: Use RE2 syntax of at most 512 bytes: no look-around, no back-references.

    error[not-supported]: `limits` is reserved and does not work yet
      --> policy.yaml:10:5
       |
    10 |     limits: []
       |     ^^^^^^
       = help: Remove it: it is refused so that nobody relies on it before it is enforced.
    "#);
}

/// One text for each code; each must be found with its own code.
pub(crate) fn texts() -> Vec<(DiagnosticCode, String)> {
    use DiagnosticCode as Code;
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let list = |fields: &str| {
        format!("apiVersion: veto/v1\nkind: List\nmetadata: {{ name: l }}\n{fields}\n")
    };
    let when = |when: &str| allow(&format!("arguments: any\nwhen: {when}"));
    let argument = |schema: &str| allow(&format!("arguments: {{ a: {schema} }}"));
    vec![
        (Code::YamlSyntax, "a: [".to_owned()),
        (Code::YamlSyntax, "\"a".to_owned()),
        (Code::YamlTooLarge, deep),
        (Code::YamlTooLarge, "x".repeat(2 * 1024 * 1024)),
        (Code::YamlAnchor, format!("{HEAD}rules: &a []\n")),
        (Code::YamlAnchor, "a: *b".to_owned()),
        (Code::YamlAnchor, "a: { <<: { b: 1 } }".to_owned()),
        (Code::YamlTag, "a: !!str b".to_owned()),
        (Code::YamlTag, "a: !mine { b: 1 }".to_owned()),
        (
            Code::DuplicateKey,
            format!("{HEAD}kind: Policy\nrules: []\n"),
        ),
        (Code::EmptyFile, "# nothing\n".to_owned()),
        (Code::UnknownField, rule("efect: allow")),
        (Code::MissingField, rule("reason: x")),
        (
            Code::MissingField,
            format!("{HEAD}{}", "").replace("subjects: { roles: [r] }\n", "rules: []\n"),
        ),
        (Code::WrongType, rule("effect: [allow]")),
        (Code::InvalidValue, rule("effect: alow")),
        (Code::InvalidValue, list("type: host\nvalues: [a b]")),
        (
            Code::UnknownVersion,
            HEAD.replace("veto/v1", "veto/v9") + "rules: []\n",
        ),
        (Code::UnknownKind, HEAD.replace("Policy", "Polcy")),
        (Code::NotSupported, rule("effect: deny\nlimits: []")),
        (Code::NotSupported, rule("effect: deny\nmarks: []")),
        (
            Code::InvalidName,
            rule("effect: deny").replace("id: one", "id: One Two"),
        ),
        (
            Code::InvalidName,
            list("values: []").replace("name: l", "name: L-1"),
        ),
        (
            Code::DuplicateName,
            format!("{0}---\n{0}", rule("effect: deny")),
        ),
        (Code::EmptyList, rule("effect: deny").replace("[t]", "[]")),
        (
            Code::EmptyList,
            rule("effect: deny").replace("roles: [r]", "roles: []"),
        ),
        (
            Code::InvalidGlob,
            rule("effect: deny").replace("[t]", "['a***']"),
        ),
        (Code::MissingArguments, rule("effect: allow")),
        (Code::UnknownOptional, allow("arguments: {}\noptional: [a]")),
        (Code::InvalidSchema, argument("{ type: strin }")),
        (Code::InvalidSchema, argument("text")),
        (Code::InvalidSchema, argument("{ format: emial }")),
        (Code::UnknownKeyword, argument("{ maxLenght: 3 }")),
        (
            Code::SchemaReference,
            argument("{ $ref: 'https://example.com/s' }"),
        ),
        (
            Code::SchemaReference,
            argument("{ $ref: '#/$defs/a', $defs: { a: { not: { $ref: '#/$defs/a' } } } }"),
        ),
        (Code::SchemaReference, argument("{ $ref: '#' }")),
        (Code::InvalidPattern, argument("{ pattern: '(?=x)' }")),
        (
            Code::InvalidPattern,
            argument("{ pattern: '(?:a{900}){900}' }"),
        ),
        (Code::UnknownSchema, argument("{ use: nowhere }")),
        (Code::UnknownList, argument("{ in: nowhere }")),
        (Code::UnknownList, when("args.x in lists.nowhere")),
        (Code::ConditionSyntax, when("args.x >")),
        (
            Code::ConditionSyntax,
            when("\"args.x == Money{amount: 1}\""),
        ),
        (
            Code::ConditionTooLarge,
            when(&format!("{}true{}", "(".repeat(60), ")".repeat(60))),
        ),
        (
            Code::ConditionTooLarge,
            when(&format!("args.x == '{}'", "x".repeat(5000))),
        ),
        (
            Code::ConditionTooLarge,
            when(&format!("args.x == 1{}", " + 1".repeat(300))),
        ),
        (
            Code::ConditionTooLarge,
            when("'args.a.all(a, a.all(b, b.all(c, c == 1)))'"),
        ),
        (Code::UnknownVariable, when("arg.x == 1")),
        (Code::UnknownProperty, when("agent.name == 'x'")),
        (
            Code::UnknownArgument,
            allow("arguments: { a: true }\nwhen: args.b == 1"),
        ),
        (
            Code::UnknownArgument,
            allow("arguments: { a: true }\nwhen: \"args['b'] == 1\""),
        ),
        (Code::UnknownFunction, when("args.x.beginsWith('a')")),
        (Code::UnknownFunction, when("args.x.startsWith('a', 'b')")),
        (Code::ConditionType, when("1 + 1")),
        (Code::ConditionType, when("agent.id > 1")),
        (Code::ConditionType, when("agent == 'x'")),
        (
            Code::ConditionNever,
            allow("arguments: { a: { enum: [USD, EUR] } }\nwhen: args.a == 'ERU'"),
        ),
        (Code::ConditionConstant, when("1 == 1")),
        (
            Code::OptionalUnchecked,
            allow("arguments: { a: { type: number } }\noptional: [a]\nwhen: args.a > 1"),
        ),
        (Code::MissingApproval, rule("effect: require_approval")),
        (
            Code::UnusedField,
            rule("effect: deny\nonly_if_allowed: true"),
        ),
        (
            Code::UnusedField,
            rule("effect: deny\napproval: { approvers: [role:x] }"),
        ),
        (
            Code::DenyBesideAny,
            allow("arguments: any")
                + "  - { id: two, tools: ['*'], effect: deny, arguments: { a: { const: 1 } } }\n",
        ),
        (
            Code::OpenObject,
            argument("{ type: object, properties: { a: true } }"),
        ),
    ]
}

#[test]
fn every_code_is_found_and_points_somewhere() {
    let mut covered = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut all = String::new();
    for (code, text) in texts() {
        let (found, rendered) = shown(&text);
        covered.insert(code);
        all += &rendered;
        all += "\n";
        if !found.contains(&code) {
            let start: String = text.chars().take(300).collect();
            wrong.push(format!(
                "wanted {code}, found {found:?}\n{rendered}\nin:\n{start}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // Those of a set as a whole have texts of their own; two need more than one file.
    covered.extend(super::lint::texts().into_iter().map(|(code, _)| code));
    covered.extend([
        DiagnosticCode::UnmatchedSubject,
        DiagnosticCode::LintIncomplete,
    ]);
    let missing: Vec<_> = DiagnosticCode::ALL
        .iter()
        .filter(|code| !covered.contains(code))
        .collect();
    assert!(missing.is_empty(), "codes without a text: {missing:?}");
    insta::assert_snapshot!(all);
}

#[test]
fn hostile_text_is_refused_in_bounded_time() {
    let mut hostile = vec![
        "a".repeat(1024 * 1024),
        "- ".repeat(300_000),
        "[".repeat(500_000),
        "{a: ".repeat(250_000),
        (0..200_000).map(|n| format!("k{n}: 1\n")).collect(),
        "---\n".repeat(200_000),
    ];
    // Expressions that lead a recursive parser deep.
    for part in [
        "!", "-", "(", "[", "a.", "a+", "a?b:", "a&&", "a||", "{'a':", "f(", "a<", "a[0]", "[0]",
        "'", "r'\\'(", "a in ",
    ] {
        let text = part.repeat(4000 / part.len());
        for tail in ["", "a"] {
            let when = format!("{text}{tail}")
                .replace('\\', "\\\\")
                .replace('"', "\\\"");
            hostile.push(allow(&format!("arguments: any\nwhen: \"{when}\"")));
        }
    }
    // A thread of the size that servers give to their tasks.
    let thread = std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(move || {
            for text in hostile {
                let start = std::time::Instant::now();
                let source = source(&text);
                let _ = compile(&[source]);
                let took = start.elapsed();
                let shown: String = text.chars().skip(text.len().saturating_sub(40)).collect();
                assert!(took.as_secs() < 5, "{took:?}: {shown}");
            }
        });
    thread.unwrap().join().unwrap();
}
