//! Reads the syntax of Python's `re`, as far as it has a counterpart.

/// A pattern.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    Literal(char),
    /// Anything but a line break.
    Any,
    Class(Class),
    Anchor(Anchor),
    Group(Box<Node>),
    Either(Vec<Node>),
    Sequence(Vec<Node>),
    /// With what is written behind it, such as `+` or `{2,3}`.
    Repeat(Box<Node>, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    /// `\Z`.
    End,
    /// `$`: the end, or before a line break at the end.
    LineEnd,
    Boundary,
}

#[derive(Debug, PartialEq)]
pub(super) struct Class {
    pub(super) negated: bool,
    pub(super) items: Vec<Item>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Item {
    Range(char, char),
    /// `d`, `w`, `s` or their opposites.
    Set(char),
}

/// Tells whether a node, or one below it, is such a one.
pub(super) fn any(node: &Node, test: &impl Fn(&Node) -> bool) -> bool {
    test(node)
        || match node {
            Node::Group(inner) | Node::Repeat(inner, _) => any(inner, test),
            Node::Either(parts) | Node::Sequence(parts) => parts.iter().any(|part| any(part, test)),
            Node::Literal(_) | Node::Any | Node::Class(_) | Node::Anchor(_) => false,
        }
}

/// Reads a whole pattern.
pub(super) fn parse(pattern: &str) -> Result<Node, String> {
    let mut reader = Reader {
        rest: pattern,
        depth: 0,
    };
    // The flag that is set anyway.
    reader.take("(?i)");
    let node = reader.either()?;
    if reader.rest.is_empty() {
        Ok(node)
    } else {
        Err("a bracket closes nothing".to_owned())
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut options = vec![self.sequence()?];
        while self.take("|") {
            options.push(self.sequence()?);
        }
        match options.pop() {
            Some(only) if options.is_empty() => Ok(only),
            last => {
                options.extend(last);
                Ok(Node::Either(options))
            }
        }
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut parts = Vec::new();
        while self.peek().is_some_and(|c| c != '|' && c != ')') {
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Ok(Node::Sequence(parts))
    }

    fn repeated(&mut self, atom: Node) -> Result<Node, String> {
        let mut count = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.next();
                c.to_string()
            }
            Some('{') => match self.counted() {
                Some(count) => count,
                None => return Ok(atom),
            },
            _ => return Ok(atom),
        };
        if self.take("?") {
            count.push('?');
        }
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err("it repeats a repetition, or repeats without giving back".to_owned());
        }
        Ok(Node::Repeat(Box::new(atom), count))
    }

    /// `{2}`, `{2,}`, `{,3}` or `{2,3}`; anything else is a brace of the text.
    fn counted(&mut self) -> Option<String> {
        let (inside, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if inside.is_empty() || inside == "," || !digits(least) || !digits(most) {
            return None;
        }
        let least = if least.is_empty() { "0" } else { least };
        self.rest = rest;
        Some(if inside.contains(',') {
            format!("{{{least},{most}}}")
        } else {
            format!("{{{least}}}")
        })
    }

    fn atom(&mut self) -> Result<Node, String> {
        match self.next() {
            Some('.') => Ok(Node::Any),
            Some('^') => Ok(Node::Anchor(Anchor::Start)),
            Some('$') => Ok(Node::Anchor(Anchor::LineEnd)),
            Some('[') => self.class().map(Node::Class),
            Some('(') => self.group(),
            Some('\\') => self.escape(),
            Some('*' | '+' | '?') => Err("a repetition has nothing to repeat".to_owned()),
            Some(c) => Ok(Node::Literal(c)),
            None => Err("it ends too early".to_owned()),
        }
    }

    fn group(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > 20 {
            return Err("its groups are nested too deep".to_owned());
        }
        if self.take("?") && !self.take(":") {
            if self.take("P<") {
                let (_, rest) = self.rest.split_once('>').ok_or("a name has no end")?;
                self.rest = rest;
            } else {
                let what = match self.rest.get(..1) {
                    Some("=" | "!") => "it looks ahead",
                    Some("<") => "it looks behind",
                    Some("P") => "it refers back to a group",
                    Some("(") => "it has a condition",
                    Some(">") => "it has an atomic group",
                    Some("#") => "it has a comment",
                    _ => "it sets flags",
                };
                return Err(format!("{what}, which has no counterpart in linear time"));
            }
        }
        let inner = self.either()?;
        self.depth -= 1;
        if !self.take(")") {
            return Err("a bracket is not closed".to_owned());
        }
        Ok(Node::Group(Box::new(inner)))
    }

    fn escape(&mut self) -> Result<Node, String> {
        let Some(c) = self.peek() else {
            return Err("it ends with a backslash".to_owned());
        };
        let node = match c {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => Node::Class(Class {
                negated: false,
                items: vec![Item::Set(c)],
            }),
            'b' => Node::Anchor(Anchor::Boundary),
            'A' => Node::Anchor(Anchor::Start),
            'Z' => Node::Anchor(Anchor::End),
            'B' => return Err("`\\B` has no counterpart".to_owned()),
            '1'..='9' => return Err("it refers back to a group".to_owned()),
            _ => return self.character().map(Node::Literal),
        };
        self.next();
        Ok(node)
    }

    /// A character after a backslash.
    fn character(&mut self) -> Result<char, String> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('f') => Ok('\x0c'),
            Some('v') => Ok('\x0b'),
            Some('a') => Ok('\x07'),
            Some('x') => self.code(2),
            Some('u') => self.code(4),
            Some('U') => self.code(8),
            Some('0') if !self.peek().is_some_and(|c| c.is_ascii_digit()) => Ok('\0'),
            Some(c) if !c.is_ascii_alphanumeric() => Ok(c),
            Some(c) => Err(format!("`\\{c}` has no counterpart")),
            None => Err("it ends with a backslash".to_owned()),
        }
    }

    fn code(&mut self, digits: usize) -> Result<char, String> {
        let bad = || "an escape is no character".to_owned();
        let text = self.rest.get(..digits).ok_or_else(bad)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        self.rest = &self.rest[digits..];
        let code = u32::from_str_radix(text, 16).map_err(|_| bad())?;
        char::from_u32(code).ok_or_else(bad)
    }

    fn class(&mut self) -> Result<Class, String> {
        let negated = self.take("^");
        let mut items = Vec::new();
        loop {
            let c = self.next().ok_or("a class is not closed")?;
            if c == ']' && !items.is_empty() {
                return Ok(Class { negated, items });
            }
            let item = self.member(c)?;
            let range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            match (item, range) {
                (Item::Range(from, _), true) => {
                    self.next();
                    let c = self.next().ok_or("a class is not closed")?;
                    match self.member(c)? {
                        Item::Range(to, _) if from <= to => items.push(Item::Range(from, to)),
                        Item::Range(..) | Item::Set(_) => {
                            return Err("a class has a range without end".to_owned());
                        }
                    }
                }
                (Item::Set(_), true) => return Err("a class has a range of classes".to_owned()),
                (item, false) => items.push(item),
            }
        }
    }

    fn member(&mut self, c: char) -> Result<Item, String> {
        if c != '\\' {
            return Ok(Item::Range(c, c));
        }
        match self.peek() {
            Some(set @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => {
                self.next();
                Ok(Item::Set(set))
            }
            Some('b') => {
                self.next();
                Ok(Item::Range('\x08', '\x08'))
            }
            _ => self.character().map(|c| Item::Range(c, c)),
        }
    }
}
