//! What is known of the calls that a branch is about, and what follows from it.

mod follow;
mod rest;

use serde_json::{Value, json};

pub(super) use follow::{contradicts, implies};
pub(super) use rest::rest;

use super::clauses::{Clause, clauses, plain, same_lists};
use super::schemas::{Known, alike, apart, within};
use crate::check::Window;
use crate::condition::Condition;
use crate::list::Lists;
use crate::matrix::{Argument, Met, Requirement, has_pattern};

/// What is known of one argument.
#[derive(Debug, Clone)]
struct Fact<'a> {
    name: String,
    json: Value,
    lists: &'a Lists,
    optional: bool,
    strict: bool,
}

/// The calls that a branch is about.
#[derive(Debug, Default)]
pub(super) struct Guard<'a> {
    kept: Option<Known<'a>>,
    broken: Option<Known<'a>>,
    window: Option<Window>,
    only: Option<&'a [&'a str]>,
    arguments: Vec<Fact<'a>>,
    /// What conditions say of arguments; it needs no proof.
    derived: Vec<Fact<'a>>,
    condition: Option<Asked<'a>>,
    clauses: Vec<Clause<'a>>,
    typed: Vec<Fact<'a>>,
    unless: Option<Unless<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    condition: &'a Condition,
    met: Met,
    lists: &'a Lists,
}

#[derive(Debug)]
struct Unless<'a> {
    arguments: Vec<Fact<'a>>,
    condition: Option<Asked<'a>>,
}

impl<'a> Guard<'a> {
    /// Reads requirements; `lists` are those of their policy set.
    pub(super) fn read<'c: 'a>(
        requirements: impl Iterator<Item = &'a Requirement<'c>>,
        lists: &'a Lists,
    ) -> Self {
        let mut guard = Self::default();
        for requirement in requirements {
            match requirement {
                Requirement::Contract(contract, kept) => {
                    let json = &contract.json;
                    let known = Some(Known { json, lists });
                    if *kept {
                        guard.kept = known;
                    } else {
                        guard.broken = known;
                    }
                }
                Requirement::Window(window) => guard.window = Some(*window),
                Requirement::Only(names) => guard.only = Some(names),
                Requirement::Argument(one) => guard.arguments.push(Fact::of(one, lists)),
                Requirement::Condition(condition, met) => guard.ask(condition, *met, lists),
                Requirement::Typed(all) => {
                    guard.typed = all.iter().map(|one| Fact::of(one, lists)).collect();
                }
                Requirement::Unless(all, condition) => {
                    guard.unless = Some(Unless {
                        arguments: all.iter().map(|one| Fact::of(one, lists)).collect(),
                        condition: condition.map(|condition| Asked {
                            condition,
                            met: Met::YesOrFails,
                            lists,
                        }),
                    });
                }
            }
        }
        guard
    }

    fn ask(&mut self, condition: &'a Condition, met: Met, lists: &'a Lists) {
        self.condition = Some(Asked {
            condition,
            met,
            lists,
        });
        if met == Met::Fails {
            return;
        }
        self.clauses = clauses(condition.text(), met == Met::YesOrFails, lists);
        let derived = self.clauses.iter().filter_map(|clause| {
            let (name, json) = clause.argument()?;
            Some(Fact {
                name,
                json,
                lists,
                optional: false,
                strict: true,
            })
        });
        self.derived = derived.collect();
    }

    /// The lists of its policy set, if it speaks of an argument.
    fn lists(&self) -> Option<&'a Lists> {
        self.facts().next().map(|fact| fact.lists)
    }

    fn facts(&self) -> impl Iterator<Item = &Fact<'a>> {
        self.arguments.iter().chain(&self.derived)
    }
}

impl<'a> Fact<'a> {
    fn of(argument: &Argument<'_>, lists: &'a Lists) -> Self {
        Self {
            name: argument.name.to_owned(),
            json: Value::clone(&argument.json),
            lists,
            optional: argument.optional,
            strict: argument.strict,
        }
    }

    const fn known(&self) -> Known<'_> {
        Known {
            json: &self.json,
            lists: self.lists,
        }
    }

    /// Tells whether the other one holds wherever this one does.
    fn implies(&self, other: &Self) -> bool {
        self.name == other.name
            && (!self.optional || other.optional)
            && (self.strict || !other.strict || !has_pattern(&self.json))
            && within(self.known(), other.known())
    }

    /// Tells whether both cannot hold.
    fn excludes(&self, other: &Self) -> bool {
        let null = |a: &Self, b: &Self| !a.optional || b.known().refuses_null();
        self.name == other.name
            && !(self.optional && other.optional)
            && null(self, other)
            && null(other, self)
            && apart(self.known(), other.known())
    }

    /// It says nothing.
    fn is_idle(&self) -> bool {
        self.optional && self.json == json!({})
    }

    /// Tells whether a value that is of the right type for this one is so for the other one.
    fn is_typed_as(&self, other: &Self) -> bool {
        const NESTED: [&str; 12] = [
            "properties",
            "additionalProperties",
            "patternProperties",
            "items",
            "prefixItems",
            "allOf",
            "dependentSchemas",
            "if",
            "then",
            "else",
            "unevaluatedItems",
            "unevaluatedProperties",
        ];
        let nested = NESTED
            .iter()
            .any(|keyword| other.json.get(keyword).is_some());
        let kind = |fact: &Self| fact.json.get("type").cloned();
        let types = || match (kind(self), kind(other)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => {
                let lists = self.lists;
                let (a, b) = (json!({ "type": a }), json!({ "type": b }));
                within(Known { json: &a, lists }, Known { json: &b, lists })
            }
        };
        self.name == other.name
            && (!self.optional || other.optional)
            && (alike(self.known(), other.known()) || (!nested && types()))
    }
}

impl Asked<'_> {
    fn is(&self, other: &Self) -> bool {
        let text = plain(self.condition.text());
        text == plain(other.condition.text()) && same_lists(&text, self.lists, other.lists)
    }
}
