//! Says in words why a value is refused: the value, the bound, never the contents of a list.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most arms are about few kinds, and the others are alike"
)]

use serde_json::Value;

use super::Refusal;
use super::bounds::segment;
use super::rule::{Properties, Rule, Shape};
use super::verdict::{Verdict, missing};
use crate::condition::limits;
use crate::reason::{shown, shown_text};

/// Where an explanation stands: in the value and in the schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    value: String,
    keyword: String,
}

impl Trail {
    fn within(&self, value: Option<&str>, keywords: &[&str]) -> Self {
        let mut inner = self.clone();
        if let Some(value) = value {
            segment(&mut inner.value, value);
        }
        for keyword in keywords {
            segment(&mut inner.keyword, keyword);
        }
        inner
    }

    fn place(&self, mut refusal: Refusal) -> Refusal {
        refusal.pointer.insert_str(0, &self.value);
        let mut keyword = self.keyword.clone();
        if !refusal.keyword.is_empty() {
            keyword.push('/');
            keyword.push_str(&refusal.keyword);
        }
        refusal.keyword = keyword.trim_start_matches('/').to_owned();
        refusal
    }
}

fn refusal(keyword: &str, message: String, value: &Value, bound: Option<String>) -> Refusal {
    Refusal {
        pointer: String::new(),
        keyword: keyword.to_owned(),
        message,
        wrong_type: keyword == "type",
        value: shown(value),
        bound,
    }
}

/// Explains why a schema refuses a value; None when it accepts it.
pub(super) fn explain(shape: &Shape, value: &Value, trail: &Trail) -> Option<Refusal> {
    let fails = |rule: &&Rule| rule.verdict(value) != Verdict::Accepted;
    let rule = shape.0.iter().find(fails)?;
    let below = match rule {
        Rule::Properties(properties) => of_properties(properties, value, trail),
        Rule::Items(items) => value.as_array().and_then(|list| {
            list.iter().enumerate().find_map(|(at, value)| {
                let place = at.to_string();
                match (items.first.get(at), &items.rest) {
                    (Some(shape), _) => {
                        let trail = trail.within(Some(&place), &["prefixItems", &place]);
                        explain(shape, value, &trail)
                    }
                    (None, Some(rest)) if rest.is_never() => {
                        let message = format!("the list has more than {at} entries");
                        Some(trail.place(refusal("items", message, value, None)))
                    }
                    (None, Some(rest)) => {
                        explain(rest, value, &trail.within(Some(&place), &["items"]))
                    }
                    (None, None) => None,
                }
            })
        }),
        Rule::DependentSchemas(entries) => entries.iter().find_map(|(name, shape)| {
            value.as_object()?.get(&**name)?;
            explain(
                shape,
                value,
                &trail.within(None, &["dependentSchemas", name]),
            )
        }),
        Rule::Use(schema) => explain(schema.shape(), value, &trail.within(None, &["use"])),
        Rule::Reference(schema) => explain(schema.shape(), value, &trail.within(None, &["$ref"])),
        Rule::AllOf(shapes) => shapes.iter().enumerate().find_map(|(at, shape)| {
            explain(
                shape,
                value,
                &trail.within(None, &["allOf", &at.to_string()]),
            )
        }),
        Rule::If(branch) => match branch.condition.verdict(value) {
            Verdict::Accepted => explain(&branch.then, value, &trail.within(None, &["then"])),
            Verdict::Refused => explain(&branch.otherwise, value, &trail.within(None, &["else"])),
            Verdict::Unclear => None,
        },
        Rule::Other(other) => other.refusal(value).map(|refusal| trail.place(refusal)),
        _ => None,
    };
    Some(below.unwrap_or_else(|| trail.place(leaf(rule, value))))
}

fn of_properties(properties: &Properties, value: &Value, trail: &Trail) -> Option<Refusal> {
    let map = value.as_object()?;
    let named = properties.named.iter().find_map(|(name, shape)| {
        let trail = trail.within(Some(name), &["properties", name]);
        explain(shape, map.get(&**name)?, &trail)
    });
    if named.is_some() {
        return named;
    }
    for (name, value) in map {
        let mut foreseen = properties.named(name).is_some();
        for (pattern, shape) in &properties.patterns {
            if pattern.verdict(name) == Verdict::Accepted {
                foreseen = true;
                let trail = trail.within(Some(name), &["patternProperties", &pattern.text]);
                if let Some(refusal) = explain(shape, value, &trail) {
                    return Some(refusal);
                }
            }
        }
        match &properties.rest {
            Some(rest) if !foreseen && rest.is_never() => {
                let message = format!("property `{}` is not listed", shown_text(name));
                let object = Value::Object(serde_json::Map::new());
                return Some(trail.place(refusal("additionalProperties", message, &object, None)));
            }
            Some(rest) if !foreseen => {
                let trail = trail.within(Some(name), &["additionalProperties"]);
                if let Some(refusal) = explain(rest, value, &trail) {
                    return Some(refusal);
                }
            }
            Some(_) | None => {}
        }
    }
    None
}

