//! Globs over names of tools and agents: `*` matches within a segment, `**` across segments;
//! segments are separated by `.` or `/`. Either star may match nothing.

/// A compiled glob; matching takes at most (pattern × text) steps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Byte(u8),
    Segment,
    Across,
}

impl Glob {
    /// Reads a glob; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > 256 {
            return Err("a glob has 1 to 256 characters".to_owned());
        }
        if text.contains("***") {
            return Err("three stars mean nothing: `*` or `**`".to_owned());
        }
        let fine = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '`');
        if let Some(c) = text.chars().find(|c| !fine(c)) {
            return Err(format!("`{}` cannot stand in a name", c.escape_debug()));
        }
        if let Some(c) = text
            .chars()
            .find(|c| matches!(c, '?' | '[' | ']' | '{' | '}' | '!'))
        {
            return Err(format!("`{c}` has no meaning here: only `*` and `**` do"));
        }
        let mut tokens = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            tokens.push(match byte {
                b'*' if bytes.next_if_eq(&b'*').is_some() => Token::Across,
                b'*' => Token::Segment,
                byte => Token::Byte(byte),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            tokens,
        })
    }

    /// The glob as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The one name that it matches, when it has no star.
    pub(crate) fn exact(&self) -> Option<&str> {
        (!self.text.contains('*')).then_some(&*self.text)
    }

    /// What every match starts with.
    pub(crate) fn prefix(&self) -> &str {
        self.text.split('*').next().unwrap_or("")
    }

    /// Tells whether the name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        if let Some(exact) = self.exact() {
            return exact == name;
        }
        if !name.starts_with(self.prefix()) {
            return false;
        }
        // States of the automaton that are alive: `alive[n]` says that n tokens are matched.
        let mut alive = vec![false; self.tokens.len() + 1];
        let mut next = alive.clone();
        alive[0] = true;
        self.skip_stars(&mut alive);
        for byte in name.bytes() {
            next.fill(false);
            for (at, token) in self.tokens.iter().enumerate().filter(|(at, _)| alive[*at]) {
                match token {
                    Token::Byte(wanted) => next[at + 1] |= *wanted == byte,
                    Token::Segment => next[at] |= !matches!(byte, b'.' | b'/'),
                    Token::Across => next[at] = true,
                }
            }
            std::mem::swap(&mut alive, &mut next);
            self.skip_stars(&mut alive);
        }
        alive[self.tokens.len()]
    }

    fn skip_stars(&self, alive: &mut [bool]) {
        for (at, token) in self.tokens.iter().enumerate() {
            if !matches!(token, Token::Byte(_)) && alive[at] {
                alive[at + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, name: &str) -> bool {
        Glob::parse(glob).unwrap().matches(name)
    }

    #[test]
    fn one_star_stays_within_a_segment() {
        assert!(matches("payments.*", "payments.refund"));
        assert!(matches("payments.*", "payments."));
        assert!(!matches("payments.*", "payments.refund.all"));
        assert!(!matches("payments.*", "payments.refund/all"));
        assert!(!matches("payments.*", "payments"));
        assert!(matches("*_email", "send_email"));
        assert!(matches("a*b*c", "abbbc"));
        assert!(!matches("a*b*c", "ab.bc"));
    }

    #[test]
    fn two_stars_cross_segments() {
        assert!(matches("**.export", "crm.customers.export"));
        assert!(matches("**.export", "crm/customers.export"));
        assert!(!matches("**.export", "crm.export.now"));
        assert!(!matches("**.export", "crm.exports"));
        assert!(matches("**", "any/thing.at_all"));
        assert!(matches("mcp/**/delete_*", "mcp/github/repo/delete_file"));
    }

    #[test]
    fn a_name_without_stars_matches_itself_alone() {
        assert!(matches("refund", "refund"));
        assert!(!matches("refund", "refunds"));
        assert!(!matches("refund", "Refund"));
    }

    #[test]
    fn what_looks_like_another_dialect_is_refused() {
        for bad in ["", "a***", "a?", "[ab]", "{a,b}", "!a", "a b", "\u{e4}"] {
            assert!(Glob::parse(bad).is_err(), "{bad:?}");
        }
    }
}
