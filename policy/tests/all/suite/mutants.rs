//! Mutants: each kind is made, stands for what it says, and is killed or survives as it should.

use veto_policy::suite::{self, MOST_MUTANTS, Mutant, Survivors, mutants, survivors};
use veto_policy::{Source, compile};

use super::super::format::texts;
use super::super::support::{set, source};
use super::{POLICY, suites};

fn made(text: &str) -> Vec<Mutant> {
    mutants(&[source(text)])
}

/// What is changed, in the words of the mutants.
fn whats(text: &str) -> Vec<String> {
    made(text).into_iter().map(|mutant| mutant.what).collect()
}

fn policy(rest: &str) -> String {
    format!("apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p }}\n{rest}")
}

fn survived(text: &str, cases: &str) -> Survivors {
    let sources = [source(text)];
    survivors(&set(text), &sources, &suites(cases), &mutants(&sources))
}

#[test]
fn every_kind_of_change_is_made() {
    let text = policy(
        "subjects: { roles: [a, b], agents: [bot] }
not_before: 2025-01-01T00:00:00Z
mode: shadow
approval: { approvers: [role:a, role:b], quorum: 2 }
rules:
  - id: one
    tools: [t, u]
    effect: allow
    arguments:
      n: { type: number, minimum: 1, maximum: 5.5, exclusiveMinimum: 0 }
      s: { type: string, pattern: '^a.*$', maxLength: 3, minLength: 1 }
      e: { enum: [x, y] }
      l: { type: array, items: { type: integer, maximum: 9 }, maxItems: 2 }
    optional: [s]
    when: args.n < 3 && args.e == 'x' || args.n >= 4
    otherwise: require_approval
  - { id: two, tools: [t], effect: deny, arguments: { n: { minimum: 7 } }, not_after: 2030-01-01T00:00:00Z }
  - { id: three, tools: [t], effect: require_approval, only_if_allowed: true }\n",
    );
    compile(&[source(&text)]).unwrap();
    let found = whats(&text);
    for what in [
        "role `\"a\"` removed",
        "agent `\"bot\"` removed",
        "`not_before` removed",
        "`not_after` removed",
        "`mode: shadow` removed",
        "approver `\"role:a\"` removed",
        "`quorum` 2 becomes 1",
        "rule `one` removed",
        "tool `\"u\"` removed",
        "`effect` allow becomes deny",
        "`effect` deny becomes allow",
        "`effect` require_approval becomes allow",
        "`minimum` of `n`: 1 becomes 0",
        "`minimum` of `n`: 1 becomes 2",
        "`maximum` of `n`: 5.5 becomes 6.5",
        "`maximum` of `n` removed",
        "`exclusiveMinimum` of `n` removed",
        "`maximum` of `l`: 9 becomes 10",
        "`maxItems` of `l`: 2 becomes 1",
        "`maxLength` of `s`: 3 becomes 4",
        "`minLength` of `s`: 1 becomes 0",
        "`pattern` of `s` becomes `\"a.*$\"`",
        "`pattern` of `s` becomes `\"^a.*\"`",
        "`enum` of `e`: `\"x\"` removed",
        "`s` is no longer optional",
        "`n` becomes optional",
        "the filter on `n` removed",
        "`when` removed",
        "`when` negated",
        "`when`: `<` becomes `<=`, the character 8",
        "`when`: `==` becomes `!=`, the character 22",
        "`when`: `&&` becomes `||`, the character 12",
        "`when`: `||` becomes `&&`, the character 29",
        "`when`: `3` becomes `2`, the character 10",
        "`when`: `>=` becomes `>`, the character 39",
        "`otherwise` removed",
        "`only_if_allowed` removed",
    ] {
        assert!(found.iter().any(|f| f == what), "{what} in {found:#?}");
    }
    // None is lost to the layout, and each is another text that compiles.
    let source = source(&text);
    for mutant in made(&text) {
        let text = mutant.text(&source);
        assert_ne!(text, source.text, "{}", mutant.what);
        let changed = Source {
            text,
            ..source.clone()
        };
        let compiled = compile(std::slice::from_ref(&changed));
        assert!(compiled.is_ok(), "{}\n{}", mutant.what, changed.text);
    }
}

