//! Writes a text so that it reads back as that text: plain where nothing can take it for something else.

use std::fmt::Write;

/// What readers of some YAML take for something else than text.
const WORDS: [&str; 14] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "infinity", "nan", "<<",
    "=",
];

/// A text on one line.
pub(super) fn line(text: &str, in_flow: bool) -> String {
    if is_plain(text, in_flow) {
        return text.to_owned();
    }
    if text.chars().any(is_hidden) {
        return escaped(text);
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// The header and the lines of a text that may stand as it is over several lines.
pub(super) fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let body = text.strip_suffix('\n');
    let header = if body.is_some() { "|" } else { "|-" };
    let lines: Vec<_> = body.unwrap_or(text).split('\n').collect();
    let first = lines.first()?;
    let last = lines.last()?;
    // The first line sets the indentation; spaces at an end could not be seen.
    let fine = |line: &&str| !line.ends_with([' ', '\t']) && !line.chars().any(is_hidden);
    let framed = !first.is_empty() && !first.starts_with([' ', '\t']) && !last.is_empty();
    (framed && text.contains('\n') && lines.iter().all(fine)).then_some((header, lines))
}

fn is_plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let word = text.to_ascii_lowercase();
    let number =
        |c: char| c.is_ascii_hexdigit() || matches!(c, '+' | '-' | '.' | '_' | ':' | 'x' | 'o');
    let like_a_number = text.starts_with(|c: char| c.is_ascii_digit() || "+.~".contains(c))
        && (text.chars().all(number) || text.starts_with(['+', '.', '~']));
    let structure = |c: char| "[]{},".contains(c);
    !WORDS.contains(&&*word)
        && !like_a_number
        && !"-?:,[]{}#&*!|>'\"%@`".contains(first)
        && !text.starts_with([' ', '\t'])
        && !text.ends_with([' ', '\t', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['\t', '\u{a0}'])
        && !text.chars().any(is_hidden)
        && !(in_flow && (text.contains(structure) || text.contains(':')))
}

/// What a quoted text would change, or a reader would not see.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
