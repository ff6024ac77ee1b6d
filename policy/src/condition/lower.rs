//! Checks an expression and turns it into one that can only fail on values: names are resolved,
//! patterns compiled, types checked as far as they are known.

mod call;
mod equality;
mod function;
mod loops;
mod parts;
mod pattern;
mod place;
mod presence;
mod property;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use super::constant::Constant;
use super::environment::Variable;
use super::expression::Expression;
use super::number::Number;
use super::parse::Parsed;
pub(super) use super::types::Kind;
use super::types::{self, Type};
use super::{Names, Problem, limits};
use crate::diagnostic::DiagnosticCode as Code;
use crate::suggest;
pub(super) use loops::Written;
pub(super) use parts::parts;

/// Checks a regular expression.
pub(super) fn pattern(text: &str) -> Result<regex::Regex, String> {
    pattern::compile(text)
}

pub(super) type Lowered = Result<(Expression, Type), Problem>;

/// Turns a parsed expression into a checked one, with what is worth a look.
pub(super) fn lower(
    text: &str,
    parsed: &Parsed,
    names: &Names<'_>,
) -> Result<(Expression, Vec<Problem>), Vec<Problem>> {
    let mut lowering = Lowering::new(text, parsed, names);
    let lowered = lowering
        .expression(&parsed.root)
        .and_then(|(expression, value)| {
            lowering.expect(&parsed.root, &value, &[Kind::Bool], "a condition")?;
            Ok(expression)
        });
    match lowered {
        Err(problem) => {
            lowering.earlier.push(problem);
            lowering.earlier.append(&mut lowering.warnings);
            Err(lowering.earlier)
        }
        Ok(expression) => {
            if !expression.reads() {
                // One finding for all of it, not one for each part.
                lowering
                    .warnings
                    .retain(|w| w.code != Code::ConditionConstant);
                lowering.constant(&parsed.root, "the condition");
            }
            Ok((expression, lowering.warnings))
        }
    }
}

/// A walk over an expression.
pub(super) struct Lowering<'a> {
    text: &'a str,
    parsed: &'a Parsed,
    names: &'a Names<'a>,
    /// The variables of the loops around, outermost first.
    pub(super) locals: Vec<(String, Type)>,
    /// How many loops are around.
    loops: usize,
    nodes: usize,
    depth: usize,
    /// Problems of left sides of `&&` and `||`: several mistakes are told at once.
    earlier: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Paths that are there wherever the current node matters.
    present: Vec<String>,
}

impl<'a> Lowering<'a> {
    pub(super) const fn new(text: &'a str, parsed: &'a Parsed, names: &'a Names<'a>) -> Self {
        Self {
            text,
            parsed,
            names,
            locals: Vec::new(),
            loops: 0,
            nodes: 0,
            depth: 0,
            earlier: Vec::new(),
            warnings: Vec::new(),
            present: Vec::new(),
        }
    }

