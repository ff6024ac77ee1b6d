//! Rule packs of the Veto SDK. Its local evaluator looks at the rules of a tool in order: the first
//! block or approval that matches decides, and a call that none matches is allowed.

mod condition;
mod extends;
mod read;
mod regex;
mod rule;
mod scalar;
mod text;

use std::collections::BTreeSet;

use super::write::{self, Policy, Rule as Written};
use super::{Imported, Mapped, Options, Precedence, Unmatched, checked};
use crate::source::Source;
pub(super) use condition::literal;
use read::{Pack, Rule};
use rule::{Effect, Meant};
pub(super) use rule::{slug, unique};

/// Translates packs, one policy for each.
pub(super) fn import(sources: &[Source], options: &Options) -> Imported {
    let mut imported = Imported::default();
    let mut packs = Vec::new();
    for source in sources {
        match read::pack(source) {
            Ok(pack) => packs.push((source, pack)),
            Err(refused) => {
                imported.unmapped("(the file)", &source.path, refused.line, refused.reason);
            }
        }
    }
    extends::resolve(&mut packs, &mut imported);
    let mut names = BTreeSet::new();
    for (source, pack) in &packs {
        let mut name = policy_name(source, pack);
        while !names.insert(name.clone()) {
            name.push_str("-2");
        }
        one(source, pack, name, options, &mut imported);
    }
    across(&packs, &mut imported);
    imported
}

fn policy_name(source: &Source, pack: &Pack) -> String {
    let file = source.path.rsplit('/').next().unwrap_or("");
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let name = if stem.is_empty() { &*pack.name } else { stem };
    slug(name, 40)
}

/// Translates one pack.
fn one(source: &Source, pack: &Pack, name: String, options: &Options, imported: &mut Imported) {
    for output in &pack.output_rules {
        let reason = "it redacts or blocks what a tool answers; Veto decides before the tool runs, and \
                      never sees its output";
        imported.unmapped(&output.id, &source.path, output.line, reason);
    }
    if let Some(line) = pack.settings {
        imported.note(
            &source.path,
            line,
            "`settings` is read by the SDK and has no effect there",
        );
    }
    let mut meant: Vec<Meant<'_>> = Vec::new();
    for rule in &pack.rules {
        if !rule.enabled {
            imported.unmapped(&rule.id, &rule.path, rule.line, "it is disabled");
            continue;
        }
        match Meant::of(rule) {
            Ok(rule) => meant.push(rule),
            Err(reason) => imported.unmapped(&rule.id, &rule.path, rule.line, reason),
        }
    }
    let mut policy = Policy {
        comments: vec![format!(
            "Imported from {}, a rule pack of the Veto SDK.",
            source.path
        )],
        name,
        description: pack.description.trim().to_owned(),
        controls: options.controls.clone(),
        approvers: options.approvers.clone(),
        ..Policy::default()
    };
    let (mut ids, mut tools) = (BTreeSet::new(), BTreeSet::new());
    for (at, this) in meant.iter().enumerate() {
        let before = match options.precedence {
            Precedence::First => earlier(&meant, at),
            Precedence::Strictest => Vec::new(),
        };
        let rules = match (this.effect, options.unmatched) {
            (Effect::Allow, Unmatched::Deny) if this.by_value() => Err(
                "an allow of Veto states all arguments, and this one only some; write it anew"
                    .to_owned(),
            ),
            // Calls that nothing blocks are allowed anyway.
            (Effect::Allow, Unmatched::AsBefore | Unmatched::Allow) => Ok(Vec::new()),
            (Effect::Allow | Effect::Deny | Effect::Approval | Effect::Observe, _) => this
                .rules(&before, &mut ids)
                .and_then(|rules| checked(&policy, rules)),
        };
        match rules {
            Ok(rules) => {
                tools.extend(this.tools.iter().cloned());
                notes(this, &before, imported);
                if rules.is_empty() {
                    let message = format!(
                        "`{}` allows what the SDK allows anyway, and has no rule of its own here",
                        this.rule.id
                    );
                    imported.note(&this.rule.path, this.rule.line, message);
                }
                let id = |rule: &Written| format!("{}/{}", policy.name, rule.id);
                imported.mapped.push(Mapped {
                    rule: this.rule.id.clone(),
                    path: this.rule.path.clone(),
                    line: this.rule.line,
                    rules: rules.iter().map(id).collect(),
                });
                policy.rules.extend(rules);
            }
            Err(reason) => {
                imported.unmapped(&this.rule.id, &this.rule.path, this.rule.line, reason);
            }
        }
    }
    for left in imported.unmapped.iter().filter(|u| u.path == source.path) {
        let line = format!(
            "Not mapped: line {}, `{}`: {}.",
            left.line, left.rule, left.reason
        );
        policy.comments.extend(write::wrapped(&line));
    }
    unmatched(&mut policy, &tools, &mut ids, options, source, imported);
    if !policy.rules.is_empty() {
        imported.documents.push(Source {
            path: source.path.clone(),
            text: policy.text(),
        });
    }
}

