//! Regular expressions of Python's `re` with `IGNORECASE`, in the dialect of Veto (RE2).
//!
//! Both search, and whether a text matches is a matter of the language alone, so greed and captures
//! do not matter. What differs is written out: Python's classes know Unicode, its `$` also stands
//! before a last line break, and it folds four letters beyond ASCII into ASCII ones. `\b` alone finds a
//! little more than in Python, where it stands beside signs that only one of both counts to words.

mod parse;
mod safety;

use parse::{Anchor, Class, Item, Node};

pub(super) use safety::is_accepted;

/// The characters that Python counts as spaces, as the inside of a class.
pub(super) const SPACE: &str = r"\pZ\t-\r\x1c-\x1f\x85";
const WORD: &str = r"\pL\pN_";
/// Signs that Unicode counts to words and Python does not: marks, joiners, encircled letters.
const EDGE: &str = r"[\pM\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}&&[^_]]";

/// A pattern in Veto's dialect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// It finds all that Python finds, and a little more.
    pub(super) wider: bool,
}

/// Translates a pattern; the error says what has no counterpart.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let node = parse::parse(pattern)?;
    let mut out = String::new();
    emit(&node, true, true, &mut out)?;
    Ok(Translated {
        pattern: format!("(?i:{out})"),
        wider: parse::any(&node, &|node| {
            matches!(node, Node::Anchor(Anchor::Boundary))
        }),
    })
}

/// Writes a node; `head` and `tail`: nothing before or after it takes a character.
fn emit(node: &Node, head: bool, tail: bool, out: &mut String) -> Result<(), String> {
    match node {
        Node::Literal(c) => literal(*c, out),
        Node::Any => {
            out.push('.');
            Ok(())
        }
        Node::Class(class) => self::class(class, out),
        Node::Anchor(anchor) => self::anchor(*anchor, tail, out),
        Node::Group(inner) => {
            out.push_str("(?:");
            emit(inner, head, tail, out)?;
            out.push(')');
            Ok(())
        }
        Node::Either(options) => {
            for (at, option) in options.iter().enumerate() {
                if at > 0 {
                    out.push('|');
                }
                emit(option, head, tail, out)?;
            }
            Ok(())
        }
        Node::Sequence(parts) => {
            for (at, part) in parts.iter().enumerate() {
                let first = head && parts[..at].iter().all(takes_nothing);
                let last = tail && parts[at + 1..].iter().all(takes_nothing);
                if *part == Node::Anchor(Anchor::Boundary) {
                    boundary(parts, at, first, last, out)?;
                } else {
                    emit(part, first, last, out)?;
                }
            }
            Ok(())
        }
        Node::Repeat(inner, count) => {
            if takes_nothing(inner) || matches!(**inner, Node::Either(_) | Node::Sequence(_)) {
                return Err("it repeats what takes no character".to_owned());
            }
            emit(inner, false, false, out)?;
            out.push_str(count);
            Ok(())
        }
    }
}

fn literal(c: char, out: &mut String) -> Result<(), String> {
    match c {
        'i' | 'I' => out.push_str(r"[i\x{130}\x{131}]"),
        c if c.is_ascii_alphanumeric() || c == ' ' || c == '_' => out.push(c),
        c if c.is_ascii() || uncased(c) => out.push_str(&super::text::escaped(c)),
        c => return Err(format!("it folds the case of `{c}`, which is not ASCII")),
    }
    Ok(())
}

/// Tells whether a character has no other case.
pub(super) fn uncased(c: char) -> bool {
    c.to_lowercase().eq([c]) && c.to_uppercase().eq([c])
}

