//! Checks calls: operators here, loops and functions by name elsewhere.

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::{Code, Kind, Lowered, Lowering, Problem};
use crate::condition::expression::{Comparison, Expression, LoopKind};
use crate::condition::number::Operation;
use crate::condition::types::Type;

/// What can be put in order.
const ORDERED: [Kind; 6] = [
    Kind::Number,
    Kind::Text,
    Kind::Bytes,
    Kind::Bool,
    Kind::Time,
    Kind::Duration,
];

impl Lowering<'_> {
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Lowered {
        match (&*call.func_name, call.target.as_deref(), &*call.args) {
            (operators::LOGICAL_AND, None, [a, b]) => {
                let (a, b) = self.bools(a, b, true)?;
                Ok((Expression::And(a, b), Type::BOOL))
            }
            (operators::LOGICAL_OR, None, [a, b]) => {
                let (a, b) = self.bools(a, b, false)?;
                Ok((Expression::Or(a, b), Type::BOOL))
            }
            (operators::LOGICAL_NOT, None, [a]) => {
                let (value, of) = self.boxed(a)?;
                self.expect(a, &of, &[Kind::Bool], "`!`")?;
                Ok((Expression::Not(value), Type::BOOL))
            }
            (operators::NEGATE, None, [a]) => {
                let (value, of) = self.boxed(a)?;
                self.expect(a, &of, &[Kind::Number, Kind::Duration], "`-`")?;
                Ok((Expression::Negate(value), Type::of(of.kind)))
            }
            (operators::CONDITIONAL, None, [test, yes, no]) => self.choose(test, yes, no),
            (operators::EQUALS, None, [a, b]) => {
                let (a, b) = self.equal(node, a, b)?;
                Ok((Expression::Equal(a, b), Type::BOOL))
            }
            (operators::NOT_EQUALS, None, [a, b]) => {
                let (a, b) = self.equal(node, a, b)?;
                let equal = Expression::Equal(a, b);
                Ok((Expression::Not(Box::new(equal)), Type::BOOL))
            }
            (operators::IN, None, [a, b]) => self.member(node, a, b),
            (operators::INDEX, None, [of, at]) => self.index(node, of, at, false),
            (operators::OPT_INDEX, None, [of, at]) => self.index(node, of, at, true),
            (operators::OPT_SELECT, None, [of, field]) => self.optional_select(node, of, field),
            ("has", None, [argument]) => {
                let Expr::Select(select) = &argument.expr else {
                    let message = "`has()` asks for a property".to_owned();
                    let help = "write `has(args.name)`".to_owned();
                    return Err(self.problem(argument, Code::ConditionSyntax, message, help));
                };
                let field = select.field.clone();
                let (operand, _) = self.property(argument, &select.operand, &field, false)?;
                Ok((Expression::Has(operand, field), Type::BOOL))
            }
            (name, None, [a, b]) => {
                if let Some(comparison) = comparison(name) {
                    return self.compare(node, comparison, a, b);
                }
                match calculation(name) {
                    Some(operation) => self.calculate(node, operation, a, b),
                    None => self.function(node, name, None, &call.args),
                }
            }
            (name, Some(over), args @ [_, ..]) if LoopKind::parse(name).is_some() => {
                self.looped(node, name, over, args)
            }
            (name, target, args) => self.function(node, name, target, args),
        }
    }

    /// The sides of `&&` (`and`) or `||`; mistakes of both are told.
    fn bools(
        &mut self,
        a: &IdedExpr,
        b: &IdedExpr,
        and: bool,
    ) -> Result<(Box<Expression>, Box<Expression>), Problem> {
        // The value of one side that makes the other one matter.
        let (of_a, of_b) = (self.facts(a, and), self.facts(b, and));
        let (depth, locals) = (self.depth, self.locals.len());
        let left = self.given(of_b, |this| this.side(a, and));
        self.depth = depth;
        self.locals.truncate(locals);
        let right = self.given(of_a, |this| this.side(b, and));
        match (left, right) {
            (Ok(left), right) => Ok((left, right?)),
            (Err(problem), Ok(_)) => Err(problem),
            (Err(problem), Err(other)) => {
                self.earlier.push(problem);
                Err(other)
            }
        }
    }

    fn side(&mut self, node: &IdedExpr, and: bool) -> Result<Box<Expression>, Problem> {
        let user = if and { "`&&`" } else { "`||`" };
        let (value, of) = self.boxed(node)?;
        self.expect(node, &of, &[Kind::Bool], user)?;
        if self.locals.is_empty() && !value.reads() {
            self.constant(node, &format!("a side of {user}"));
        }
        Ok(value)
    }

    fn choose(&mut self, test: &IdedExpr, yes: &IdedExpr, no: &IdedExpr) -> Lowered {
        let (condition, of) = self.boxed(test)?;
        self.expect(test, &of, &[Kind::Bool], "`? :`")?;
        if self.locals.is_empty() && !condition.reads() {
            self.constant(test, "the test of `? :`");
        }
        let (met, unmet) = (self.facts(test, true), self.facts(test, false));
        let (yes, a) = self.given(met, |this| this.boxed(yes))?;
        let (no, b) = self.given(unmet, |this| this.boxed(no))?;
        Ok((Expression::Conditional(condition, yes, no), a.join(&b)))
    }

    fn compare(
        &mut self,
        node: &IdedExpr,
        comparison: Comparison,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Lowered {
        let ((left, one), (right, other)) = (self.boxed(a)?, self.boxed(b)?);
        self.expect(a, &one, &ORDERED, "a comparison")?;
        self.expect(b, &other, &ORDERED, "a comparison")?;
        if one.kind != other.kind && one.kind != Kind::Any && other.kind != Kind::Any {
            return Err(self.apart(node, &one, &other, "compared"));
        }
        Ok((Expression::Compare(comparison, left, right), Type::BOOL))
    }

    fn calculate(
        &mut self,
        node: &IdedExpr,
        operation: Operation,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Lowered {
        let takes: &[Kind] = match operation {
            Operation::Add => &[
                Kind::Number,
                Kind::Text,
                Kind::Bytes,
                Kind::Items,
                Kind::Time,
                Kind::Duration,
            ],
            Operation::Subtract => &[Kind::Number, Kind::Time, Kind::Duration],
            Operation::Multiply | Operation::Divide | Operation::Remainder => &[Kind::Number],
        };
        let ((left, one), (right, other)) = (self.boxed(a)?, self.boxed(b)?);
        let user = format!("`{}`", operation.sign());
        self.expect(a, &one, takes, &user)?;
        self.expect(b, &other, takes, &user)?;
        let add = operation == Operation::Add;
        let result = match (one.kind, other.kind) {
            (Kind::Time, Kind::Duration) => Type::of(Kind::Time),
            (Kind::Duration, Kind::Time) if add => Type::of(Kind::Time),
            (Kind::Time, Kind::Time) if !add => Type::of(Kind::Duration),
            (Kind::Time, Kind::Time) | (Kind::Duration, Kind::Time) => {
                return Err(self.apart(node, &one, &other, "combined so"));
            }
            (Kind::Items, Kind::Items) => Type::list(one.inner().join(&other.inner())),
            // The other one may still be a time or a duration.
            (Kind::Any, Kind::Any | Kind::Time | Kind::Duration)
            | (Kind::Time | Kind::Duration, Kind::Any) => Type::ANY,
            (Kind::Any, Kind::Items) | (Kind::Items, Kind::Any) => Type::of(Kind::Items),
            (Kind::Any, kind) | (kind, Kind::Any) => Type::of(kind),
            (a, b) if a == b => Type::of(a),
            _ => return Err(self.apart(node, &one, &other, "combined")),
        };
        Ok((Expression::Calculate(operation, left, right), result))
    }

    /// Two values of kinds that do not go together.
    pub(super) fn apart(&self, node: &IdedExpr, a: &Type, b: &Type, what: &str) -> Problem {
        let message = format!("{} and {} cannot be {what}", a.name(), b.name());
        let convert = match (a.kind, b.kind) {
            (Kind::Optional, _) | (_, Kind::Optional) => {
                "give the optional a value for when it is absent: `.orValue(…)`"
            }
            (Kind::Number, Kind::Text) | (Kind::Text, Kind::Number) => {
                "convert one of them, such as with `string()` or `double()`"
            }
            (Kind::Text, Kind::Time) | (Kind::Time, Kind::Text) => {
                "convert the string with `timestamp()`"
            }
            (Kind::Text, Kind::Duration) | (Kind::Duration, Kind::Text) => {
                "convert the string with `duration()`"
            }
            _ => "convert one of them",
        };
        self.problem_of(node, Code::ConditionType, message, convert.to_owned())
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
