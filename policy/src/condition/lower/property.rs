//! Checks properties: `a.b`, `a.?b`, `a['b']` and `has(a.b)`.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SelectExpr};

use super::{Code, Kind, Lowered, Lowering, Problem};
use crate::condition::environment::Variable;
use crate::condition::expression::Expression;
use crate::condition::types::{self, Property, Type};
use crate::suggest;

impl Lowering<'_> {
    pub(super) fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Lowered {
        let field = select.field.clone();
        if select.test {
            let (operand, _) = self.property(node, &select.operand, &field, false)?;
            return Ok((Expression::Has(operand, field), Type::BOOL));
        }
        if let Some(name) = qualified(select).as_deref().and_then(types::name) {
            return Ok(Self::type_name(name));
        }
        let (operand, value) = self.property(node, &select.operand, &field, true)?;
        Ok((Expression::Select(operand, field), value))
    }

    /// The operand of a property, with what is known of the property; `read` unless it is only asked
    /// whether it is there.
    pub(super) fn property(
        &mut self,
        node: &IdedExpr,
        operand: &IdedExpr,
        field: &str,
        read: bool,
    ) -> Result<(Box<Expression>, Type), Problem> {
        let (expression, of) = match &operand.expr {
            Expr::Ident(name) if self.local(name).is_none() => match Variable::parse(name) {
                Some(Variable::Args | Variable::Context) | None => self.boxed(operand)?,
                Some(variable) => {
                    let value = self.variable(node, variable, field)?;
                    return Ok((Box::new(Expression::Variable(variable)), value));
                }
            },
            Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Select(_)
            | Expr::Call(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => self.boxed(operand)?,
        };
        self.expect(operand, &of, &[Kind::Entries, Kind::Optional], "a property")?;
        match of.property(field) {
            Property::Known(value, optional) => {
                if optional && read {
                    self.unchecked(node, operand, field);
                }
                Ok((expression, value))
            }
            Property::Unknown(known) => {
                let known = known.iter().map(String::as_str);
                let help = suggest::did_you_mean(field, known);
                let top = matches!(&operand.expr, Expr::Ident(name) if name == "args");
                let (code, message) = if top {
                    let message = format!("`arguments` of this rule has no `{field}`");
                    (Code::UnknownArgument, message)
                } else {
                    let (start, end) = self.extent(operand);
                    let of = self.text.get(start..end).unwrap_or("it");
                    let message = format!("the schema of `{of}` has no property `{field}`");
                    (Code::UnknownProperty, message)
                };
                let help = help.unwrap_or_else(|| code.help().to_owned());
                Err(self.problem(node, code, message, help))
            }
        }
    }

    fn variable(&self, node: &IdedExpr, variable: Variable, field: &str) -> Result<Type, Problem> {
        if variable == Variable::Lists {
            if let Some(list) = self.names.lists.get(field) {
                return Ok(Type::list(types::member(list)));
            }
            let known = self.names.lists.keys().map(String::as_str);
            let help = suggest::did_you_mean(field, known)
                .unwrap_or_else(|| Code::UnknownList.help().to_owned());
            let message = format!("there is no list `{field}`");
            return Err(self.problem(node, Code::UnknownList, message, help));
        }
        let known = variable.properties().unwrap_or(&[]);
        if !known.contains(&field) {
            let help = suggest::did_you_mean(field, known.iter().copied())
                .unwrap_or_else(|| format!("it has `{}`", known.join("`, `")));
            let message = format!("there is no property `{field}` here");
            return Err(self.problem(node, Code::UnknownProperty, message, help));
        }
        Ok(match field {
            "roles" | "groups" => Type::list(Type::TEXT),
            "labels" => Type::map(Type::TEXT),
            "time" => Type::of(Kind::Time),
            _ => Type::TEXT,
        })
    }

    pub(super) fn index(
        &mut self,
        node: &IdedExpr,
        of: &IdedExpr,
        at: &IdedExpr,
        optional: bool,
    ) -> Lowered {
        // `args['amount']` is `args.amount`, so that it is checked alike.
        if let Expr::Literal(LiteralValue::String(field)) = &at.expr {
            let field = field.inner().to_owned();
            let (operand, value) = self.property(node, of, &field, !optional)?;
            return Ok(if optional {
                (Expression::OptionalSelect(operand, field), wrapped(value))
            } else {
                (Expression::Select(operand, field), value)
            });
        }
        let (container, of_value) = self.boxed(of)?;
        let takes = [Kind::Items, Kind::Entries, Kind::Optional];
        self.expect(of, &of_value, &takes, "`[]`")?;
        let (index, value) = self.boxed(at)?;
        let wanted: &[Kind] = match of_value.kind {
            Kind::Items => &[Kind::Number],
            // Keys of JSON are texts; a map that a condition makes has others as well.
            Kind::Entries if of_value.shape.is_some() => &[Kind::Text],
            Kind::Entries
            | Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Bytes
            | Kind::Time
            | Kind::Duration
            | Kind::Optional
            | Kind::Type => &[Kind::Number, Kind::Text, Kind::Bool],
        };
        self.expect(at, &value, wanted, "`[]`")?;
        let found = if of_value.kind == Kind::Optional {
            wrapped(of_value.inner().inner())
        } else {
            of_value.inner()
        };
        // Of an optional both are an optional, whether or not they are written with `?`.
        Ok(if optional {
            (Expression::OptionalIndex(container, index), wrapped(found))
        } else {
            (Expression::Index(container, index), found)
        })
    }

    pub(super) fn optional_select(
        &mut self,
        node: &IdedExpr,
        of: &IdedExpr,
        field: &IdedExpr,
    ) -> Lowered {
        let Expr::Literal(LiteralValue::String(field)) = &field.expr else {
            return Err(self.unsupported(node, "computed properties"));
        };
        let field = field.inner().to_owned();
        let (operand, value) = self.property(node, of, &field, false)?;
        Ok((Expression::OptionalSelect(operand, field), wrapped(value)))
    }
}

/// A name such as `google.protobuf.Duration`.
fn qualified(select: &SelectExpr) -> Option<String> {
    let outer = match &select.operand.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => qualified(select)?,
        Expr::Literal(_)
        | Expr::Call(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => return None,
    };
    Some(format!("{outer}.{}", select.field))
}

/// The optional of a value; an optional stays what it is.
fn wrapped(value: Type) -> Type {
    if value.kind == Kind::Optional {
        return value;
    }
    Type::optional(value)
}
