//! Checks functions by name.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is no name and no literal is left to the functions themselves"
)]

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::{Code, Kind, Lowered, Lowering, Problem, pattern};
use crate::condition::expression::Expression;
use crate::condition::functions::Function;
use crate::condition::time::{Part, Zone};
use crate::condition::types::Type;
use crate::glob::Glob;
use crate::suggest;

/// Names before a dot that are no values.
const NAMESPACES: [&str; 3] = ["optional", "math", "strings"];

/// Names that are functions without standing in the table.
const OTHERS: [&str; 15] = [
    "matches",
    "matchesGlob",
    "has",
    "all",
    "exists",
    "exists_one",
    "filter",
    "map",
    "existsOne",
    "transformList",
    "transformMap",
    "optMap",
    "optFlatMap",
    "dyn",
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
        let namespace = target.and_then(|target| match &target.expr {
            Expr::Ident(name) => NAMESPACES.into_iter().find(|n| n == name),
            _ => None,
        });
        let namespace = namespace.filter(|name| self.local(name).is_none());
        let full = namespace.map_or_else(|| name.to_owned(), |space| format!("{space}.{name}"));
        let target = target.filter(|_| namespace.is_none());
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
            ("dyn", [value]) if target.is_none() => {
                return Ok((self.expression(value)?.0, Type::ANY));
            }
            (_, [time, zone]) if target.is_some() => {
                if let Some(Function::Part(part)) =
                    Function::find(name, true, 1).map(|signature| signature.function)
                {
                    return self.part(part, name, time, zone);
                }
            }
            _ => {}
        }
        let Some(signature) = Function::find(&full, target.is_some(), all.len()) else {
            return Err(self.no_function(node, &full, all.len()));
        };
        let (mut values, mut types) = (Vec::new(), Vec::new());
        for (at, node) in all.iter().enumerate() {
            let (value, of) = self.expression(node)?;
            self.expect(node, &of, signature.takes(at), &format!("`{full}()`"))?;
            self.literals(node, &value, signature.function, at)?;
            values.push(value);
            types.push(of);
        }
        let gives = result(signature.function, signature.gives, &types);
        Ok((Expression::Call(signature.function, values), gives))
    }

    /// `time.getHours('Europe/Berlin')`.
    fn part(&mut self, part: Part, name: &str, time: &IdedExpr, zone: &IdedExpr) -> Lowered {
        let text = self.constant_text(zone, name)?;
        let Some(found) = Zone::parse(&text) else {
            let message = format!("there is no time zone `{text}`");
            let help = "write a name such as `Europe/Berlin`, or a distance such as `+02:00`";
            return Err(self.problem(zone, Code::ConditionType, message, help.to_owned()));
        };
        let (value, of) = self.boxed(time)?;
        self.expect(time, &of, &[Kind::Time], &format!("`{name}()` of a zone"))?;
        Ok((Expression::Part(part, value, found), Type::NUMBER))
    }

    /// Refuses literals that a function would refuse whenever it is called.
    fn literals(
        &self,
        node: &IdedExpr,
        value: &Expression,
        function: Function,
        at: usize,
    ) -> Result<(), Problem> {
        let texts = match (value, &node.expr) {
            (Expression::Text(text), _) => vec![(node, text.as_str())],
            (Expression::Items(items), Expr::List(list)) => {
                let nodes = list.elements.iter().zip(items);
                nodes
                    .filter_map(|(node, item)| match item {
                        Expression::Text(text) => Some((node, text.as_str())),
                        _ => None,
                    })
                    .collect()
            }
            _ => Vec::new(),
        };
        for (node, text) in texts {
            if let Some(message) = function.refuses(at, text) {
                return Err(self.problem(node, Code::ConditionType, message, String::new()));
            }
        }
        Ok(())
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
        let what = if function.starts_with("get") {
            "time zone"
        } else {
            "pattern"
        };
        let message = format!("the {what} of `{function}()` must be a string literal");
        Err(self.problem(node, Code::InvalidPattern, message, String::new()))
    }
}

/// The type of a result, where the table knows its kind alone.
fn result(function: Function, gives: Kind, arguments: &[Type]) -> Type {
    match (function, arguments) {
        (Function::Split, _) => Type::list(Type::TEXT),
        (Function::OptionalOf | Function::OptionalOfNonZero, [value]) => {
            Type::optional(value.clone())
        }
        (Function::OptionalValue, [optional]) => optional.inner(),
        (Function::Or, [optional, other]) => Type::optional(optional.inner().join(&other.inner())),
        (Function::Links, _) => Type::list(Type::TEXT),
        (Function::OrValue, [optional, other]) => optional.inner().join(other),
        _ => Type::of(gives),
    }
}
