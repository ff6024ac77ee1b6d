//! What a condition of the SDK means: `field operator value`, evaluated as its
//! `evaluate_legacy_condition` does.

mod number;
mod place;
mod python;
mod window;

use serde_json::{Value, json};

use super::regex;
use super::text::{self, Texts};
use crate::import::algebra::{Either, any_of, not};
use place::Place;
pub(in crate::import) use place::literal;

/// A condition as read.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) field: String,
    pub(super) operator: String,
    /// None: a value of a kind that JSON does not have.
    pub(super) value: Option<Value>,
}

/// A condition with its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meaning {
    place: Place,
    accepts: Accepts,
}

/// The values for which a condition holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Accepts {
    negated: bool,
    texts: Texts,
    /// A list that holds one of these.
    items: Vec<Value>,
    /// One of these; null stands for absent too.
    values: Vec<Value>,
    /// Anything else.
    schemas: Vec<Value>,
    /// A text that Python reads as a number on the right side of a bound.
    numeral: Option<number::Bound>,
    /// It does not depend on the value.
    when: Option<String>,
    /// It accepts a little more than the SDK does; then nothing is known to be refused.
    wider: bool,
}

impl Accepts {
    /// Every value that is not accepted.
    fn negate(mut self) -> Self {
        self.negated = !self.negated;
        self
    }

    fn schema(&self) -> Value {
        let mut all: Vec<_> = self
            .texts
            .patterns()
            .into_iter()
            .map(|pattern| json!({"type": "string", "pattern": pattern}))
            .collect();
        match &*self.items {
            [] => {}
            [only] => all.push(json!({"type": "array", "contains": {"const": only}})),
            items => all.push(json!({"type": "array", "contains": {"enum": items}})),
        }
        match &*self.values {
            [] => {}
            [only] => all.push(json!({ "const": only })),
            values => all.push(json!({ "enum": values })),
        }
        all.extend(self.schemas.iter().cloned());
        any_of(all)
    }

    fn is_empty(&self) -> bool {
        self.schema() == json!(false)
    }

    fn absent(&self) -> bool {
        self.values.contains(&Value::Null)
    }
}

impl Condition {
    /// Understands the condition; the error says why it has no counterpart.
    pub(super) fn meaning(&self) -> Result<Meaning, String> {
        let place = place::find(&self.field)?;
        if matches!(&*self.operator, "within_hours" | "outside_hours") {
            return self.window(place);
        }
        if place == Place::Time {
            return Err("the SDK compares its local time as text".to_owned());
        }
        let value = self.value.as_ref().ok_or_else(|| {
            let operator = &self.operator;
            format!("`{operator}` has a value that no argument can have, such as a date")
        })?;
        let accepts = self.accepts(value)?;
        if matches!(place, Place::Known { .. }) && !accepts.schemas.is_empty() {
            let (field, operator) = (&self.field, &self.operator);
            return Err(format!("`{operator}` of `{field}` has no counterpart"));
        }
        Ok(Meaning { place, accepts })
    }

    fn window(&self, place: Place) -> Result<Meaning, String> {
        if place != Place::Time {
            let field = &self.field;
            return Err(format!(
                "it reads the time from `{field}`, in formats of Python"
            ));
        }
        let inside = self.operator == "within_hours";
        let when = window::cel(self.value.as_ref(), inside)?;
        let accepts = Accepts {
            when,
            ..Accepts::default()
        };
        Ok(Meaning { place, accepts })
    }

    fn accepts(&self, value: &Value) -> Result<Accepts, String> {
        let texts = |texts| Accepts {
            texts,
            ..Accepts::default()
        };
        Ok(match &*self.operator {
            "equals" => equals(value)?,
            "not_equals" => equals(value)?.negate(),
            "in" => member(value)?,
            // Anything is in no list that is none.
            "not_in" if !value.is_array() => Accepts::default(),
            "not_in" => member(value)?.negate(),
            "contains" => contains(value)?,
            "not_contains" => lacks(value)?,
            "starts_with" => match value.as_str() {
                Some(text) => texts(Texts {
                    prefix: vec![fold(text, true)?],
                    ..Texts::default()
                }),
                None => Accepts::default(),
            },
            "ends_with" => match value.as_str() {
                Some(text) => texts(Texts {
                    suffix: vec![fold(text, false)?],
                    ..Texts::default()
                }),
                None => Accepts::default(),
            },
            "matches" => match value.as_str() {
                Some(pattern) if !regex::is_accepted(pattern) => Accepts::default(),
                Some(pattern) => {
                    let translated =
                        regex::translate(pattern).map_err(|why| pattern_error(&why))?;
                    Accepts {
                        wider: translated.wider,
                        ..texts(Texts {
                            raw: vec![translated.pattern],
                            ..Texts::default()
                        })
                    }
                }
                None => Accepts::default(),
            },
            "greater_than" => number::compared(value, true)?,
            "less_than" => number::compared(value, false)?,
            "length_greater_than" => number::longer(value)?,
            other => return Err(format!("there is no operator `{other}`")),
        })
    }
}

fn pattern_error(why: &str) -> String {
    format!("its regular expression has no counterpart: {why}")
}

fn fold(text: &str, open: bool) -> Result<String, String> {
    text::folded(text, open).map_err(|c| {
        format!("it ignores the case of `{c}`, which Python folds with all of Unicode")
    })
}

