//! Which properties are known to be there: `has(args.x) && args.x > 1` reads `args.x` only where it
//! is. Both sides of `&&` guard each other, since a side that decides makes the other not matter.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Code, Lowering};

impl Lowering<'_> {
    /// The path of a property below `args` or a variable of a loop.
    fn path(&self, node: &IdedExpr) -> Option<String> {
        match &node.expr {
            Expr::Ident(name) => match self.local(name) {
                Some(at) => Some(format!("#{at}")),
                None => (name == "args").then(|| name.clone()),
            },
            Expr::Select(select) => self.below(&select.operand, &select.field),
            Expr::Call(call) => match (&*call.func_name, &*call.args) {
                (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, at]) => {
                    self.below(of, literal_text(at)?)
                }
                _ => None,
            },
            Expr::Literal(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => None,
        }
    }

    /// The path of a property of a node.
    pub(super) fn below(&self, operand: &IdedExpr, field: &str) -> Option<String> {
        Some(format!("{}\u{0}{field}", self.path(operand)?))
    }

    /// Warns where an optional property of an allow is read though it may be absent.
    pub(super) fn unchecked(&mut self, node: &IdedExpr, operand: &IdedExpr, field: &str) {
        let Some(path) = self.below(operand, field) else {
            return;
        };
        if !self.names.arguments.allow || self.present.contains(&path) {
            return;
        }
        let (start, end) = self.extent(node);
        let written = self.text.get(start..end).unwrap_or(field).to_owned();
        let message = format!("`{written}` may be left out, and then this allow does not match");
        let (start, end) = self.extent(operand);
        let of = self.text.get(start..end).unwrap_or("");
        let help = format!("ask first: `has({written}) && …`, or write `{of}.?{field}.orValue(…)`");
        let warning = self.warning(node, Code::OptionalUnchecked, message, help);
        self.warnings.push(warning);
        // Once is enough for the rest of the condition.
        self.present.insert(0, path);
    }

    /// Runs with more paths known to be there.
    pub(super) fn given<T>(&mut self, facts: Vec<String>, run: impl FnOnce(&mut Self) -> T) -> T {
        let known: Vec<_> = facts
            .into_iter()
            .filter(|fact| !self.present.contains(fact))
            .collect();
        self.present.extend(known.iter().cloned());
        let result = run(self);
        self.present.retain(|path| !known.contains(path));
        result
    }

    /// The paths that are there when a node turns out true, or false.
    pub(super) fn facts(&self, node: &IdedExpr, outcome: bool) -> Vec<String> {
        let Expr::Call(call) = &node.expr else {
            return Vec::new();
        };
        match (&*call.func_name, call.target.as_deref(), &*call.args) {
            ("has", None, [asked]) if outcome => self.asked(asked),
            ("hasValue", Some(asked), []) if outcome => self.asked(asked),
            (operators::IN, None, [name, of]) if outcome => {
                let path = literal_text(name).and_then(|name| self.below(of, name));
                path.into_iter().collect()
            }
            (operators::LOGICAL_NOT, None, [inner]) => self.facts(inner, !outcome),
            (operators::LOGICAL_AND, None, [a, b]) => self.sides(a, b, outcome, outcome),
            (operators::LOGICAL_OR, None, [a, b]) => self.sides(a, b, outcome, !outcome),
            (operators::CONDITIONAL, None, [test, yes, no]) => self.choice(test, yes, no, outcome),
            _ => Vec::new(),
        }
    }

    /// A property that is there, and with it those on the way.
    fn asked(&self, node: &IdedExpr) -> Vec<String> {
        let mut facts: Vec<_> = self.path(node).into_iter().collect();
        let inner = match &node.expr {
            Expr::Select(select) => Some(&*select.operand),
            Expr::Call(CallExpr { args, .. }) => args.first(),
            Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => None,
        };
        if let Some(inner) = inner.filter(|_| !facts.is_empty()) {
            facts.extend(self.asked(inner));
        }
        facts
    }

    fn sides(&self, a: &IdedExpr, b: &IdedExpr, outcome: bool, both: bool) -> Vec<String> {
        let (mut one, other) = (self.facts(a, outcome), self.facts(b, outcome));
        if both {
            one.extend(other);
        } else {
            one.retain(|path| other.contains(path));
        }
        one
    }

    /// What holds whichever branch was taken, each with what its test says.
    fn choice(&self, test: &IdedExpr, yes: &IdedExpr, no: &IdedExpr, outcome: bool) -> Vec<String> {
        let branch = |node: &IdedExpr, taken: bool| {
            // A branch that is the other truth was not the one that was taken.
            if matches!(&node.expr, Expr::Literal(LiteralValue::Boolean(value)) if *value.inner() != outcome)
            {
                return None;
            }
            let mut facts = self.facts(test, taken);
            facts.extend(self.facts(node, outcome));
            Some(facts)
        };
        match (branch(yes, true), branch(no, false)) {
            (Some(mut one), Some(other)) => {
                one.retain(|path| other.contains(path));
                one
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Vec::new(),
        }
    }
}

fn literal_text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        Expr::Literal(_)
        | Expr::Ident(_)
        | Expr::Select(_)
        | Expr::Call(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => None,
    }
}
