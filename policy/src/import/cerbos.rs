//! Resource policies of Cerbos: the kind of a resource and an action become a tool, `kind.action`; the
//! attributes of the resource become arguments, and the principal becomes the agent.

mod expression;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::veto_sdk::{slug, unique};
use super::write::{Policy, Rule as Written};
use super::{Imported, Mapped, Options, Unmatched};
use crate::source::Source;
use expression::Scope;
use read::{Exports, Resource, Rule};

/// To whom a rule applies; None: everybody.
type Roles = Option<Vec<String>>;

/// Translates resource policies, one file of policies for each file.
pub(super) fn import(sources: &[Source], options: &Options) -> Imported {
    let mut imported = Imported::default();
    let (mut exports, mut all) = (Exports::default(), Vec::new());
    for source in sources {
        read::file(source, &mut exports, &mut all, &mut imported);
    }
    let mut names = BTreeSet::new();
    let mut versions = BTreeMap::new();
    for source in sources {
        let mut texts = Vec::new();
        for resource in all
            .iter()
            .filter(|(path, _)| *path == source.path)
            .map(|(_, r)| r)
        {
            let first = versions
                .entry(resource.kind.clone())
                .or_insert_with(|| resource.version.clone());
            if *first != resource.version {
                let reason = format!(
                    "version `{}` of `{}` stands beside version `{first}`; an environment of Veto \
                     enforces one",
                    resource.version, resource.kind
                );
                imported.unmapped(&resource.kind, &source.path, resource.line, reason);
                continue;
            }
            let translation = Translation {
                source,
                resource,
                exports: &exports,
                options,
            };
            let policies = translation.policies(&mut names, &mut imported);
            texts.extend(policies.iter().map(Policy::text));
        }
        if !texts.is_empty() {
            let message = "the principal of Cerbos is the agent here: its roles are the agent's, and its \
                           attributes the agent's labels, which are text";
            imported.note(&source.path, 1, message);
            imported.documents.push(Source {
                path: source.path.clone(),
                text: texts.join("---\n"),
            });
        }
    }
    imported
}

struct Translation<'a> {
    source: &'a Source,
    resource: &'a Resource,
    exports: &'a Exports,
    options: &'a Options,
}

