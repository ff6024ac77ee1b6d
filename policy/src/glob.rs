//! Globs over names of tools and agents: `*` matches within a segment, `**` across segments;
//! segments are separated by `.` or `/`. Either star may match nothing.

mod covers;

use std::sync::Arc;

const MOST: usize = 256;

/// A glob that was checked; matching takes at most (pattern × text) steps and no memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Glob(Arc<str>);

impl Glob {
    /// Reads a glob; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MOST {
            return Err(format!("a glob has 1 to {MOST} characters"));
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
        Ok(Self(text.into()))
    }

    /// The glob as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The one name that it matches, when it has no star.
    pub(crate) fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&*self.0)
    }

    /// What every match starts with.
    pub(crate) fn prefix(&self) -> &str {
        self.0.split('*').next().unwrap_or("")
    }

    /// What every match ends with.
    pub(crate) fn suffix(&self) -> &str {
        self.0.rsplit('*').next().unwrap_or("")
    }

    /// Tells whether the name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        if let Some(exact) = self.exact() {
            return exact == name;
        }
        if !name.starts_with(self.prefix()) || !name.ends_with(self.suffix()) {
            return false;
        }
        let pattern = self.0.as_bytes();
        // States of the automaton that are alive: `alive` at n says that n bytes of the pattern are matched.
        let mut alive = States::default();
        alive.add(pattern, 0);
        for byte in name.bytes() {
            let mut next = States::default();
            for at in (0..pattern.len()).filter(|at| alive.has(*at)) {
                match pattern[at] {
                    b'*' if pattern.get(at + 1) == Some(&b'*') => next.add(pattern, at),
                    b'*' if matches!(byte, b'.' | b'/') => {}
                    b'*' => next.add(pattern, at),
                    literal if literal == byte => next.add(pattern, at + 1),
                    _ => {}
                }
            }
            alive = next;
        }
        alive.has(pattern.len())
    }
}

/// A set of places in a pattern.
#[derive(Debug, Clone, Copy, Default)]
struct States([u64; MOST / 64 + 1]);

impl States {
    const fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    /// Adds a place, and those behind the stars that start there: a star may match nothing.
    fn add(&mut self, pattern: &[u8], mut at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
        while pattern.get(at) == Some(&b'*') {
            at += if pattern.get(at + 1) == Some(&b'*') {
                2
            } else {
                1
            };
            self.0[at / 64] |= 1 << (at % 64);
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
