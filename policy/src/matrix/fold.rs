//! From the rules of a cell to its branches, what can no longer matter left out.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::cell::{Branch, Cell};
use super::guard::{Argument, Contract, Met, Requirement};
use crate::check::{Effect, Window};
use crate::compile::{CompiledRule, PolicySet, Rule};
use crate::condition::Condition;
use crate::decision::Outcome;
use crate::diff::compared;

/// Makes cells; what a rule asks is worked out once.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    set: &'a PolicySet,
    /// By tool, and by what they say.
    contracts: HashMap<&'a str, Option<Arc<Contract<'a>>>>,
    alike: HashMap<String, Arc<Contract<'a>>>,
    /// By the address of the rule.
    rules: HashMap<usize, Vec<Arc<Branch<'a>>>>,
}

/// Tells rules apart.
pub(super) fn address(rule: &Rule<'_>) -> usize {
    std::ptr::from_ref(rule.rule).addr()
}

impl<'a> Folder<'a> {
    pub(crate) fn new(set: &'a PolicySet) -> Self {
        Self {
            set,
            contracts: HashMap::new(),
            alike: HashMap::new(),
            rules: HashMap::new(),
        }
    }

    /// The contract of a tool, unless it takes everything.
    pub(super) fn contract(&mut self, tool: &str) -> Option<Arc<Contract<'a>>> {
        let (name, registered) = self.set.vocabulary.tools.get_key_value(tool)?;
        if let Some(known) = self.contracts.get(&**name) {
            return known.clone();
        }
        let contract = registered.contract.as_ref().and_then(|schema| {
            let json = schema.json();
            if json == json!({}) || json == json!({ "type": "object" }) {
                return None;
            }
            let alike = self.alike.entry(json.to_string());
            let new = || Arc::new(Contract { schema, json });
            Some(Arc::clone(alike.or_insert_with(new)))
        });
        self.contracts.insert(name, contract.clone());
        contract
    }

    /// Makes the cell of some rules, which are sorted and not in shadow mode.
    pub(super) fn cell(
        &mut self,
        rules: &[Rule<'a>],
        contract: Option<Arc<Contract<'a>>>,
    ) -> Cell<'a> {
        let mut all: Vec<Arc<Branch<'a>>> = Vec::new();
        for rule in rules {
            let of_rule = self.rules.entry(address(rule));
            all.extend_from_slice(of_rule.or_insert_with(|| branches(*rule)));
        }
        let mut take = |fits: &dyn Fn(&Branch<'_>) -> bool| {
            let (taken, left) = std::mem::take(&mut all).into_iter().partition(|b| fits(b));
            all = left;
            let taken: Vec<Arc<Branch<'a>>> = taken;
            taken
        };
        let mut denies = take(&|b| b.outcome == Outcome::Deny);
        let mut approvals = take(&|b| b.outcome == Outcome::Approval && !b.if_allowed);
        let mut escalations = take(&|b| b.if_allowed);
        let mut allows = take(&|b| b.outcome == Outcome::Allow);
        let lists = &*self.set.vocabulary.lists;
        if let Some(at) = denies.iter().position(|branch| branch.is_always()) {
            return Cell::new(vec![denies.swap_remove(at)], None, lists);
        }
        if approvals.is_empty() && allows.is_empty() {
            // Whatever denies changes nothing.
            return Cell::new(Vec::new(), None, lists);
        }
        if approvals.iter().any(|branch| branch.is_always()) {
            allows.clear();
        }
        // One that always allows is as good as all of them.
        if let Some(at) = allows.iter().position(|branch| branch.is_always()) {
            allows = vec![allows.swap_remove(at)];
        }
        let others: Vec<_> = approvals.iter().chain(&allows).cloned().collect();
        escalations.retain(|branch| others.iter().any(|other| may_join(branch, other)));
        let mut branches = Vec::new();
        let kept = contract
            .clone()
            .map(|contract| Requirement::Contract(contract, true));
        if let Some(contract) = contract {
            branches.push(Arc::new(Branch {
                outcome: Outcome::Deny,
                rule: None,
                requirements: vec![Requirement::Contract(contract, false)],
                if_allowed: false,
            }));
        }
        branches.append(&mut denies);
        branches.append(&mut approvals);
        branches.append(&mut escalations);
        branches.append(&mut allows);
        Cell::new(branches, kept, lists)
    }
}

/// Tells whether a call may meet both a branch that joins others and such another.
fn may_join(branch: &Branch<'_>, other: &Branch<'_>) -> bool {
    // A rule that cannot evaluate its condition says nothing else.
    let same = match (branch.rule, other.rule) {
        (Some(a), Some(b)) => address(&a) == address(&b),
        _ => false,
    };
    let fails = (branch.requirements.iter()).find_map(|asked| asked.condition(Met::Fails));
    let is_met = |asked: &Requirement<'_>| asked.condition(Met::Yes) == fails;
    let apart = fails.is_some() && other.requirements.iter().any(is_met);
    let is_number = |name: &String| {
        other
            .requirements
            .iter()
            .any(|asked| asked.takes_number(name))
    };
    let names = fails.and_then(compared);
    !same && !apart && !names.is_some_and(|names| names.iter().all(is_number))
}