impl Translation<'_> {
    /// The policies, one for each set of roles.
    fn policies(&self, names: &mut BTreeSet<String>, imported: &mut Imported) -> Vec<Policy> {
        let mut policies: Vec<Policy> = Vec::new();
        let mut ids = BTreeSet::new();
        let (mut denies, mut tools) = (false, BTreeSet::new());
        for rule in &self.resource.rules {
            match self.rule(rule) {
                Err(reason) => {
                    imported.unmapped(&rule.name, &self.source.path, rule.line, reason);
                }
                Ok(parts) => {
                    denies |= rule.effect == "deny";
                    let mut became = Vec::new();
                    for (roles, mut written) in parts {
                        let at = policies.iter().position(|policy| policy.roles == roles);
                        let at = at.unwrap_or_else(|| {
                            policies.push(self.policy(roles, names));
                            policies.len() - 1
                        });
                        written.id = unique(&slug(&rule.name, 56), &mut ids);
                        became.push(format!("{}/{}", policies[at].name, written.id));
                        tools.extend(written.tools.iter().cloned());
                        policies[at].rules.push(written);
                    }
                    if rule.output {
                        let message = format!("the `output` of `{}` has no counterpart", rule.name);
                        imported.note(&self.source.path, rule.line, message);
                    }
                    imported.mapped.push(Mapped {
                        rule: rule.name.clone(),
                        path: self.source.path.clone(),
                        line: rule.line,
                        rules: became,
                    });
                }
            }
        }
        if denies {
            let message = "a deny counts here whatever other roles allow, and when its condition cannot \
                           be evaluated; Cerbos skips such a condition, and lets one role allow what \
                           another denies";
            imported.note(&self.source.path, self.resource.line, message);
        }
        if self.resource.schemas {
            let message = format!(
                "`schemas` is left out; register `{}.<action>` as tools with their schemas",
                self.resource.kind
            );
            imported.note(&self.source.path, self.resource.line, message);
        }
        if self.options.unmatched == Unmatched::Allow && !tools.is_empty() {
            let mut policy = self.policy(None, names);
            policy.rules.push(Written {
                comments: vec!["Cerbos denies what no rule allows; this was asked for.".to_owned()],
                id: "allow-the-rest".to_owned(),
                tools: tools.into_iter().collect(),
                effect: "allow",
                ..Written::default()
            });
            policies.push(policy);
        }
        policies
    }

    fn policy(&self, roles: Roles, names: &mut BTreeSet<String>) -> Policy {
        let who = roles
            .as_ref()
            .map_or("all".to_owned(), |roles| roles.join("-"));
        Policy {
            comments: vec![format!(
                "Imported from {}:{}, a resource policy of Cerbos for `{}`.",
                self.source.path, self.resource.line, self.resource.kind
            )],
            name: unique(&slug(&format!("{}-{who}", self.resource.kind), 56), names),
            description: self.resource.description.clone(),
            controls: self.options.controls.clone(),
            roles,
            ..Policy::default()
        }
    }

    /// What a rule becomes, for each set of roles.
    fn rule(&self, rule: &Rule) -> Result<Vec<(Roles, Written)>, String> {
        let scope = self.scope(&self.resource.constants, &self.resource.variables)?;
        let mut tools = Vec::new();
        for action in &rule.actions {
            tools.push(match &**action {
                "*" => format!("{}.**", self.resource.kind),
                plain if !plain.contains('*') => format!("{}.{plain}", self.resource.kind),
                glob => return Err(format!("the action `{glob}` counts segments by `:`")),
            });
        }
        let own = match &rule.condition {
            None => None,
            Some(condition) => Some(expression::condition(condition, &scope)?),
        };
        let mut parts = Vec::new();
        for (roles, also) in self.reaches(rule)? {
            let mut written = Written {
                comments: vec![format!(
                    "{}:{} `{}`",
                    self.source.path, rule.line, rule.name
                )],
                id: "rule".to_owned(),
                tools: tools.clone(),
                effect: rule.effect,
                ..Written::default()
            };
            written.matches.when = also.into_iter().chain(own.clone()).collect();
            let policy = Policy {
                name: "check".to_owned(),
                roles: roles.clone(),
                ..Policy::default()
            };
            let mut checked = super::checked(&policy, vec![written])?;
            parts.extend(checked.pop().map(|written| (roles, written)));
        }
        if parts.is_empty() {
            return Err("it names no role".to_owned());
        }
        Ok(parts)
    }

    /// To whom a rule applies: its roles at once, and each derived role with its condition.
    fn reaches(&self, rule: &Rule) -> Result<Vec<(Roles, Option<String>)>, String> {
        let set = |roles: &[String]| {
            let mut roles = roles.to_vec();
            roles.sort();
            roles.dedup();
            // Everybody is in there.
            (!roles.iter().any(|role| role == "*")).then_some(roles)
        };
        let mut reaches = Vec::new();
        if !rule.roles.is_empty() {
            reaches.push((set(&rule.roles), None));
        }
        for name in &rule.derived {
            let sets = self.resource.derived.iter();
            let found = sets
                .filter_map(|set| self.exports.derived.get(set))
                .find_map(|set| Some((set, set.roles.get(name)?)));
            let Some((group, role)) = found else {
                return Err(format!("the derived role `{name}` is not among the files"));
            };
            let scope = self.scope(&group.constants, &group.variables)?;
            let condition = match &role.condition {
                None => None,
                Some(condition) => Some(expression::condition(condition, &scope)?),
            };
            reaches.push((set(&role.parents), condition));
        }
        Ok(reaches)
    }

    fn scope<'s>(
        &'s self,
        constants: &'s read::Names<Value>,
        variables: &'s read::Names<String>,
    ) -> Result<Scope<'s>, String> {
        Ok(Scope {
            kind: &self.resource.kind,
            constants: constants.all(&self.exports.constants)?,
            variables: variables.all(&self.exports.variables)?,
        })
    }
}
