//! Loops over lists, maps and optionals.

use super::{Computed, Run, fail, made};
use crate::condition::Failure;
use crate::condition::expression::{Loop, LoopKind};
use crate::condition::value::{Entries, Items, Value};

/// What a loop runs over.
enum Over<'a> {
    Items(Items<'a>),
    Keys(Vec<Value<'a>>, Entries<'a>),
}

impl<'a> Over<'a> {
    fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Keys(keys, _) => keys.len(),
        }
    }

    /// The index or key, and the element or value.
    fn get(&self, at: usize) -> Option<(Value<'a>, Value<'a>)> {
        match self {
            Self::Items(items) => {
                let index = i64::try_from(at).ok()?;
                Some((Value::int(index), items.get(at)?))
            }
            Self::Keys(keys, entries) => {
                let key = keys.get(at)?;
                Some((key.clone(), entries.find(key)?))
            }
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn looped(&mut self, looped: &'a Loop) -> Computed<'a> {
        let over = match (looped.kind, self.value(&looped.over)?) {
            (LoopKind::Optional | LoopKind::OptionalFlat, Value::Optional(value)) => {
                return self.optional(looped, value.as_deref());
            }
            (LoopKind::Optional | LoopKind::OptionalFlat, other) => {
                return fail(format!("`optMap()` does not take {}", other.name()));
            }
            (_, Value::Items(items)) => Over::Items(items),
            (_, Value::Entries(entries)) => Over::Keys(entries.keys(), entries),
            (_, other) => return fail(format!("a loop does not take {}", other.name())),
        };
        let mut values = Vec::new();
        let mut entries = Vec::new();
        let mut failure = None;
        let mut hits = 0_usize;
        for (key, value) in (0..over.len()).filter_map(|at| over.get(at)) {
            // Of a map, one variable is the key.
            let one = match over {
                Over::Items(_) => &value,
                Over::Keys(..) => &key,
            };
            let depth = self.locals.len();
            if looped.pairs {
                self.locals.push(key.clone());
                self.locals.push(value.clone());
            } else {
                self.locals.push(one.clone());
            }
            let result = self.round(looped);
            self.locals.truncate(depth);
            match (looped.kind, result) {
                (LoopKind::All, Ok(Some(Value::Bool(false)))) => return Ok(Value::Bool(false)),
                (LoopKind::Exists, Ok(Some(Value::Bool(true)))) => return Ok(Value::Bool(true)),
                (LoopKind::All | LoopKind::Exists, Ok(_)) => {}
                // An element that decides alone may still follow.
                (LoopKind::All | LoopKind::Exists, Err(error)) => {
                    self.charge(1)?;
                    failure = failure.or(Some(error));
                }
                (_, Err(error)) => return Err(error),
                (_, Ok(None)) => {}
                (LoopKind::ExistsOne, Ok(Some(hit))) => {
                    hits += usize::from(matches!(hit, Value::Bool(true)));
                }
                (LoopKind::Filter, Ok(Some(Value::Bool(true)))) => {
                    made::push(&mut values, one.clone())?;
                }
                (LoopKind::Filter, Ok(Some(_))) => {}
                (LoopKind::MapValues, Ok(Some(value))) => made::push(&mut entries, (key, value))?,
                (LoopKind::Map | LoopKind::Optional | LoopKind::OptionalFlat, Ok(Some(value))) => {
                    made::push(&mut values, value)?;
                }
            }
        }
        match (failure, looped.kind) {
            (Some(failure), _) => Err(failure),
            (None, LoopKind::All) => Ok(Value::Bool(true)),
            (None, LoopKind::Exists) => Ok(Value::Bool(false)),
            (None, LoopKind::ExistsOne) => Ok(Value::Bool(hits == 1)),
            (None, LoopKind::MapValues) => made::map(entries),
            (None, _) => Ok(Value::list(values)),
        }
    }

    /// The body of a loop for the newest locals; None when a filter leaves the element out.
    fn round(&mut self, looped: &'a Loop) -> Result<Option<Value<'a>>, Failure> {
        if let Some(filter) = &looped.filter
            && !self.bool(filter)?
        {
            return Ok(None);
        }
        match looped.kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne | LoopKind::Filter => self
                .bool(&looped.body)
                .map(|value| Some(Value::Bool(value))),
            LoopKind::Map | LoopKind::MapValues | LoopKind::Optional | LoopKind::OptionalFlat => {
                self.value(&looped.body).map(Some)
            }
        }
    }

    fn optional(&mut self, looped: &'a Loop, value: Option<&Value<'a>>) -> Computed<'a> {
        let Some(value) = value else {
            return Ok(Value::Optional(None));
        };
        self.locals.push(value.clone());
        let result = self.value(&looped.body);
        self.locals.pop();
        match (looped.kind, result?) {
            (LoopKind::OptionalFlat, value @ Value::Optional(_)) => Ok(value),
            (LoopKind::OptionalFlat, other) => fail(format!(
                "`optFlatMap()` makes an optional, not {}",
                other.name()
            )),
            (_, value) => Ok(Value::optional(Some(value))),
        }
    }
}