/// The branches of one rule.
fn branches<'a>(rule: Rule<'a>) -> Vec<Arc<Branch<'a>>> {
    let compiled = rule.rule;
    if compiled
        .window
        .as_deref()
        .is_some_and(|window| is_empty(*window))
    {
        return Vec::new();
    }
    let when = Constant::of(compiled.when.as_ref());
    let mut found = Vec::new();
    let mut add = |outcome, if_allowed, requirements: Option<Vec<Requirement<'a>>>| {
        if let Some(requirements) = requirements {
            found.push(Arc::new(Branch {
                outcome,
                rule: Some(rule),
                requirements,
                if_allowed,
            }));
        }
    };
    let guard = |met| base(compiled).and_then(|base| when.add(base, met));
    match compiled.effect {
        Effect::Deny => add(Outcome::Deny, false, guard(Met::YesOrFails)),
        Effect::RequireApproval if compiled.only_if_allowed => {
            add(Outcome::Approval, true, guard(Met::YesOrFails));
        }
        Effect::RequireApproval => {
            add(Outcome::Approval, false, guard(Met::Yes));
            add(Outcome::Approval, true, guard(Met::Fails));
        }
        Effect::Allow => {
            add(Outcome::Allow, false, guard(Met::Yes));
            if compiled.otherwise {
                add(Outcome::Approval, false, otherwise(compiled, when));
                add(Outcome::Approval, true, guard(Met::Fails));
            }
        }
    }
    found
}

fn is_empty(window: Window) -> bool {
    matches!((window.not_before, window.not_after), (Some(start), Some(end)) if start >= end)
}

/// A condition, as far as it is known beforehand.
#[derive(Debug, Clone, Copy)]
enum Constant<'a> {
    True,
    False,
    Open(&'a Condition),
}

impl<'a> Constant<'a> {
    fn of(condition: Option<&'a Condition>) -> Self {
        match condition {
            None => Self::True,
            Some(condition) => match condition.text().trim() {
                "true" => Self::True,
                "false" => Self::False,
                _ => Self::Open(condition),
            },
        }
    }

    /// Adds what the condition must come to; None when it never does.
    fn add(self, mut to: Vec<Requirement<'a>>, met: Met) -> Option<Vec<Requirement<'a>>> {
        match (self, met) {
            (Self::True, Met::Yes | Met::YesOrFails) => Some(to),
            (Self::True, Met::Fails) | (Self::False, _) => None,
            (Self::Open(condition), met) => {
                to.push(Requirement::Condition(condition, met));
                Some(to)
            }
        }
    }
}

/// When the rule holds, and what an allow says of the names; each rule has these.
fn names(rule: &CompiledRule) -> Vec<Requirement<'_>> {
    let mut found = Vec::new();
    if let Some(window) = rule.window.as_deref() {
        found.push(Requirement::Window(*window));
    }
    if let (Effect::Allow, Some(listed)) = (rule.effect, &rule.arguments) {
        let names = listed.iter().map(|argument| &*argument.name);
        found.push(Requirement::Only(names.collect()));
    }
    found
}

fn arguments(rule: &CompiledRule) -> impl Iterator<Item = Argument<'_>> {
    let listed = rule.arguments.iter().flatten();
    listed.map(|argument| Argument {
        name: &argument.name,
        schema: &argument.schema,
        json: Arc::new(argument.schema.json()),
        optional: argument.optional,
        strict: rule.effect == Effect::Allow,
    })
}

/// All but the condition; None when no call has such arguments.
fn base(rule: &CompiledRule) -> Option<Vec<Requirement<'_>>> {
    let mut found = names(rule);
    for argument in arguments(rule) {
        if *argument.json == Value::Bool(false) && !argument.optional {
            return None;
        }
        let says_nothing = argument.optional && *argument.json == json!({});
        if !says_nothing {
            found.push(Requirement::Argument(argument));
        }
    }
    Some(found)
}

/// What sends an allow with `otherwise` to a person; None when nothing does.
fn otherwise<'a>(rule: &'a CompiledRule, when: Constant<'a>) -> Option<Vec<Requirement<'a>>> {
    let mut found = names(rule);
    let all: Arc<[Argument<'a>]> = arguments(rule).collect();
    let bounded = all.iter().any(|argument| *argument.json != json!({}));
    if bounded || all.iter().any(|argument| !argument.optional) {
        found.push(Requirement::Typed(Arc::clone(&all)));
    }
    match when {
        Constant::True if !bounded => return None,
        Constant::True => found.push(Requirement::Unless(all, None)),
        Constant::False => {}
        Constant::Open(condition) => found.push(Requirement::Unless(all, Some(condition))),
    }
    Some(found)
}