fn class(class: &Class, out: &mut String) -> Result<(), String> {
    let has = |letter: char| class.items.contains(&Item::Set(letter));
    if [('s', 'S'), ('w', 'W'), ('d', 'D')]
        .iter()
        .any(|(a, b)| has(*a) && has(*b))
    {
        if class.negated {
            return Err("a class of it holds nothing".to_owned());
        }
        out.push_str("(?s:.)");
        return Ok(());
    }
    if let [Item::Set(letter @ ('S' | 'W'))] = *class.items {
        // The opposite of a class, without a class in a class.
        let opposite = Class {
            negated: !class.negated,
            items: vec![Item::Set(letter.to_ascii_lowercase())],
        };
        return self::class(&opposite, out);
    }
    if has('S') || has('W') {
        return Err("a class of it joins `\\S` or `\\W` with others".to_owned());
    }
    out.push_str(if class.negated { "[^" } else { "[" });
    let mut has_i = false;
    for item in &class.items {
        match item {
            Item::Range(a, b) => {
                let ascii = a.is_ascii() && b.is_ascii();
                if !ascii && (a != b || !uncased(*a)) {
                    return Err("a class of it holds letters beyond ASCII".to_owned());
                }
                has_i |= (a..=b).contains(&&'i') || (a..=b).contains(&&'I');
                out.push_str(&super::text::escaped_in_class(*a));
                if a != b {
                    out.push('-');
                    out.push_str(&super::text::escaped_in_class(*b));
                }
            }
            Item::Set(letter) => out.push_str(set(*letter)),
        }
    }
    if has_i {
        out.push_str(r"\x{130}\x{131}");
    }
    out.push(']');
    Ok(())
}

/// The inside of a class for `\d`, `\D`, `\w` and `\s`.
const fn set(letter: char) -> &'static str {
    match letter {
        'd' => r"\p{Nd}",
        'D' => r"\P{Nd}",
        'w' => WORD,
        _ => SPACE,
    }
}

fn anchor(anchor: Anchor, tail: bool, out: &mut String) -> Result<(), String> {
    match anchor {
        Anchor::Start => out.push('^'),
        Anchor::End => out.push('$'),
        Anchor::LineEnd if tail => out.push_str("\\n?$"),
        Anchor::LineEnd => return Err("`$` stands before something".to_owned()),
        Anchor::Boundary => return Err("`\\b` stands alone".to_owned()),
    }
    Ok(())
}

/// `\b` beside what is a word's character for certain, so that it starts or ends a word. At an end of
/// the pattern, a sign that is no word's in Python may as well be taken; elsewhere ASCII finds enough.
fn boundary(
    parts: &[Node],
    at: usize,
    head: bool,
    tail: bool,
    out: &mut String,
) -> Result<(), String> {
    let before = at.checked_sub(1).and_then(|at| parts.get(at));
    let ends = before.is_some_and(|before| is_word(before, false));
    let starts = parts.get(at + 1).is_some_and(|after| is_word(after, true));
    match (starts, ends) {
        (true, false) if head => out.push_str(&format!(r"(?:\<|{EDGE})")),
        (false, true) if tail => out.push_str(&format!(r"(?:\>|{EDGE})")),
        (true, false) | (false, true) => out.push_str(r"\b"),
        (true, true) | (false, false) => {
            return Err("`\\b` stands where a word does not certainly start or end".to_owned());
        }
    }
    Ok(())
}

fn takes_nothing(node: &Node) -> bool {
    match node {
        Node::Anchor(_) => true,
        Node::Group(inner) => takes_nothing(inner),
        Node::Either(options) => options.iter().all(takes_nothing),
        Node::Sequence(parts) => parts.iter().all(takes_nothing),
        Node::Literal(_) | Node::Any | Node::Class(_) | Node::Repeat(..) => false,
    }
}

/// Tells whether the first (or last) character is a word's for certain.
fn is_word(node: &Node, first: bool) -> bool {
    match node {
        Node::Literal(c) => c.is_ascii_alphanumeric() || *c == '_',
        Node::Class(class) => {
            let word = |item: &Item| match item {
                Item::Range(a, b) => {
                    let fine = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                    a == b && fine(a) || [('a', 'z'), ('A', 'Z'), ('0', '9')].contains(&(*a, *b))
                }
                Item::Set(letter) => matches!(letter, 'd' | 'w'),
            };
            !class.negated && class.items.iter().all(word)
        }
        Node::Group(inner) => is_word(inner, first),
        Node::Either(options) => options.iter().all(|option| is_word(option, first)),
        Node::Sequence(parts) => {
            let edge = if first { parts.first() } else { parts.last() };
            edge.is_some_and(|edge| is_word(edge, first))
        }
        Node::Repeat(inner, count) => {
            let once = count.starts_with('+')
                || count
                    .strip_prefix('{')
                    .is_some_and(|count| !count.starts_with('0'));
            once && is_word(inner, first)
        }
        Node::Any | Node::Anchor(_) => false,
    }
}

#[cfg(test)]
mod tests;
