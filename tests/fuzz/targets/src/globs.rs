//! A glob on the first line and names on the others: the engine's answer for tools and agents is that
//! of the naive matcher below.

use std::fmt::Write;

use veto_policy::{PolicySet, ReasonCode, compile, evaluate};

use crate::fixtures::{NOON, call, source};
use crate::{Finding, Reached, claim};

const OTHER_TOOL: &str = "other/tool";

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let mut lines = text.split('\n');
    let pattern = lines.next().unwrap_or("");
    let set = compile(&[source(policies(pattern))]);
    let Some(tokens) = tokens(pattern) else {
        return claim(set.is_err(), || format!("`{pattern}` is no glob"))
            .map(|()| Reached::Refused);
    };
    let set = match set {
        Ok(compiled) => compiled.set,
        Err(found) => return Err(Finding(format!("`{pattern}` is refused: {found}"))),
    };
    for name in lines.take(8) {
        let wanted = Naive::new(&tokens, name.as_bytes()).matches(0, 0);
        tool(&set, pattern, name, wanted)?;
        agent(&set, pattern, name, wanted)?;
    }
    Ok(Reached::Checked)
}

fn policies(pattern: &str) -> String {
    // JSON text in double quotes is YAML.
    let glob = serde_json::Value::from(pattern);
    let head = "apiVersion: veto/v1\nkind: Policy\n";
    let mut text = String::new();
    let _ = write!(
        text,
        "{head}metadata: {{ name: tools }}\nsubjects: {{ roles: [r] }}\nrules:\n\
         - {{ id: a, tools: [{glob}], effect: allow, arguments: any }}\n---\n\
         {head}metadata: {{ name: agents }}\nsubjects: {{ agents: [{glob}] }}\nrules:\n\
         - {{ id: d, tools: [{OTHER_TOOL}], effect: deny }}\n"
    );
    text
}

/// A tool that the glob names is allowed, any other is unknown.
fn tool(set: &PolicySet, pattern: &str, name: &str, wanted: bool) -> Result<(), Finding> {
    if name == OTHER_TOOL {
        return Ok(());
    }
    let Ok(call) = call("agent-1", &["r"], name, "{}") else {
        return Ok(());
    };
    let code = evaluate(set, &call, NOON).reason.code;
    let expected = if wanted {
        ReasonCode::Allowed
    } else {
        ReasonCode::UnknownTool
    };
    claim(code == expected, || {
        format!("tool `{name}` and `{pattern}`: {code}, not {expected}")
    })
}

/// An agent that the glob names is denied by the rule, any other by none.
fn agent(set: &PolicySet, pattern: &str, name: &str, wanted: bool) -> Result<(), Finding> {
    let Ok(call) = call(name, &[], OTHER_TOOL, "{}") else {
        return Ok(());
    };
    let code = evaluate(set, &call, NOON).reason.code;
    let expected = if wanted {
        ReasonCode::DeniedByRule
    } else {
        ReasonCode::RoleMismatch
    };
    claim(code == expected, || {
        format!("agent `{name}` and `{pattern}`: {code}, not {expected}")
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    One(u8),
    Within,
    Across,
}

/// The glob in parts, or None when the language has no such glob.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let legal = |b: u8| (b'!'..=b'~').contains(&b) && !b"\"'`?[]{}!".contains(&b);
    if !(1..=256).contains(&pattern.len()) || !pattern.bytes().all(legal) {
        return None;
    }
    let mut tokens: Vec<Token> = Vec::new();
    let mut stars = 0;
    for byte in pattern.bytes() {
        stars = if byte == b'*' { stars + 1 } else { 0 };
        match stars {
            0 => tokens.push(Token::One(byte)),
            1 => tokens.push(Token::Within),
            2 => {
                tokens.pop();
                tokens.push(Token::Across);
            }
            _ => return None,
        }
    }
    Some(tokens)
}

/// Matches by trying everything, and remembers what failed.
struct Naive<'a> {
    tokens: &'a [Token],
    name: &'a [u8],
    failed: Vec<bool>,
}

impl<'a> Naive<'a> {
    fn new(tokens: &'a [Token], name: &'a [u8]) -> Self {
        let failed = vec![false; (tokens.len() + 1) * (name.len() + 1)];
        Self {
            tokens,
            name,
            failed,
        }
    }

    fn matches(&mut self, token: usize, byte: usize) -> bool {
        let place = token * (self.name.len() + 1) + byte;
        if self.failed[place] {
            return false;
        }
        let next = self.name.get(byte).copied();
        let found = match (self.tokens.get(token), next) {
            (None, next) => next.is_none(),
            (Some(Token::One(wanted)), next) => {
                next == Some(*wanted) && self.matches(token + 1, byte + 1)
            }
            (Some(star), next) => {
                let crosses = *star == Token::Across;
                let goes_on = next.is_some_and(|b| crosses || (b != b'.' && b != b'/'));
                self.matches(token + 1, byte) || (goes_on && self.matches(token, byte + 1))
            }
        };
        self.failed[place] = !found;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_naive_matcher_knows_its_own_examples() {
        let matches = |pattern: &str, name: &str| {
            let tokens = tokens(pattern).unwrap();
            Naive::new(&tokens, name.as_bytes()).matches(0, 0)
        };
        assert!(matches("pay.*", "pay.refund") && matches("**.export", "a/b.export"));
        assert!(!matches("pay.*", "pay.refund.all") && !matches("*", "a/b"));
        assert!(matches("a**", "a") && matches("*a*", "ba"));
        assert!(tokens("***").is_none() && tokens("").is_none() && tokens("a?").is_none());
    }
}
