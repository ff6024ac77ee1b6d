//! Suites of tests: what is refused, what runs, what is covered, and how it is told.

mod mutants;

use veto_core::PolicyName;
use veto_policy::suite::{self, Report, Suite};
use veto_policy::{DiagnosticCode as Code, Scaffold, Source, compile, scaffold};

use super::editor::assert_fine;
use super::support::{set, source};

pub(crate) const POLICY: &str = "apiVersion: veto/v1
kind: Policy
metadata: { name: refunds }
subjects: { roles: [support, lead] }
rules:
  - id: small
    tools: [refund, void]
    effect: allow
    arguments:
      amount: { type: number, minimum: 1, maximum: 50 }
      note: { type: string, maxLength: 9 }
    optional: [note]
    when: args.amount < 40 || env.name == 'dev'
  - id: never
    tools: [refund]
    effect: deny
    arguments: { amount: { type: number, minimum: 1000 } }
    severity: high
  - id: ask
    tools: [close]
    effect: require_approval
    approval: { approvers: [role:lead, role:boss], quorum: 2 }
";

const HEAD: &str = "apiVersion: veto/v1
kind: Tests
metadata: { name: all }
agents: { bot: { roles: [support] }, off: { roles: [support], disabled: true } }
users: { ann: { name: Ann, groups: [g] } }
agent: bot
tool: refund
cases:
";

pub(crate) fn suites(cases: &str) -> Vec<Suite> {
    let file = file(&format!("{HEAD}{cases}"));
    // What is read here is what editors take.
    assert_fine(&file.path, &file.text);
    suite::read(&[file]).unwrap_or_else(|found| panic!("{found}\n{cases}"))
}

fn file(text: &str) -> Source {
    Source {
        path: "refunds_test.yaml".to_owned(),
        text: text.to_owned(),
    }
}

fn run(cases: &str, filter: &str) -> Report {
    suite::run(&set(POLICY), &[source(POLICY)], &suites(cases), filter)
}

/// The codes and messages of what is wrong with a case.
fn refused(case: &str) -> Vec<(Code, String)> {
    let found = suite::read(&[file(&format!("{HEAD}  - {case}\n"))]).unwrap_err();
    let each = found.0.into_iter();
    each.map(|d| (d.code, format!("{} {}", d.message, d.help)))
        .collect()
}

#[test]
fn cases_that_hold_pass_with_all_that_they_may_say() {
    let report = run(
        "  - { name: a, arguments: { amount: 20.0 }, expect: allow, rule: refunds/small, reason: allowed, matched: [refunds/small] }
  - { name: b, arguments_json: '{\"amount\": 51}', expect: deny, reason: argument_invalid, argument: /amount, matched: [] }
  - { name: c, arguments: { amount: 2000 }, expect: deny, rule: refunds/never, reason: denied_by_rule }
  - { name: d, tool: close, user: ann, expect: approval, rule: refunds/ask, approvers: [role:lead, role:boss] }
  - { name: e, agent: off, expect: deny, reason: agent_disabled }
  - { name: f, agent: nobody, expect: deny, reason: unknown_agent }
  - { name: g, agent: { id: other, roles: [lead] }, arguments: { amount: 45 }, environment: dev, expect: allow }
  - { name: h, arguments: { amount: 45 }, expect: deny, reason: condition_false }\n",
        "",
    );
    assert_eq!(report.counts(), (8, 0), "{}", report.to_text());
    assert!(report.passed());
}

