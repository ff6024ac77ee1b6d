//! A policy set and a call made of choices, and the laws of every decision.

mod grammar;

use veto_policy::{
    Arguments, Call, Decision, Outcome, PolicySet, ReasonCode, Source, compile, evaluate,
};

use crate::choices::Choices;
use crate::fixtures::NOON;
use crate::{Finding, Reached, claim};
use grammar::{Policy, Rule};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let mut choices = Choices::new(input);
    let law = choices.below(5);
    let call = grammar::call(&mut choices)?;
    let deny = grammar::deny(&mut choices);
    let policies = grammar::policies(&mut choices);
    let Some(set) = set(&policies, false) else {
        return Ok(Reached::Refused);
    };
    let decision = evaluate(&set, &call, NOON);
    claim(decision == evaluate(&set, &call, NOON), || {
        "two evaluations differ".to_owned()
    })?;
    explained(&decision, &policies)?;
    // One law a run: compiling is what takes time.
    match law {
        0 => another_deny(&set, &decision, policies, deny, &call)?,
        1 => {
            let turned = self::set(&policies, true)
                .ok_or_else(|| Finding("refused when turned around".to_owned()))?;
            let other = evaluate(&turned, &call, NOON);
            claim(decision == other, || {
                format!("the order matters: {decision:?}, then {other:?}")
            })?;
        }
        2 => without_shadows(&set, &decision, policies, &call)?,
        3 => updated(&set, &policies, deny, &call)?,
        _ => {
            let canonical = Call {
                arguments: Arguments::parse(&call.arguments.canonical())?,
                ..call
            };
            let other = evaluate(&set, &canonical, NOON);
            claim(decision == other, || {
                format!("the spelling matters: {decision:?}, then {other:?}")
            })?;
        }
    }
    Ok(Reached::Checked)
}

/// The set, from files in their order or turned around; None when a rule is refused.
fn set(policies: &[Policy], turned: bool) -> Option<PolicySet> {
    let mut sources = sources(policies, turned);
    if turned {
        sources.reverse();
    }
    compile(&sources).map(|compiled| compiled.set).ok()
}

fn sources(policies: &[Policy], turned: bool) -> Vec<Source> {
    let mut sources: Vec<_> = policies.iter().map(|p| p.source(turned)).collect();
    sources.push(grammar::list());
    sources
}

/// The set that follows, by what changed; None when the new policies are refused.
fn update(set: &PolicySet, policies: &[Policy], changed: &[&str]) -> Option<PolicySet> {
    let updated = set.update(&sources(policies, false), changed);
    updated.map(|compiled| compiled.set).ok()
}

/// The outcome follows from the rules that it says matched.
fn explained(decision: &Decision, policies: &[Policy]) -> Result<(), Finding> {
    let wrong = |what: &str| format!("{what}: {decision:?}");
    let rule = |policy: &str, rule: &str| {
        let policy = policies.iter().find(|p| p.name == policy)?;
        let found = policy.rules.iter().find(|r| r.id == rule)?;
        Some((found, policy.shadow || found.shadow))
    };
    let mut effects = Vec::new();
    for matched in &decision.matched {
        let Some((rule, shadow)) = rule(matched.policy.as_str(), matched.rule.as_str()) else {
            return Err(Finding(wrong("a rule that there is not")));
        };
        claim(shadow == matched.shadow, || wrong("shadow is confused"))?;
        if !shadow {
            effects.push(rule.effect);
        }
    }
    let denied = effects.contains(&"deny");
    let code = decision.reason.code;
    claim(denied == (code == ReasonCode::DeniedByRule), || {
        wrong("a deny counts always, and nothing else is one")
    })?;
    let decider = decision.policy.as_ref().zip(decision.rule.as_ref());
    let decider = decider.and_then(|(p, r)| rule(p.as_str(), r.as_str()));
    let effect = decider.map(|(rule, _)| rule.effect);
    let fits = match decision.outcome {
        Outcome::Allow => effect == Some("allow") && effects.contains(&"allow"),
        Outcome::Approval => {
            let asks = |r: &Rule| r.effect == "require_approval" || r.otherwise;
            decider.is_some_and(|(rule, shadow)| asks(rule) && !shadow)
        }
        Outcome::Deny => effect == denied.then_some("deny"),
    };
    claim(fits, || wrong("the outcome is not that of its rule"))?;
    let terms = decision.approval.as_ref().map_or(0, |a| a.terms.len());
    claim(
        (decision.outcome == Outcome::Approval) == (terms > 0),
        || wrong("terms of an approval stand beside another outcome, or are missing"),
    )
}

fn another_deny(
    set: &PolicySet,
    before: &Decision,
    mut policies: Vec<Policy>,
    deny: Policy,
    call: &Call,
) -> Result<(), Finding> {
    policies.push(deny);
    let Some(set) = update(set, &policies, &["q.yaml"]) else {
        return Ok(());
    };
    let after = evaluate(&set, call, NOON);
    claim(after.outcome >= before.outcome, || {
        format!("a deny loosened {before:?} to {after:?}")
    })?;
    explained(&after, &policies)
}

fn without_shadows(
    set: &PolicySet,
    with: &Decision,
    mut policies: Vec<Policy>,
    call: &Call,
) -> Result<(), Finding> {
    let changed: Vec<_> = policies.iter().map(Policy::path).collect();
    policies.retain(|policy| !policy.shadow);
    for policy in &mut policies {
        policy.rules.retain(|rule| !rule.shadow);
    }
    policies.retain(|policy| !policy.rules.is_empty());
    let changed: Vec<_> = changed.iter().map(String::as_str).collect();
    let set = update(set, &policies, &changed)
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
fn updated(set: &PolicySet, policies: &[Policy], deny: Policy, call: &Call) -> Result<(), Finding> {
    let mut next = policies.to_vec();
    let gone = next.pop().map(|policy| policy.path()).unwrap_or_default();
    next.push(deny);
    let updated = update(set, &next, &["q.yaml", &gone]);
    match (updated, self::set(&next, false)) {
        (None, None) => Ok(()),
        (Some(updated), Some(compiled)) => {
            let (one, two) = (
                evaluate(&updated, call, NOON),
                evaluate(&compiled, call, NOON),
            );
            claim(
                one == two && updated.rule_count() == compiled.rule_count(),
                || format!("updated {one:?}, compiled {two:?}"),
            )
        }
        (updated, _) => Err(Finding(format!("updated: {}", updated.is_some()))),
    }
}
