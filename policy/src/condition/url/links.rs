//! Finds what clients make clickable in a text: rather too much than too little, since a policy asks
//! this to keep links out.
//!
//! Without a scheme, what looks like a domain counts when its last label is two letters or more: which
//! ones exist changes every week. Mail addresses are no links.

use std::ops::Range;

/// Longest link that is told, in bytes; what follows is looked at again.
const BYTES: usize = 4_096;

/// The places of links in a text, at most so many.
pub(in crate::condition) fn links(text: &str, most: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    // Within a run of characters that may stand in a link.
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !ends(c) {
            continue;
        }
        if start < at {
            run(text, start..at, &mut found, most);
        }
        start = at + c.len_utf8();
        if found.len() >= most {
            break;
        }
    }
    found.truncate(most);
    found
}

/// Characters that stand in no link, however it is written.
fn ends(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^' | '“' | '”' | '«' | '»'
        )
}

/// Finds links in a run of characters without white space.
fn run(text: &str, run: Range<usize>, found: &mut Vec<Range<usize>>, most: usize) {
    let mut at = run.start;
    while at < run.end && found.len() < most {
        let rest = &text[at..run.end];
        let Some(candidate) = next(rest) else {
            return;
        };
        let start = at + candidate.start;
        let tail = at + candidate.end;
        let end = tail + tail_length(&text[tail..run.end]);
        let end = start + trimmed(&text[start..end]);
        found.push(start..end);
        // A second link may follow a comma or a bracket: what is behind the first is looked at again.
        at = end.max(tail);
    }
}

/// The first link of a run: from its start to the end of its host.
fn next(rest: &str) -> Option<Range<usize>> {
    let mut at = 0;
    while at < rest.len() {
        let begin = at + rest[at..].find(in_host)?;
        let end = begin
            + rest[begin..]
                .find(|c| !in_host(c))
                .unwrap_or(rest.len() - begin);
        let after = &rest[end..];
        // `scheme://` and whatever it leads to, user information and brackets included.
        if let Some(scheme) = after.strip_prefix("://").and(scheme(&rest[begin..end])) {
            if after.len() > 3 {
                return Some(end - scheme.len()..end + 3);
            }
            return None;
        }
        let mail = rest[..begin]
            .strip_suffix('@')
            .is_some_and(|local| local.ends_with(in_local) && !after.starts_with('/'));
        let local = after
            .strip_prefix('@')
            .is_some_and(|domain| domain.starts_with(in_host));
        if !mail && !local && is_host(&rest[begin..end], after) {
            // `_evil.com_` is written so to be shown in italics.
            let word = rest[begin..end].trim_start_matches(|c| dots(c) || matches!(c, '_' | '-'));
            return Some(end - word.len()..end);
        }
        at = end;
    }
    None
}

/// The scheme at the end of a word.
fn scheme(word: &str) -> Option<&str> {
    let start = word
        .rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))
        .map_or(0, |at| {
            at + word[at..].chars().next().map_or(1, char::len_utf8)
        });
    let scheme = word[start..].trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    (!scheme.is_empty()).then_some(scheme)
}

/// What stands before the `@` of a mail address.
fn in_local(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

/// What may stand in a host, in any script, with what readers leave out.
fn in_host(c: char) -> bool {
    c.is_alphanumeric()
        || dots(c)
        || matches!(c, '-' | '_')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
        // Marks that stand on letters.
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}')
}

/// The dots between labels, as IDNA has them.
const fn dots(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// Tells whether a word is a domain, or an address that something of a URL follows.
fn is_host(word: &str, after: &str) -> bool {
    let labels: Vec<_> = word.trim_matches(dots).split(dots).collect();
    let Some(last) = labels.last().filter(|_| labels.len() > 1) else {
        return false;
    };
    if labels.iter().any(|label| label.is_empty()) {
        // `a..b.com`: the domain is what stands behind.
        let behind = word.trim_matches(dots).rsplit("..").next().unwrap_or("");
        return behind.len() < word.trim_matches(dots).len() && is_host(behind, after);
    }
    let letters = last.chars().filter(|c| c.is_alphabetic()).count();
    let named = letters >= 2 && !last.starts_with('-');
    let address = labels.len() == 4
        && labels.iter().all(|label| label.parse::<u8>().is_ok())
        && after.starts_with(['/', ':', '?']);
    named || address
}

/// How much of the rest of a run belongs to a link whose host ended: a port, a path, a query.
fn tail_length(rest: &str) -> usize {
    let rest = &rest[..rest.floor_char_boundary(BYTES)];
    // Behind a comma or a semicolon another link may start.
    let next = rest.match_indices([',', ';']).find(|(at, _)| {
        let word = &rest[at + 1..];
        let word = &word[..word.floor_char_boundary(5)];
        ["http", "www."]
            .iter()
            .any(|start| word.get(..4).is_some_and(|w| w.eq_ignore_ascii_case(start)))
    });
    next.map_or(rest.len(), |(at, _)| at)
}

/// The length without what ends a sentence rather than a link.
fn trimmed(link: &str) -> usize {
    // How many brackets are closed that were not opened.
    let surplus = |open: char, close: char| {
        let (opened, closed) = (link.matches(open).count(), link.matches(close).count());
        closed.saturating_sub(opened)
    };
    let (mut round, mut square) = (surplus('(', ')'), surplus('[', ']'));
    let end = link.trim_end_matches(|c| match c {
        ')' if round > 0 => {
            round -= 1;
            true
        }
        ']' if square > 0 => {
            square -= 1;
            true
        }
        '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '。' => true,
        _ => false,
    });
    end.len()
}
