//! Checks an expression and turns it into one that can only fail on values: names are resolved,
//! patterns compiled, types checked as far as they are known.

mod call;
mod pattern;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::environment::Variable;
use super::expression::Expression;
use super::number::Number;
use super::parse::Parsed;
use super::{Names, Problem, limits};
use crate::diagnostic::DiagnosticCode as Code;
use crate::suggest;

/// Checks a regular expression.
pub(super) fn pattern(text: &str) -> Result<(), String> {
    pattern::compile(text).map(drop)
}

/// What is known of a value before it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Null,
    Bool,
    Number,
    Text,
    Items,
    Entries,
    Time,
    Duration,
    Optional,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Items => "a list",
            Self::Entries => "a map",
            Self::Time => "a timestamp",
            Self::Duration => "a duration",
            Self::Optional => "an optional",
        }
    }

    /// Tells whether a value of this kind may turn out to be of one of the others.
    pub(super) fn may_be(self, others: &[Self]) -> bool {
        self == Self::Any || others.contains(&Self::Any) || others.contains(&self)
    }
}

pub(super) type Lowered = Result<(Expression, Kind), Problem>;

/// Turns a parsed expression into a checked one.
pub(super) fn lower(
    text: &str,
    parsed: &Parsed,
    names: &Names<'_>,
) -> Result<Expression, Vec<Problem>> {
    let mut lowering = Lowering {
        text,
        parsed,
        names,
        locals: Vec::new(),
        nodes: 0,
        depth: 0,
        earlier: Vec::new(),
    };
    let lowered = lowering
        .expression(&parsed.root)
        .and_then(|(expression, kind)| {
            lowering.expect(&parsed.root, kind, &[Kind::Bool], "a condition")?;
            Ok(expression)
        });
    lowered.map_err(|problem| {
        lowering.earlier.push(problem);
        lowering.earlier
    })
}

pub(super) struct Lowering<'a> {
    text: &'a str,
    parsed: &'a Parsed,
    names: &'a Names<'a>,
    locals: Vec<String>,
    nodes: usize,
    depth: usize,
    /// Problems of left sides of `&&` and `||`: several mistakes are told at once.
    pub(super) earlier: Vec<Problem>,
}

