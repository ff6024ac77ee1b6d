//! Types of values of which one of two, or both of two, descriptions hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Declared, Field, Kind, Shape, Type};

impl Type {
    /// The type of a value that is of one type or the other.
    pub(crate) fn join(&self, other: &Self) -> Self {
        if self.kind == Kind::Any || other.kind == Kind::Any {
            return Self::ANY;
        }
        let nullable =
            self.nullable || other.nullable || self.kind == Kind::Null || other.kind == Kind::Null;
        let kind = match (self.kind, other.kind) {
            (a, b) if a == b => a,
            (Kind::Null, kind) | (kind, Kind::Null) => kind,
            _ => return Self::ANY,
        };
        let nulls = |one: &Self| one.kind == Kind::Null && kind != Kind::Null;
        if nulls(self) || nulls(other) {
            let one = if nulls(self) { other } else { self };
            return Self {
                nullable,
                ..one.clone()
            };
        }
        let values = match (&self.values, &other.values) {
            (Some(a), Some(b)) => Some(a.iter().chain(&**b).cloned().collect()),
            _ => None,
        };
        let inner = match (&self.inner, &other.inner) {
            (Some(a), Some(b)) => Some(Arc::new(a.join(b))),
            // An empty list holds nothing that another could not hold.
            (_, b) if self.most == Some(0) => b.clone(),
            (a, _) if other.most == Some(0) => a.clone(),
            _ => None,
        };
        let shape = match (&self.shape, &other.shape) {
            (Some(a), Some(b)) => Some(Arc::new(a.join(b))),
            _ => None,
        };
        Self {
            kind,
            nullable: nullable && kind != Kind::Null,
            most: self.most.zip(other.most).map(|(a, b)| a.max(b)),
            values,
            inner: inner.filter(|inner| **inner != Self::ANY),
            shape,
        }
    }

    /// The type of a value of which both descriptions hold; the first where they contradict.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        if self.kind == Kind::Any {
            return Self {
                values: self.values.clone().or_else(|| other.values.clone()),
                ..other.clone()
            };
        }
        if self.kind != other.kind {
            return self.clone();
        }
        let most = match (self.most, other.most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let both = |a: &Arc<Self>, b: &Arc<Self>| Arc::new(a.meet(b));
        Self {
            kind: self.kind,
            nullable: self.nullable && other.nullable,
            most,
            values: self.values.clone().or_else(|| other.values.clone()),
            inner: match (&self.inner, &other.inner) {
                (Some(a), Some(b)) => Some(both(a, b)),
                (a, b) => a.clone().or_else(|| b.clone()),
            },
            shape: match (&self.shape, &other.shape) {
                (Some(a), Some(b)) => Some(Arc::new(a.meet(b))),
                (a, b) => a.clone().or_else(|| b.clone()),
            },
        }
    }
}

impl Shape {
    /// The properties of a value that has one shape or the other.
    pub(crate) fn join(&self, other: &Self) -> Self {
        let mut fields = BTreeMap::new();
        for (name, field) in self.fields.iter().chain(&other.fields) {
            let field = match (self.fields.get(name), other.fields.get(name)) {
                (Some(a), Some(b)) => Field {
                    value: a.value.join(&b.value),
                    optional: a.optional || b.optional,
                },
                // Where the other is closed it is absent; where it is open it may be anything.
                (a, _) => {
                    let closed = if a.is_some() {
                        other.closed
                    } else {
                        self.closed
                    };
                    let value = if closed {
                        field.value.clone()
                    } else {
                        Type::ANY
                    };
                    Field {
                        value,
                        optional: true,
                    }
                }
            };
            fields.insert(name.clone(), field);
        }
        Self {
            fields,
            closed: self.closed && other.closed,
        }
    }

    /// The properties of a value that has both shapes.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        let mut fields = BTreeMap::new();
        for (name, field) in self.fields.iter().chain(&other.fields) {
            let field = match (self.fields.get(name), other.fields.get(name)) {
                (Some(a), Some(b)) => Field {
                    value: a.value.meet(&b.value),
                    optional: a.optional && b.optional,
                },
                (None, _) if self.closed => continue,
                (_, None) if other.closed => continue,
                _ => field.clone(),
            };
            fields.insert(name.clone(), field);
        }
        Self {
            fields,
            closed: self.closed || other.closed,
        }
    }
}

impl Declared {
    /// What is known when a call keeps the contract of its tool and a rule accepts its arguments.
    pub(crate) fn within(self, contract: &Shape) -> Self {
        Self {
            shape: Arc::new(self.shape.meet(contract)),
            ..self
        }
    }
}
