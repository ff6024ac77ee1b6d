//! Checks loops: `all`, `exists`, `exists_one`, `filter` and `map`, those with two variables, and
//! `optMap` of an optional.

use cel::common::ast::{Expr, IdedExpr};

use super::{Code, Kind, Lowered, Lowering, Problem};
use crate::condition::expression::{Expression, Loop, LoopKind};
use crate::condition::limits;
use crate::condition::types::Type;

/// The parts of a loop as they are written.
pub(in crate::condition) struct Written<'a> {
    pub(in crate::condition) kind: LoopKind,
    pub(in crate::condition) over: &'a IdedExpr,
    /// One, or two of which the first is the index or key.
    pub(in crate::condition) variables: Vec<&'a str>,
    filter: Option<&'a IdedExpr>,
    pub(in crate::condition) body: &'a IdedExpr,
}

impl<'a> Written<'a> {
    /// Reads the arguments of a loop by their number; None when they are not those of a loop.
    pub(in crate::condition) fn read(
        name: &str,
        over: &'a IdedExpr,
        args: &'a [IdedExpr],
    ) -> Option<Self> {
        use LoopKind::{All, Exists, ExistsOne, Map, MapValues};
        let kind = LoopKind::parse(name)?;
        let pairs = name.starts_with("transform");
        let (variables, filter, body) = match (kind, pairs, args) {
            (Map, false, [x, filter, body]) => (vec![x], Some(filter), body),
            (Map | MapValues, true, [i, x, filter, body]) => (vec![i, x], Some(filter), body),
            (Map | MapValues, true, [i, x, body]) | (All | Exists | ExistsOne, _, [i, x, body]) => {
                (vec![i, x], None, body)
            }
            (_, false, [x, body]) => (vec![x], None, body),
            _ => return None,
        };
        Some(Self {
            kind,
            over,
            variables: variables.into_iter().map(variable).collect::<Option<_>>()?,
            filter,
            body,
        })
    }
}

fn variable(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Ident(name) => Some(name),
        Expr::Literal(_)
        | Expr::Select(_)
        | Expr::Call(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => None,
    }
}

impl Lowering<'_> {
    pub(super) fn looped(
        &mut self,
        node: &IdedExpr,
        name: &str,
        over: &IdedExpr,
        args: &[IdedExpr],
    ) -> Lowered {
        let Some(written) = Written::read(name, over, args) else {
            return Err(self.no_loop(node, name, args));
        };
        let Written {
            kind,
            ref variables,
            filter,
            body,
            ..
        } = written;
        let optional = matches!(kind, LoopKind::Optional | LoopKind::OptionalFlat);
        let (over_value, of) = self.expression(over)?;
        if optional {
            self.expect(over, &of, &[Kind::Optional], &format!("`{name}()`"))?;
        } else {
            self.expect(over, &of, &[Kind::Items, Kind::Entries], "a loop")?;
            if self.loops == limits::LOOPS {
                let message = format!("loops are nested deeper than {}", limits::LOOPS);
                let help = Code::ConditionTooLarge.help().to_owned();
                return Err(self.problem(node, Code::ConditionTooLarge, message, help));
            }
        }
        let (locals, loops) = (self.locals.len(), self.loops);
        let pairs = variables.len() == 2;
        let types = if pairs {
            vec![of.key(), of.inner()]
        } else {
            vec![of.element()]
        };
        for (name, of) in variables.iter().zip(&types) {
            self.locals.push(((*name).to_owned(), of.clone()));
        }
        self.loops += usize::from(!optional);
        let lowered = self.round(filter, body);
        self.locals.truncate(locals);
        self.loops = loops;
        let (filter_value, (body_value, gives)) = lowered?;
        if let (Some(node), Some((_, of))) = (filter, &filter_value) {
            self.expect(
                node,
                of,
                &[Kind::Bool],
                &format!("the filter of `{name}()`"),
            )?;
        }
        let result = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne | LoopKind::Filter => {
                self.expect(body, &gives, &[Kind::Bool], &format!("`{name}()`"))?;
                if kind == LoopKind::Filter {
                    Type::list(of.element())
                } else {
                    Type::BOOL
                }
            }
            LoopKind::Map => Type::list(gives),
            LoopKind::MapValues if of.key() == Type::TEXT => Type::map(gives),
            LoopKind::MapValues => Type::of(Kind::Entries),
            LoopKind::Optional => Type::optional(gives),
            LoopKind::OptionalFlat => {
                self.expect(body, &gives, &[Kind::Optional], &format!("`{name}()`"))?;
                gives
            }
        };
        let most = (result.kind != Kind::Bool && !optional).then_some(of.most);
        let result = Type {
            most: most.unwrap_or(result.most),
            ..result
        };
        let looped = Loop {
            kind,
            over: over_value,
            body: body_value,
            filter: filter_value.map(|(filter, _)| filter),
            pairs,
        };
        Ok((Expression::Loop(Box::new(looped)), result))
    }

    /// Says what is wrong with the arguments of a loop.
    fn no_loop(&self, node: &IdedExpr, name: &str, args: &[IdedExpr]) -> Problem {
        let pairs = name.starts_with("transform");
        let most = if pairs { 2 } else { 1 };
        let unnamed = args
            .iter()
            .take(most)
            .find(|argument| variable(argument).is_none());
        if let Some(argument) = unnamed {
            let message = format!("the first argument of `{name}()` names a variable");
            return self.problem(argument, Code::ConditionSyntax, message, String::new());
        }
        let takes = if pairs { "two variables" } else { "a variable" };
        let message = format!("`{name}()` takes {takes} and an expression");
        self.problem(node, Code::UnknownFunction, message, String::new())
    }

    /// What is computed for each element; what its filter says of it holds for the body.
    #[expect(
        clippy::type_complexity,
        reason = "a filter and a body as they are lowered"
    )]
    fn round(
        &mut self,
        filter: Option<&IdedExpr>,
        body: &IdedExpr,
    ) -> Result<(Option<(Expression, Type)>, (Expression, Type)), Problem> {
        let facts = filter.map_or_else(Vec::new, |filter| self.facts(filter, true));
        let filter = filter.map(|node| self.expression(node)).transpose()?;
        let body = self.given(facts, |this| this.expression(body))?;
        Ok((filter, body))
    }
}
