//! Which rules, bounds and conditions cases have reached.

use std::collections::{BTreeMap, HashMap};

use veto_core::{PolicyName, RuleId};

use crate::check::Effect;
use crate::compile::{CompiledArgument, PolicySet, Rule};
use crate::condition::Environment;
use crate::decision::Decision;
use crate::evaluate::{self, Match, Miss};
use crate::reason::ReasonCode;
use crate::source::{LineIndex, Source};

use super::Case;

/// What cases have reached of a policy set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// Every rule, sorted by file and place.
    pub rules: Vec<RuleCoverage>,
}

/// What cases have reached of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleCoverage {
    /// Its policy.
    pub policy: PolicyName,
    /// The rule.
    pub rule: RuleId,
    /// The file that it stands in.
    pub path: String,
    /// The line of its id, from 1.
    pub line: u32,
    /// Some case matched it.
    pub matched: bool,
    /// The bounds of its arguments.
    pub bounds: Vec<BoundCoverage>,
    /// Its condition.
    pub condition: Option<ConditionCoverage>,
}

/// What cases have seen of a bound of an argument.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundCoverage {
    /// The argument.
    pub argument: String,
    /// The bound within its schema, as a JSON Pointer.
    pub pointer: String,
    /// The keyword.
    pub keyword: &'static str,
    /// Some case has a value that keeps it.
    pub held: bool,
    /// Some case has a value that breaks it.
    pub failed: bool,
}

/// What cases have seen of a condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionCoverage {
    /// The condition as written.
    pub text: String,
    /// Some case met it.
    pub held: bool,
    /// Some case did not.
    pub failed: bool,
}

/// Something that no case has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// `policy/rule`.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line of the rule's id.
    pub line: u32,
    /// What is missing, in a sentence.
    pub message: String,
}

impl Coverage {
    /// How much was reached, of how much: rules that matched, and two sides of each bound and condition.
    #[must_use]
    pub fn counts(&self) -> [(usize, usize); 2] {
        let mut rules = (0, 0);
        let mut sides = (0, 0);
        for rule in &self.rules {
            rules.0 += usize::from(rule.matched);
            rules.1 += 1;
            let bounds = rule.bounds.iter().map(|bound| (bound.held, bound.failed));
            let condition = rule.condition.iter().map(|when| (when.held, when.failed));
            for (held, failed) in bounds.chain(condition) {
                sides.0 += usize::from(held) + usize::from(failed);
                sides.1 += 2;
            }
        }
        [rules, sides]
    }

    /// How much of all that is counted was reached, rounded down; of nothing, all.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let [rules, sides] = self.counts();
        let reached = 100 * (rules.0 + sides.0);
        reached
            .checked_div(rules.1 + sides.1)
            .and_then(|percent| u8::try_from(percent).ok())
            .unwrap_or(100)
    }

    /// Everything that no case has reached.
    #[must_use]
    pub fn uncovered(&self) -> Vec<Uncovered> {
        let of_rule = |rule: &RuleCoverage| {
            let named = |message| Uncovered {
                rule: rule.name(),
                path: rule.path.clone(),
                line: rule.line,
                message,
            };
            rule.gaps().into_iter().map(named).collect::<Vec<_>>()
        };
        self.rules.iter().flat_map(of_rule).collect()
    }
}

impl RuleCoverage {
    /// `policy/rule`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.policy, self.rule)
    }

    /// What no case has reached of it, in sentences.
    pub(super) fn gaps(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !self.matched {
            found.push("no case matches the rule".to_owned());
        }
        for bound in &self.bounds {
            let pointer = bound.pointer.strip_prefix('/').unwrap_or(&bound.pointer);
            let what = format!("`{pointer}` of argument `{}`", bound.argument);
            if !bound.held {
                found.push(format!("no case keeps {what}"));
            }
            if !bound.failed {
                found.push(format!("no case breaks {what}"));
            }
        }
        if let Some(when) = &self.condition {
            if !when.held {
                found.push("no case meets the condition".to_owned());
            }
            if !when.failed {
                found.push("no case fails the condition".to_owned());
            }
        }
        found
    }
}

/// Collects what cases reach.
pub(super) struct Measure<'a> {
    set: &'a PolicySet,
    /// By the address of the rule.
    places: HashMap<usize, usize>,
    found: Coverage,
}

