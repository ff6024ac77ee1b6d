//! What the matrix says of small policies.

use std::fmt::Write as _;

use serde_json::json;
use veto_core::{AgentId, Role};
use veto_policy::matrix::{Kind, Matrix, TooLarge, Wanted, matrix};
use veto_policy::{Agent, PolicySet, Source, compile};

use super::super::support::{set, source};

pub(crate) const POLICY: &str = "\
apiVersion: veto/v1
kind: Policy
metadata: { name: refunds }
subjects: { roles: [support], agents: ['bot-*', eve], labels: { team: [money, law], tier: gold } }
approval: { approvers: [role:lead] }
rules:
  - id: small
    tools: [payments.refund, '*.credit']
    effect: allow
    arguments:
      amount: { type: number, exclusiveMinimum: 0, maximum: 50 }
      note: { type: string, maxLength: 1 }
    optional: [note]
    otherwise: require_approval
    when: >-
      args.amount
      < 100
  - id: sure
    tools: [payments.list]
    effect: allow
    arguments: any
  - id: sure-too
    tools: [payments.list]
    effect: allow
    arguments: {}
  - id: trial
    tools: ['**']
    mode: shadow
    effect: deny
---
apiVersion: veto/v1
kind: Policy
metadata: { name: everybody }
subjects: { agents: ['**'] }
approval: { approvers: [role:lead] }
rules:
  - id: never
    tools: ['**.export']
    effect: deny
  - id: ask
    tools: [payments.close]
    effect: require_approval
  - id: close
    tools: [payments.close, crm.export]
    effect: allow
    arguments: any
  - id: night
    tools: [payments.refund]
    effect: require_approval
    only_if_allowed: true
    not_before: '2026-05-01T00:00:00Z'
---
apiVersion: veto/v1
kind: Tool
metadata: { name: payments.list }
input: { properties: { page: { type: integer } } }
";

fn of<'a>(set: &'a PolicySet, text: &str) -> Matrix<'a> {
    matrix(set, &[source(text)], &Wanted::default()).unwrap()
}

#[test]
fn a_small_matrix_reads_well() {
    let set = set(POLICY);
    insta::assert_snapshot!(of(&set, POLICY).to_text());
}

#[test]
fn the_rows_are_those_whom_policies_tell_apart() {
    let set = set(POLICY);
    let matrix = of(&set, POLICY);
    let names: Vec<_> = matrix.subjects().iter().map(|s| &*s.name).collect();
    let labels = ["labels team=law, tier=gold", "labels team=money, tier=gold"];
    let mut wanted = vec!["role support", "agent eve", "agent bot-*"];
    wanted.extend(labels);
    wanted.push("anyone else");
    assert_eq!(names, wanted);
}

#[test]
fn what_can_no_longer_matter_is_left_out() {
    let set = set(POLICY);
    let matrix = of(&set, POLICY);
    let column = |name: &str| {
        matrix
            .columns()
            .iter()
            .position(|c| c.name == name)
            .unwrap()
    };
    let rules = |name: &str| {
        let cell = matrix.cell(0, column(name)).unwrap();
        let rules: Vec<_> = cell
            .branches()
            .map(|b| b.rule().unwrap_or_default())
            .collect();
        (cell.kind(), rules.join(" "))
    };
    // A denial for sure, an approval for sure, an allow for sure.
    assert_eq!(
        rules("crm.export"),
        (Kind::Deny, "everybody/never".to_owned())
    );
    assert_eq!(
        rules("payments.close"),
        (Kind::Approval, "everybody/ask".to_owned())
    );
    assert_eq!(
        rules("payments.list"),
        (Kind::AllowIf, " refunds/sure".to_owned())
    );
    let (kind, rules) = rules("payments.refund");
    assert_eq!(kind, Kind::AllowIf);
    assert_eq!(rules, "refunds/small everybody/night refunds/small");
}

#[test]
fn the_agents_of_a_caller_are_the_rows() {
    let set = set(POLICY);
    let agent = Agent {
        id: AgentId::new("carl").unwrap(),
        roles: vec![Role::new("support").unwrap()],
        labels: [].into(),
        disabled: false,
    };
    let wanted = Wanted {
        agents: vec![agent],
        tools: vec!["payments.list".parse().unwrap(), "unheard".parse().unwrap()],
    };
    let matrix = matrix(&set, &[source(POLICY)], &wanted).unwrap();
    let json = matrix.to_json();
    assert_eq!(json["subjects"][0]["name"], "carl");
    assert_eq!(json["tools"][0]["kind"], "registered");
    assert_eq!(matrix.cell(0, 0).unwrap().kind(), Kind::AllowIf);
    assert_eq!(matrix.cell(0, 1).unwrap().kind(), Kind::Deny);
    assert!(matrix.cell(1, 0).is_none() && matrix.cell(0, 2).is_none());
    let branch = &json["cells"][0]["branches"][1];
    assert_eq!(
        (&branch["rule"], &branch["line"]),
        (&json!("refunds/sure"), &json!(18))
    );
}

/// A policy for each role, with a rule for each tool.
pub(crate) fn large(tools: usize, roles: usize) -> Vec<Source> {
    let policy = |role: usize| {
        let mut text = format!(
            "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p{role} }}\nsubjects: {{ roles: [r{role}] }}\nrules:\n"
        );
        for tool in 0..tools {
            let _ = writeln!(
                text,
                "  - {{ id: t{tool}, tools: [s{}.t{tool}], effect: allow, arguments: {{ x: {{ maximum: {role} }} }} }}",
                tool % 50
            );
        }
        let path = format!("p{role}.yaml");
        Source { path, text }
    };
    (0..roles).map(policy).collect()
}

#[test]
fn a_large_matrix_is_made_and_a_larger_one_is_refused() {
    let sources = large(1_000, 50);
    let large = compile(&sources).unwrap().set;
    let matrix = matrix(&large, &sources, &Wanted::default()).unwrap();
    assert_eq!(
        (matrix.subjects().len(), matrix.columns().len()),
        (51, 1_000)
    );
    let text = matrix.to_text();
    assert!(text.len() < 4_000_000, "{}", text.len());
    assert!(text.contains("and more; the JSON report has all cells"));
    let agents = vec![matrix.subjects()[0].agent.clone(); 251];
    let wanted = Wanted {
        agents,
        tools: Vec::new(),
    };
    let refused = veto_policy::matrix::matrix(&large, &[], &wanted).unwrap_err();
    let cells = 251_000;
    let (subjects, tools) = (251, 1_000);
    assert_eq!(
        refused,
        TooLarge::Cells {
            subjects,
            tools,
            cells
        }
    );
    assert_eq!(
        refused.to_string(),
        "251 subjects × 1000 tools make 251000 cells, and a matrix has at most 250000: ask for some agents or tools"
    );
}