/// Explains a rule that stands for itself.
pub(super) fn leaf(rule: &Rule, value: &Value) -> Refusal {
    let shown_value = shown(value);
    let shown_value = shown_value.as_str();
    if rule.verdict(value) == Verdict::Unclear {
        let limit = limits::MATCHED;
        let message = format!("the text is longer than the {limit} bytes that a pattern reads");
        return refusal(rule.keyword(), message, value, Some(limit.to_string()));
    }
    let limit = rule.limit();
    let bound = match (rule, &limit) {
        (Rule::Enum(options), _) => {
            let some: Vec<_> = options.values.iter().take(5).map(shown).collect();
            let more = if options.values.len() > 5 {
                ", …"
            } else {
                ""
            };
            Some(some.join(", ") + more)
        }
        (Rule::Type(types), _) => Some(types.names().collect::<Vec<_>>().join(" or ")),
        (Rule::In(lists), _) => {
            let names: Vec<_> = lists.iter().map(|list| list.name.as_str()).collect();
            Some(format!("`{}`", names.join("`, `")))
        }
        (Rule::Required(names), _) => {
            missing(names, value).map(|name| format!("`{}`", shown_text(name)))
        }
        (Rule::DependentRequired(entries), _) => {
            let asked = |name: &str| value.as_object().is_some_and(|map| map.contains_key(name));
            let mut asked = entries.iter().filter(|(name, _)| asked(name));
            let lacking = asked.find_map(|(_, names)| missing(names, value));
            lacking.map(|name| format!("`{}`", shown_text(name)))
        }
        (Rule::Format(format, _), _) => Some(format.as_str().to_owned()),
        (_, Some(limit)) => Some(shown(limit)),
        (_, None) => None,
    };
    let b = bound.as_deref().unwrap_or_default();
    let v = shown_value;
    let message = match rule {
        Rule::Never => "no value is accepted here".to_owned(),
        Rule::Type(_) => format!("{v} is not of type {b}"),
        Rule::Const(_) => format!("{v} is not {b}"),
        Rule::Enum(_) => format!("{v} is none of {b}"),
        Rule::Empty(true) => format!("{v} is not empty"),
        Rule::Empty(false) => format!("{v} is empty"),
        Rule::Minimum(_) => format!("{v} is below {b}"),
        Rule::Maximum(_) => format!("{v} is above {b}"),
        Rule::ExclusiveMinimum(_) => format!("{v} is not above {b}"),
        Rule::ExclusiveMaximum(_) => format!("{v} is not below {b}"),
        Rule::MultipleOf(_) => format!("{v} is no multiple of {b}"),
        Rule::MinLength(_) => format!("the text is shorter than {b} characters"),
        Rule::MaxLength(_) => format!("the text is longer than {b} characters"),
        Rule::MinItems(_) => format!("the list has fewer than {b} entries"),
        Rule::MaxItems(_) => format!("the list has more than {b} entries"),
        Rule::MinProperties(_) => format!("the object has fewer than {b} properties"),
        Rule::MaxProperties(_) => format!("the object has more than {b} properties"),
        Rule::Required(_) | Rule::DependentRequired(_) => format!("property {b} is missing"),
        Rule::In(_) => format!("{v} is not in list {b}"),
        Rule::Pattern(_) => format!("{v} does not match {b}"),
        Rule::Format(..) => format!("{v} is no valid {b}"),
        Rule::UniqueItems => "the list has an entry twice".to_owned(),
        Rule::PropertyNames(_) => "the name of a property is not allowed".to_owned(),
        Rule::Contains(contains) => {
            let fits = |value: &&Value| contains.shape.verdict(value) == Verdict::Accepted;
            let found = value
                .as_array()
                .map_or(0, |list| list.iter().filter(fits).count());
            if u64::try_from(found).is_ok_and(|found| found < contains.least) {
                "the list has no entry of the kind that it must have".to_owned()
            } else {
                "the list has too many entries of one kind".to_owned()
            }
        }
        Rule::AnyOf(_) => format!("{v} fits none of the alternatives"),
        Rule::OneOf(shapes) => {
            let fits = |shape: &Shape| shape.verdict(value) == Verdict::Accepted;
            if shapes.iter().any(fits) {
                format!("{v} fits more than one alternative")
            } else {
                format!("{v} fits none of the alternatives")
            }
        }
        Rule::Not(_) => format!("{v} is excluded"),
        Rule::Properties(_)
        | Rule::Items(_)
        | Rule::DependentSchemas(_)
        | Rule::Use(_)
        | Rule::Reference(_)
        | Rule::AllOf(_)
        | Rule::If(_)
        | Rule::Other(_) => format!("{v} could not be checked"),
    };
    refusal(rule.keyword(), message, value, bound)
}
