//! Mutants of a condition: its text with one small change.

use crate::condition::{Piece, pieces};

/// Every mutant with what it changes; empty for a text that cannot be read.
pub(super) fn mutants(text: &str) -> Vec<(String, String)> {
    // The line end ends a comment.
    let negated = format!("!({text}\n)");
    let negated = if text.contains("//") {
        negated
    } else {
        format!("!({text})")
    };
    let mut found = vec![(negated, "`when` negated".to_owned())];
    for Piece { start, end, number } in pieces(text) {
        let Some(old) = text.get(start..end) else {
            continue;
        };
        let news = if number { moved(old) } else { shifted(old) };
        for new in news {
            let changed = [&text[..start], &*new, &text[end..]].concat();
            let what = format!(
                "`when`: `{old}` becomes `{new}`, the {}",
                place(text, start)
            );
            found.push((changed, what));
        }
    }
    found
}

/// Where in the condition, so that two of the same sign are told apart.
fn place(text: &str, start: usize) -> String {
    let column = text[..start].chars().count() + 1;
    format!("character {column}")
}

/// An operator becomes the one that a slip of the pen would make of it.
fn shifted(sign: &str) -> Vec<String> {
    let new = match sign {
        "<" => "<=",
        "<=" => "<",
        ">" => ">=",
        ">=" => ">",
        "==" => "!=",
        "!=" => "==",
        "&&" => "||",
        "||" => "&&",
        _ => return Vec::new(),
    };
    vec![new.to_owned()]
}

/// A number that is one more, and one less.
fn moved(literal: &str) -> Vec<String> {
    let (digits, unsigned) = match literal.strip_suffix(['u', 'U']) {
        Some(digits) => (digits, "u"),
        None => (literal, ""),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .map(|text| i128::from_str_radix(text, 16));
    let whole = hexadecimal.unwrap_or_else(|| digits.parse());
    if let Ok(whole) = whole {
        // A minus before it would be read as another operator.
        let near = [whole.checked_sub(1), whole.checked_add(1)];
        let near = near.into_iter().flatten().filter(|near| *near >= 0);
        return near.map(|near| format!("{near}{unsigned}")).collect();
    }
    let Ok(double) = digits.parse::<f64>() else {
        return Vec::new();
    };
    let near = [double - 1.0, double + 1.0].into_iter();
    near.filter(|near| *near >= 0.0 && *near != double)
        .map(|near| format!("{near:?}"))
        .collect()
}