#[test]
fn a_failing_case_says_what_was_wanted_what_came_and_what_each_rule_said() {
    let report = run(
        "  - { name: too much, arguments: { amount: 51 }, expect: allow, rule: refunds/small }\n",
        "",
    );
    assert_eq!(report.counts(), (0, 1));
    let case = report.cases().next().unwrap();
    assert_eq!((&*case.path, case.line), ("refunds_test.yaml", 9));
    assert_eq!(case.wanted, "allow by refunds/small");
    assert_eq!(case.got, "deny, reason argument_invalid, argument /amount");
    assert!(case.message.contains("51 is above 50"), "{}", case.message);
    let text = report.to_text();
    for part in [
        "refunds_test.yaml:9: FAILED too much",
        "refunds/small (allow): ",
        "refunds/never (deny): ",
        "args.amount < 40 || env.name == 'dev' = false",
        "0 passed, 1 failed",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = report.to_json();
    assert_eq!(json["failed"], 1);
    assert_eq!(
        json["suites"][0]["cases"][0]["rules"][1]["verdict"],
        "argument_invalid"
    );
}

#[test]
fn each_expectation_can_fail_alone() {
    let fine = "arguments: { amount: 20 }, expect: allow";
    for (fails, holds) in [
        ("rule: refunds/never", "rule: refunds/small"),
        ("reason: denied_by_rule", "reason: allowed"),
        ("argument: /amount", "reason: allowed"),
        ("matched: []", "matched: [refunds/small]"),
        ("approvers: [role:lead]", "approvers: []"),
    ] {
        let case = |more| format!("  - {{ name: x, {fine}, {more} }}\n");
        assert_eq!(run(&case(fails), "").counts(), (0, 1), "{fails}");
        assert_eq!(run(&case(holds), "").counts(), (1, 0), "{holds}");
    }
}

#[test]
fn a_filter_chooses_cases_and_no_case_is_no_success() {
    let cases = "  - { name: one, expect: deny }\n  - { name: two, expect: deny }\n";
    assert_eq!(run(cases, "all/one").counts(), (1, 0));
    assert_eq!(run(cases, "all").counts(), (2, 0));
    let none = run(cases, "three");
    assert!(none.suites.is_empty() && !none.passed());
}

#[test]
fn a_case_is_made_when_it_says_or_when_its_suite_says_or_at_new_year() {
    let new_year = suites("  - { name: x, expect: deny }\n");
    assert_eq!(
        new_year[0].cases[0].now.to_string(),
        "2026-01-01T00:00:00.000000Z"
    );
    let text = HEAD.replace("tool: refund", "tool: refund\nnow: 2027-02-03T04:05:06Z");
    let cases =
        "  - { name: x, expect: deny }\n  - { name: y, now: 2028-01-01T00:00:00Z, expect: deny }\n";
    let read = suite::read(&[file(&format!("{text}{cases}"))]).unwrap();
    let times: Vec<_> = read[0]
        .cases
        .iter()
        .map(|case| case.now.seconds())
        .collect();
    assert_eq!(times, [1_801_627_506, 1_830_297_600]);
}

#[test]
fn what_is_not_understood_is_refused_with_help() {
    for (case, code, part) in [
        (
            "{ name: x, expects: deny }",
            Code::UnknownField,
            "did you mean `expect`?",
        ),
        ("{ name: x }", Code::MissingField, "a case has no `expect`"),
        (
            "{ expect: deny }",
            Code::MissingField,
            "a case has no `name`",
        ),
        ("{ name: ' ', expect: deny }", Code::InvalidName, "blank"),
        (
            "{ name: x, agent: bto, expect: deny }",
            Code::InvalidValue,
            "did you mean `bot`?",
        ),
        (
            "{ name: x, agent: { role: [a] }, expect: deny }",
            Code::UnknownField,
            "did you mean `roles`?",
        ),
        (
            "{ name: x, user: anne, expect: deny }",
            Code::InvalidValue,
            "did you mean `ann`?",
        ),
        (
            "{ name: x, expect: alow }",
            Code::InvalidValue,
            "did you mean `allow`?",
        ),
        (
            "{ name: x, expect: deny, rule: refunds }",
            Code::InvalidValue,
            "policy/rule",
        ),
        (
            "{ name: x, expect: deny, matched: [refunds] }",
            Code::InvalidValue,
            "policy/rule",
        ),
        (
            "{ name: x, expect: deny, reason: alowed }",
            Code::InvalidValue,
            "did you mean `allowed`?",
        ),
        (
            "{ name: x, expect: deny, argument: amount }",
            Code::InvalidValue,
            "JSON Pointer",
        ),
        (
            "{ name: x, expect: deny, now: today }",
            Code::InvalidValue,
            "RFC 3339",
        ),
        (
            "{ name: x, expect: deny, tool: 'a b' }",
            Code::InvalidName,
            "tool",
        ),
        (
            "{ name: x, expect: deny, arguments: [] }",
            Code::WrongType,
            "mapping",
        ),
        (
            "{ name: x, expect: deny, arguments_json: '{\"a\":1,\"a\":2}' }",
            Code::InvalidValue,
            "twice",
        ),
        (
            "{ name: x, expect: deny, arguments: {}, arguments_json: '{}' }",
            Code::UnusedField,
            "remove one",
        ),
    ] {
        let found = refused(case);
        assert!(
            found
                .iter()
                .any(|(c, text)| *c == code && text.contains(part)),
            "{case}: {found:?}"
        );
    }
    let twice = "{ name: x, expect: deny }\n  - { name: x, expect: allow }";
    assert_eq!(refused(twice)[0].0, Code::DuplicateName);
    let found = suite::read(&[file(POLICY)]).unwrap_err();
    assert_eq!(found.0[0].code, Code::UnknownKind);
    let empty = HEAD.replace("cases:\n", "cases: []\n");
    assert_eq!(
        suite::read(&[file(&empty)]).unwrap_err().0[0].code,
        Code::EmptyList
    );
}

#[test]
fn a_file_may_hold_several_suites() {
    let one = format!("{HEAD}  - {{ name: x, expect: deny }}\n");
    let read = suite::read(&[file(&format!("{one}---\n{one}"))]).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].line, read[1].line), (3, 13));
}

