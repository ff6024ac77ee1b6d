//! Which patterns the SDK accepts: a condition with any other never holds there.

use std::sync::LazyLock;

use regex::Regex;

const LONGEST: usize = 256;

static REFUSED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    // Spaces as Python sees them; `.` stops at line breaks there as here.
    let space = r"[\pZ\t-\r\x1c-\x1f\x85]*";
    [
        format!(r"[+*}}]{space}\){space}[+*{{]"),
        format!(r"[+*}}]{space}[+*{{]"),
        r"\.\*.*\|.*\.\*".to_owned(),
        format!(r"\([^)]*[+*][?][^)]*\){space}[+*{{]"),
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// Tells whether the SDK evaluates the pattern at all.
pub(crate) fn is_accepted(pattern: &str) -> bool {
    pattern.chars().count() <= LONGEST
        && !REFUSED.iter().any(|refused| refused.is_match(pattern))
        && !repeats_alternatives(pattern)
}

/// Tells whether an outermost group with alternatives is repeated.
fn repeats_alternatives(pattern: &str) -> bool {
    let mut depth = 0_i32;
    let mut alternatives = false;
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '(' => {
                alternatives &= depth != 0;
                depth += 1;
            }
            '|' if depth > 0 => alternatives = true,
            ')' => {
                depth -= 1;
                let rest = characters.as_str().trim_start_matches(' ');
                if depth == 0 && alternatives && rest.starts_with(['+', '*', '{']) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}
