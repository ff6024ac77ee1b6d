//! Texts without regard to case, as patterns. Python lowers both sides with all of Unicode: the only
//! letters beyond ASCII that become ASCII ones are the Kelvin sign and, for its first half, `İ`.

use super::regex;

/// Texts of which one is looked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Texts {
    pub(super) exact: Vec<String>,
    pub(super) prefix: Vec<String>,
    pub(super) suffix: Vec<String>,
    pub(super) part: Vec<String>,
    /// Whole patterns.
    pub(super) raw: Vec<String>,
}

impl Texts {
    /// Takes the texts of another.
    pub(super) fn extend(&mut self, other: Self) {
        for (mine, more) in [
            (&mut self.exact, other.exact),
            (&mut self.prefix, other.prefix),
            (&mut self.suffix, other.suffix),
            (&mut self.part, other.part),
            (&mut self.raw, other.raw),
        ] {
            for text in more {
                if !mine.contains(&text) {
                    mine.push(text);
                }
            }
        }
    }

    /// Patterns of which one matches; none for no texts. Short ones are joined.
    pub(super) fn patterns(&self) -> Vec<String> {
        let mut all = Vec::new();
        let group = |texts: &[String]| format!("(?i-u:{})", texts.join("|"));
        if !self.exact.is_empty() {
            all.push(format!("^{}$", group(&self.exact)));
        }
        if !self.prefix.is_empty() {
            all.push(format!("^{}", group(&self.prefix)));
        }
        if !self.part.is_empty() {
            all.push(group(&self.part));
        }
        if !self.suffix.is_empty() {
            all.push(format!("{}$", group(&self.suffix)));
        }
        let simple = all.join("|");
        let mut patterns: Vec<_> = (!all.is_empty()).then_some(simple).into_iter().collect();
        patterns.extend(self.raw.iter().cloned());
        patterns
    }
}

/// A text as the inside of `(?i-u:…)`; `open`: more may follow it. The error names a letter whose
/// case Python folds in a way that cannot be said.
pub(super) fn folded(text: &str, open: bool) -> Result<String, char> {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c.to_ascii_lowercase() {
            'k' => out.push_str("(?u:k)"),
            // `İ` is lowered to `i` and a dot above.
            'i' if open && characters.peek().is_none() => out.push_str(r"(?:i|(?u:\x{130}))"),
            c if c.is_ascii() => out.push_str(&escaped(c)),
            c if regex::uncased(c) && c != '\u{307}' => out.push_str(&format!("(?u:{c})")),
            c => return Err(c),
        }
    }
    Ok(out)
}

/// A character that means itself.
pub(super) fn escaped(c: char) -> String {
    quoted(c, r"\.+*?()|[]{}^$")
}

/// A character that means itself in a class.
pub(super) fn escaped_in_class(c: char) -> String {
    quoted(c, r"\[]^&~-")
}

fn quoted(c: char, special: &str) -> String {
    match c {
        '\n' => r"\n".to_owned(),
        '\t' => r"\t".to_owned(),
        '\r' => r"\r".to_owned(),
        c if c.is_control() => format!(r"\x{{{:x}}}", u32::from(c)),
        c if special.contains(c) => format!(r"\{c}"),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, within: &str) -> bool {
        let texts = Texts {
            part: vec![folded(text, true).unwrap()],
            ..Texts::default()
        };
        let pattern = texts.patterns().join("|");
        crate::condition::pattern(&pattern).unwrap();
        ::regex::Regex::new(&pattern).unwrap().is_match(within)
    }

    #[test]
    fn case_is_folded_as_python_lowers_it() {
        assert!(found("mkfs", "a MKFS b"));
        assert!(found("mkfs", "m\u{212a}fs"));
        assert!(!found("mkfs", "mkf\u{17f}"));
        assert!(found("API", "ap\u{130}"));
        assert!(!found("apis", "ap\u{130}s"));
        assert!(found("../", "a/../b"));
        assert!(!found("../", "a/xx/b"));
        assert!(found("日本", "in 日本"));
        assert_eq!(folded("é", true), Err('é'));
    }

    #[test]
    fn an_exact_text_is_the_whole_text() {
        let texts = Texts {
            exact: vec!["prod".to_owned(), "production".to_owned()],
            suffix: vec![r"\.env".to_owned()],
            ..Texts::default()
        };
        let pattern = texts.patterns().join("|");
        assert_eq!(pattern, r"^(?i-u:prod|production)$|(?i-u:\.env)$");
        let regex = ::regex::Regex::new(&pattern).unwrap();
        assert!(regex.is_match("PROD"));
        assert!(regex.is_match("a.ENV"));
        assert!(!regex.is_match("production "));
    }
}
