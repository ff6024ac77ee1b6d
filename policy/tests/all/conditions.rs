//! What the checker says of conditions that it checks against the schemas of arguments.

use std::collections::BTreeSet;

use veto_policy::{DiagnosticCode as Code, DiagnosticSeverity as Severity, compile, render};

use super::support::source;

/// A payment, and mail with structure.
const ARGUMENTS: &str = "
      amount: { type: number }
      currency: { enum: [USD, EUR] }
      note: { type: [string, 'null'], maxLength: 100 }
      to: { type: array, maxItems: 20, items: { type: string, maxLength: 100 } }
      customer:
        type: object
        properties: { name: { type: string }, since: { type: integer } }
        required: [name]
        additionalProperties: false
      items:
        type: array
        items:
          type: object
          properties: { price: { type: number }, sku: { enum: [a, b] } }
          required: [price, sku]
          additionalProperties: false
      more: { type: array }
      memo: { type: string, maxLength: 100 }
      host: { in: hosts }";

fn rule(effect: &str, when: &str) -> String {
    format!(
        "apiVersion: veto/v1\nkind: List\nmetadata: {{ name: hosts }}\ntype: host\nvalues: [a.example]\n---\n\
         apiVersion: veto/v1\nkind: List\nmetadata: {{ name: codes }}\ntype: number\nvalues: [1, 2]\n---\n\
         apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p }}\nsubjects: {{ roles: [r] }}\n\
         rules:\n  - id: one\n    tools: [t]\n    effect: {effect}\n    arguments:{ARGUMENTS}\n    \
         optional: [memo]\n    when: >-\n      {when}\n"
    )
}

/// The codes and texts of what is found in an allow with this condition.
fn found(effect: &str, when: &str) -> (BTreeSet<Code>, bool, String) {
    let text = rule(effect, when).replace(">-\n      ", "");
    let quoted = format!("when: \"{}\"", when.replace('"', "\\\""));
    let source = source(&text.replace(&format!("when: {when}"), &quoted));
    let found = match compile(std::slice::from_ref(&source)) {
        Ok(compiled) => compiled.warnings,
        Err(found) => found.0,
    };
    let shown: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
    (
        found.iter().map(|d| d.code).collect(),
        found.iter().any(|d| d.severity == Severity::Error),
        shown.join("\n"),
    )
}

/// Conditions with something wrong, and the code of it.
const WRONG: [(Code, &str); 35] = [
    (Code::UnknownArgument, "args.amout > 1"),
    (Code::UnknownArgument, "has(args.amout)"),
    (Code::UnknownArgument, "args.?amout.orValue(1) > 1"),
    (Code::UnknownProperty, "args.customer.nme == 'x'"),
    (Code::UnknownProperty, "has(args.customer.nme)"),
    (Code::UnknownProperty, "args.items.all(i, i.prize < 1)"),
    (Code::ConditionType, "args.amount == 'x'"),
    (Code::ConditionType, "args.amount != 'x' && args.amount > 1"),
    (Code::ConditionType, "args.amount + 'a' == 'b'"),
    (Code::ConditionType, "size(args.amount) > 1"),
    (Code::ConditionType, "args.items.all(i, i.price < 'x')"),
    (Code::ConditionType, "args.to.exists(r, r > 5)"),
    (Code::ConditionType, "args.amount.startsWith('x')"),
    (Code::ConditionType, "args.customer == 'x'"),
    (Code::ConditionType, "args.customer.name > 1"),
    (Code::ConditionType, "5 in args.to"),
    (Code::ConditionType, "args.amount in lists.hosts"),
    (Code::ConditionType, "args.host in lists.codes"),
    (Code::ConditionType, "args.amount in ['a', 'b']"),
    (Code::ConditionType, "args.?memo == 'x'"),
    (Code::ConditionType, "args.to['a'] == 'x'"),
    (Code::ConditionType, "request.time > '2024-01-01'"),
    (
        Code::ConditionType,
        "request.time + request.time > request.time",
    ),
    (Code::ConditionType, "args.amount"),
    (Code::ConditionType, "args.amount && has(args.memo)"),
    (Code::ConditionNever, "args.currency == 'GBP'"),
    (Code::ConditionNever, "args.currency in ['USD', 'ERU']"),
    (Code::ConditionNever, "args.items.exists(i, i.sku == 'c')"),
    (Code::ConditionNever, "args.amount != null"),
    (Code::ConditionConstant, "1 == 1"),
    (Code::ConditionConstant, "args.amount > 5 || true"),
    (Code::OptionalUnchecked, "args.memo.size() < 10"),
    (
        Code::OptionalUnchecked,
        "has(args.memo) || args.memo == 'x'",
    ),
    (Code::OptionalUnchecked, "args.customer.since > 2000"),
    (
        Code::ConditionTooLarge,
        "args.items.all(i, args.more.exists(m, m.sku == i.sku && m.price == i.price))",
    ),
];