    fn expect(
        &self,
        node: &IdedExpr,
        value: &Type,
        wanted: &[Kind],
        user: &str,
    ) -> Result<(), Problem> {
        if value.may_be(wanted) {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.iter().map(|kind| kind.name()).collect();
        let message = format!(
            "{user} takes {}, and this is {}",
            wanted.join(" or "),
            value.name()
        );
        let help = match value.kind {
            Kind::Optional => "give it a value for when it is absent: `.orValue(…)`",
            Kind::Any
            | Kind::Null
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Items
            | Kind::Entries
            | Kind::Bytes
            | Kind::Time
            | Kind::Duration
            | Kind::Type => "",
        };
        Err(self.problem(node, Code::ConditionType, message, help.to_owned()))
    }

    fn unsupported(&self, node: &IdedExpr, what: &str) -> Problem {
        let message = format!("{what} are not part of the language");
        self.problem(node, Code::ConditionSyntax, message, String::new())
    }

    /// Warns of a part that is the same for every call.
    fn constant(&mut self, node: &IdedExpr, what: &str) {
        let message = format!("{what} reads nothing of the call, so it is always the same");
        let help = Code::ConditionConstant.help().to_owned();
        let warning = self.warning(node, Code::ConditionConstant, message, help);
        self.warnings.push(warning);
    }

    fn boxed(&mut self, node: &IdedExpr) -> Result<(Box<Expression>, Type), Problem> {
        self.expression(node)
            .map(|(expression, value)| (Box::new(expression), value))
    }

    pub(super) fn expression(&mut self, node: &IdedExpr) -> Lowered {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > limits::NODES || self.depth > limits::DEPTH {
            let message =
                "the condition has too many parts, or they are nested too deep".to_owned();
            let help = Code::ConditionTooLarge.help().to_owned();
            return Err(self.problem(node, Code::ConditionTooLarge, message, help));
        }
        let lowered = self.node(node);
        self.depth -= 1;
        lowered
    }

    fn node(&mut self, node: &IdedExpr) -> Lowered {
        match &node.expr {
            Expr::Literal(literal) => Ok(Self::literal(literal)),
            Expr::Ident(name) => self.identifier(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                let mut items = Vec::new();
                let mut element: Option<Type> = None;
                for (at, node) in list.elements.iter().enumerate() {
                    let maybe = list.optional_indices.contains(&at);
                    let (item, value) = self.element(node, maybe)?;
                    items.push(item);
                    element = Some(element.map_or_else(|| value.clone(), |e| e.join(&value)));
                }
                let value = Type {
                    most: u64::try_from(items.len()).ok(),
                    ..Type::list(element.unwrap_or(Type::ANY))
                };
                Ok((Expression::Items(items), value))
            }
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return Err(self.unsupported(node, "messages"));
                    };
                    let (key, value) = self.expression(&entry.key)?;
                    let keys = [Kind::Text, Kind::Number, Kind::Bool];
                    self.expect(&entry.key, &value, &keys, "the key of a map")?;
                    entries.push((key, self.element(&entry.value, entry.optional)?.0));
                }
                Ok((Expression::Entries(entries), Type::of(Kind::Entries)))
            }
            Expr::Struct(_) => Err(self.unsupported(node, "messages")),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.unsupported(node, "expressions like this"))
            }
        }
    }

    /// A value of a list or a map literal, which an optional may leave out.
    fn element(&mut self, node: &IdedExpr, maybe: bool) -> Lowered {
        let (value, of) = self.expression(node)?;
        if !maybe {
            return Ok((value, of));
        }
        self.expect(node, &of, &[Kind::Optional], "`?`")?;
        Ok((Expression::Maybe(Box::new(value)), of.inner()))
    }

    const fn type_name(name: &'static str) -> (Expression, Type) {
        (
            Expression::Constant(Constant::Type(name)),
            Type::of(Kind::Type),
        )
    }

    fn literal(literal: &LiteralValue) -> (Expression, Type) {
        let number = |number| (Expression::Number(number), Type::NUMBER);
        match literal {
            LiteralValue::Null => (Expression::Null, Type::of(Kind::Null)),
            LiteralValue::Boolean(value) => (Expression::Bool(*value.inner()), Type::BOOL),
            LiteralValue::Int(value) => number(Number::Int(*value.inner())),
            LiteralValue::UInt(value) => number(Number::Uint(*value.inner())),
            LiteralValue::Double(value) => number(Number::Double(*value.inner())),
            LiteralValue::String(value) => (Expression::Text(value.inner().to_owned()), Type::TEXT),
            LiteralValue::Bytes(value) => (
                Expression::Constant(Constant::Bytes(value.inner().into())),
                Type::of(Kind::Bytes),
            ),
        }
    }

    /// The place of the newest variable of a loop with this name.
    fn local(&self, name: &str) -> Option<usize> {
        self.locals.iter().rposition(|(local, _)| local == name)
    }

    fn identifier(&self, node: &IdedExpr, name: &str) -> Lowered {
        if let Some(at) = self.local(name) {
            return Ok((Expression::Local(at), self.locals[at].1.clone()));
        }
        if let Some(name) = types::name(name) {
            return Ok(Self::type_name(name));
        }
        let Some(variable) = Variable::parse(name) else {
            let locals = self.locals.iter().map(|(local, _)| local.as_str());
            let help = suggest::did_you_mean(name, Variable::NAMES.into_iter().chain(locals))
                .unwrap_or_else(|| Code::UnknownVariable.help().to_owned());
            let message = format!("there is no variable `{name}`");
            return Err(self.problem(node, Code::UnknownVariable, message, help));
        };
        match variable {
            Variable::Args => {
                let value = Type::shaped(std::sync::Arc::clone(&self.names.arguments.shape));
                return Ok((Expression::Variable(variable), value));
            }
            Variable::Context => {
                return Ok((Expression::Variable(variable), Type::of(Kind::Entries)));
            }
            Variable::Lists
            | Variable::Agent
            | Variable::User
            | Variable::Tool
            | Variable::Env
            | Variable::Request => {}
        }
        let example = variable
            .properties()
            .and_then(|p| p.first())
            .unwrap_or(&"name");
        let message = format!("`{name}` cannot be used as a whole");
        let help = format!("name a property, such as `{name}.{example}`");
        Err(self.problem(node, Code::ConditionType, message, help))
    }
}
