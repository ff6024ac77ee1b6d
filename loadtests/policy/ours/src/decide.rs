//! Measures decisions.

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use veto_bench::scenario::{self, ROLE, TOOL};
use veto_bench::{Case, Form, Plan, Row};
use veto_core::{AgentId, EnvironmentId, Role, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, Outcome, PolicySet, evaluate};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// The call of the scenario.
pub(crate) fn call(case: Case) -> Result<Call> {
    let id = AgentId::new("invoices")?;
    Ok(Call {
        agent: Some(Agent {
            id: id.clone(),
            roles: vec![Role::new(ROLE)?],
            labels: BTreeMap::new(),
            disabled: false,
        }),
        agent_id: id,
        user: None,
        tool: ToolName::new(TOOL)?,
        arguments: Arguments::parse(scenario::arguments(case))?,
        context: Arguments::default(),
        environment: EnvironmentId::new("production")?,
        request_id: String::new(),
        trace_id: String::new(),
        session_id: String::new(),
    })
}

fn right(set: &PolicySet, call: &Call, case: Case) -> Result<()> {
    let decision = evaluate(set, call, NOW);
    let wanted = match case {
        Case::Allow => Outcome::Allow,
        Case::Deny => Outcome::Deny,
    };
    ensure!(
        decision.outcome == wanted,
        "the scenario's answer is {wanted:?}, not {decision:?}"
    );
    Ok(())
}

/// Measures the scenario's call on a set: both answers, both forms of arguments.
pub(crate) fn measure(engine: &str, rules: usize, set: &PolicySet, plan: Plan) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for case in Case::ALL {
        let mut call = call(case)?;
        right(set, &call, case).with_context(|| format!("{engine} with {rules} rules"))?;
        rows.push(Row::measure(
            engine,
            rules,
            Form::Parsed,
            case,
            plan,
            || {
                black_box(evaluate(black_box(set), black_box(&call), NOW));
            },
        ));
        let text = scenario::arguments(case);
        rows.push(Row::measure(engine, rules, Form::Text, case, plan, || {
            if let Ok(arguments) = Arguments::parse(black_box(text)) {
                call.arguments = arguments;
            }
            black_box(evaluate(black_box(set), black_box(&call), NOW));
        }));
    }
    Ok(rows)
}

/// Measures calls of a different tool each time, so that no decision finds its rule in the processor's cache.
pub(crate) fn scattered(engine: &str, rules: usize, set: &PolicySet, plan: Plan) -> Result<Row> {
    let tools = rules / scenario::ROLES.len();
    let calls: Vec<Call> = (0..tools.min(4_096))
        // A stride without a pattern that a processor would guess.
        .map(|at| {
            let mut call = call(Case::Allow)?;
            call.tool = ToolName::new(&format!("tool_{:05}", at * 7_919 % tools + 1))?;
            Ok(call)
        })
        .collect::<Result<_>>()?;
    let mut at = 0;
    Ok(Row::measure(
        engine,
        rules,
        Form::Parsed,
        Case::Allow,
        plan,
        || {
            at = (at + 1) % calls.len();
            black_box(evaluate(black_box(set), black_box(&calls[at]), NOW));
        },
    ))
}