#[test]
fn a_mutant_changes_its_place_and_keeps_the_rest_of_the_text() {
    let text = policy(
        "subjects:\n  roles:\n  - a\n  - b # kept\nrules:\n- id: one # first\n  tools:\n  - t\n  effect: allow\n  \
         arguments:\n    n:\n      maximum: 5\n  when: |\n    args.n < 3\n    && args.n > 1\n\n- id: two\n  tools: [t]\n  effect: deny\n",
    );
    let source = source(&text);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let before = lines(&text);
    for mutant in made(&text) {
        let after = lines(&mutant.text(&source));
        // What is added stands first in its rule, and a rule with several changes is written anew.
        if mutant.what.ends_with("becomes optional") || mutant.what.contains("deny becomes") {
            continue;
        }
        // All lines before the place are as they were.
        let at = usize::try_from(mutant.line).unwrap() - 1;
        let kept = at.saturating_sub(1).min(after.len());
        assert_eq!(before[..kept], after[..kept], "{}", mutant.what);
        assert!(before.len().abs_diff(after.len()) <= 12, "{}", mutant.what);
    }
    let find = |what: &str| {
        let found = made(&text).into_iter().find(|mutant| mutant.what == what);
        found.unwrap_or_else(|| panic!("{what}")).text(&source)
    };
    assert!(find("`maximum` of `n`: 5 becomes 6").contains("maximum: 6\n"));
    assert!(find("`effect` deny becomes allow").contains("- id: one # first"));
    assert!(find("role `\"b\"` removed").contains("  - a"));
    assert!(find("`when` negated").contains(r#"when: "!(args.n < 3\n&& args.n > 1\n)""#));
    assert!(find("`when` removed").contains("maximum: 5\n"));
}

#[test]
fn every_policy_of_the_repository_has_mutants_that_read() {
    let mut tried = 0;
    for source in texts() {
        if compile(std::slice::from_ref(&source)).is_err() {
            continue;
        }
        for mutant in mutants(std::slice::from_ref(&source)) {
            assert_ne!(mutant.text(&source), source.text, "{}", mutant.what);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn cases_kill_what_they_notice_and_the_rest_survives() {
    let few = survived(
        POLICY,
        "  - { name: a, arguments: { amount: 20 }, expect: allow }\n",
    );
    let whats = |found: &Survivors| -> Vec<String> {
        let all = found.survived.iter();
        all.map(|mutant| mutant.what.clone()).collect()
    };
    let left = whats(&few);
    for what in [
        "`maximum` of `amount`: 50 becomes 51",
        "`when` removed",
        "rule `never` removed",
    ] {
        assert!(
            left.iter().any(|found| found == what),
            "{what} in {left:#?}"
        );
    }
    for what in [
        "rule `small` removed",
        "`when` negated",
        "`effect` allow becomes deny",
    ] {
        assert!(
            !left.iter().any(|found| found == what),
            "{what} in {left:#?}"
        );
    }
    let more = survived(
        POLICY,
        "  - { name: a, arguments: { amount: 20 }, expect: allow, matched: [refunds/small] }
  - { name: top, arguments: { amount: 50 }, agent: { roles: [lead] }, environment: dev, expect: allow }
  - { name: over, arguments: { amount: 50.5 }, environment: dev, expect: deny, reason: argument_invalid }
  - { name: 40 is not below it, arguments: { amount: 40 }, expect: deny }
  - { name: 39.5 is, arguments: { amount: 39.5 }, expect: allow }
  - { name: much, arguments: { amount: 1000 }, expect: deny, rule: refunds/never }
  - { name: closed, tool: close, expect: approval, approvers: [role:lead, role:boss] }\n",
    );
    assert!(more.killed > few.killed);
    let left = whats(&more);
    for what in [
        "`maximum` of `amount`: 50 becomes 51",
        "`when` removed",
        "rule `never` removed",
        "approver `\"role:boss\"` removed",
    ] {
        assert!(
            !left.iter().any(|found| found == what),
            "{what} in {left:#?}"
        );
    }
    // No expectation speaks of a quorum.
    assert!(left.iter().any(|found| found == "`quorum` 2 becomes 1"));
    assert!(!more.cut);
}

#[test]
fn a_case_that_fails_kills_nothing() {
    let found = survived(
        POLICY,
        "  - { name: a, arguments: { amount: 20 }, expect: deny }\n",
    );
    assert_eq!(found.killed, 0);
    assert!(!found.survived.is_empty());
}

#[test]
fn survivors_on_a_line_that_says_so_are_accepted() {
    let text = POLICY.replace(
        "amount: { type: number, minimum: 1, maximum: 50 }",
        "amount: { type: number, minimum: 1, maximum: 50 } # veto: equivalent",
    );
    let found = survived(
        &text,
        "  - { name: a, arguments: { amount: 20 }, expect: allow }\n",
    );
    let line = |mutant: &Mutant| mutant.line;
    assert!(!found.accepted.is_empty());
    assert!(found.accepted.iter().map(line).all(|line| line == 10));
    assert!(found.survived.iter().map(line).all(|line| line != 10));
}

#[test]
fn mutants_that_do_not_compile_are_not_counted() {
    // Without its minimum the schema has no bound that `maximum` could stand below.
    let text = policy(
        "subjects: { roles: [support] }\nrules:\n  - { id: r, tools: [refund], effect: allow, arguments: { amount: { minimum: 5, maximum: 5 } } }\n",
    );
    let found = survived(
        &text,
        "  - { name: a, arguments: { amount: 5 }, expect: allow }\n",
    );
    let all = found.killed + found.refused + found.survived.len() + found.accepted.len();
    assert_eq!(all, made(&text).len());
}

#[test]
fn shared_schemas_and_tools_are_mutated_and_compiled_again() {
    let text = policy(
        "subjects: { roles: [support] }\nrules:\n  - { id: r, tools: [refund], effect: allow, arguments: { amount: { use: money } } }\n---\n\
         apiVersion: veto/v1\nkind: Schema\nmetadata: { name: money }\nschema: { type: number, maximum: 5 }\n---\n\
         apiVersion: veto/v1\nkind: Tool\nmetadata: { name: refund }\ninput: { properties: { amount: { minimum: 1 } } }\n",
    );
    let found = survived(
        &text,
        "  - { name: a, arguments: { amount: 5 }, expect: allow }
  - { name: b, arguments: { amount: 6 }, expect: deny }
  - { name: c, arguments: { amount: 1 }, expect: allow }
  - { name: d, arguments: { amount: 0 }, expect: deny }\n",
    );
    let whats: Vec<_> = made(&text).into_iter().map(|mutant| mutant.what).collect();
    assert!(
        whats
            .iter()
            .any(|what| what == "`maximum` of `schema`: 5 becomes 6")
    );
    assert!(
        whats
            .iter()
            .any(|what| what == "`minimum` of `schema/amount`: 1 becomes 0")
    );
    let left: Vec<_> = found.survived.iter().map(|m| &*m.what).collect();
    assert_eq!(left, ["`amount` becomes optional"], "{}", found.killed);
}

#[test]
fn what_every_contract_requires_never_becomes_optional() {
    let tool = |name: &str, input: &str| {
        format!(
            "\n---\napiVersion: veto/v1\nkind: Tool\nmetadata: {{ name: {name}, labels: [money] }}\ninput: {input}\n"
        )
    };
    let required = tool(
        "pay",
        "{ properties: { amount: { type: number } }, required: [amount] }",
    );
    let becomes = |tools: &str, contracts: &str| {
        let rule = format!(
            "{{ id: r, tools: {tools}, effect: allow, arguments: {{ amount: {{ maximum: 5 }} }} }}"
        );
        let text = policy(&format!(
            "subjects: {{ roles: [a] }}\nrules:\n  - {rule}{contracts}"
        ));
        compile(&[source(&text)]).unwrap();
        whats(&text).contains(&"`amount` becomes optional".to_owned())
    };
    assert!(!becomes("[pay]", &required));
    assert!(!becomes("{ labels: [money] }", &required));
    let referred = "{ properties: { amount: { $ref: '#/$defs/cents' } }, required: [amount], $defs: { cents: { type: integer } } }";
    assert!(!becomes("[pay]", &tool("pay", referred)));
    // Where one call can come without it, a test must say what happens.
    assert!(becomes("[pay]", "\n"));
    assert!(becomes("[pay, refund]", &required));
    assert!(becomes("['pay*']", &required));
    for input in [
        "{ properties: { amount: { type: number } } }",
        "{ properties: { amount: { type: [number, 'null'] } }, required: [amount] }",
        "{ properties: { amount: {} }, required: [amount] }",
    ] {
        let contracts = tool("pay", input);
        assert!(becomes("[pay]", &contracts), "{input}");
        let both = required.clone() + &tool("refund", input);
        assert!(becomes("{ labels: [money] }", &both), "{input}");
    }
}

#[test]
fn hostile_files_have_a_bounded_number_of_mutants() {
    let roles: Vec<String> = (0..200).map(|n| format!("r{n}")).collect();
    let text = policy(&format!(
        "subjects: {{ roles: [{}] }}\nrules: []\n",
        roles.join(", ")
    ));
    assert_eq!(made(&text).len(), 200);
    let many: Vec<Source> = (0..60)
        .map(|n| Source {
            path: format!("{n}.yaml"),
            text: text.clone(),
        })
        .collect();
    assert_eq!(mutants(&many).len(), MOST_MUTANTS);
    // What is no policy, or no YAML, has none.
    for text in [
        "a: [",
        "kind: Policy",
        "- 1",
        "kind: Policy\nrules: 1\nsubjects: []\n",
        "kind: Policy\nrules: [1, {when: 1}]\n",
    ] {
        assert!(made(text).len() <= 3, "{text}");
    }
    assert!(suite::read(&[source("a: [")]).is_err());
}
