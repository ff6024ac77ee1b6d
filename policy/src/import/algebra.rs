//! Conditions as alternatives of constraints on arguments and CEL texts: what one rule can say.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Beyond this many alternatives nobody reads the result.
const MOST: usize = 24;

/// What is asked of one argument.
///
/// INVARIANT: the schema accepts null exactly when the argument may be absent, so that absent and
/// null are one, as in the systems that are imported.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constraint {
    pub(super) schema: Value,
    pub(super) absent: bool,
}

/// Constraints that all hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Alternative {
    pub(super) arguments: BTreeMap<String, Constraint>,
    pub(super) when: Vec<String>,
}

/// Alternatives of which one holds; none: never.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Either(pub(super) Vec<Alternative>);

/// More alternatives than anyone would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it would take more than {MOST} rules to say the same")]
pub(super) struct TooMany;

impl Either {
    pub(super) const fn never() -> Self {
        Self(Vec::new())
    }

    pub(super) fn always() -> Self {
        Self(vec![Alternative::default()])
    }

    /// One condition in CEL.
    pub(super) fn when(text: String) -> Self {
        Self(vec![Alternative {
            when: vec![text],
            ..Alternative::default()
        }])
    }

    /// A constraint on an argument, or on a property below one.
    pub(super) fn argument(path: &[String], schema: Value, absent: bool) -> Self {
        let Some((name, below)) = path.split_first() else {
            return Self::never();
        };
        let schema = below
            .iter()
            .rev()
            .fold(schema, |schema, step| nested(step, schema, absent));
        let arguments = BTreeMap::from([(name.clone(), Constraint { schema, absent })]);
        Self(vec![Alternative {
            arguments,
            when: Vec::new(),
        }])
    }

    pub(super) fn or(mut self, other: Self) -> Self {
        for alternative in other.0 {
            if !self.0.contains(&alternative) {
                self.0.push(alternative);
            }
        }
        self
    }

    pub(super) fn and(&self, other: &Self) -> Result<Self, TooMany> {
        let mut both = Self::never();
        for a in &self.0 {
            for b in &other.0 {
                both = both.or(Self(vec![a.and(b)]));
                if both.0.len() > MOST {
                    return Err(TooMany);
                }
            }
        }
        Ok(both)
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.is_empty()
    }
}

/// A property that must be there, or whose absence is as good.
fn nested(step: &str, schema: Value, absent: bool) -> Value {
    let mut properties = serde_json::Map::new();
    properties.insert(step.to_owned(), schema);
    if absent {
        json!({ "properties": properties })
    } else {
        json!({ "type": "object", "required": [step], "properties": properties })
    }
}

impl Alternative {
    fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (name, constraint) in &other.arguments {
            match both.arguments.get_mut(name) {
                None => {
                    both.arguments.insert(name.clone(), constraint.clone());
                }
                Some(mine) => mine.and(constraint),
            }
        }
        let new = other.when.iter().filter(|text| !self.when.contains(text));
        both.when.extend(new.cloned());
        both
    }
}

impl Constraint {
    fn and(&mut self, other: &Self) {
        self.absent &= other.absent;
        if self.schema == other.schema {
            return;
        }
        let mut all = Vec::new();
        for schema in [&self.schema, &other.schema] {
            match schema.get("allOf").and_then(Value::as_array) {
                Some(parts) => all.extend(parts.iter().cloned()),
                None => all.push(schema.clone()),
            }
        }
        all.dedup();
        self.schema = json!({ "allOf": all });
    }
}

/// The schema of what another does not accept.
pub(super) fn not(schema: Value) -> Value {
    match schema.as_object() {
        Some(map) if map.len() == 1 && map.contains_key("not") => map["not"].clone(),
        _ => json!({ "not": schema }),
    }
}

/// The schema of what one of several accepts.
pub(super) fn any_of(schemas: Vec<Value>) -> Value {
    let part = |schema: Value| match schema.get("anyOf").and_then(Value::as_array) {
        Some(parts) => parts.clone(),
        None if schema == json!(false) => Vec::new(),
        None => vec![schema],
    };
    let mut schemas: Vec<_> = schemas.into_iter().flat_map(part).collect();
    match (schemas.pop(), schemas.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            schemas.push(last);
            json!({ "anyOf": schemas })
        }
        (None, _) => json!(false),
    }
}
