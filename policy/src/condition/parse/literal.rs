//! The values of literals.

use std::str::Chars;

use cel::common::ast::LiteralValue;

use super::token::{Token, TokenKind};
use super::{Problem, syntax};

/// The value of a literal; of a number with the sign before it.
pub(super) fn value(token: &Token<'_>, negative: bool) -> Result<Option<LiteralValue>, Problem> {
    let sign = if negative { "-" } else { "" };
    let wrong = |message: &str| syntax(token.span(), message);
    Ok(Some(match token.kind {
        TokenKind::Int => {
            let (digits, radix) = radix(token.text);
            let number = i64::from_str_radix(&format!("{sign}{digits}"), radix);
            let number = number.map_err(|_| wrong("the integer has more than 64 bits"))?;
            LiteralValue::Int(number.into())
        }
        TokenKind::Uint => {
            let (digits, radix) = radix(token.text.trim_end_matches(['u', 'U']));
            let number = u64::from_str_radix(digits, radix);
            let number = number.map_err(|_| wrong("the integer has more than 64 bits"))?;
            LiteralValue::UInt(number.into())
        }
        TokenKind::Double => {
            let number = format!("{sign}{}", token.text).parse::<f64>().ok();
            let number = number.filter(|number| number.is_finite());
            LiteralValue::Double(
                number
                    .ok_or_else(|| wrong("the number is too large"))?
                    .into(),
            )
        }
        TokenKind::Text => {
            let text = String::from_utf8(unescaped(token.text, false).map_err(|m| wrong(&m))?);
            LiteralValue::String(text.map_err(|_| wrong("the string is no Unicode"))?.into())
        }
        TokenKind::Bytes => {
            let bytes = unescaped(&token.text[1..], true).map_err(|m| wrong(&m))?;
            LiteralValue::Bytes(bytes.into())
        }
        TokenKind::Name => match token.text {
            "true" => LiteralValue::Boolean(true.into()),
            "false" => LiteralValue::Boolean(false.into()),
            "null" => LiteralValue::Null,
            _ => return Ok(None),
        },
        TokenKind::Sign | TokenKind::Quoted | TokenKind::End => return Ok(None),
    }))
}

fn radix(text: &str) -> (&str, u32) {
    text.strip_prefix("0x")
        .map_or((text, 10), |digits| (digits, 16))
}

/// What a literal with its quotes stands for.
fn unescaped(text: &str, bytes: bool) -> Result<Vec<u8>, String> {
    let (raw, text) = match text.strip_prefix(['r', 'R']) {
        Some(text) => (true, text),
        None => (false, text),
    };
    let triple = text.len() >= 6 && (text.starts_with("\"\"\"") || text.starts_with("'''"));
    let quote = if triple { 3 } else { 1 };
    // Lines end alike, wherever the text was written.
    let body = text[quote..text.len() - quote]
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    if raw {
        return Ok(body.into_bytes());
    }
    let mut out = Vec::with_capacity(body.len());
    let mut characters = body.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = characters.next().unwrap_or('\\');
        match escape {
            'a' => out.push(0x07),
            'b' => out.push(0x08),
            'f' => out.push(0x0c),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(0x0b),
            '\\' | '\'' | '"' | '`' | '?' => out.extend(escape.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => {
                let known = code(escape, &mut characters, bytes);
                let code = known.ok_or_else(|| format!("`\\{escape}` is no escape sequence"))?;
                match u8::try_from(code).ok().filter(|_| bytes) {
                    Some(byte) => out.push(byte),
                    None => {
                        let c = char::from_u32(code);
                        let c = c.ok_or_else(|| "an escape sequence is no character".to_owned())?;
                        out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
            }
        }
    }
    Ok(out)
}

/// The number of an escape sequence such as `\x41`, `\u00e9` or `\101`.
fn code(escape: char, characters: &mut Chars<'_>, bytes: bool) -> Option<u32> {
    let (first, count, radix) = match escape {
        'x' | 'X' => (0, 2, 16),
        'u' if !bytes => (0, 4, 16),
        'U' if !bytes => (0, 8, 16),
        '0'..='3' => (escape.to_digit(8)?, 2, 8),
        _ => return None,
    };
    (0..count).try_fold(first, |code: u32, _| {
        code.checked_mul(radix)?
            .checked_add(characters.next()?.to_digit(radix)?)
    })
}
