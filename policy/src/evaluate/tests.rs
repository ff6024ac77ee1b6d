use std::collections::BTreeMap;

use veto_core::{AgentId, EnvironmentId, ToolName};

use super::*;
use crate::arguments::Arguments;
use crate::call::Agent;
use crate::compile::compile;
use crate::source::Source;

fn call(tool: &str) -> Call {
    let id = AgentId::new("bot.eu.1").unwrap();
    Call {
        agent: Some(Agent {
            id: id.clone(),
            roles: Vec::new(),
            labels: BTreeMap::new(),
            disabled: false,
        }),
        agent_id: id,
        user: None,
        tool: ToolName::new(tool).unwrap(),
        arguments: Arguments::default(),
        context: Arguments::default(),
        environment: EnvironmentId::new("dev").unwrap(),
        request_id: String::new(),
        trace_id: String::new(),
        session_id: String::new(),
    }
}

#[test]
fn an_empty_set_denies_everything() {
    let set = compile(&[]).unwrap().set;
    let decision = evaluate(&set, &call("t"), Timestamp(0));
    assert_eq!(decision.outcome, Outcome::Deny);
    assert_eq!(decision.reason.code, ReasonCode::UnknownTool);
    assert_eq!((set.policy_count(), set.rule_count()), (0, 0));
}

#[test]
fn a_set_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<PolicySet>();
    shared::<Decision>();
}

#[test]
fn the_index_finds_what_a_search_through_all_rules_finds() {
    use std::fmt::Write;
    let agents = [
        "bot.eu.1", "'bot.*'", "'bot.**'", "'**'", "other", "'*.eu.*'",
    ];
    let tools = [
        "crm.export",
        "'crm.*'",
        "'**.export'",
        "'**'",
        "'*'",
        "other",
        "'c**t'",
    ];
    let mut text = String::new();
    for (at, agent) in agents.iter().enumerate() {
        let _ = write!(
            text,
            "---\napiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p{at} }}\nsubjects: {{ agents: [{agent}, nobody] }}\nrules:\n"
        );
        for (rule, tool) in tools.iter().enumerate() {
            let _ = writeln!(
                text,
                "  - {{ id: r{rule}, tools: [{tool}, unused], effect: deny }}"
            );
        }
    }
    let set = compile(&[Source {
        path: "p".into(),
        text,
    }])
    .unwrap()
    .set;
    for tool in ["crm.export", "crm", "a.b.export", "crm.x", "crt", "unused"] {
        let decision = evaluate(&set, &call(tool), Timestamp(0));
        let naive: Vec<_> = set
            .rules()
            .map(|(_, rule)| rule)
            .filter(|rule| rule.rule.tools.names.iter().any(|glob| glob.matches(tool)))
            .filter(|rule| {
                let agents = &rule.policy.subjects.agents;
                agents.iter().any(|glob| glob.matches("bot.eu.1"))
            })
            .map(|rule| (rule.policy.name.clone(), rule.rule.id.clone()))
            .collect();
        let found: Vec<_> = decision
            .matched
            .into_iter()
            .map(|m| (m.policy, m.rule))
            .collect();
        assert_eq!(found, naive, "{tool}");
        assert!(!found.is_empty());
    }
}
