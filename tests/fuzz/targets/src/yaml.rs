//! Any text as a policy file: refused with findings that point into it, or a set that decides.

use std::sync::OnceLock;

use veto_policy::{Call, Compiled, DiagnosticCode, Diagnostics, Source, compile, evaluate};

use crate::fixtures::{self, NOON};
use crate::{Finding, Reached, claim, points};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let source = fixtures::source(text.to_owned());
    let result = compile(std::slice::from_ref(&source));
    match &result {
        Ok(compiled) => {
            points::check(&compiled.warnings, &source, false)?;
            decides(compiled)?;
        }
        Err(found) => points::check(&found.0, &source, true)?,
    }
    same(&result, &again(text))?;
    Ok(if result.is_ok() {
        Reached::Checked
    } else {
        Reached::Refused
    })
}

/// The file once more, with a comment that only the whole parser reads: simple files are read by a
/// quick one, and both must read the same, places included.
fn again(text: &str) -> Source {
    // Behind a block scalar, which no quick reader reads, a comment is not always one, and it moves
    // the place of an empty one.
    let block = |line: &str| {
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        line.trim_end_matches(['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .ends_with(['|', '>'])
    };
    let plain = text.ends_with('\n') && !text.split(['\n', '\r']).any(block);
    let comment = if plain { "#\t\n" } else { "" };
    fixtures::source(format!("{text}{comment}"))
}

/// Reading it again says the same, and decides the same.
fn same(first: &Result<Compiled, Diagnostics>, source: &Source) -> Result<(), Finding> {
    match (first, compile(std::slice::from_ref(source))) {
        (Ok(first), Ok(again)) => {
            let shape = |c: &Compiled| (c.set.policy_count(), c.set.rule_count());
            let alike = shape(first) == shape(&again) && first.warnings == again.warnings;
            claim(alike, || format!("once {first:?}, then {again:?}"))?;
            for call in calls()? {
                let (one, two) = (
                    evaluate(&first.set, call, NOON),
                    evaluate(&again.set, call, NOON),
                );
                claim(one == two, || format!("once {one:?}, then {two:?}"))?;
            }
            Ok(())
        }
        (Err(first), Err(again)) => {
            // Where a text is no YAML, the comment may move the place where that is noticed.
            let syntax = |found: &Diagnostics| found.iter().any(|d| unread(d.code));
            let alike = *first == again || (syntax(first) && syntax(&again));
            claim(alike, || format!("once {first:?}, then {again:?}"))
        }
        (Ok(_), Err(again)) => Err(Finding(format!("the second time refused: {again}"))),
        (Err(first), Ok(_)) => Err(Finding(format!("only the first time refused: {first}"))),
    }
}

const fn unread(code: DiagnosticCode) -> bool {
    matches!(
        code,
        DiagnosticCode::YamlSyntax
            | DiagnosticCode::YamlTooLarge
            | DiagnosticCode::YamlAnchor
            | DiagnosticCode::YamlTag
            | DiagnosticCode::DuplicateKey
    )
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
pub(crate) fn calls() -> Result<&'static [Call], Finding> {
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
