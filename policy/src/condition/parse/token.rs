//! The tokens of CEL.

use super::{Problem, syntax};

/// A token with its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// An operator or a bracket.
    Sign,
    /// A name, a word of the language included.
    Name,
    /// A name in backticks, for a property.
    Quoted,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    /// Behind the last one.
    End,
}

impl Token<'_> {
    pub(super) const fn span(&self) -> (usize, usize) {
        (self.start, self.start + self.text.len())
    }
}

/// Longer signs stand before those that they start with.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "(", ")", "[", "]", "{", "}", ".", ",", "-", "+", "*", "/",
    "%", "?", ":", "!", "<", ">", "=",
];

/// Splits a text; comments and white space are left out, and the last token is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at += blank(&text[at..]);
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            found.push(Token {
                kind: TokenKind::End,
                text: "",
                start: at,
            });
            return Ok(found);
        };
        let (kind, length) = if let Some(quoted) = quoted(rest, at)? {
            quoted
        } else if first.is_ascii_alphabetic() || first == '_' {
            (
                TokenKind::Name,
                span(rest, |c| c.is_ascii_alphanumeric() || c == '_'),
            )
        } else if let Some(number) = number(rest) {
            number
        } else if first == '`' {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
            let length = 1 + span(&rest[1..], plain);
            if length == 1 || !rest[length..].starts_with('`') {
                return Err(syntax(
                    (at, at + length),
                    "a name in backticks is malformed",
                ));
            }
            (TokenKind::Quoted, length + 1)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (TokenKind::Sign, sign.len())
        } else {
            let message = format!("`{}` has no meaning here", first.escape_default());
            return Err(syntax((at, at + first.len_utf8()), &message));
        };
        found.push(Token {
            kind,
            text: &rest[..length],
            start: at,
        });
        at += length;
    }
}

/// The bytes of the characters at the start that fit.
fn span(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

fn blank(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let white = span(rest, |c| matches!(c, '\t' | ' ' | '\r' | '\n' | '\u{c}'));
        let comment = if rest[white..].starts_with("//") {
            span(&rest[white..], |c| c != '\n')
        } else {
            0
        };
        if white + comment == 0 {
            return at;
        }
        at += white + comment;
    }
}

/// A string or bytes literal with its prefix and quotes.
fn quoted(rest: &str, start: usize) -> Result<Option<(TokenKind, usize)>, Problem> {
    let bytes = rest.starts_with(['b', 'B']);
    let mut at = usize::from(bytes);
    let raw = rest[at..].starts_with(['r', 'R']);
    at += usize::from(raw);
    let body = &rest[at..];
    let Some(quote) = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| body.starts_with(quote))
    else {
        return Ok(None);
    };
    at += quote.len();
    let open = at;
    let mut escaped = false;
    for (offset, c) in rest[open..].char_indices() {
        if escaped {
            escaped = false;
        } else if rest[open + offset..].starts_with(quote) {
            let kind = if bytes {
                TokenKind::Bytes
            } else {
                TokenKind::Text
            };
            return Ok(Some((kind, open + offset + quote.len())));
        } else if c == '\\' && !raw {
            escaped = true;
        }
        // A plain string ends with its line.
        if quote.len() == 1 && matches!(c, '\n' | '\r') {
            break;
        }
    }
    Err(syntax((start, start + open), "this string has no end"))
}

fn number(rest: &str) -> Option<(TokenKind, usize)> {
    let digits = |text: &str| span(text, |c| c.is_ascii_digit());
    let unsigned = |length: usize| {
        if rest[length..].starts_with(['u', 'U']) {
            (TokenKind::Uint, length + 1)
        } else {
            (TokenKind::Int, length)
        }
    };
    if let Some(hexadecimal) = rest.strip_prefix("0x") {
        let length = span(hexadecimal, |c| c.is_ascii_hexdigit());
        if length > 0 {
            return Some(unsigned(length + 2));
        }
    }
    let whole = digits(rest);
    let fraction = match rest[whole..].strip_prefix('.').map(digits) {
        Some(length) if length > 0 => length + 1,
        _ => 0,
    };
    if whole + fraction == 0 {
        return None;
    }
    let mut length = whole + fraction;
    let exponent = rest[length..].strip_prefix(['e', 'E']).map(|rest| {
        let sign = usize::from(rest.starts_with(['+', '-']));
        (sign, digits(&rest[sign..]))
    });
    let exponent = match exponent {
        Some((sign, digits)) if digits > 0 => 1 + sign + digits,
        _ => 0,
    };
    length += exponent;
    if fraction + exponent > 0 {
        return Some((TokenKind::Double, length));
    }
    Some(unsigned(length))
}
