//! Names, brackets, literals, and what follows them: properties, calls and indices.

use cel::common::ast::{
    EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr,
    operators,
};

use super::grammar::{Parser, Read};
use super::token::{Token, TokenKind};
use super::{Problem, literal, syntax};

/// Words that name nothing, since other languages of the family use them.
const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "in",
];

impl Parser<'_> {
    pub(super) fn member(&mut self) -> Result<Read, Problem> {
        let mut of = self.primary()?;
        loop {
            if self.is(".") {
                of = self.property(of)?;
            } else if self.is("[") {
                let open = self.advance();
                let optional = self.take("?");
                let index = self.expression()?;
                let close = self.expect("]")?;
                let name = if optional {
                    operators::OPT_INDEX
                } else {
                    operators::INDEX
                };
                let whole = (of.outer.0, close.span().1);
                of = self.call(name, open.span(), whole, vec![of, index])?;
            } else {
                return Ok(of);
            }
        }
    }

    fn property(&mut self, of: Read) -> Result<Read, Problem> {
        self.advance();
        let optional = self.take("?");
        let name = self.advance();
        let field = match name.kind {
            TokenKind::Name if !matches!(name.text, "in" | "true" | "false" | "null") => name.text,
            TokenKind::Quoted => name.text.trim_matches('`'),
            TokenKind::Sign
            | TokenKind::Name
            | TokenKind::Int
            | TokenKind::Uint
            | TokenKind::Double
            | TokenKind::Text
            | TokenKind::Bytes
            | TokenKind::End => {
                let message = "expected the name of a property behind the dot";
                return Err(syntax(name.span(), message));
            }
        };
        let whole = (of.outer.0, name.span().1);
        // People look at the name, not at the dot.
        let token = name.span();
        if optional {
            let literal = Expr::Literal(LiteralValue::String(field.to_owned().into()));
            let literal = self.made(literal, token, token, 0)?;
            return self.call(operators::OPT_SELECT, token, whole, vec![of, literal]);
        }
        if name.kind == TokenKind::Name && self.is("(") {
            let (args, end) = self.arguments()?;
            return self.call_of(Some(of), field, token, (whole.0, end), args);
        }
        let select = SelectExpr {
            operand: Box::new(of.node),
            field: field.to_owned(),
            test: false,
        };
        self.made(Expr::Select(select), token, whole, of.height)
    }

    /// Arguments in brackets, and where they end.
    fn arguments(&mut self) -> Result<(Vec<Read>, usize), Problem> {
        self.expect("(")?;
        let mut args = Vec::new();
        if !self.is(")") {
            args.push(self.expression()?);
            while self.take(",") {
                args.push(self.expression()?);
            }
        }
        let close = self.expect(")")?;
        Ok((args, close.span().1))
    }

    fn primary(&mut self) -> Result<Read, Problem> {
        if self.is("(") {
            let open = self.advance();
            let mut inner = self.expression()?;
            inner.outer = (open.start, self.expect(")")?.span().1);
            return Ok(inner);
        }
        if self.is("[") {
            return self.list();
        }
        if self.is("{") {
            return self.map();
        }
        let start = self.token();
        let negative = self.take("-");
        let token = self.token();
        if let Some(value) = literal::value(&token, negative)? {
            self.advance();
            let whole = (start.start, token.span().1);
            return self.made(Expr::Literal(value), whole, whole, 0);
        }
        if token.kind != TokenKind::Name || negative {
            return Err(self.unexpected("an expression"));
        }
        if RESERVED.contains(&token.text) {
            let message = format!("`{}` is a reserved word", token.text);
            return Err(syntax(token.span(), &message));
        }
        self.advance();
        self.named(token)
    }

    fn named(&mut self, name: Token<'_>) -> Result<Read, Problem> {
        if self.is("(") {
            let (args, end) = self.arguments()?;
            return self.call(name.text, name.span(), (name.start, end), args);
        }
        if self.is("{") {
            return Err(syntax(name.span(), "messages are not part of the language"));
        }
        self.made(
            Expr::Ident(name.text.to_owned()),
            name.span(),
            name.span(),
            0,
        )
    }

    fn list(&mut self) -> Result<Read, Problem> {
        let open = self.advance();
        let (mut elements, mut optional_indices, mut height) = (Vec::new(), Vec::new(), 0);
        // The grammar takes a comma behind the last element, were there none.
        let empty = self.take(",");
        while !empty && !self.is("]") {
            if self.take("?") {
                optional_indices.push(elements.len());
            }
            let element = self.expression()?;
            height = height.max(element.height);
            elements.push(element.node);
            if !self.take(",") {
                break;
            }
        }
        let close = self.expect("]")?;
        let list = ListExpr {
            elements,
            optional_indices,
        };
        let whole = (open.start, close.span().1);
        self.made(Expr::List(list), open.span(), whole, height)
    }

    fn map(&mut self) -> Result<Read, Problem> {
        let open = self.advance();
        let (mut entries, mut height) = (Vec::new(), 0);
        let empty = self.take(",");
        while !empty && !self.is("}") {
            let optional = self.take("?");
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            height = height.max(key.height).max(value.height);
            let entry = MapEntryExpr {
                key: key.node,
                value: value.node,
                optional,
            };
            entries.push(IdedEntryExpr {
                id: 0,
                expr: EntryExpr::MapEntry(entry),
            });
            if !self.take(",") {
                break;
            }
        }
        let close = self.expect("}")?;
        let whole = (open.start, close.span().1);
        self.made(Expr::Map(MapExpr { entries }), open.span(), whole, height)
    }
}
