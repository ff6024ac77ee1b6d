//! Runs `corpus/*.yaml`: policies, calls, and what must come out.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use veto_core::Timestamp;
use veto_policy::{Arguments, User, evaluate};

use super::support::{NOON, call, set};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corpus {
    policies: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    roles: Vec<String>,
    /// `unknown` or `disabled`; otherwise the agent is registered.
    agent: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    tool: String,
    #[serde(default)]
    arguments: String,
    #[serde(default)]
    context: String,
    user: Option<CaseUser>,
    time: Option<String>,
    outcome: String,
    reason: Option<String>,
    rule: Option<String>,
    message: Option<String>,
    argument: Option<String>,
    matched: Option<Vec<String>>,
    errors: Option<usize>,
    approvers: Option<Vec<String>>,
    expires_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseUser {
    id: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[test]
fn every_case_of_the_corpus_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 6, "the corpus has gone missing");
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let corpus: Corpus = serde_saphyr::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let set = set(&corpus.policies);
        for case in corpus.cases {
            count += 1;
            let name = format!(
                "{} · {}",
                file.file_name().unwrap().to_string_lossy(),
                case.name
            );
            wrong.extend(
                run(&set, case)
                    .into_iter()
                    .map(|found| format!("{name}: {found}")),
            );
        }
    }
    assert!(count >= 60, "only {count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn run(set: &veto_policy::PolicySet, case: Case) -> Vec<String> {
    let roles: Vec<_> = case.roles.iter().map(String::as_str).collect();
    let mut call = call(&roles, &case.tool, &case.arguments);
    call.context = Arguments::parse(&case.context).unwrap();
    call.user = case.user.map(|user| User {
        id: user.id,
        email: user.email,
        groups: user.groups,
        ..User::default()
    });
    if let Some(agent) = &mut call.agent {
        agent.labels.extend(case.labels);
        agent.disabled = case.agent.as_deref() == Some("disabled");
    }
    if case.agent.as_deref() == Some("unknown") {
        call.agent = None;
    }
    let now = case
        .time
        .map_or(NOON, |time| Timestamp::parse(&time).unwrap());
    let decision = evaluate(set, &call, now);
    let mut wrong = Vec::new();
    let mut same = |what: &str, wanted: Option<String>, found: String| {
        if let Some(wanted) = wanted
            && wanted != found
        {
            wrong.push(format!("{what}: wanted {wanted}, found {found}"));
        }
    };
    let name = |policy: &veto_core::PolicyName, rule: &veto_core::RuleId, shadow: bool| {
        format!("{}{policy}/{rule}", if shadow { "~" } else { "" })
    };
    let reason = &decision.reason;
    same(
        "outcome",
        Some(case.outcome),
        decision.outcome.as_str().to_owned(),
    );
    same("reason", case.reason, reason.code.to_string());
    same("message", case.message, reason.message.clone());
    same(
        "argument",
        case.argument,
        reason.argument.clone().unwrap_or_default(),
    );
    let rule = decision.policy.as_ref().zip(decision.rule.as_ref());
    same(
        "rule",
        case.rule,
        rule.map_or_else(String::new, |(p, r)| name(p, r, false)),
    );
    let matched: Vec<_> = decision
        .matched
        .iter()
        .map(|m| name(&m.policy, &m.rule, m.shadow))
        .collect();
    same(
        "matched",
        case.matched.map(|m| m.join(" ")),
        matched.join(" "),
    );
    same(
        "errors",
        case.errors.map(|n| n.to_string()),
        decision.errors.len().to_string(),
    );
    let approval = decision.approval.as_ref();
    let approvers: Vec<_> = approval
        .iter()
        .flat_map(|a| &a.terms)
        .flat_map(|t| t.approvers.clone())
        .collect();
    same(
        "approvers",
        case.approvers.map(|a| a.join(" ")),
        approvers.join(" "),
    );
    let expires = approval.map_or(0, |approval| approval.expires.as_secs());
    same(
        "expires",
        case.expires_seconds.map(|n| n.to_string()),
        expires.to_string(),
    );
    wrong
}
