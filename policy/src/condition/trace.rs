//! Explains a condition: each part with its value, as it stands in the text.
//!
//! Nothing of this is kept with a condition but its text: it is read again when somebody asks why.

mod show;

use cel::common::ast::{Expr, IdedExpr, operators};

use super::evaluate::part;
use super::expression::{Expression, LoopKind};
use super::lower::{Lowering, Written, parts};
use super::parse::{self, Parsed};
use super::types::{Declared, Type};
use super::value::Value;
use super::{Condition, Environment, Failure, Names, limits};

/// One part of a condition with what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The part as written.
    pub(crate) text: String,
    /// Its value as people read it, or why it has none.
    pub(crate) value: Result<String, Failure>,
    /// How many parts it stands within.
    pub(crate) depth: usize,
}

/// A part of a condition, ready to be evaluated.
struct Part {
    text: String,
    expression: Expression,
    /// The parts of it that are no literals.
    within: Vec<Self>,
    looped: Option<Looped>,
}

/// What a loop runs for each element.
struct Looped {
    kind: LoopKind,
    variables: Vec<String>,
    over: Expression,
    body: Box<Part>,
}

impl Condition {
    /// Every part of the condition that is no literal, the whole first, each evaluated once. The body
    /// of a loop is shown for the element that decided it.
    pub(crate) fn explain(&self, environment: &Environment<'_>) -> Vec<Step> {
        let text = self.text();
        let Ok(parsed) = parse::parse(text) else {
            return Vec::new();
        };
        // What was checked once needs no types to be read again.
        let names = Names {
            arguments: &Declared::default(),
            lists: environment.lists,
        };
        let reader = Reader {
            text,
            parsed: &parsed,
            names: &names,
        };
        let Some(root) = reader.part(&parsed.root, &mut Vec::new(), 0) else {
            return Vec::new();
        };
        let mut run = Run {
            environment,
            steps: limits::STEPS.saturating_mul(4),
            found: Vec::new(),
        };
        run.show(&root, &[], 0);
        run.found
    }
}

struct Reader<'a> {
    text: &'a str,
    parsed: &'a Parsed,
    names: &'a Names<'a>,
}

impl Reader<'_> {
    fn lower(&self, node: &IdedExpr, locals: &[(String, Type)]) -> Option<Expression> {
        let mut lowering = Lowering::new(self.text, self.parsed, self.names);
        lowering.locals = locals.to_vec();
        lowering.expression(node).ok().map(|lowered| lowered.0)
    }

    /// A node with its parts; None for literals, and for what is no value of its own.
    fn part(
        &self,
        node: &IdedExpr,
        locals: &mut Vec<(String, Type)>,
        depth: usize,
    ) -> Option<Part> {
        // The variable of a loop is shown once for its element.
        let local =
            matches!(&node.expr, Expr::Ident(name) if locals.iter().any(|(l, _)| l == name));
        if local || is_literal(node) || depth > limits::DEPTH {
            return None;
        }
        let expression = self.lower(node, locals)?;
        let lowering = Lowering::new(self.text, self.parsed, self.names);
        let (start, end) = lowering.extent(node);
        let mut found = Part {
            text: self.text.get(start..end)?.to_owned(),
            expression,
            within: Vec::new(),
            looped: None,
        };
        // A path such as `args.customer.name` is one thing to see.
        if is_path(node) {
            return Some(found);
        }
        if let Some(written) = looped(node) {
            found
                .within
                .extend(self.part(written.over, locals, depth + 1));
            let over = self.lower(written.over, locals)?;
            let variables: Vec<_> = written.variables.iter().map(|v| (*v).to_owned()).collect();
            locals.extend(variables.iter().map(|name| (name.clone(), Type::ANY)));
            let body = self.part(written.body, locals, depth + 1);
            locals.truncate(locals.len() - variables.len());
            found.looped = body.map(|body| Looped {
                kind: written.kind,
                variables,
                over,
                body: Box::new(body),
            });
            return Some(found);
        }
        // What `has()` asks about need not be there.
        let asks = matches!(&node.expr, Expr::Call(call) if call.func_name == "has");
        let within = within(node)
            .into_iter()
            .flat_map(|node| if asks { parts(node) } else { vec![node] });
        let within = within.filter(|node| !asks || !is_path(node));
        found.within = within
            .filter_map(|node| self.part(node, locals, depth + 1))
            .collect();
        Some(found)
    }
}

