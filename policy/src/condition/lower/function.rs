//! Checks functions by name.

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::{Code, Kind, Lowered, Lowering, Problem, pattern};
use crate::condition::expression::Expression;
use crate::condition::functions::Function;
use crate::condition::types::Type;
use crate::glob::Glob;
use crate::suggest;

/// Names that are functions without standing in the table.
const OTHERS: [&str; 9] = [
    "matches",
    "matchesGlob",
    "has",
    "all",
    "exists",
    "exists_one",
    "filter",
    "map",
    "size",
];

impl Lowering<'_> {
    pub(super) fn function(
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
                let pattern = self.constant_text(pattern, "matches")?;
                let regex = pattern::compile(&pattern).map_err(|error| {
                    let help = Code::InvalidPattern.help().to_owned();
                    let message = format!("the pattern is refused: {error}");
                    self.problem(node, Code::InvalidPattern, message, help)
                })?;
                let value = self.text(text, "`matches()`")?;
                return Ok((Expression::Matches(value, regex), Type::BOOL));
            }
            ("matchesGlob", [text, glob]) => {
                let glob = self.constant_text(glob, "matchesGlob")?;
                let glob = Glob::parse(&glob).map_err(|error| {
                    let help = Code::InvalidGlob.help().to_owned();
                    let message = format!("the glob is refused: {error}");
                    self.problem(node, Code::InvalidGlob, message, help)
                })?;
                let value = self.text(text, "`matchesGlob()`")?;
                return Ok((Expression::MatchesGlob(value, glob), Type::BOOL));
            }
            _ => {}
        }
        let Some(signature) = Function::find(&full, target.is_some(), all.len()) else {
            return Err(self.no_function(node, &full, all.len()));
        };
        let (mut values, mut types) = (Vec::new(), Vec::new());
        for (node, takes) in all.iter().zip(signature.takes) {
            let (value, of) = self.expression(node)?;
            self.expect(node, &of, takes, &format!("`{full}()`"))?;
            values.push(value);
            types.push(of);
        }
        let gives = result(signature.function, signature.gives, &types);
        Ok((Expression::Call(signature.function, values), gives))
    }

    fn text(&mut self, node: &IdedExpr, user: &str) -> Result<Box<Expression>, Problem> {
        let (value, of) = self.boxed(node)?;
        self.expect(node, &of, &[Kind::Text], user)?;
        Ok(value)
    }

    fn no_function(&self, node: &IdedExpr, name: &str, arguments: usize) -> Problem {
        let known = Function::names().any(|known| known == name);
        let help = if known {
            "it takes another number of arguments".to_owned()
        } else {
            suggest::did_you_mean(name, Function::names().chain(OTHERS))
                .unwrap_or_else(|| Code::UnknownFunction.help().to_owned())
        };
        let message = format!("there is no function `{name}` of {arguments} arguments");
        self.problem(node, Code::UnknownFunction, message, help)
    }

    /// A pattern must stand in the condition itself, so that it is compiled when it is published.
    fn constant_text(&self, node: &IdedExpr, function: &str) -> Result<String, Problem> {
        if let Expr::Literal(LiteralValue::String(text)) = &node.expr {
            return Ok(text.inner().to_owned());
        }
        let message = format!("the pattern of `{function}()` must be a string literal");
        Err(self.problem(node, Code::InvalidPattern, message, String::new()))
    }
}

/// The type of a result, where the table knows its kind alone.
fn result(function: Function, gives: Kind, arguments: &[Type]) -> Type {
    match (function, arguments) {
        (Function::Split, _) => Type::list(Type::TEXT),
        (Function::OptionalOf, [value]) => Type::optional(value.clone()),
        (Function::OptionalValue, [optional]) => optional.inner(),
        (Function::OrValue, [optional, other]) => optional.inner().join(other),
        _ => Type::of(gives),
    }
}
