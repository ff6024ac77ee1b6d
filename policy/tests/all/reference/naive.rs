//! The rules of the language, read straight from its description: every rule is asked, one after another.

use std::collections::BTreeSet;

use serde_json::Value;

use super::model::{Asked, Policy, Rule, Terms, Window, World};
use super::shape::Fit;

/// Everything that a decision says and a record needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    pub(crate) outcome: String,
    pub(crate) code: String,
    pub(crate) policy: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) matched: Vec<String>,
    pub(crate) errors: Vec<String>,
    /// The rules that ask with their quorums, and the seconds that a request stands.
    pub(crate) terms: Option<(Vec<String>, u64)>,
    /// The arguments as a record keeps them.
    pub(crate) kept: String,
}

/// How a rule stands to a call.
enum Stands {
    Matches,
    Otherwise,
    Failed,
    /// How far from matching, and the reason code.
    No((u8, usize), &'static str),
}

/// A name against a glob: `*` within a segment, `**` across.
fn glob(pattern: &str, name: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return (0..=name.len()).any(|at| glob(rest, &name[at..]));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let reach = name.find(['.', '/']).unwrap_or(name.len());
        return (0..=reach).any(|at| glob(rest, &name[at..]));
    }
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => glob(&pattern[1..], &name[1..]),
        _ => false,
    }
}

fn within(window: &Window, now: i64) -> bool {
    window.from.is_none_or(|from| from <= now) && window.to.is_none_or(|to| now < to)
}

fn names(world: &World, rule: &Rule, tool: &str) -> bool {
    let named = rule.tools.iter().any(|pattern| glob(pattern, tool));
    if rule.by_label.is_empty() {
        return named;
    }
    let labels = world
        .tools
        .iter()
        .find(|t| t.name == tool)
        .map(|t| &t.labels);
    let carries = labels.is_some_and(|l| l.iter().any(|label| rule.by_label.contains(label)));
    carries && (rule.tools.is_empty() || named)
}

fn is_for(policy: &Policy, asked: &Asked) -> bool {
    let labelled = |(name, values): &(&str, Vec<&str>)| {
        let mut labels = asked.labels.iter();
        labels.any(|(known, value)| known == name && values.contains(value))
    };
    policy.roles.iter().any(|role| asked.roles.contains(role))
        || policy
            .agents
            .iter()
            .any(|pattern| glob(pattern, asked.agent))
        || (!policy.labels.is_empty() && policy.labels.iter().all(labelled))
}

fn left_out(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

fn stands(world: &World, rule: &Rule, asked: &Asked) -> Stands {
    let lists = &world.lists;
    let listed = rule.arguments.as_deref().unwrap_or(&[]);
    let arguments = &asked.arguments;
    let may = |(_, shape, optional): &(&str, super::shape::Shape, bool)| {
        *optional || shape.may_be_absent()
    };
    let met = || {
        rule.when
            .as_ref()
            .map_or(Some(true), |test| test.met(asked, lists))
    };
    if rule.effect != "allow" {
        let fits = listed.iter().all(|argument| {
            let value = arguments.get(argument.0);
            (may(argument) && left_out(value))
                || value.is_some_and(|v| argument.1.fit(v, lists) == Fit::Yes)
        });
        return match (fits, fits.then(met).flatten()) {
            (false, _) | (true, Some(false)) => Stands::No((9, 0), ""),
            (true, Some(true)) => Stands::Matches,
            (true, None) => Stands::Failed,
        };
    }
    if rule.arguments.is_some() {
        if arguments
            .keys()
            .any(|name| !listed.iter().any(|a| a.0 == name))
        {
            return Stands::No((4, 0), "argument_unknown");
        }
        if listed
            .iter()
            .any(|a| !may(a) && !arguments.contains_key(a.0))
        {
            return Stands::No((3, 0), "argument_missing");
        }
        let fits = listed.iter().filter_map(|argument| {
            let value = arguments.get(argument.0);
            if may(argument) && left_out(value) {
                return None;
            }
            value.map(|value| argument.1.fit(value, lists))
        });
        let wrong: Vec<_> = fits.filter(|fit| *fit != Fit::Yes).collect();
        if !wrong.is_empty() {
            return if rule.otherwise && wrong.iter().all(|fit| *fit == Fit::Bound) {
                Stands::Otherwise
            } else {
                Stands::No((2, wrong.len()), "argument_invalid")
            };
        }
    }
    match met() {
        Some(true) => Stands::Matches,
        Some(false) if rule.otherwise => Stands::Otherwise,
        Some(false) => Stands::No((1, 0), "condition_false"),
        None if rule.otherwise => Stands::Failed,
        None => Stands::No((0, 0), "condition_error"),
    }
}

/// Decides a call.
pub(crate) fn decide(world: &World, asked: &Asked) -> Answer {
    let mut rules: Vec<(&Policy, &Rule)> = world
        .policies
        .iter()
        .flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)))
        .filter(|(_, rule)| names(world, rule, asked.tool))
        .collect();
    rules.sort_by(|a, b| (&a.0.name, &a.1.id).cmp(&(&b.0.name, &b.1.id)));
    let holds = |(policy, rule): &(&Policy, &Rule)| {
        within(&policy.window, asked.now) && within(&rule.window, asked.now)
    };
    let named = !rules.is_empty();
    let held: Vec<_> = rules.into_iter().filter(holds).collect();
    let mine: Vec<_> = held
        .iter()
        .copied()
        .filter(|(p, _)| is_for(p, asked))
        .collect();
    let nobodys = !asked.known || asked.disabled || mine.is_empty();
    let hiding = if nobodys { &held } else { &mine };
    let hidden: BTreeSet<&str> = hiding
        .iter()
        .filter(|(policy, rule)| !policy.shadow && !rule.shadow)
        .flat_map(|(_, rule)| rule.redact.iter().copied())
        .collect();
    let mut answer = Answer {
        outcome: "deny".into(),
        kept: kept(asked, &hidden),
        ..Answer::default()
    };
    let refused = [
        (!asked.known, "unknown_agent"),
        (asked.disabled, "agent_disabled"),
        (breaks(world, asked), "arguments_invalid"),
    ];
    if let Some((_, code)) = refused.into_iter().find(|(refused, _)| *refused) {
        answer.code = code.into();
        return answer;
    }
    judge(world, asked, &mine, named, &mut answer);
    answer
}

