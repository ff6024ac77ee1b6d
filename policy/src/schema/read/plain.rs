//! Reads the keywords that hold no schemas.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Entries, Malformed, Reader, entries, get};
use crate::condition::Number;
use crate::schema::format::Format;
use crate::schema::inspect;
use crate::schema::order::Options;
use crate::schema::rule::{Names, Rule, Types};
use crate::source::tree::{Node, NodeValue};

/// In the order in which the rules are checked; what only describes comes last.
const KEYWORDS: [&str; 28] = [
    "type",
    "const",
    "enum",
    "empty",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "required",
    "dependentRequired",
    "in",
    "pattern",
    "format",
    "uniqueItems",
    "$comment",
    "title",
    "description",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

impl Reader<'_> {
    /// Reads the keywords of a schema that hold no schemas.
    pub(super) fn plain(
        &mut self,
        all: Entries<'_>,
        rules: &mut Vec<Rule>,
    ) -> Result<(), Malformed> {
        for keyword in KEYWORDS {
            if let Some(node) = get(all, keyword) {
                rules.extend(self.one(keyword, node)?);
            }
        }
        Ok(())
    }

    fn one(&mut self, keyword: &str, node: &Node) -> Result<Option<Rule>, Malformed> {
        Ok(Some(match keyword {
            "type" => Rule::Type(types(node)?),
            "const" => Rule::Const(Box::new(node.to_json())),
            "enum" => {
                let values = list(node)?.iter().map(Node::to_json).collect();
                Rule::Enum(Box::new(Options::new(values)))
            }
            "empty" => Rule::Empty(boolean(node)?),
            "minimum" => Rule::Minimum(number(node)?),
            "maximum" => Rule::Maximum(number(node)?),
            "exclusiveMinimum" => Rule::ExclusiveMinimum(number(node)?),
            "exclusiveMaximum" => Rule::ExclusiveMaximum(number(node)?),
            "multipleOf" => {
                let of = number(node)?;
                if of.order(Number::Int(0)) != Some(std::cmp::Ordering::Greater) {
                    return Err(Malformed);
                }
                Rule::MultipleOf(of)
            }
            "minLength" => Rule::MinLength(count(node)?),
            "maxLength" => Rule::MaxLength(count(node)?),
            "minItems" => Rule::MinItems(count(node)?),
            "maxItems" => Rule::MaxItems(count(node)?),
            "minProperties" => Rule::MinProperties(count(node)?),
            "maxProperties" => Rule::MaxProperties(count(node)?),
            "required" => Rule::Required(names(node)?),
            "dependentRequired" => {
                let entries = entries(node).ok_or(Malformed)?.iter();
                let entries =
                    entries.map(|(key, node)| Ok((key.name.as_str().into(), names(node)?)));
                Rule::DependentRequired(entries.collect::<Result<_, _>>()?)
            }
            "in" => {
                let known = |name| self.lists.get(name).map(Arc::clone);
                Rule::In(inspect::names(node).filter_map(known).collect())
            }
            // A pattern that is refused was reported when it was looked at.
            "pattern" => match self.cache.pattern(text(node)?) {
                Ok(pattern) => Rule::Pattern(pattern),
                Err(_) => Rule::Never,
            },
            "format" => match Format::parse(text(node)?) {
                Some(format) if format.check("").is_some() => Rule::Format(format, None),
                Some(format) => {
                    let general = self.cache.format(format).ok_or(Malformed)?;
                    Rule::Format(format, Some(general))
                }
                None => Rule::Never,
            },
            "uniqueItems" => return Ok(boolean(node)?.then_some(Rule::UniqueItems)),
            "$comment" | "title" | "description" => return text(node).map(|_| None),
            "examples" => return list(node).map(|_| None),
            _ => return boolean(node).map(|_| None),
        }))
    }
}

fn types(node: &Node) -> Result<Types, Malformed> {
    let mut types = Types::default();
    let nodes = match &node.value {
        NodeValue::List(nodes) if !nodes.is_empty() => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for node in nodes {
        if !types.add(text(node)?) {
            return Err(Malformed);
        }
    }
    Ok(types)
}

fn text(node: &Node) -> Result<&str, Malformed> {
    match &node.value {
        NodeValue::Text(text) => Ok(text),
        _ => Err(Malformed),
    }
}

const fn boolean(node: &Node) -> Result<bool, Malformed> {
    match &node.value {
        NodeValue::Bool(value) => Ok(*value),
        _ => Err(Malformed),
    }
}

fn list(node: &Node) -> Result<&[Node], Malformed> {
    match &node.value {
        NodeValue::List(nodes) => Ok(nodes),
        _ => Err(Malformed),
    }
}

fn number(node: &Node) -> Result<Number, Malformed> {
    match &node.value {
        NodeValue::Number(number) => Ok(Number::of_json(number)),
        _ => Err(Malformed),
    }
}

/// A length: an integer that is not negative, `3.0` included.
pub(super) fn count(node: &Node) -> Result<u64, Malformed> {
    let number = number(node)?;
    let whole = number
        .truncated()
        .and_then(|whole| u64::try_from(whole).ok());
    let same = |whole: &u64| number.order(Number::Uint(*whole)) == Some(std::cmp::Ordering::Equal);
    whole.filter(same).ok_or(Malformed)
}

/// Names, each once.
fn names(node: &Node) -> Result<Names, Malformed> {
    let names: Names = list(node)?
        .iter()
        .map(|node| text(node).map(Into::into))
        .collect::<Result<_, _>>()?;
    let distinct: BTreeSet<_> = names.iter().collect();
    if distinct.len() < names.len() {
        return Err(Malformed);
    }
    Ok(names)
}
