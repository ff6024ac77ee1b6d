//! Policy files of any size, made in memory.

use std::fmt::Write;

use veto_bench::scenario::{ROLES, role_and_tool};
use veto_policy::Source;

/// Rules in a policy, and policies in a file: some 300 KiB, which holds the 50,000 values that are read.
const RULES_OF_POLICY: usize = 10;
const RULES_OF_FILE: usize = 1_000;

fn policy(text: &mut String, name: &str, role: &str) {
    let _ = write!(
        text,
        "---\napiVersion: veto/v1\nkind: Policy\nmetadata:\n  name: {name}\nsubjects: {{ roles: [{role}] }}\nrules:\n"
    );
}

fn rule(text: &mut String, id: &str, tool: &str, maximum: usize, when: Option<usize>) {
    let _ = write!(
        text,
        "  - id: {id}\n    tools: [{tool}]\n    effect: allow\n    arguments:\n      \
         amount:   {{ type: number, exclusiveMinimum: 0, maximum: {maximum} }}\n      \
         currency: {{ enum: [USD, EUR] }}\n      \
         to:       {{ type: string, maxLength: 34 }}\n"
    );
    if let Some(bound) = when {
        let _ = writeln!(text, "    when: args.amount <= {bound}.0");
    }
}

/// Files with one rule for each role and tool, each with a condition, as all engines load them.
pub(crate) fn scenario(rules: usize) -> Vec<Source> {
    let mut files = Vec::new();
    let all: Vec<usize> = (0..rules).collect();
    for (at, part) in all.chunks(RULES_OF_FILE).enumerate() {
        let mut text = String::new();
        for rule_at in part {
            let (role, tool) = role_and_tool(*rule_at);
            policy(&mut text, &format!("p{rule_at:07}"), role);
            rule(&mut text, "pay", &tool, 1_000_000, Some(5_000));
        }
        files.push(file(at, text));
    }
    files
}

/// Nine more rules for the caller and the tool, each with arguments; with one that allows they are ten
/// that can match. None of them matches, so that all have to be asked.
pub(crate) fn nine_more() -> Source {
    let mut text = String::new();
    policy(&mut text, "nine-more", ROLES[0]);
    let bounds = [
        ("deny", "{ amount: { type: number, minimum: 1000000 } }"),
        ("deny", "{ currency: { enum: [RUB, KPW] } }"),
        ("deny", "{ to: { pattern: '^XX' } }"),
        (
            "deny",
            "{ to: { enum: [DE00, FR00] }, amount: { type: number, minimum: 10 } }",
        ),
        (
            "require_approval",
            "{ amount: { type: number, minimum: 500000 } }",
        ),
        ("require_approval", "{ currency: { const: CHF } }"),
        (
            "allow",
            "{ amount: { type: number, maximum: 100 }, currency: { const: GBP }, to: { type: string } }",
        ),
        (
            "allow",
            "{ amount: { type: number, maximum: 10 }, currency: { enum: [USD, EUR] }, to: { type: string } }",
        ),
        (
            "allow",
            "{ amount: { type: number, maximum: 99 }, currency: { const: JPY }, to: { type: string } }",
        ),
    ];
    for (at, (effect, arguments)) in bounds.into_iter().enumerate() {
        let _ = write!(
            text,
            "  - id: rule-{at}\n    tools: [tool_00001]\n    effect: {effect}\n    arguments: {arguments}\n"
        );
        if effect == "require_approval" {
            text.push_str("    approval: { approvers: ['role:lead'], quorum: 1, expires: 15m }\n");
        }
    }
    Source {
        path: "nine-more.yaml".to_owned(),
        text,
    }
}

/// Nine more rules that match as far as their arguments go, each with a condition of its own that does not.
pub(crate) fn nine_conditions() -> Source {
    let mut text = String::new();
    policy(&mut text, "nine-conditions", ROLES[0]);
    for at in 0..9 {
        rule(
            &mut text,
            &format!("rule-{at}"),
            "tool_00001",
            1_000_000,
            Some(100 + at),
        );
    }
    Source {
        path: "nine-conditions.yaml".to_owned(),
        text,
    }
}

/// Files as large organizations have them: every tool for each of ten roles, a thousand different bounds,
/// one condition in ten. The first rule is the scenario's.
pub(crate) fn large(rules: usize) -> Vec<Source> {
    let files = rules.div_ceil(RULES_OF_FILE);
    (0..files)
        .map(|at| large_file(at, (rules - at * RULES_OF_FILE).min(RULES_OF_FILE)))
        .collect()
}

fn large_file(at: usize, rules: usize) -> Source {
    let mut text = String::new();
    for policy_at in 0..rules.div_ceil(RULES_OF_POLICY) {
        let number = at * RULES_OF_FILE / RULES_OF_POLICY + policy_at;
        policy(
            &mut text,
            &format!("p{number:07}"),
            ROLES[number % ROLES.len()],
        );
        let count = (rules - policy_at * RULES_OF_POLICY).min(RULES_OF_POLICY);
        for rule_at in 0..count {
            let tool = number / ROLES.len() * RULES_OF_POLICY + rule_at + 1;
            let bound = (number * 31 + rule_at * 7) % 1_000;
            let (maximum, when) = match (number, rule_at) {
                // The scenario's own rule.
                (0, 0) => (1_000_000, Some(5_000)),
                (_, 0) => (1_000 + bound, Some(10 + bound)),
                _ => (1_000 + bound, None),
            };
            rule(
                &mut text,
                &format!("rule-{rule_at}"),
                &format!("tool_{tool:05}"),
                maximum,
                when,
            );
        }
    }
    file(at, text)
}

/// The file with another bound in its last rule.
pub(crate) fn changed(source: &Source, change: usize) -> Source {
    let mut text = source.text.clone();
    let last = text.rfind("maximum: ").map(|at| at + "maximum: ".len());
    let end = last.and_then(|at| text[at..].find(' ').map(|length| at + length));
    if let (Some(start), Some(end)) = (last, end) {
        text.replace_range(start..end, &(5_000 + change).to_string());
    }
    Source {
        path: source.path.clone(),
        text,
    }
}

fn file(at: usize, text: String) -> Source {
    Source {
        path: format!("policies/{at:05}.yaml"),
        text,
    }
}
