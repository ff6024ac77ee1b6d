//! Laws that hold between a decision and another one, or its explanation.

use veto_policy::{
    Call, Decision, PolicySet, ReasonCode, Verdict, evaluate, explain as explain_call,
};

use super::grammar::{Policy, SECRET};
use super::{Files, explained};
use crate::fixtures::NOON;
use crate::{Finding, claim};

/// A deny more never makes an outcome looser.
pub(super) fn another_deny(
    set: &PolicySet,
    before: &Decision,
    mut files: Files,
    deny: Policy,
    call: &Call,
) -> Result<(), Finding> {
    files.policies.push(deny);
    let Some(set) = files.update(set, &["q.yaml"]) else {
        return Ok(());
    };
    let after = evaluate(&set, call, NOON);
    claim(after.outcome >= before.outcome, || {
        format!("a deny loosened {before:?} to {after:?}")
    })?;
    explained(&after, &files.policies)
}

/// Shadow rules change nothing but what is recorded.
pub(super) fn without_shadows(
    set: &PolicySet,
    with: &Decision,
    mut files: Files,
    call: &Call,
) -> Result<(), Finding> {
    let changed: Vec<_> = files.policies.iter().map(Policy::path).collect();
    files.policies.retain(|policy| !policy.shadow);
    for policy in &mut files.policies {
        policy.rules.retain(|rule| !rule.shadow);
    }
    files.policies.retain(|policy| !policy.rules.is_empty());
    let changed: Vec<_> = changed.iter().map(String::as_str).collect();
    let set = files
        .update(set, &changed)
        .ok_or_else(|| Finding("refused without its shadow rules".to_owned()))?;
    let without = evaluate(&set, call, NOON);
    let said = |d: &Decision| {
        (
            d.outcome,
            d.policy.clone(),
            d.rule.clone(),
            d.approval.clone(),
        )
    };
    claim(said(with) == said(&without), || {
        format!("a shadow counts: {with:?}, without {without:?}")
    })
}

/// A set that was updated decides as one that was compiled anew: one policy gone, one new.
pub(super) fn updated(
    set: &PolicySet,
    mut files: Files,
    deny: Policy,
    call: &Call,
) -> Result<(), Finding> {
    let gone = files.policies.pop().map(|policy| policy.path());
    files.policies.push(deny);
    let updated = files.update(set, &["q.yaml", &gone.unwrap_or_default()]);
    match (updated, files.compile(false)) {
        (None, None) => Ok(()),
        (Some(updated), Some(compiled)) => {
            let (one, two) = (
                evaluate(&updated, call, NOON),
                evaluate(&compiled, call, NOON),
            );
            let alike = one == two && updated.rule_count() == compiled.rule_count();
            claim(alike, || format!("updated {one:?}, compiled {two:?}"))
        }
        (updated, _) => Err(Finding(format!("updated: {}", updated.is_some()))),
    }
}

/// An explanation explains the decision, and tells no more than records may keep.
pub(super) fn explanation(
    set: &PolicySet,
    decision: &Decision,
    call: &Call,
) -> Result<(), Finding> {
    let explanation = explain_call(set, call, NOON);
    claim(explanation.decision == *decision, || {
        format!("{decision:?}, explained {:?}", explanation.decision)
    })?;
    let mut texts = vec![decision.reason.message.clone()];
    texts.extend(decision.errors.iter().cloned());
    let asked = !matches!(
        decision.reason.code,
        ReasonCode::ArgumentsInvalid | ReasonCode::UnknownAgent | ReasonCode::AgentDisabled
    );
    for report in &explanation.rules {
        let matched = decision
            .matched
            .iter()
            .any(|m| m.policy == report.policy && m.rule == report.rule);
        let says = match report.verdict {
            Verdict::Matched | Verdict::Otherwise | Verdict::Failed => true,
            Verdict::OtherAgent | Verdict::OutsideWindow | Verdict::Missed(_) => false,
        };
        claim(!asked || matched == says, || {
            format!("{decision:?}, and of a rule {report:?}")
        })?;
        texts.push(report.message.clone());
        texts.extend(report.condition.iter().map(|step| step.value.clone()));
    }
    // What the caller adds as context is no argument, and is not redacted.
    if call.context.canonical().contains(SECRET) {
        return Ok(());
    }
    let hidden = call
        .arguments
        .as_map()
        .iter()
        .filter(|(_, value)| value.as_str() == Some(SECRET))
        .all(|(name, _)| decision.redaction.covers(&format!("/{name}")));
    let shown = texts.iter().find(|text| text.contains(SECRET));
    claim(!hidden || shown.is_none(), || {
        format!("it shows what is redacted: {shown:?} in {decision:?}")
    })
}