#[test]
fn coverage_names_the_rules_bounds_and_conditions_that_no_case_reaches() {
    let gaps = |cases: &str| -> Vec<String> {
        let uncovered = run(cases, "").coverage.uncovered();
        uncovered
            .into_iter()
            .map(|gap| format!("{}:{} {} {}", gap.path, gap.line, gap.rule, gap.message))
            .collect()
    };
    let first = gaps("  - { name: a, arguments: { amount: 20 }, expect: allow }\n");
    for gap in [
        "policy.yaml:6 refunds/small no case breaks `maximum` of argument `amount`",
        "policy.yaml:6 refunds/small no case keeps `maxLength` of argument `note`",
        "policy.yaml:6 refunds/small no case fails the condition",
        "policy.yaml:14 refunds/never no case matches the rule",
        "policy.yaml:19 refunds/ask no case matches the rule",
    ] {
        assert!(
            first.iter().any(|found| found == gap),
            "{gap} in {first:#?}"
        );
    }
    let all = gaps(
        "  - { name: a, arguments: { amount: 20, note: x }, expect: allow }
  - { name: b, arguments: { amount: 2000, note: longer than nine }, expect: deny }
  - { name: c, arguments: { amount: 0, note: 1 }, expect: deny }
  - { name: d, arguments: { amount: x }, expect: deny }
  - { name: e, arguments: { amount: 45 }, expect: deny }
  - { name: f, tool: close, expect: approval }\n",
    );
    assert!(all.is_empty(), "{all:#?}");
    let none = run("  - { name: a, tool: other, expect: deny }\n", "").coverage;
    assert_eq!(none.percent(), 0);
    assert!(none.to_text().ends_with(": 0 %\n"), "{}", none.to_text());
    // Who is not let in covers nothing.
    let off = gaps("  - { name: a, agent: off, arguments: { amount: 20 }, expect: deny }\n");
    assert!(
        off.iter()
            .any(|gap| gap.ends_with("small no case matches the rule"))
    );
}

#[test]
fn junit_and_text_show_hostile_names_without_obeying_them() {
    let name = r#""<a href='x'>&\e[31m\r\n]]>\u0000\u202e""#;
    let report = run(&format!("  - {{ name: {name}, expect: allow }}\n"), "");
    let xml = report.to_junit();
    let shown = r#"name="&lt;a href=&apos;x&apos;&gt;&amp;\u{1b}[31m&#13;&#10;]]&gt;\u{0}"#;
    assert!(xml.contains(shown), "{xml}");
    assert!(
        xml.contains("<testsuites tests=\"1\" failures=\"1\">"),
        "{xml}"
    );
    for text in [xml, report.to_text()] {
        let obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!text.contains(obeyed), "{text:?}");
    }
    assert!(!report.to_text().contains('\u{202e}'));
}

#[test]
fn the_tests_of_first_directories_hold() {
    for kind in Scaffold::ALL {
        let files = scaffold(&PolicyName::new("first-steps").unwrap(), kind);
        let set = compile(&files[..1]).unwrap().set;
        let suites = suite::read(&files[1..2]).unwrap();
        let report = suite::run(&set, &files[..1], &suites, "");
        assert!(report.passed(), "{}", report.to_text());
    }
}

#[test]
fn hostile_suites_cost_bounded_work() {
    // Deep, long and broken texts are refused before anything runs.
    let deep = format!(
        "{HEAD}  - {{ name: x, expect: deny, arguments: {{ a: {} }} }}\n",
        "[".repeat(5_000)
    );
    assert!(suite::read(&[file(&deep)]).is_err());
    let long = format!(
        "{HEAD}  - {{ name: {}, expect: deny }}\n",
        "x".repeat(2 << 20)
    );
    assert_eq!(
        suite::read(&[file(&long)]).unwrap_err().0[0].code,
        Code::YamlTooLarge
    );
    let wrong = "  - { nme: x }\n".repeat(5_000);
    let found = suite::read(&[file(&format!("{HEAD}{wrong}"))]).unwrap_err();
    assert!(found.0.len() <= 1_000);
    // Many failing cases are counted, and the first of them explained.
    let many: String = (0..3_000)
        .map(|n| format!("  - {{ name: c{n}, expect: allow }}\n"))
        .collect();
    let report = run(&many, "");
    assert_eq!(report.counts(), (0, 3_000));
    let explained = report.cases().filter(|case| !case.rules.is_empty()).count();
    assert_eq!(explained, 200);
}