impl<'a> Measure<'a> {
    pub(super) fn new(set: &'a PolicySet, sources: &[Source]) -> Self {
        let sources: BTreeMap<_, _> = sources
            .iter()
            .map(|source| (&*source.path, (&*source.text, LineIndex::new(&source.text))))
            .collect();
        let mut rules = Vec::new();
        for (path, rule) in set.rules() {
            let line = sources.get(path).map_or(1, |(text, lines)| {
                lines.position(text, rule.rule.span.start).0
            });
            let covered = RuleCoverage {
                policy: rule.policy.name.clone(),
                rule: rule.rule.id.clone(),
                path: path.to_owned(),
                line,
                matched: false,
                bounds: rule
                    .rule
                    .arguments
                    .iter()
                    .flatten()
                    .flat_map(bounds)
                    .collect(),
                condition: rule.rule.when.as_ref().map(|when| ConditionCoverage {
                    text: when.text().to_owned(),
                    ..ConditionCoverage::default()
                }),
            };
            rules.push((address(rule), covered));
        }
        rules.sort_by(|(_, a), (_, b)| (&a.path, a.line, &a.rule).cmp(&(&b.path, b.line, &b.rule)));
        let places = rules.iter().enumerate().map(|(at, (key, _))| (*key, at));
        Self {
            set,
            places: places.collect(),
            found: Coverage {
                rules: rules.into_iter().map(|(_, covered)| covered).collect(),
            },
        }
    }

    /// Notes what a case reaches: only rules that were asked.
    pub(super) fn see(&mut self, case: &Case, decision: &Decision) {
        let Some(agent) = &case.call.agent else {
            return;
        };
        if matches!(
            decision.reason.code,
            ReasonCode::AgentDisabled | ReasonCode::ArgumentsInvalid
        ) {
            return;
        }
        let environment = Environment {
            call: &case.call,
            agent,
            now: case.now,
            lists: &self.set.vocabulary.lists,
        };
        for rule in self.set.index.candidates(case.call.tool.as_str(), agent) {
            if !evaluate::holds(rule, case.now) {
                continue;
            }
            let place = self.places.get(&address(rule));
            if let Some(covered) = place.and_then(|at| self.found.rules.get_mut(*at)) {
                covered.see(rule, &environment);
            }
        }
    }

    pub(super) fn finish(self) -> Coverage {
        self.found
    }
}

fn address(rule: Rule<'_>) -> usize {
    std::ptr::from_ref(rule.rule).addr()
}

fn bounds(argument: &CompiledArgument) -> Vec<BoundCoverage> {
    let bounds = argument.schema.bounds().into_iter();
    bounds
        .map(|bound| BoundCoverage {
            argument: argument.name.to_string(),
            pointer: bound.pointer,
            keyword: bound.keyword,
            held: false,
            failed: false,
        })
        .collect()
}

impl RuleCoverage {
    fn see(&mut self, rule: Rule<'_>, environment: &Environment<'_>) {
        let compiled = rule.rule;
        let arguments = environment.call.arguments.as_map();
        let mut broken = false;
        for argument in compiled.arguments.iter().flatten() {
            let value = arguments
                .get(&*argument.name)
                .filter(|value| !(argument.optional && value.is_null()));
            let Some(value) = value else { continue };
            broken |= !argument.schema.accepts(value);
            let failed = argument.schema.failed(value);
            let bounds = self.bounds.iter_mut();
            for bound in bounds.filter(|bound| *bound.argument == *argument.name) {
                if failed.contains(&bound.pointer) {
                    bound.failed = true;
                } else {
                    bound.held = true;
                }
            }
        }
        let result = evaluate::matches(compiled, environment);
        let matched = matches!(result, Match::Certain | Match::Otherwise);
        self.matched |= matched;
        let Some(when) = &mut self.condition else {
            return;
        };
        match result {
            Match::Certain => when.held = true,
            Match::Missed(Miss::Unmet) => when.failed = true,
            // With all bounds kept it is the condition that sends the call to a person.
            Match::Otherwise if !broken && compiled.effect == Effect::Allow => when.failed = true,
            Match::Otherwise | Match::Failed(_) | Match::Missed(_) => {}
        }
    }
}
