//! Checks loops: `all`, `exists`, `exists_one`, `filter` and `map`.

use cel::common::ast::{Expr, IdedExpr};

use super::{Code, Kind, Lowered, Lowering};
use crate::condition::expression::{Expression, Loop, LoopKind};
use crate::condition::limits;
use crate::condition::types::Type;

impl Lowering<'_> {
    pub(super) fn looped(
        &mut self,
        node: &IdedExpr,
        (name, kind): (&str, LoopKind),
        over: &IdedExpr,
        variable: &IdedExpr,
        rest: &[IdedExpr],
    ) -> Lowered {
        let Expr::Ident(local) = &variable.expr else {
            let message = format!("the first argument of `{name}()` names a variable");
            return Err(self.problem(variable, Code::ConditionSyntax, message, String::new()));
        };
        let (filter, body) = match (kind, rest) {
            (_, [body]) => (None, body),
            (LoopKind::Map, [filter, body]) => (Some(filter), body),
            _ => {
                let message = format!("`{name}()` takes a variable and an expression");
                return Err(self.problem(node, Code::UnknownFunction, message, String::new()));
            }
        };
        let (over_value, of) = self.expression(over)?;
        self.expect(over, &of, &[Kind::Items, Kind::Entries], "a loop")?;
        if self.locals.len() == limits::LOOPS {
            let message = format!("loops are nested deeper than {}", limits::LOOPS);
            let help = Code::ConditionTooLarge.help().to_owned();
            return Err(self.problem(node, Code::ConditionTooLarge, message, help));
        }
        let element = of.element();
        self.locals.push((local.clone(), element.clone()));
        let lowered = self.round(filter, body);
        self.locals.pop();
        let (filter_value, (body_value, gives)) = lowered?;
        if let (Some(node), Some((_, of))) = (filter, &filter_value) {
            self.expect(node, of, &[Kind::Bool], "the filter of `map()`")?;
        }
        let result = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Type::BOOL,
            LoopKind::Filter => Type {
                most: of.most,
                ..Type::list(element)
            },
            LoopKind::Map => Type {
                most: of.most,
                ..Type::list(gives.clone())
            },
        };
        if kind != LoopKind::Map {
            self.expect(body, &gives, &[Kind::Bool], &format!("`{name}()`"))?;
        }
        let looped = Loop {
            kind,
            over: over_value,
            body: body_value,
            filter: filter_value.map(|(filter, _)| filter),
        };
        Ok((Expression::Loop(Box::new(looped)), result))
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
    ) -> Result<(Option<(Expression, Type)>, (Expression, Type)), super::Problem> {
        let facts = filter.map_or_else(Vec::new, |filter| self.facts(filter, true));
        let filter = filter.map(|node| self.expression(node)).transpose()?;
        let body = self.given(facts, |this| this.expression(body))?;
        Ok((filter, body))
    }
}
