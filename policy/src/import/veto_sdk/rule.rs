//! What a rule of the SDK means, and the rules of Veto that say it.

use std::collections::BTreeSet;

use veto_core::ToolName;

use super::condition::{Condition, Meaning, literal};
use super::read::{Agents, Rule};
use crate::glob::Glob;
use crate::import::algebra::{Either, TooMany};
use crate::import::write::Rule as Written;

/// What happens when a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
    Approval,
    /// `warn` and `log`: the SDK writes a line.
    Observe,
}

/// A rule with its meaning.
#[derive(Debug)]
pub(super) struct Meant<'r> {
    pub(super) rule: &'r Rule,
    pub(super) effect: Effect,
    pub(super) tools: Vec<String>,
    pub(super) notes: Vec<String>,
    matches: Either,
    misses: Either,
}

impl<'r> Meant<'r> {
    /// Understands a rule; the error says why it has no counterpart.
    pub(super) fn of(rule: &'r Rule) -> Result<Self, String> {
        if rule.history {
            return Err(
                "it looks at earlier calls (`blocked_by`, `requires`), which `limits` and \
                        `marks` will count and nothing counts today"
                    .to_owned(),
            );
        }
        let effect = match &*rule.action {
            "allow" => Effect::Allow,
            "block" => Effect::Deny,
            "require_approval" => Effect::Approval,
            _ => Effect::Observe,
        };
        let mut notes = Vec::new();
        let tools = tools(rule, &mut notes)?;
        let few = |TooMany: TooMany| TooMany.to_string();
        let (mut matches, mut misses) = conditions(rule, &mut notes)?;
        if let Some(agents) = &rule.agents {
            let (names, inside) = match agents {
                Agents::Only(names) => (names, true),
                Agents::Not(names) => (names, false),
            };
            let names: Vec<_> = names.iter().map(|name| literal(name)).collect();
            let known = format!("agent.id in [{}]", names.join(", "));
            let other = format!("!({known})");
            let (applies, not) = if inside {
                (known, other)
            } else {
                (other, known)
            };
            matches = Either::when(applies).and(&matches).map_err(few)?;
            misses = misses.or(Either::when(not));
        }
        if matches.is_never() {
            return Err("it never matches in the SDK".to_owned());
        }
        if effect == Effect::Observe {
            notes.push(format!(
                "`{}` only writes a line in the SDK; here it is a deny in shadow mode: recorded, and \
                 without effect",
                rule.id
            ));
        }
        Ok(Self {
            rule,
            effect,
            tools,
            notes,
            matches,
            misses,
        })
    }

    /// Tells whether it says something of single arguments.
    pub(super) fn by_value(&self) -> bool {
        self.matches.0.iter().any(|one| !one.arguments.is_empty())
    }

    /// Tells whether two rules name a tool in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let all = |meant: &Self| meant.rule.tools.is_none();
        all(self) || all(other) || self.tools.iter().any(|tool| other.tools.contains(tool))
    }

    /// The rules of Veto, which match only where none of those before does.
    pub(super) fn rules(
        &self,
        before: &[&Self],
        ids: &mut BTreeSet<String>,
    ) -> Result<Vec<Written>, String> {
        let mut parts: Vec<(Vec<String>, Either)> = Vec::new();
        for tool in &self.tools {
            let mut matches = self.matches.clone();
            for other in before {
                if other.rule.tools.is_none() || other.tools.contains(tool) {
                    matches = matches
                        .and(&other.misses)
                        .map_err(|error| error.to_string())?;
                }
            }
            match parts.iter_mut().find(|(_, known)| *known == matches) {
                Some((tools, _)) => tools.push(tool.clone()),
                None => parts.push((vec![tool.clone()], matches)),
            }
        }
        let rule = self.rule;
        let origin = format!(
            "{}:{} `{}`: {}, severity {}",
            rule.path, rule.line, rule.id, rule.action, rule.severity
        );
        let mut written = Vec::new();
        for (tools, matches) in parts {
            for alternative in matches.0 {
                written.push(Written {
                    comments: written
                        .is_empty()
                        .then(|| origin.clone())
                        .into_iter()
                        .collect(),
                    id: unique(&slug(&rule.id, 56), ids),
                    description: rule.name.clone(),
                    tools: tools.clone(),
                    effect: match self.effect {
                        Effect::Allow => "allow",
                        Effect::Deny | Effect::Observe => "deny",
                        Effect::Approval => "require_approval",
                    },
                    shadow: self.effect == Effect::Observe,
                    severity: Some(match &*rule.severity {
                        "critical" => "critical",
                        "high" => "high",
                        "medium" => "medium",
                        _ => "low",
                    }),
                    controls: rule.controls.clone(),
                    reason: rule.description.clone(),
                    matches: alternative,
                });
            }
        }
        if written.is_empty() {
            return Err("approvals before it catch all that it could block".to_owned());
        }
        Ok(written)
    }
}