fn judge(
    world: &World,
    asked: &Asked,
    mine: &[(&Policy, &Rule)],
    named: bool,
    answer: &mut Answer,
) {
    let (mut denies, mut approvals, mut raising, mut allows) = (vec![], vec![], vec![], vec![]);
    let mut misses = Vec::new();
    for (policy, rule) in mine {
        let shadow = policy.shadow || rule.shadow;
        let name = format!(
            "{}{}/{}",
            if shadow { "~" } else { "" },
            policy.name,
            rule.id
        );
        let stands = stands(world, rule, asked);
        if matches!(stands, Stands::Failed | Stands::No((0, 0), _)) {
            answer.errors.push(name.clone());
        }
        if !matches!(stands, Stands::No(..)) {
            answer.matched.push(name);
        }
        if shadow {
            continue;
        }
        let me = (*policy, *rule);
        match (rule.effect, stands) {
            ("deny", Stands::Matches | Stands::Failed) => denies.push(me),
            ("require_approval", Stands::Matches) if !rule.only_if_allowed => approvals.push(me),
            ("require_approval", Stands::Matches | Stands::Failed) => raising.push(me),
            ("allow", Stands::Matches) => allows.push(me),
            ("allow", Stands::Otherwise) => approvals.push(me),
            ("allow", Stands::Failed) => {
                raising.push(me);
                misses.push(((0, 0), me, "condition_error"));
            }
            ("allow", Stands::No(distance, code)) => misses.push((distance, me, code)),
            _ => {}
        }
    }
    // Shadow rules stand under their own names, where the engine has them sorted.
    answer
        .matched
        .sort_by_key(|name| name.trim_start_matches('~').to_owned());
    answer.errors.sort();
    let mut settle = |outcome: &str, code: &str, (policy, rule): (&Policy, &Rule)| {
        answer.outcome = outcome.into();
        answer.code = code.into();
        answer.policy = Some(policy.name.clone());
        answer.rule = Some(rule.id.clone());
    };
    let rank = |severity: Option<&str>| {
        ["low", "medium", "high", "critical"]
            .iter()
            .position(|s| Some(*s) == severity)
    };
    if let Some(worst) = denies.iter().map(|(_, rule)| rank(rule.severity)).max() {
        let speaks = denies.iter().find(|(_, rule)| rank(rule.severity) == worst);
        return settle("deny", "denied_by_rule", *speaks.unwrap());
    }
    if !approvals.is_empty() || !allows.is_empty() {
        approvals.extend(raising);
        approvals.sort_by(|a, b| (&a.0.name, &a.1.id).cmp(&(&b.0.name, &b.1.id)));
    }
    if let Some(first) = approvals.first() {
        settle("approval", "needs_approval", *first);
        let terms = |(p, r): &(&Policy, &Rule)| -> Terms {
            r.terms.clone().unwrap_or_else(|| p.terms.clone())
        };
        let rules = approvals.iter();
        let rules = rules.map(|pr| format!("{}/{} {}", pr.0.name, pr.1.id, terms(pr).quorum));
        let shortest = approvals.iter().map(|pr| terms(pr).seconds).min();
        answer.terms = Some((rules.collect(), shortest.unwrap_or(0)));
        return;
    }
    if let Some(first) = allows.first() {
        return settle("allow", "allowed", *first);
    }
    if let Some((_, (policy, _), code)) = misses.iter().min_by_key(|miss| miss.0) {
        answer.policy = Some(policy.name.clone());
        answer.code = (*code).into();
        return;
    }
    let applicable = mine
        .iter()
        .any(|(policy, rule)| !policy.shadow && !rule.shadow);
    answer.code = match (applicable, named) {
        (true, _) => "no_matching_rule",
        (false, true) => "role_mismatch",
        (false, false) => "unknown_tool",
    }
    .into();
}

/// Tells whether a call breaks the contract of its tool.
fn breaks(world: &World, asked: &Asked) -> bool {
    let Some(tool) = world.tools.iter().find(|tool| tool.name == asked.tool) else {
        return false;
    };
    let unknown = |name: &String| !tool.arguments.iter().any(|a| a.0 == name);
    asked.arguments.keys().any(unknown)
        || tool
            .arguments
            .iter()
            .any(|(name, shape, required)| match asked.arguments.get(*name) {
                None => *required,
                Some(value) => shape.fit(value, &world.lists) != Fit::Yes,
            })
}

/// The arguments in canonical form without what is hidden; nothing here needs sorting by UTF-16.
fn kept(asked: &Asked, hidden: &BTreeSet<&str>) -> String {
    let mut arguments = asked.arguments.clone();
    for (name, value) in &mut arguments {
        if hidden.contains(name.as_str()) {
            *value = Value::from("[redacted]");
        }
    }
    veto_policy::Arguments::parse(&Value::Object(arguments).to_string())
        .unwrap()
        .canonical()
}