/// The approvals that the SDK finds before a block, so that the block never counts.
fn earlier<'m, 'r>(meant: &'m [Meant<'r>], at: usize) -> Vec<&'m Meant<'r>> {
    let Some(this) = meant.get(at).filter(|this| this.effect == Effect::Deny) else {
        return Vec::new();
    };
    // Rules for all tools come first.
    let place = |at: usize, rule: &Meant<'_>| (rule.rule.tools.is_some(), at);
    let others = meant.iter().enumerate().filter(|(other, rule)| {
        rule.effect == Effect::Approval && place(*other, rule) < place(at, this)
    });
    others
        .map(|(_, rule)| rule)
        .filter(|rule| rule.meets(this))
        .collect()
}

fn notes(this: &Meant<'_>, before: &[&Meant<'_>], imported: &mut Imported) {
    let Rule { path, line, .. } = this.rule;
    for other in before {
        let message = format!(
            "`{}` blocks only what `{}`, an approval before it, does not catch, as in the SDK; \
             `--precedence strictest` blocks it all",
            this.rule.id, other.rule.id
        );
        imported.note(path, *line, message);
    }
    for message in &this.notes {
        imported.note(path, *line, message.clone());
    }
}

/// Says what happens to calls that no rule matches.
fn unmatched(
    policy: &mut Policy,
    tools: &BTreeSet<String>,
    ids: &mut BTreeSet<String>,
    options: &Options,
    source: &Source,
    imported: &mut Imported,
) {
    if tools.is_empty() || options.unmatched == Unmatched::Deny {
        return;
    }
    let everything = "**".to_owned();
    let tools = if tools.contains(&everything) {
        vec![everything]
    } else {
        tools.iter().cloned().collect()
    };
    policy.rules.push(Written {
        comments: vec![
            "The SDK allows what no rule matches. Replace this by allow rules that state their"
                .to_owned(),
            "arguments, or import with `--default deny`.".to_owned(),
        ],
        id: unique("allow-the-rest", ids),
        tools,
        effect: "allow",
        ..Written::default()
    });
    let message = "every other call of the tools named here is allowed, as the SDK does; calls of other \
                   tools are denied, which the SDK allows";
    imported.note(&source.path, 1, message);
}

/// Rules of several files about one tool: the SDK reads the files in no certain order.
fn across(packs: &[(&Source, Pack)], imported: &mut Imported) {
    let tools = |pack: &Pack, action: &str| -> BTreeSet<String> {
        let rules = pack.rules.iter().filter(|rule| rule.action == action);
        rules
            .flat_map(|rule| rule.tools.clone().unwrap_or_default())
            .collect()
    };
    for (at, (source, pack)) in packs.iter().enumerate() {
        for (_, other) in packs.iter().enumerate().filter(|(other, _)| *other != at) {
            let (blocks, approvals) = (tools(pack, "block"), tools(&other.1, "require_approval"));
            let both: Vec<_> = blocks.intersection(&approvals).cloned().collect();
            if !both.is_empty() {
                let message = format!(
                    "blocks here and approvals of `{}` meet on `{}`; which counts in the SDK depends on \
                     the order of files, and here the block does",
                    other.0.path,
                    both.join("`, `")
                );
                imported.note(&source.path, 1, message);
            }
        }
    }
}
