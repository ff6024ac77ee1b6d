//! What in the schema of an allow says less than its author may think: a bound without a type, and a
//! pattern without anchors.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use regex_syntax::hir::Look;

use super::Schema;
use super::bounds::below;
use super::rule::{Pattern, Rule, Shape};

/// Something that says less than it may seem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// The keyword is about one type, and values of all others pass.
    Untyped {
        /// The keyword.
        keyword: &'static str,
        /// The type that it is about.
        about: &'static str,
    },
    /// The pattern may match anywhere, or at one end alone.
    Unanchored {
        /// What may stand before the match.
        start: bool,
        /// What may stand behind the match.
        end: bool,
    },
}

impl Schema {
    /// Bounds without a type and patterns without anchors, each with its JSON Pointer. `typed`: the type of
    /// the value is fixed elsewhere.
    pub(crate) fn habits(&self, typed: bool) -> Vec<(String, Habit)> {
        let mut found = Vec::new();
        let fixed = Fixed {
            typed,
            described: false,
        };
        walk(self.shape(), "", fixed, &mut found);
        found
    }
}

/// Tells whether the type of values is fixed, or the values themselves are.
pub(super) fn is_typed(shape: &Shape) -> bool {
    shape.0.iter().any(|rule| match rule {
        Rule::Never
        | Rule::Type(_)
        | Rule::Const(_)
        | Rule::Enum(_)
        | Rule::In(_)
        | Rule::Empty(true)
        | Rule::Other(_) => true,
        Rule::Use(schema) | Rule::Reference(schema) => is_typed(schema.shape()),
        Rule::AllOf(shapes) => shapes.iter().any(is_typed),
        Rule::AnyOf(shapes) | Rule::OneOf(shapes) => shapes.iter().all(is_typed),
        _ => false,
    })
}

/// Tells whether something describes the whole of a text: another pattern beside it may search then.
fn is_described(shape: &Shape) -> bool {
    shape.0.iter().any(|rule| match rule {
        Rule::Const(_) | Rule::Enum(_) | Rule::In(_) | Rule::Format(..) => true,
        Rule::Pattern(pattern) => pattern.habit().is_none(),
        Rule::Use(schema) | Rule::Reference(schema) => is_described(schema.shape()),
        Rule::AllOf(shapes) => shapes.iter().any(is_described),
        _ => false,
    })
}

/// What is known of a value beside the schema that is looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Fixed {
    /// Its type is fixed.
    typed: bool,
    /// A text is described from its start to its end.
    described: bool,
}

fn walk(shape: &Shape, pointer: &str, known: Fixed, found: &mut Vec<(String, Habit)>) {
    let known = Fixed {
        typed: known.typed || is_typed(shape),
        described: known.described || is_described(shape),
    };
    let untyped = |rule: &Rule| about(rule).map(|about| (rule.keyword(), about));
    if let (false, Some((keyword, about))) = (known.typed, shape.0.iter().find_map(untyped)) {
        let habit = Habit::Untyped { keyword, about };
        found.push((below(pointer, &[keyword]), habit));
    }
    for rule in &shape.0 {
        if let Rule::Pattern(pattern) = rule {
            let habit = pattern.habit().filter(|_| !known.described);
            found.extend(habit.map(|habit| (below(pointer, &["pattern"]), habit)));
        }
        for (names, shape) in rule.children() {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            let part = Fixed::default();
            let known = match rule {
                // What is excluded is better described too widely; what only chooses refuses nothing.
                Rule::Not(_) => continue,
                Rule::If(_) if names == ["if"] => continue,
                // About the same value.
                Rule::Use(_)
                | Rule::Reference(_)
                | Rule::AllOf(_)
                | Rule::AnyOf(_)
                | Rule::OneOf(_)
                | Rule::If(_) => known,
                Rule::DependentSchemas(_) => Fixed {
                    typed: true,
                    ..known
                },
                Rule::PropertyNames(_) => Fixed {
                    typed: true,
                    ..part
                },
                _ => part,
            };
            walk(shape, &below(pointer, &names), known, found);
        }
    }
}

/// The one type that a rule is about.
const fn about(rule: &Rule) -> Option<&'static str> {
    match rule {
        Rule::Minimum(_)
        | Rule::Maximum(_)
        | Rule::ExclusiveMinimum(_)
        | Rule::ExclusiveMaximum(_)
        | Rule::MultipleOf(_) => Some("number"),
        Rule::MinLength(_) | Rule::MaxLength(_) | Rule::Pattern(_) | Rule::Format(..) => {
            Some("string")
        }
        Rule::MinItems(_)
        | Rule::MaxItems(_)
        | Rule::Items(_)
        | Rule::Contains(_)
        | Rule::UniqueItems => Some("array"),
        Rule::MinProperties(_)
        | Rule::MaxProperties(_)
        | Rule::Required(_)
        | Rule::DependentRequired(_)
        | Rule::Properties(_)
        | Rule::PropertyNames(_) => Some("object"),
        _ => None,
    }
}

impl Pattern {
    fn habit(&self) -> Option<Habit> {
        let parsed = regex_syntax::parse(self.regex.as_str()).ok()?;
        let properties = parsed.properties();
        let start = properties.look_set_prefix().contains(Look::Start);
        let end = properties.look_set_suffix().contains(Look::End);
        (!(start && end)).then_some(Habit::Unanchored {
            start: !start,
            end: !end,
        })
    }
}
