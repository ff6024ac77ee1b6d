//! The grammar of CEL: operators here, names and brackets in `member`.

use std::collections::HashMap;

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::token::{Token, TokenKind};
use super::{Parsed, Place, Problem, limits, syntax, too_large};

/// Deepest tree: the checker refuses less, and what is refused has to be given back too.
const HEIGHT: usize = 2 * limits::DEPTH;

/// Reads an expression to the end of the tokens.
pub(super) fn parse(text: &str, tokens: Vec<Token<'_>>) -> Result<Parsed, Problem> {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        next: 0,
        places: HashMap::new(),
        length: text.len(),
    };
    let root = parser.expression()?;
    if parser.token().kind != TokenKind::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(Parsed {
        root: root.node,
        places: parser.places,
    })
}

/// An expression that was read.
pub(super) struct Read {
    pub(super) node: IdedExpr,
    /// With the brackets around it.
    pub(super) outer: (usize, usize),
    /// How many nodes are above each other.
    pub(super) height: usize,
}

pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
    next: u64,
    places: HashMap<u64, Place>,
    length: usize,
}

/// Operators that bind alike from left to right, the loosest first.
const BINARY: [&[(&str, &str)]; 3] = [
    &[
        ("<", operators::LESS),
        ("<=", operators::LESS_EQUALS),
        (">=", operators::GREATER_EQUALS),
        (">", operators::GREATER),
        ("==", operators::EQUALS),
        ("!=", operators::NOT_EQUALS),
        ("in", operators::IN),
    ],
    &[("+", operators::ADD), ("-", operators::SUBSTRACT)],
    &[
        ("*", operators::MULTIPLY),
        ("/", operators::DIVIDE),
        ("%", operators::MODULO),
    ],
];