impl Lowering<'_> {
    pub(super) fn problem(
        &self,
        node: &IdedExpr,
        code: Code,
        message: String,
        help: String,
    ) -> Problem {
        let (start, end) = self.place(node);
        Problem {
            start,
            end,
            code,
            message,
            help,
        }
    }

    /// The bytes of a node; the parser names the first and the last one.
    fn place(&self, node: &IdedExpr) -> (usize, usize) {
        let Some((first, last)) = self.parsed.places.offset_for(node.id) else {
            return (0, self.text.len());
        };
        let byte = |at: u32| {
            let at = usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(self.text.len());
            (at..=self.text.len())
                .find(|at| self.text.is_char_boundary(*at))
                .unwrap_or(at)
        };
        self.named(byte(first), byte(last.saturating_add(1)))
    }

    /// The parser places a property at its dot and a call at its bracket; people look at the name.
    fn named(&self, start: usize, end: usize) -> (usize, usize) {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (before, rest) = (&self.text[..start], &self.text[start..]);
        if let Some(after) = rest.strip_prefix('.') {
            let after = after.trim_start_matches('?');
            let from = self.text.len() - after.len();
            let length = after.find(|c| !word(c)).unwrap_or(after.len());
            return if length > 0 {
                (from, from + length)
            } else {
                (start, end)
            };
        }
        if rest.starts_with('(') {
            let from = before.rfind(|c| !word(c)).map_or(0, |at| at + 1);
            return if from < start {
                (from, start)
            } else {
                (start, end)
            };
        }
        (start, end)
    }

    pub(super) fn expect(
        &self,
        node: &IdedExpr,
        kind: Kind,
        wanted: &[Kind],
        user: &str,
    ) -> Result<(), Problem> {
        if kind.may_be(wanted) {
            return Ok(());
        }
        let wanted: Vec<_> = wanted.iter().map(|kind| kind.name()).collect();
        let message = format!(
            "{user} takes {}, and this is {}",
            wanted.join(" or "),
            kind.name()
        );
        Err(self.problem(node, Code::ConditionType, message, String::new()))
    }

    pub(super) fn unsupported(&self, node: &IdedExpr, what: &str) -> Problem {
        let message = format!("{what} are not part of the language");
        self.problem(node, Code::ConditionSyntax, message, String::new())
    }

    pub(super) fn boxed(&mut self, node: &IdedExpr) -> Result<(Box<Expression>, Kind), Problem> {
        self.expression(node)
            .map(|(expression, kind)| (Box::new(expression), kind))
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
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => self.identifier(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                if !list.optional_indices.is_empty() {
                    return Err(self.unsupported(node, "optional elements"));
                }
                let items: Result<Vec<_>, _> = list
                    .elements
                    .iter()
                    .map(|node| self.expression(node).map(|e| e.0))
                    .collect();
                Ok((Expression::Items(items?), Kind::Items))
            }
            Expr::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return Err(self.unsupported(node, "messages"));
                    };
                    if entry.optional {
                        return Err(self.unsupported(node, "optional entries"));
                    }
                    let (key, kind) = self.expression(&entry.key)?;
                    self.expect(&entry.key, kind, &[Kind::Text], "the key of a map")?;
                    entries.push((key, self.expression(&entry.value)?.0));
                }
                Ok((Expression::Entries(entries), Kind::Entries))
            }
            Expr::Struct(_) => Err(self.unsupported(node, "messages")),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.unsupported(node, "expressions like this"))
            }
        }
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Lowered {
        Ok(match literal {
            LiteralValue::Null => (Expression::Null, Kind::Null),
            LiteralValue::Boolean(value) => (Expression::Bool(*value.inner()), Kind::Bool),
            LiteralValue::Int(value) => (
                Expression::Number(Number::Int(*value.inner())),
                Kind::Number,
            ),
            LiteralValue::UInt(value) => (
                Expression::Number(Number::Uint(*value.inner())),
                Kind::Number,
            ),
            LiteralValue::Double(value) => (
                Expression::Number(Number::Double(*value.inner())),
                Kind::Number,
            ),
            LiteralValue::String(value) => (Expression::Text(value.inner().to_owned()), Kind::Text),
            LiteralValue::Bytes(_) => return Err(self.unsupported(node, "bytes")),
        })
    }

    fn identifier(&self, node: &IdedExpr, name: &str) -> Lowered {
        if let Some(at) = self.locals.iter().rposition(|local| local == name) {
            return Ok((Expression::Local(at), Kind::Any));
        }
        let Some(variable) = Variable::parse(name) else {
            let known = Variable::NAMES
                .into_iter()
                .chain(self.locals.iter().map(String::as_str));
            let help = suggest::did_you_mean(name, known)
                .unwrap_or_else(|| Code::UnknownVariable.help().to_owned());
            let message = format!("there is no variable `{name}`");
            return Err(self.problem(node, Code::UnknownVariable, message, help));
        };
        if matches!(variable, Variable::Args | Variable::Context) {
            return Ok((Expression::Variable(variable), Kind::Entries));
        }
        let example = variable
            .properties()
            .and_then(|p| p.first())
            .unwrap_or(&"name");
        let message = format!("`{name}` cannot be used as a whole");
        let help = format!("name a property, such as `{name}.{example}`");
        Err(self.problem(node, Code::ConditionType, message, help))
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Lowered {
        let (operand, kind) = self.property(node, &select.operand, &select.field)?;
        let field = select.field.clone();
        if select.test {
            return Ok((Expression::Has(operand, field), Kind::Bool));
        }
        Ok((Expression::Select(operand, field), kind))
    }

    /// The operand of a property, with what is known of the property.
    pub(super) fn property(
        &mut self,
        node: &IdedExpr,
        operand: &IdedExpr,
        field: &str,
    ) -> Result<(Box<Expression>, Kind), Problem> {
        if let Expr::Ident(name) = &operand.expr
            && !self.locals.contains(name)
            && let Some(variable) = Variable::parse(name)
        {
            let kind = self.variable_property(node, variable, field)?;
            return Ok((Box::new(Expression::Variable(variable)), kind));
        }
        let (expression, kind) = self.boxed(operand)?;
        self.expect(
            operand,
            kind,
            &[Kind::Entries, Kind::Optional],
            "a property",
        )?;
        let kind = if kind == Kind::Optional {
            Kind::Optional
        } else {
            Kind::Any
        };
        Ok((expression, kind))
    }

    fn variable_property(
        &self,
        node: &IdedExpr,
        variable: Variable,
        field: &str,
    ) -> Result<Kind, Problem> {
        match variable {
            Variable::Args => match self.names.arguments {
                Some(known) if !known.contains(field) => {
                    let help = suggest::did_you_mean(field, known.iter().map(String::as_str))
                        .unwrap_or_else(|| Code::UnknownArgument.help().to_owned());
                    let message = format!("`arguments` of this rule has no `{field}`");
                    Err(self.problem(node, Code::UnknownArgument, message, help))
                }
                _ => Ok(Kind::Any),
            },
            Variable::Context => Ok(Kind::Any),
            Variable::Lists => {
                if self.names.lists.contains_key(field) {
                    return Ok(Kind::Items);
                }
                let known = self.names.lists.keys().map(String::as_str);
                let help = suggest::did_you_mean(field, known)
                    .unwrap_or_else(|| Code::UnknownList.help().to_owned());
                let message = format!("there is no list `{field}`");
                Err(self.problem(node, Code::UnknownList, message, help))
            }
            Variable::Agent
            | Variable::User
            | Variable::Tool
            | Variable::Env
            | Variable::Request => {
                let known = variable.properties().unwrap_or(&[]);
                if !known.contains(&field) {
                    let help = suggest::did_you_mean(field, known.iter().copied())
                        .unwrap_or_else(|| format!("it has `{}`", known.join("`, `")));
                    let message = format!("there is no property `{field}` here");
                    return Err(self.problem(node, Code::UnknownProperty, message, help));
                }
                Ok(match field {
                    "roles" | "groups" => Kind::Items,
                    "labels" => Kind::Entries,
                    "time" => Kind::Time,
                    _ => Kind::Text,
                })
            }
        }
    }
}
