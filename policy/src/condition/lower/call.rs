//! Checks calls: operators, loops, and functions by name.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Kind, Lowered, Lowering, pattern};
use crate::condition::expression::{Comparison, Expression, Loop, LoopKind};
use crate::condition::functions::Function;
use crate::condition::number::Operation;
use crate::condition::{Problem, limits};
use crate::diagnostic::DiagnosticCode as Code;
use crate::glob::Glob;
use crate::suggest;

impl Lowering<'_> {
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Lowered {
        match (&*call.func_name, call.target.as_deref(), &*call.args) {
            (operators::LOGICAL_AND, None, [a, b]) => {
                let (a, b) = self.bools(a, b, "`&&`")?;
                Ok((Expression::And(a, b), Kind::Bool))
            }
            (operators::LOGICAL_OR, None, [a, b]) => {
                let (a, b) = self.bools(a, b, "`||`")?;
                Ok((Expression::Or(a, b), Kind::Bool))
            }
            (operators::LOGICAL_NOT, None, [a]) => {
                let (value, kind) = self.boxed(a)?;
                self.expect(a, kind, &[Kind::Bool], "`!`")?;
                Ok((Expression::Not(value), Kind::Bool))
            }
            (operators::NEGATE, None, [a]) => {
                let (value, kind) = self.boxed(a)?;
                self.expect(a, kind, &[Kind::Number, Kind::Duration], "`-`")?;
                Ok((Expression::Negate(value), kind))
            }
            (operators::CONDITIONAL, None, [test, yes, no]) => {
                let (condition, kind) = self.boxed(test)?;
                self.expect(test, kind, &[Kind::Bool], "`? :`")?;
                let ((yes, a), (no, b)) = (self.boxed(yes)?, self.boxed(no)?);
                let kind = if a == b { a } else { Kind::Any };
                Ok((Expression::Conditional(condition, yes, no), kind))
            }
            (operators::EQUALS, None, [a, b]) => {
                let (a, b) = (self.boxed(a)?.0, self.boxed(b)?.0);
                Ok((Expression::Equal(a, b), Kind::Bool))
            }
            (operators::NOT_EQUALS, None, [a, b]) => {
                let equal = Expression::Equal(self.boxed(a)?.0, self.boxed(b)?.0);
                Ok((Expression::Not(Box::new(equal)), Kind::Bool))
            }
            (operators::IN, None, [a, b]) => {
                let (value, _) = self.boxed(a)?;
                let (items, kind) = self.boxed(b)?;
                self.expect(b, kind, &[Kind::Items, Kind::Entries], "`in`")?;
                Ok((Expression::In(value, items), Kind::Bool))
            }
            (operators::INDEX, None, [of, at]) => self.index(node, of, at, false),
            (operators::OPT_INDEX, None, [of, at]) => self.index(node, of, at, true),
            (operators::OPT_SELECT, None, [of, field]) => self.optional_select(node, of, field),
            ("has", None, [argument]) => {
                let Expr::Select(select) = &argument.expr else {
                    let message = "`has()` asks for a property".to_owned();
                    let help = "write `has(args.name)`".to_owned();
                    return Err(self.problem(argument, Code::ConditionSyntax, message, help));
                };
                let (operand, _) = self.property(argument, &select.operand, &select.field)?;
                Ok((Expression::Has(operand, select.field.clone()), Kind::Bool))
            }
            (name, None, [a, b]) if comparison(name).is_some() => self.compare(node, name, a, b),
            (name, None, [a, b]) if calculation(name).is_some() => self.calculate(node, name, a, b),
            (name, Some(over), [variable, rest @ ..]) if LoopKind::parse(name).is_some() => {
                self.looped(node, name, over, variable, rest)
            }
            (name, target, args) => self.function(node, name, target, args),
        }
    }

    fn bools(
        &mut self,
        a: &IdedExpr,
        b: &IdedExpr,
        user: &str,
    ) -> Result<(Box<Expression>, Box<Expression>), Problem> {
        let depth = self.depth;
        let left = self.side(a, user);
        self.depth = depth;
        match (left, self.side(b, user)) {
            (Ok(left), right) => Ok((left, right?)),
            (Err(problem), Ok(_)) => Err(problem),
            (Err(problem), Err(other)) => {
                self.earlier.push(problem);
                Err(other)
            }
        }
    }

    fn side(&mut self, node: &IdedExpr, user: &str) -> Result<Box<Expression>, Problem> {
        let (value, kind) = self.boxed(node)?;
        self.expect(node, kind, &[Kind::Bool], user)?;
        Ok(value)
    }

    fn compare(&mut self, node: &IdedExpr, name: &str, a: &IdedExpr, b: &IdedExpr) -> Lowered {
        const ORDERED: [Kind; 5] = [
            Kind::Number,
            Kind::Text,
            Kind::Bool,
            Kind::Time,
            Kind::Duration,
        ];
        let ((left, one), (right, other)) = (self.boxed(a)?, self.boxed(b)?);
        self.expect(a, one, &ORDERED, "a comparison")?;
        self.expect(b, other, &ORDERED, "a comparison")?;
        self.same(node, one, other, "compared")?;
        let comparison = comparison(name).unwrap_or(Comparison::Less);
        Ok((Expression::Compare(comparison, left, right), Kind::Bool))
    }

    fn calculate(&mut self, node: &IdedExpr, name: &str, a: &IdedExpr, b: &IdedExpr) -> Lowered {
        let operation = calculation(name).unwrap_or(Operation::Add);
        let takes: &[Kind] = match operation {
            Operation::Add => &[
                Kind::Number,
                Kind::Text,
                Kind::Items,
                Kind::Time,
                Kind::Duration,
            ],
            Operation::Subtract => &[Kind::Number, Kind::Time, Kind::Duration],
            Operation::Multiply | Operation::Divide | Operation::Remainder => &[Kind::Number],
        };
        let ((left, one), (right, other)) = (self.boxed(a)?, self.boxed(b)?);
        let user = format!("`{}`", operation.sign());
        self.expect(a, one, takes, &user)?;
        self.expect(b, other, takes, &user)?;
        let timely = |kind| matches!(kind, Kind::Time | Kind::Duration);
        let kind = if timely(one) || timely(other) {
            Kind::Any
        } else {
            self.same(node, one, other, "combined")?;
            if one == Kind::Any { other } else { one }
        };
        Ok((Expression::Calculate(operation, left, right), kind))
    }

    fn same(&self, node: &IdedExpr, a: Kind, b: Kind, what: &str) -> Result<(), Problem> {
        if a.may_be(&[b]) || b == Kind::Any {
            return Ok(());
        }
        let message = format!("{} and {} cannot be {what}", a.name(), b.name());
        Err(self.problem(
            node,
            Code::ConditionType,
            message,
            "convert one of them".to_owned(),
        ))
    }

    fn index(&mut self, node: &IdedExpr, of: &IdedExpr, at: &IdedExpr, optional: bool) -> Lowered {
        // `args['amount']` is `args.amount`, so that it is checked alike.
        if let Expr::Literal(LiteralValue::String(field)) = &at.expr {
            let field = field.inner().to_owned();
            let (operand, kind) = self.property(node, of, &field)?;
            return Ok(if optional {
                (Expression::OptionalSelect(operand, field), Kind::Optional)
            } else {
                (Expression::Select(operand, field), kind)
            });
        }
        let (container, kind) = self.boxed(of)?;
        self.expect(
            of,
            kind,
            &[Kind::Items, Kind::Entries, Kind::Optional],
            "`[]`",
        )?;
        let (index, kind) = self.boxed(at)?;
        self.expect(at, kind, &[Kind::Number, Kind::Text], "`[]`")?;
        Ok(if optional {
            (Expression::OptionalIndex(container, index), Kind::Optional)
        } else {
            (Expression::Index(container, index), Kind::Any)
        })
    }

    fn optional_select(&mut self, node: &IdedExpr, of: &IdedExpr, field: &IdedExpr) -> Lowered {
        let Expr::Literal(LiteralValue::String(field)) = &field.expr else {
            return Err(self.unsupported(node, "computed properties"));
        };
        let field = field.inner().to_owned();
        let (operand, _) = self.property(node, of, &field)?;
        Ok((Expression::OptionalSelect(operand, field), Kind::Optional))
    }

    fn looped(
        &mut self,
        node: &IdedExpr,
        name: &str,
        over: &IdedExpr,
        variable: &IdedExpr,
        rest: &[IdedExpr],
    ) -> Lowered {
        let kind = LoopKind::parse(name).unwrap_or(LoopKind::All);
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
        let (over_value, over_kind) = self.expression(over)?;
        self.expect(over, over_kind, &[Kind::Items, Kind::Entries], "a loop")?;
        if self.locals.len() == limits::LOOPS {
            let message = format!("loops are nested deeper than {}", limits::LOOPS);
            let help = Code::ConditionTooLarge.help().to_owned();
            return Err(self.problem(node, Code::ConditionTooLarge, message, help));
        }
        self.locals.push(local.clone());
        let filter = filter
            .map(|node| self.expression(node).map(|filter| filter.0))
            .transpose();
        let lowered = filter.and_then(|filter| Ok((filter, self.expression(body)?)));
        self.locals.pop();
        let (filter, (body_value, body_kind)) = lowered?;
        let result = match kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Kind::Bool,
            LoopKind::Filter | LoopKind::Map => Kind::Items,
        };
        if kind != LoopKind::Map {
            self.expect(body, body_kind, &[Kind::Bool], &format!("`{name}()`"))?;
        }
        let looped = Loop {
            kind,
            over: over_value,
            body: body_value,
            filter,
        };
        Ok((Expression::Loop(Box::new(looped)), result))
    }

    fn function(
        &mut self,
        node: &IdedExpr,
        name: &str,
        target: Option<&IdedExpr>,
        args: &[IdedExpr],
    ) -> Lowered {
        // `optional.of(x)`: a namespace, not a value.
        let namespace =
            target.is_some_and(|t| matches!(&t.expr, Expr::Ident(n) if n == "optional"));
        let full = if namespace {
            format!("optional.{name}")
        } else {
            name.to_owned()
        };
        let target = target.filter(|_| !namespace);
        let all: Vec<&IdedExpr> = target.into_iter().chain(args).collect();
        match (&*full, &*all) {
            ("matches", [text, pattern]) => {
                let pattern = self.constant(pattern, "matches")?;
                let regex = pattern::compile(&pattern).map_err(|error| {
                    let help = Code::InvalidPattern.help().to_owned();
                    self.problem(
                        node,
                        Code::InvalidPattern,
                        format!("the pattern is refused: {error}"),
                        help,
                    )
                })?;
                let (value, kind) = self.boxed(text)?;
                self.expect(text, kind, &[Kind::Text], "`matches()`")?;
                return Ok((Expression::Matches(value, regex), Kind::Bool));
            }
            ("matchesGlob", [text, glob]) => {
                let glob = self.constant(glob, "matchesGlob")?;
                let glob = Glob::parse(&glob).map_err(|error| {
                    let help = Code::InvalidGlob.help().to_owned();
                    self.problem(
                        node,
                        Code::InvalidGlob,
                        format!("the glob is refused: {error}"),
                        help,
                    )
                })?;
                let (value, kind) = self.boxed(text)?;
                self.expect(text, kind, &[Kind::Text], "`matchesGlob()`")?;
                return Ok((Expression::MatchesGlob(value, glob), Kind::Bool));
            }
            _ => {}
        }
        let Some(signature) = Function::find(&full, target.is_some(), all.len()) else {
            let names = Function::names().chain([
                "matches",
                "matchesGlob",
                "has",
                "all",
                "exists",
                "filter",
                "map",
            ]);
            let known = Function::names().any(|known| known == full);
            let help = if known {
                "it takes another number of arguments".to_owned()
            } else {
                suggest::did_you_mean(&full, names)
                    .unwrap_or_else(|| Code::UnknownFunction.help().to_owned())
            };
            let message = format!("there is no function `{full}` of {} arguments", all.len());
            return Err(self.problem(node, Code::UnknownFunction, message, help));
        };
        let mut values = Vec::new();
        for (node, takes) in all.iter().zip(signature.takes) {
            let (value, kind) = self.expression(node)?;
            self.expect(node, kind, takes, &format!("`{full}()`"))?;
            values.push(value);
        }
        Ok((
            Expression::Call(signature.function, values),
            signature.gives,
        ))
    }

    /// A pattern must stand in the condition itself, so that it is compiled when it is published.
    fn constant(&self, node: &IdedExpr, function: &str) -> Result<String, Problem> {
        if let Expr::Literal(LiteralValue::String(text)) = &node.expr {
            return Ok(text.inner().to_owned());
        }
        let message = format!("the pattern of `{function}()` must be a string literal");
        Err(self.problem(node, Code::InvalidPattern, message, String::new()))
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        operators::LESS => Comparison::Less,
        operators::LESS_EQUALS => Comparison::LessOrEqual,
        operators::GREATER => Comparison::Greater,
        operators::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn calculation(name: &str) -> Option<Operation> {
    Some(match name {
        operators::ADD => Operation::Add,
        operators::SUBSTRACT => Operation::Subtract,
        operators::MULTIPLY => Operation::Multiply,
        operators::DIVIDE => Operation::Divide,
        operators::MODULO => Operation::Remainder,
        _ => return None,
    })
}
