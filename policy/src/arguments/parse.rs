//! A JSON reader that refuses what others repair: duplicate keys, lone surrogates, numbers that
//! would change, depth without end.

use serde_json::{Map, Number, Value};

use super::{ArgumentsError, limits};

/// Reads one object and nothing after it.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, ArgumentsError> {
    if text.len() > limits::BYTES {
        return Err(ArgumentsError::TooLarge { bytes: text.len() });
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
    };
    reader.space();
    let value = reader.value()?;
    reader.space();
    if reader.at < reader.bytes.len() {
        return Err(reader.syntax("expected the end of the text"));
    }
    match value {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(ArgumentsError::NotAnObject)
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    const fn syntax(&self, problem: &'static str) -> ArgumentsError {
        ArgumentsError::Syntax {
            offset: self.at,
            problem,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Value, ArgumentsError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.syntax("expected a value")),
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, ArgumentsError>,
    ) -> Result<Value, ArgumentsError> {
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(ArgumentsError::TooDeep { offset: self.at });
        }
        self.at += 1;
        self.space();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn map(&mut self) -> Result<Value, ArgumentsError> {
        let mut map = Map::new();
        if self.take(b'}') {
            return Ok(Value::Object(map));
        }
        loop {
            let offset = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.syntax("expected a key in double quotes"));
            }
            let key = self.string()?;
            if map.contains_key(&key) {
                let key = key.chars().take(64).collect();
                return Err(ArgumentsError::DuplicateKey { key, offset });
            }
            self.space();
            if !self.take(b':') {
                return Err(self.syntax("expected `:`"));
            }
            self.space();
            let value = self.value()?;
            map.insert(key, value);
            if self.end(b'}', "expected `,` or `}`")? {
                return Ok(Value::Object(map));
            }
        }
    }

    fn array(&mut self) -> Result<Value, ArgumentsError> {
        let mut array = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(array));
        }
        loop {
            array.push(self.value()?);
            if self.end(b']', "expected `,` or `]`")? {
                return Ok(Value::Array(array));
            }
        }
    }

    /// After an element: true at the end, false at a comma.
    fn end(&mut self, close: u8, problem: &'static str) -> Result<bool, ArgumentsError> {
        self.space();
        if self.take(close) {
            return Ok(true);
        }
        if !self.take(b',') {
            return Err(self.syntax(problem));
        }
        self.space();
        Ok(false)
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, ArgumentsError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<String, ArgumentsError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.syntax("control character in a string")),
                None => return Err(self.syntax("expected the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ArgumentsError> {
        let offset = self.at;
        self.at += 1;
        let byte = self.peek();
        self.at += 1;
        Ok(match byte {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex(offset)?;
                let code = if (0xd800..0xdc00).contains(&first) {
                    if !(self.take(b'\\') && self.take(b'u')) {
                        return Err(ArgumentsError::LoneSurrogate { offset });
                    }
                    let second = self.hex(offset)?;
                    if !(0xdc00..0xe000).contains(&second) {
                        return Err(ArgumentsError::LoneSurrogate { offset });
                    }
                    0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                } else {
                    first
                };
                char::from_u32(code).ok_or(ArgumentsError::LoneSurrogate { offset })?
            }
            _ => {
                return Err(ArgumentsError::Syntax {
                    offset,
                    problem: "unknown escape",
                });
            }
        })
    }

    fn hex(&mut self, offset: usize) -> Result<u32, ArgumentsError> {
        let problem = ArgumentsError::Syntax {
            offset,
            problem: "expected four hexadecimal digits",
        };
        let digits = self
            .bytes
            .get(self.at..self.at + 4)
            .ok_or(problem.clone())?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(problem.clone())?;
            Ok(code * 16 + digit)
        })
    }

    fn number(&mut self) -> Result<Number, ArgumentsError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut integer = true;
        if self.take(b'.') {
            integer = false;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let number = if integer { exact(text) } else { nearest(text) };
        number.ok_or_else(|| ArgumentsError::NumberOutOfRange {
            number: text.chars().take(64).collect(),
            offset: start,
        })
    }

    fn digits(&mut self) -> Result<(), ArgumentsError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.syntax("expected a digit"))
        } else {
            Ok(())
        }
    }
}

fn exact(text: &str) -> Option<Number> {
    text.parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from))
        .ok()
}

/// The nearest double, as an integer where it is one: then `20.0` and `20` are one value.
fn nearest(text: &str) -> Option<Number> {
    let double: f64 = text
        .parse()
        .ok()
        .filter(|double: &f64| double.is_finite())?;
    // Every double of this range without a fraction is exactly an integer of 64 bits.
    const BELOW: f64 = -9_223_372_036_854_775_808.0;
    const ABOVE: f64 = 18_446_744_073_709_551_616.0;
    if double.fract() == 0.0 && (BELOW..ABOVE).contains(&double) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an integer within the range of i128"
        )]
        let integer = double as i128;
        return i64::try_from(integer)
            .map(Number::from)
            .or_else(|_| u64::try_from(integer).map(Number::from))
            .ok();
    }
    Number::from_f64(double)
}