impl<'a> Parser<'a> {
    /// An expression; what stands in brackets comes here again.
    pub(super) fn expression(&mut self) -> Result<Read, Problem> {
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(self.too_deep());
        }
        let test = self.logic(0)?;
        let read = if self.is("?") {
            let sign = self.advance();
            let yes = self.logic(0)?;
            self.expect(":")?;
            let no = self.expression()?;
            let outer = (test.outer.0, no.outer.1);
            self.call(
                operators::CONDITIONAL,
                sign.span(),
                outer,
                vec![test, yes, no],
            )?
        } else {
            test
        };
        self.depth -= 1;
        Ok(read)
    }

    /// `||`, and below it `&&`: long chains make a flat tree.
    fn logic(&mut self, level: usize) -> Result<Read, Problem> {
        const CHAINS: [(&str, &str); 2] = [
            ("||", operators::LOGICAL_OR),
            ("&&", operators::LOGICAL_AND),
        ];
        let Some((sign, name)) = CHAINS.get(level) else {
            return self.binary(0);
        };
        let first = self.logic(level + 1)?;
        if !self.is(sign) {
            return Ok(first);
        }
        let (mut terms, mut signs) = (vec![Some(first)], Vec::new());
        while self.is(sign) {
            signs.push(self.advance().span());
            terms.push(Some(self.logic(level + 1)?));
        }
        self.balanced(name, &mut terms, &signs, 0)
    }

    /// Joins the terms of a chain from the middle; `signs` are those between them, the first of which
    /// follows the term at `from`.
    fn balanced(
        &mut self,
        name: &str,
        terms: &mut [Option<Read>],
        signs: &[(usize, usize)],
        from: usize,
    ) -> Result<Read, Problem> {
        let middle = signs.len() / 2;
        let Some(sign) = signs.get(middle) else {
            let term = terms.get_mut(from).and_then(Option::take);
            return term.ok_or_else(|| self.unexpected("an expression"));
        };
        let left = self.balanced(name, terms, &signs[..middle], from)?;
        let right = self.balanced(name, terms, &signs[middle + 1..], from + middle + 1)?;
        let outer = (left.outer.0, right.outer.1);
        self.call(name, *sign, outer, vec![left, right])
    }

    fn binary(&mut self, level: usize) -> Result<Read, Problem> {
        let Some(signs) = BINARY.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some((_, name)) = signs.iter().find(|(sign, _)| self.is(sign)) {
            let sign = self.advance();
            let right = self.binary(level + 1)?;
            let outer = (left.outer.0, right.outer.1);
            left = self.call(name, sign.span(), outer, vec![left, right])?;
        }
        Ok(left)
    }

    /// `!` and `-` in any number; two of them cancel out.
    fn unary(&mut self) -> Result<Read, Problem> {
        let first = self.token();
        for (sign, name) in [("!", operators::LOGICAL_NOT), ("-", operators::NEGATE)] {
            let mut count = 0_usize;
            while self.is(sign) {
                self.advance();
                count += 1;
            }
            if count == 0 {
                continue;
            }
            // The sign of a number belongs to it: there is no 2^63 that could be negated.
            let number = matches!(self.token().kind, TokenKind::Int | TokenKind::Double);
            let signed = sign == "-" && number && count == 1;
            if signed {
                self.at -= 1;
                count -= 1;
            }
            let of = self.member()?;
            if count.is_multiple_of(2) {
                return Ok(of);
            }
            let outer = (first.start, of.outer.1);
            return self.call(name, first.span(), outer, vec![of]);
        }
        self.member()
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        token: (usize, usize),
        whole: (usize, usize),
        args: Vec<Read>,
    ) -> Result<Read, Problem> {
        self.call_of(None, name, token, whole, args)
    }

    pub(super) fn call_of(
        &mut self,
        target: Option<Read>,
        name: &str,
        token: (usize, usize),
        whole: (usize, usize),
        args: Vec<Read>,
    ) -> Result<Read, Problem> {
        let below = args.iter().chain(&target).map(|read| read.height).max();
        let call = CallExpr {
            func_name: name.to_owned(),
            target: target.map(|read| Box::new(read.node)),
            args: args.into_iter().map(|read| read.node).collect(),
        };
        self.made(Expr::Call(call), token, whole, below.unwrap_or(0))
    }

    /// A node over others of a height.
    pub(super) fn made(
        &mut self,
        expr: Expr,
        token: (usize, usize),
        whole: (usize, usize),
        below: usize,
    ) -> Result<Read, Problem> {
        self.next += 1;
        let node = IdedExpr {
            id: self.next,
            expr,
        };
        self.places.insert(self.next, Place { token, whole });
        let height = below + 1;
        if height > HEIGHT {
            return Err(self.too_deep());
        }
        Ok(Read {
            node,
            outer: whole,
            height,
        })
    }

    pub(super) fn token(&self) -> Token<'a> {
        let end = Token {
            kind: TokenKind::End,
            text: "",
            start: self.length,
        };
        self.tokens.get(self.at).copied().unwrap_or(end)
    }

    pub(super) fn advance(&mut self) -> Token<'a> {
        let token = self.token();
        self.at += 1;
        token
    }

    /// Tells whether the next token is this sign or word.
    pub(super) fn is(&self, text: &str) -> bool {
        let token = self.token();
        matches!(token.kind, TokenKind::Sign | TokenKind::Name) && token.text == text
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<Token<'a>, Problem> {
        if self.is(text) {
            return Ok(self.advance());
        }
        Err(self.unexpected(&format!("`{text}`")))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Problem {
        let token = self.token();
        let found = match token.kind {
            TokenKind::End => "the end".to_owned(),
            TokenKind::Sign
            | TokenKind::Name
            | TokenKind::Quoted
            | TokenKind::Int
            | TokenKind::Uint
            | TokenKind::Double
            | TokenKind::Text
            | TokenKind::Bytes => format!("`{}`", token.text.chars().take(40).collect::<String>()),
        };
        syntax(token.span(), &format!("expected {wanted}, found {found}"))
    }

    fn too_deep(&self) -> Problem {
        let message = format!("parts are nested deeper than {}", limits::DEPTH);
        too_large((0, self.length), message)
    }
}
