//! Checks `==`, `!=` and `in`: kinds that never meet are mistakes, and so are values that a schema
//! rules out.

use std::cmp::Ordering;

use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use serde_json::Value as Json;

use super::{Code, Kind, Lowered, Lowering, Problem};
use crate::condition::expression::Expression;
use crate::condition::number::Number;
use crate::condition::types::Type;
use crate::suggest;

impl Lowering<'_> {
    /// The sides of `==` or `!=`.
    pub(super) fn equal(
        &mut self,
        node: &IdedExpr,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Result<(Box<Expression>, Box<Expression>), Problem> {
        let ((left, one), (right, other)) = (self.boxed(a)?, self.boxed(b)?);
        if one.may_equal(&other) {
            self.possible(a, &one, b);
            self.possible(b, &other, a);
        } else if one.kind == Kind::Null || other.kind == Kind::Null {
            // A check that guards against what a schema rules out already: no mistake, and no use.
            let value = if one.kind == Kind::Null { &other } else { &one };
            let message = format!("{} is never null here", value.name());
            self.never(node, message, None);
        } else {
            return Err(self.apart(node, &one, &other, "equal"));
        }
        Ok((left, right))
    }

    /// `a in b`.
    pub(super) fn member(&mut self, node: &IdedExpr, a: &IdedExpr, b: &IdedExpr) -> Lowered {
        let (value, one) = self.boxed(a)?;
        let (items, other) = self.boxed(b)?;
        self.expect(b, &other, &[Kind::Items, Kind::Entries], "`in`")?;
        if other.kind == Kind::Entries {
            let keys: &[Kind] = if other.shape.is_some() {
                &[Kind::Text]
            } else {
                &[Kind::Text, Kind::Number, Kind::Bool]
            };
            self.expect(a, &one, keys, "`in` of a map")?;
        } else if other.kind == Kind::Items {
            let element = other.inner();
            if !one.may_equal(&element) {
                let message = format!(
                    "{} is never in a list whose elements are each {}",
                    one.name(),
                    element.name()
                );
                let help = "convert it, or correct the list".to_owned();
                return Err(self.problem_of(node, Code::ConditionType, message, help));
            }
            self.possible(b, &element, a);
            if let Expr::List(list) = &b.expr {
                for element in &list.elements {
                    self.possible(a, &one, element);
                }
            }
        }
        Ok((Expression::In(value, items), Type::BOOL))
    }

    /// Warns when a literal is none of the values that the other side may have.
    fn possible(&mut self, other: &IdedExpr, value: &Type, literal: &IdedExpr) {
        let (Some(only), Some(wanted)) = (&value.values, json(literal)) else {
            return;
        };
        if wanted.is_null() && value.nullable || only.iter().any(|one| same(one, &wanted)) {
            return;
        }
        let (start, end) = self.extent(other);
        let shown: Vec<_> = only.iter().take(8).map(|one| format!("`{one}`")).collect();
        let more = if only.len() > shown.len() {
            ", …"
        } else {
            ""
        };
        let message = format!(
            "`{}` is never `{wanted}`: it is one of {}{more}",
            self.text.get(start..end).unwrap_or("it"),
            shown.join(", "),
        );
        let near = wanted
            .as_str()
            .and_then(|text| suggest::did_you_mean(text, only.iter().filter_map(Json::as_str)));
        self.never(literal, message, near);
    }

    fn never(&mut self, node: &IdedExpr, message: String, help: Option<String>) {
        let help = help.unwrap_or_else(|| Code::ConditionNever.help().to_owned());
        let warning = self.warning(node, Code::ConditionNever, message, help);
        self.warnings.push(warning);
    }
}

/// The value of a literal.
fn json(node: &IdedExpr) -> Option<Json> {
    let Expr::Literal(literal) = &node.expr else {
        return None;
    };
    Some(match literal {
        LiteralValue::Null => Json::Null,
        LiteralValue::Boolean(value) => Json::Bool(*value.inner()),
        LiteralValue::Int(value) => Json::from(*value.inner()),
        LiteralValue::UInt(value) => Json::from(*value.inner()),
        LiteralValue::Double(value) => Json::from(*value.inner()),
        LiteralValue::String(value) => Json::from(value.inner()),
        LiteralValue::Bytes(_) => return None,
    })
}

/// Equality as conditions see it: numbers by value.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            Number::of_json(a).order(Number::of_json(b)) == Some(Ordering::Equal)
        }
        _ => a == b,
    }
}
