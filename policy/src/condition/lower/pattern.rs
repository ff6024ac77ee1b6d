//! Compiles regular expressions: RE2 syntax, linear time, bounded size, ASCII classes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of another crate, open to additions: any other tells its own text"
)]

use regex::{Regex, RegexBuilder};

const BYTES: usize = 512;
const SIZE: usize = 64 * 1024;
const CACHE: usize = 256 * 1024;

/// Compiles a pattern, or says why not.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > BYTES {
        return Err(format!(
            "the pattern has {} bytes; at most {BYTES} are read",
            pattern.len()
        ));
    }
    RegexBuilder::new(&ascii(pattern))
        .size_limit(SIZE)
        .dfa_size_limit(CACHE)
        .nest_limit(50)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "the pattern compiles to too large a program".to_owned()
            }
            // The last line says what is wrong; the lines before it draw the pattern.
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or("malformed")
                .replace("error: ", ""),
        })
}

/// Rewrites the classes `\d \w \s` and `\b` to ASCII, as in RE2; in a class they nest.
fn ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('s') => out.push_str(r"[\t\n\x0C\r ]"),
            Some('S') => out.push_str(r"[^\t\n\x0C\r ]"),
            Some('b') => out.push_str(r"(?-u:\b)"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_ascii_and_the_end_is_the_end() {
        assert!(!compile(r"^\d+$").unwrap().is_match("٣"));
        assert!(compile(r"^[\d-]+$").unwrap().is_match("1-2"));
        assert!(!compile(r"^\w+$").unwrap().is_match("é"));
        assert!(!compile("^a$").unwrap().is_match("a\n"));
        assert!(compile(r"\bcat\b").unwrap().is_match("a cat!"));
    }

    #[test]
    fn what_costs_more_than_linear_time_or_much_space_is_refused() {
        for bad in [r"(?=a)", r"(a)\1", "(", "(?:a{500}){500}", &"a".repeat(600)] {
            assert!(compile(bad).is_err(), "{bad}");
        }
    }
}
