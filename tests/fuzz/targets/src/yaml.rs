//! Any text as a policy file: refused with findings that point into it, or a set that decides.

use std::sync::OnceLock;

use veto_policy::{Call, Compiled, Diagnostics, Source, compile, evaluate};

use crate::fixtures::{self, NOON};
use crate::{Finding, Reached, claim, points};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let source = fixtures::source(text.to_owned());
    match compile(std::slice::from_ref(&source)) {
        Ok(compiled) => {
            points::check(&compiled.warnings, &source, false)?;
            same(&compiled, &source)?;
            decides(&compiled)?;
            Ok(Reached::Checked)
        }
        Err(found) => {
            points::check(&found.0, &source, true)?;
            // Half of the time goes into reading it again; one text in eight is enough here.
            if input.len().is_multiple_of(8) {
                let again = compile(std::slice::from_ref(&source)).err();
                claim(again.as_ref() == Some(&found), || {
                    format!("once {found}, then {again:?}")
                })?;
            }
            Ok(Reached::Refused)
        }
    }
}

/// Compiling again gives the same set, which decides the same.
fn same(first: &Compiled, source: &Source) -> Result<(), Finding> {
    let shape = |compiled: &Compiled| {
        (
            compiled.set.policy_count(),
            compiled.set.rule_count(),
            compiled.warnings.len(),
        )
    };
    let refused = |found: Diagnostics| Finding(format!("the second time it is refused: {found}"));
    let again = compile(std::slice::from_ref(source)).map_err(refused)?;
    claim(shape(&again) == shape(first), || {
        format!("once {:?}, then {:?}", shape(first), shape(&again))
    })?;
    for call in calls()? {
        let (one, two) = (
            evaluate(&first.set, call, NOON),
            evaluate(&again.set, call, NOON),
        );
        claim(one == two, || format!("once {one:?}, then {two:?}"))?;
    }
    Ok(())
}

/// What it decides is explained by rules that it has.
fn decides(compiled: &Compiled) -> Result<(), Finding> {
    for call in calls()? {
        let decision = evaluate(&compiled.set, call, NOON);
        claim(decision.matched.len() <= compiled.set.rule_count(), || {
            format!("more rules match than there are: {decision:?}")
        })?;
        let by_a_rule = decision.rule.as_ref().is_none_or(|rule| {
            decision
                .matched
                .iter()
                .any(|m| m.rule == *rule && !m.shadow)
        });
        // `otherwise` and conditions that fail are in `matched` too; a miss names no rule.
        claim(by_a_rule, || {
            format!("decided by a rule that does not match: {decision:?}")
        })?;
    }
    Ok(())
}

/// Calls that the policies of the corpus are about.
fn calls() -> Result<&'static [Call], Finding> {
    static CALLS: OnceLock<Vec<Call>> = OnceLock::new();
    if let Some(calls) = CALLS.get() {
        return Ok(calls);
    }
    let made: Result<Vec<_>, _> = [
        ("agent-1", "support", "payments.refund", r#"{"amount": 20, "currency": "EUR", "order_id": "O-123456"}"#),
        ("agent-1", "support", "payments.refund", r#"{"amount": 200}"#),
        ("agent-1", "support", "crm.customers.export", "{}"),
        ("bot", "r", "t", r#"{"amount": 1, "name": "ada"}"#),
        ("bot", "banking-assistant", "send_money", r#"{"recipient": "GB29NWBK60161331926819", "amount": 9999.5, "subject": "rent", "date": "2024-01-08"}"#),
    ]
    .into_iter()
    .map(|(agent, role, tool, arguments)| fixtures::call(agent, &[role], tool, arguments))
    .collect();
    let made = made?;
    Ok(CALLS.get_or_init(|| made))
}
