//! Tool globs of filters: `*` stands for any text within a segment, `**` across segments; segments
//! are separated by `.` and `/`.

use crate::Error;

const MAX_LENGTH: usize = 256;

/// A tool name with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolGlob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Byte(u8),
    Within,
    Across,
}

impl ToolGlob {
    /// Reads a glob.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is longer than a tool name may be or not visible ASCII.
    pub fn new(text: &str) -> Result<Self, Error> {
        let fine = text.bytes().all(|b| b.is_ascii_graphic());
        if text.is_empty() || text.len() > MAX_LENGTH || !fine {
            return Err(Error::invalid(
                "filter.tool",
                "is not a tool name or a glob of one",
            ));
        }
        let mut parts = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            match (byte, parts.last()) {
                (b'*', Some(Part::Within)) => {
                    parts.pop();
                    parts.push(Part::Across);
                }
                (b'*', Some(Part::Across)) => {}
                (b'*', _) => parts.push(Part::Within),
                (byte, _) => parts.push(Part::Byte(byte)),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// The glob as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The tool itself, when the glob has no wildcard.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        self.parts
            .iter()
            .all(|part| matches!(part, Part::Byte(_)))
            .then_some(&*self.text)
    }

    /// Tells whether the tool matches. The work is bounded by glob length × tool length.
    #[must_use]
    pub fn matches(&self, tool: &str) -> bool {
        let literal = self.text.find('*').unwrap_or(self.text.len());
        if !tool.starts_with(&self.text[..literal]) {
            return false;
        }
        // `reached[i]`: the first `i` parts match what was read of the tool so far.
        let mut reached = vec![false; self.parts.len() + 1];
        reached[0] = true;
        self.skip_wildcards(&mut reached);
        for byte in tool.bytes() {
            let mut next = vec![false; reached.len()];
            for (index, part) in self.parts.iter().enumerate().filter(|(i, _)| reached[*i]) {
                match part {
                    Part::Byte(expected) => next[index + 1] |= *expected == byte,
                    Part::Within => next[index] |= !matches!(byte, b'.' | b'/'),
                    Part::Across => next[index] = true,
                }
            }
            self.skip_wildcards(&mut next);
            reached = next;
        }
        reached[self.parts.len()]
    }

    /// A wildcard also stands for nothing.
    fn skip_wildcards(&self, reached: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if reached[index] && !matches!(part, Part::Byte(_)) {
                reached[index + 1] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, tool: &str) -> bool {
        ToolGlob::new(glob).unwrap().matches(tool)
    }

    #[test]
    fn one_star_stays_within_its_segment_and_two_do_not() {
        assert!(matches("payments.*", "payments.refund"));
        assert!(!matches("payments.*", "payments.refund.all"));
        assert!(!matches("mcp.*", "mcp.github/create"));
        assert!(matches("payments.**", "payments.refund.all"));
        assert!(matches("**.export", "crm/customers.export"));
        assert!(!matches("**.export", "crm.exports"));
        assert!(matches("*.re*d", "payments.refund"));
        assert!(matches("payments.refund", "payments.refund"));
        assert!(!matches("payments.refund", "payments.refunds"));
    }

    #[test]
    fn a_hostile_glob_costs_no_more_than_its_length() {
        let glob = "*a".repeat(128);
        assert!(!matches(&glob, &"a".repeat(127)));
        assert!(matches(&glob, &"a".repeat(256)));
    }

    #[test]
    fn a_glob_is_visible_and_bounded() {
        for bad in ["", "a b", "ä", &"a".repeat(257)] {
            assert!(ToolGlob::new(bad).is_err(), "{bad}");
        }
        assert_eq!(ToolGlob::new("a.b").unwrap().exact(), Some("a.b"));
        assert_eq!(ToolGlob::new("a.*").unwrap().exact(), None);
    }
}
