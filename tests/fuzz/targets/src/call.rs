//! A policy set and a call made of choices, and the laws of every decision.

mod grammar;
mod laws;

use veto_policy::{
    Arguments, Call, Decision, Outcome, PolicySet, ReasonCode, Source, compile, evaluate,
};

use crate::choices::Choices;
use crate::fixtures::NOON;
use crate::{Finding, Reached, claim};
use grammar::{Policy, Rule};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let mut choices = Choices::new(input);
    let law = choices.below(6);
    let call = grammar::call(&mut choices)?;
    let deny = grammar::deny(&mut choices);
    let shared = grammar::shared(&mut choices);
    let policies = grammar::policies(&mut choices);
    let files = Files { policies, shared };
    let Some(set) = files.compile(false) else {
        return Ok(Reached::Refused);
    };
    let decision = evaluate(&set, &call, NOON);
    claim(decision == evaluate(&set, &call, NOON), || {
        "two evaluations differ".to_owned()
    })?;
    explained(&decision, &files.policies)?;
    // One law a run: compiling is what takes time.
    match law {
        0 => laws::another_deny(&set, &decision, files, deny, &call)?,
        1 => {
            let turned = files
                .compile(true)
                .ok_or_else(|| Finding("refused when turned around".to_owned()))?;
            let other = evaluate(&turned, &call, NOON);
            claim(decision == other, || {
                format!("the order matters: {decision:?}, then {other:?}")
            })?;
        }
        2 => laws::without_shadows(&set, &decision, files, &call)?,
        3 => laws::updated(&set, files, deny, &call)?,
        4 => laws::explanation(&set, &decision, &call)?,
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

/// The files of a set.
struct Files {
    policies: Vec<Policy>,
    shared: Source,
}

impl Files {
    fn sources(&self, turned: bool) -> Vec<Source> {
        let mut sources: Vec<_> = self.policies.iter().map(|p| p.source(turned)).collect();
        sources.push(self.shared.clone());
        if turned {
            sources.reverse();
        }
        sources
    }

    /// The set, from files in their order or turned around; None when a rule is refused.
    fn compile(&self, turned: bool) -> Option<PolicySet> {
        compile(&self.sources(turned))
            .map(|compiled| compiled.set)
            .ok()
    }

    /// The set that follows another, by what changed; None when the new policies are refused.
    fn update(&self, set: &PolicySet, changed: &[&str]) -> Option<PolicySet> {
        let updated = set.update(&self.sources(false), changed);
        updated.map(|compiled| compiled.set).ok()
    }
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