fn equals(value: &Value) -> Result<Accepts, String> {
    match value {
        Value::String(text) => Ok(Accepts {
            texts: Texts {
                exact: vec![fold(text, false)?],
                ..Texts::default()
            },
            ..Accepts::default()
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Ok(Accepts {
                values: python::equal_to(value)?,
                ..Accepts::default()
            })
        }
    }
}

fn member(value: &Value) -> Result<Accepts, String> {
    let mut all = Accepts::default();
    for item in value.as_array().into_iter().flatten() {
        let one = equals(item)?;
        all.texts.extend(one.texts);
        let new = one.values.into_iter();
        all.values.extend(new);
    }
    all.values.dedup();
    Ok(all)
}

fn contains(value: &Value) -> Result<Accepts, String> {
    let part = value.as_str().map(|text| fold(text, true)).transpose()?;
    Ok(Accepts {
        texts: Texts {
            part: part.into_iter().collect(),
            ..Texts::default()
        },
        // In a list, case counts.
        items: python::equal_to(value)?,
        ..Accepts::default()
    })
}

/// `not_contains` holds for texts and lists alone.
fn lacks(value: &Value) -> Result<Accepts, String> {
    let found = contains(value)?;
    let items = &found.items;
    let mut schemas: Vec<_> = found
        .texts
        .patterns()
        .into_iter()
        .map(|pattern| json!({"type": "string", "not": {"pattern": pattern}}))
        .collect();
    schemas.push(json!({"type": "array", "not": {"contains": {"enum": items}}}));
    Ok(Accepts {
        schemas,
        ..Accepts::default()
    })
}

impl Meaning {
    /// Joins another condition on the same place, so that either holds; None where that takes two.
    pub(super) fn or(&self, other: &Self) -> Option<Self> {
        let (a, b) = (&self.accepts, &other.accepts);
        let plain = |x: &Accepts| !x.negated && x.numeral.is_none() && x.when.is_none();
        if self.place != other.place || !plain(a) || !plain(b) {
            return None;
        }
        let mut both = self.clone();
        let accepts = &mut both.accepts;
        accepts.texts.extend(b.texts.clone());
        accepts.wider |= b.wider;
        for (mine, more) in [
            (&mut accepts.items, &b.items),
            (&mut accepts.values, &b.values),
            (&mut accepts.schemas, &b.schemas),
        ] {
            let new: Vec<_> = more.iter().filter(|value| !mine.contains(value)).collect();
            mine.extend(new.into_iter().cloned());
        }
        Some(both)
    }

    /// Tells whether it holds a little more often than in the SDK, and why.
    pub(super) fn wider(&self) -> Option<&'static str> {
        if self.accepts.numeral.is_some() {
            return Some(
                "a number written as text in a way that only Python reads, such as `1_000` or with \
                 digits beyond ASCII, counts as beyond the bound",
            );
        }
        self.accepts
            .wider
            .then_some("a word that touches a sign such as `²`, or in the midst of a pattern a letter beyond ASCII, \
             counts as a word of its own")
    }

    /// When the condition holds, or when it does not; what is uncertain is in both.
    pub(super) fn either(&self, holds: bool) -> Either {
        let accepts = &self.accepts;
        if accepts.wider && !holds {
            return Either::always();
        }
        match &self.place {
            Place::Time => match &accepts.when {
                None if holds => Either::never(),
                None => Either::always(),
                Some(text) if holds => Either::when(text.clone()),
                Some(text) => Either::when(format!("!({text})")),
            },
            Place::Known { cel, always } => known(cel, *always, accepts, holds),
            Place::Argument(path) => argument(path, accepts, holds),
        }
    }
}

fn argument(path: &[String], accepts: &Accepts, holds: bool) -> Either {
    let positive = accepts.negated != holds;
    let mut schema = accepts.schema();
    if accepts.numeral.is_some() && !positive {
        schema = any_of(vec![
            schema,
            json!({"type": "string", "pattern": number::numeral()}),
        ]);
    }
    let values = if positive && accepts.is_empty() {
        Either::never()
    } else if !positive && schema == json!(false) {
        Either::always()
    } else if positive {
        Either::argument(path, schema, accepts.absent())
    } else {
        Either::argument(path, not(schema), !accepts.absent())
    };
    match &accepts.numeral {
        None => values,
        Some(bound) => {
            let text = json!({"type": "string", "pattern": number::numeral()});
            let mut numeral = Either::argument(path, text, false);
            for alternative in &mut numeral.0 {
                alternative
                    .when
                    .push(bound.cel(&place::cel(path), positive));
            }
            values.or(numeral)
        }
    }
}

/// A property of the call that is text, or absent.
fn known(cel: &str, always: bool, accepts: &Accepts, holds: bool) -> Either {
    let positive = accepts.negated != holds;
    let patterns = accepts.texts.patterns();
    let mut tests: Vec<_> = patterns
        .iter()
        .map(|pattern| {
            let test = format!("{cel}.matches({})", place::literal(pattern));
            if always {
                test
            } else {
                format!("has({cel}) && {test}")
            }
        })
        .collect();
    if accepts.absent() && !always {
        tests.push(format!("!has({cel})"));
    }
    let test = match &*tests {
        [] if positive => return Either::never(),
        [] => return Either::always(),
        [only] => only.clone(),
        _ => format!("({})", tests.join(") || (")),
    };
    Either::when(if positive { test } else { format!("!({test})") })
}