/// The tools by name; the SDK has no globs.
fn tools(rule: &Rule, notes: &mut Vec<String>) -> Result<Vec<String>, String> {
    let Some(names) = &rule.tools else {
        return Ok(vec!["**".to_owned()]);
    };
    let mut tools = Vec::new();
    for name in names {
        if ToolName::new(name).is_err() {
            notes.push(format!(
                "`{}` names `{name}`, which is no tool here; the SDK takes names literally",
                rule.id
            ));
        } else if Glob::parse(name).is_err() {
            return Err(format!("the tool `{name}` cannot be named in a policy"));
        } else if !tools.contains(name) {
            tools.push(name.clone());
        }
    }
    if tools.is_empty() {
        return Err("it names no tool that could be called here".to_owned());
    }
    Ok(tools)
}

/// When the conditions hold, and when they do not.
fn conditions(rule: &Rule, notes: &mut Vec<String>) -> Result<(Either, Either), String> {
    if !rule.conditions.is_empty() {
        if !rule.groups.is_empty() {
            notes.push(format!(
                "`{}` has `conditions` and `condition_groups`; the SDK looks at the former alone",
                rule.id
            ));
        }
        return all(&rule.conditions, notes);
    }
    if rule.groups.is_empty() {
        return Ok((Either::always(), Either::never()));
    }
    // Groups of one condition each on one field are joined, so that they read as one.
    let mut single: Vec<Meaning> = Vec::new();
    let (mut matches, mut misses) = (Either::never(), Either::always());
    let few = |error: TooMany| error.to_string();
    for group in &rule.groups {
        if let [only] = &**group {
            let meaning = understood(only, notes)?;
            match single
                .iter_mut()
                .find_map(|known| Some((known.or(&meaning)?, known)))
            {
                Some((both, known)) => *known = both,
                None => single.push(meaning),
            }
            continue;
        }
        let (yes, no) = all(group, notes)?;
        matches = matches.or(yes);
        misses = misses.and(&no).map_err(few)?;
    }
    for meaning in single {
        matches = matches.or(meaning.either(true));
        misses = misses.and(&meaning.either(false)).map_err(few)?;
    }
    Ok((matches, misses))
}

fn understood(condition: &Condition, notes: &mut Vec<String>) -> Result<Meaning, String> {
    let meaning = condition.meaning()?;
    if let Some(wider) = meaning.wider() {
        let note = format!(
            "`{}`: {wider}, which is stricter than the SDK",
            condition.field
        );
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    Ok(meaning)
}

/// All of some conditions.
fn all(conditions: &[Condition], notes: &mut Vec<String>) -> Result<(Either, Either), String> {
    let (mut matches, mut misses) = (Either::always(), Either::never());
    for condition in conditions {
        let meaning = understood(condition, notes)?;
        matches = matches
            .and(&meaning.either(true))
            .map_err(|error| error.to_string())?;
        misses = misses.or(meaning.either(false));
    }
    Ok((matches, misses))
}

/// A name of Veto that is close to a text.
pub(in crate::import) fn slug(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => out.push(c),
            c if out.is_empty() || out.ends_with('-') => {
                let _ = c;
            }
            '_' => out.push('_'),
            _ => out.push('-'),
        }
    }
    out.truncate(most);
    let out = out.trim_end_matches(['-', '_']);
    if out.is_empty() { "imported" } else { out }.to_owned()
}

/// An id that no rule has yet.
pub(in crate::import) fn unique(wanted: &str, ids: &mut BTreeSet<String>) -> String {
    let mut id = wanted.to_owned();
    let mut count = 2_u32;
    while !ids.insert(id.clone()) {
        id = format!("{wanted}-{count}");
        count += 1;
    }
    id
}