#[test]
fn mistakes_are_found_and_underlined_where_they_are() {
    let mut all = String::new();
    for (code, when) in WRONG {
        let (codes, error, shown) = found("allow", when);
        assert_eq!(codes, BTreeSet::from([code]), "{when}\n{shown}");
        let warns = matches!(
            code,
            Code::ConditionNever | Code::ConditionConstant | Code::OptionalUnchecked
        );
        assert_eq!(error, !warns, "{when}\n{shown}");
        all += &shown;
        all += "\n";
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_is_right_is_left_alone() {
    for when in [
        "args.amount == 20.5 && args.amount in [1, 2.5]",
        "args.currency == 'EUR' || args.currency in ['USD']",
        "args.note == null || args.note.size() < 10",
        "args.customer.name == 'x' && (!has(args.customer.since) || args.customer.since > 2000)",
        "has(args.memo) && args.memo != null && args.memo.size() < 10",
        "args.memo == 'x' && has(args.memo)",
        "!has(args.memo) || args.memo == 'x'",
        "has(args.memo) ? args.memo == 'x' : args.amount < 5",
        "!(has(args.memo) && args.memo == 'x')",
        "'memo' in args && args.memo == 'x'",
        "args.?memo.hasValue() && args.memo == 'x'",
        "args.?memo.orValue('') != 'x'",
        "args.?memo == optional.of('x')",
        "(has(args.memo) && args.amount < 5) ? args.memo == 'x' : true || args.amount > 1",
        "args.items.all(i, i.price < 5 && i.sku == 'a')",
        "args.items.map(i, i.price).all(p, p < 5)",
        "args.items.filter(i, i.price > 5).size() == 0",
        "args.to.all(r, r.endsWith('@example.com'))",
        "args.host in lists.hosts && args.amount in lists.codes",
        "args.more.all(m, m == 'x' || m == 5)",
        "args.items[0].price < 5",
        "agent.labels.team == 'finance' && args.amount < double(agent.labels.limit)",
        "request.time - timestamp('2024-01-01T00:00:00Z') > duration('1h')",
        "context.anything == 5 || context.anything == 'x'",
    ] {
        let (codes, _, shown) = found("allow", when);
        let constant = BTreeSet::from([Code::ConditionConstant]);
        let fine = codes.is_empty() || (when.contains("true ||") && codes == constant);
        assert!(fine, "{when}\n{shown}");
    }
}

#[test]
fn a_deny_may_read_what_can_be_left_out_since_it_fails_closed() {
    let (codes, _, shown) = found("deny", "args.memo.size() > 10");
    assert!(codes.is_empty(), "{shown}");
    // What a deny does not list may stand in the call all the same.
    let (codes, _, shown) = found("deny", "args.other.size() > 10");
    assert!(codes.is_empty(), "{shown}");
}

/// Parts that lead a recursive reader of expressions deep, alone and in turns.
const HOSTILE: [&str; 34] = [
    "!", "-", "!-", "- ", "(", "[", "{", "!(", "-(", "[-", "([", "{'a':", "{'a':[", "a.", "a.?",
    "a[", "a[?", "a?", "a?b:", "(a?b:", "a&&", "a||", "a&&!", "a+", "a-", "a<", "a in ", "f(",
    "a.f(", "a.all(x,", "'", "\"'", "r'\\'(", "'\\",
];

#[test]
fn hostile_conditions_need_little_stack() {
    let mut texts = Vec::new();
    for part in HOSTILE {
        for length in [60, 500, 4_000] {
            let text = part.repeat(length / part.len());
            for tail in ["", "a", ")"] {
                texts.push(format!("{text}{tail}"));
            }
            // What would close everything that was opened.
            let closing: String = text.chars().rev().filter_map(closing).collect();
            texts.push(format!("{text}a{closing}"));
        }
    }
    for (a, b) in HOSTILE.iter().zip(HOSTILE.iter().rev()) {
        texts.push(format!("{a}{b}").repeat(31) + "a");
    }
    let run = move || {
        for text in texts {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            let text = rule("deny", "WHEN").replace(">-\n      WHEN", &format!("\"{text}\""));
            let _ = compile(&[source(&text)]);
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

fn closing(c: char) -> Option<char> {
    Some(match c {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        _ => return None,
    })
}
