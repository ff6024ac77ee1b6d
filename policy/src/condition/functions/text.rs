//! Functions of text; places count characters.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use super::{Failure, Function, Result, format};
use crate::condition::limits;
use crate::condition::value::{Items, Text, Value};

impl Function {
    pub(super) fn text<'a>(self, args: &[Value<'a>]) -> Result<'a> {
        use Value::{Number, Text};
        match (self, args) {
            (Self::LowerAscii, [Text(text)]) => self.made(&text.to_ascii_lowercase()),
            (Self::UpperAscii, [Text(text)]) => self.made(&text.to_ascii_uppercase()),
            (Self::Trim, [Text(text)]) => {
                let start = text.len() - text.trim_start().len();
                let end = text.trim_end().len().max(start);
                Ok(Text(text.part(start..end)))
            }
            (Self::CharAt, [Text(text), Number(at)]) => {
                let start = self.place(text, self.whole(*at)?)?;
                let next = text[start..].chars().next();
                Ok(Text(
                    text.part(start..start + next.map_or(0, char::len_utf8)),
                ))
            }
            (Self::IndexOf, [Text(text), Text(wanted)]) => {
                Ok(Value::int(index(text, text.find(&**wanted))))
            }
            (Self::IndexOf, [Text(text), Text(wanted), Number(from)]) => {
                let from = self.place(text, self.whole(*from)?)?;
                let found = text[from..].find(&**wanted);
                Ok(Value::int(index(text, found.map(|at| from + at))))
            }
            (Self::LastIndexOf, [Text(text), Text(wanted)]) => {
                Ok(Value::int(index(text, text.rfind(&**wanted))))
            }
            (Self::LastIndexOf, [Text(text), Text(wanted), Number(to)]) => {
                let to = self.place(text, self.whole(*to)?)?;
                // What is found ends at a border of characters, and not behind this.
                let end = text.floor_char_boundary(to.saturating_add(wanted.len()));
                Ok(Value::int(index(text, text[..end].rfind(&**wanted))))
            }
            (Self::Substring, [Text(text), Number(from)]) => {
                let from = self.place(text, self.whole(*from)?)?;
                Ok(Text(text.part(from..text.len())))
            }
            (Self::Substring, [Text(text), Number(from), Number(to)]) => {
                let (from, to) = (self.whole(*from)?, self.whole(*to)?);
                let (from, to) = (self.place(text, from)?, self.place(text, to)?);
                if from > to {
                    return Err(self.fail("the end is before the start"));
                }
                Ok(Text(text.part(from..to)))
            }
            (Self::Replace, [Text(text), Text(old), Text(new)]) => {
                self.replace(text, old, new, usize::MAX)
            }
            (Self::Replace, [Text(text), Text(old), Text(new), Number(most)]) => {
                // Below zero means all.
                let most = usize::try_from(self.whole(*most)?).unwrap_or(usize::MAX);
                self.replace(text, old, new, most)
            }
            (Self::Reverse, [Text(text)]) => {
                if text.len() > limits::TEXT {
                    return self.made(text);
                }
                self.made(&text.chars().rev().collect::<String>())
            }
            (Self::Split, [Text(text), Text(separator)]) => self.split(text, separator, usize::MAX),
            (Self::Split, [Text(text), Text(separator), Number(most)]) => {
                let most = usize::try_from(self.whole(*most)?).unwrap_or(usize::MAX);
                self.split(text, separator, most)
            }
            (Self::Join, [Value::Items(items)]) => self.join(items, ""),
            (Self::Join, [Value::Items(items), Text(separator)]) => self.join(items, separator),
            (Self::Quote, [Text(text)]) => self.quote(text),
            (Self::Format, [Text(text), Value::Items(items)]) => {
                let text = format::format(text, items).map_err(|why| self.fail(&why))?;
                self.made(&text)
            }
            (_, args) => Err(self.overload(args)),
        }
    }

    /// The byte at which a character starts, or at which the text ends.
    fn place(self, text: &str, at: i64) -> std::result::Result<usize, Failure> {
        let outside = || self.fail("the index is outside the text");
        let at = usize::try_from(at).map_err(|_| outside())?;
        let starts = text.char_indices().map(|(start, _)| start);
        starts.chain([text.len()]).nth(at).ok_or_else(outside)
    }

    fn replace<'a>(self, text: &str, old: &str, new: &str, most: usize) -> Result<'a> {
        let mut made = Bounded::new(self);
        let mut end = 0;
        for (at, found) in text.match_indices(old).take(most) {
            made.push(&text[end..at])?;
            made.push(new)?;
            end = at + found.len();
        }
        made.push(&text[end..])?;
        Ok(Value::made(&made.text))
    }

    fn split<'a>(self, text: &Text<'a>, separator: &str, most: usize) -> Result<'a> {
        if most == 0 {
            return Ok(Value::list(Vec::new()));
        }
        let part = |start: usize, end: usize| Value::Text(text.part(start..end));
        if separator.is_empty() {
            // Between all characters; the last part keeps what is left.
            let starts: Vec<_> = text
                .char_indices()
                .map(|(start, _)| start)
                .take(most.min(limits::ITEMS + 1))
                .collect();
            let ends = starts.iter().skip(1).copied().chain([text.len()]);
            return self.list(
                starts
                    .iter()
                    .zip(ends)
                    .map(|(start, end)| part(*start, end)),
            );
        }
        let mut at = 0;
        self.list(text.splitn(most, separator).map(|found| {
            let start = at;
            at = start + found.len() + separator.len();
            part(start, start + found.len())
        }))
    }

    fn join<'a>(self, items: &Items<'_>, separator: &str) -> Result<'a> {
        let mut made = Bounded::new(self);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                made.push(separator)?;
            }
            match item {
                Value::Text(text) => made.push(&text)?,
                other => return Err(self.overload(&[other])),
            }
        }
        Ok(Value::made(&made.text))
    }

    fn quote<'a>(self, text: &str) -> Result<'a> {
        let mut made = Bounded::new(self);
        made.push("\"")?;
        for c in text.chars() {
            let escaped = match c {
                '\u{7}' => "\\a",
                '\u{8}' => "\\b",
                '\u{c}' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\u{b}' => "\\v",
                '\\' => "\\\\",
                '"' => "\\\"",
                other => {
                    made.push(other.encode_utf8(&mut [0; 4]))?;
                    continue;
                }
            };
            made.push(escaped)?;
        }
        made.push("\"")?;
        Ok(Value::made(&made.text))
    }
}

/// A text that grows to 64 KiB and no further.
struct Bounded {
    function: Function,
    text: String,
}

impl Bounded {
    const fn new(function: Function) -> Self {
        Self {
            function,
            text: String::new(),
        }
    }

    fn push(&mut self, part: &str) -> std::result::Result<(), Failure> {
        if self.text.len() + part.len() > limits::TEXT {
            let why = "the text that it makes is longer than 64 KiB";
            return Err(self.function.fail(why));
        }
        self.text.push_str(part);
        Ok(())
    }
}

/// The characters before a byte; -1 for what was not found.
fn index(text: &str, found: Option<usize>) -> i64 {
    let before = found.and_then(|at| text.get(..at));
    before.map_or(-1, |before| {
        i64::try_from(before.chars().count()).unwrap_or(i64::MAX)
    })
}