/// The parts of a node; a chain of `&&` or of `||` has all its links, however they are bracketed.
fn within(node: &IdedExpr) -> Vec<&IdedExpr> {
    let name = |node: &IdedExpr| match &node.expr {
        Expr::Call(call) => Some(call.func_name.clone()),
        Expr::Literal(_)
        | Expr::Ident(_)
        | Expr::Select(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => None,
    };
    let own = name(node);
    let chain = matches!(
        own.as_deref(),
        Some(operators::LOGICAL_AND | operators::LOGICAL_OR)
    );
    let each = parts(node).into_iter();
    each.flat_map(|part| {
        if chain && name(part) == own {
            within(part)
        } else {
            vec![part]
        }
    })
    .collect()
}

/// A literal, a list or map of literals, or a pattern of them.
fn is_literal(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) => true,
        Expr::List(_) | Expr::Map(_) => parts(node).into_iter().all(is_literal),
        Expr::Ident(_)
        | Expr::Select(_)
        | Expr::Call(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => false,
    }
}

/// A variable or a property of one, by whatever number of names.
fn is_path(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => is_path(&select.operand),
        Expr::Call(call) => match (&*call.func_name, &*call.args) {
            (operators::OPT_SELECT | operators::INDEX | operators::OPT_INDEX, [of, at]) => {
                is_path(of) && is_literal(at)
            }
            _ => false,
        },
        Expr::Literal(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => false,
    }
}

/// The parts of a loop whose result is true or false; the others have no element that decides.
fn looped(node: &IdedExpr) -> Option<Written<'_>> {
    let Expr::Call(call) = &node.expr else {
        return None;
    };
    Written::read(&call.func_name, call.target.as_deref()?, &call.args)
}

struct Run<'a> {
    environment: &'a Environment<'a>,
    /// Of all parts together.
    steps: u32,
    found: Vec<Step>,
}

impl<'a> Run<'a> {
    fn value(
        &mut self,
        expression: &'a Expression,
        locals: &[Value<'a>],
    ) -> Result<Value<'a>, Failure> {
        part::part(
            expression,
            self.environment,
            locals.to_vec(),
            &mut self.steps,
        )
    }

    fn show(&mut self, part: &'a Part, locals: &[Value<'a>], depth: usize) {
        let value = self.value(&part.expression, locals);
        self.found.push(Step {
            text: part.text.clone(),
            value: value.as_ref().map(show::show).map_err(Clone::clone),
            depth,
        });
        for within in &part.within {
            self.show(within, locals, depth + 1);
        }
        if let Some(looped) = &part.looped {
            self.decisive(looped, locals, depth + 1);
        }
    }

    /// Shows the body of a loop for the first element that decides, or fails.
    fn decisive(&mut self, looped: &'a Looped, locals: &[Value<'a>], depth: usize) {
        let wanted = match looped.kind {
            LoopKind::All => false,
            LoopKind::Exists | LoopKind::ExistsOne => true,
            LoopKind::Filter
            | LoopKind::Map
            | LoopKind::MapValues
            | LoopKind::Optional
            | LoopKind::OptionalFlat => return,
        };
        let rounds: Vec<_> = match (self.value(&looped.over, locals), &*looped.variables) {
            (Ok(Value::Items(items)), [_]) => items.iter().map(|item| vec![item]).collect(),
            (Ok(Value::Items(items)), _) => (0..)
                .map(Value::int)
                .zip(items.iter())
                .map(|(index, item)| vec![index, item])
                .collect(),
            (Ok(Value::Entries(entries)), variables) => {
                let keys = entries.keys().into_iter();
                keys.filter_map(|key| match variables {
                    [_] => Some(vec![key]),
                    _ => entries.find(&key).map(|value| vec![key, value]),
                })
                .collect()
            }
            _ => return,
        };
        let mut failed = None;
        for item in rounds {
            let mut inner = locals.to_vec();
            inner.extend(item.iter().cloned());
            match self.value(&looped.body.expression, &inner) {
                Ok(Value::Bool(value)) if value == wanted => {
                    return self.element(looped, &item, &inner, depth);
                }
                Err(_) if failed.is_none() => failed = Some((item, inner)),
                _ => {}
            }
        }
        if let Some((item, inner)) = failed {
            self.element(looped, &item, &inner, depth);
        }
    }

    fn element(
        &mut self,
        looped: &'a Looped,
        item: &[Value<'a>],
        locals: &[Value<'a>],
        depth: usize,
    ) {
        for (name, value) in looped.variables.iter().zip(item) {
            self.found.push(Step {
                text: name.clone(),
                value: Ok(show::show(value)),
                depth,
            });
        }
        self.show(&looped.body, locals, depth);
    }
}

#[cfg(test)]
mod tests;
