//! Conditions of Cerbos in the words of Veto. Both are CEL, so that only names change; what a name
//! stands for is put in its place, and the checker has the last word.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::import::veto_sdk::literal;

/// Variables that use variables that use variables.
const DEEPEST: usize = 8;

/// What an expression may name.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) kind: &'a str,
    pub(super) constants: BTreeMap<String, Value>,
    pub(super) variables: BTreeMap<String, String>,
}

/// Translates a `condition`.
pub(super) fn condition(value: &Value, scope: &Scope<'_>) -> Result<String, String> {
    let Some(found) = value.get("match") else {
        return Err("its condition is a script".to_owned());
    };
    one(found, scope, 0)
}

/// Translates `expr`, `all`, `any` or `none`.
fn one(value: &Value, scope: &Scope<'_>, depth: usize) -> Result<String, String> {
    if depth > DEEPEST {
        return Err("its condition is nested too deep".to_owned());
    }
    if let Some(text) = value.get("expr").and_then(Value::as_str) {
        return rewrite(text.trim(), scope, 0);
    }
    let part = |name: &str| value.get(name).and_then(|part| part.get("of")?.as_array());
    let each = |items: &[Value], sign: &str| -> Result<String, String> {
        let items: Vec<_> = items
            .iter()
            .map(|item| one(item, scope, depth + 1))
            .collect::<Result<_, _>>()?;
        match &*items {
            [] => Err("its condition is empty".to_owned()),
            [only] => Ok(only.clone()),
            _ => {
                let items: Vec<_> = items.iter().map(|item| bracketed(item)).collect();
                Ok(items.join(sign))
            }
        }
    };
    if let Some(items) = part("all") {
        each(items, " && ")
    } else if let Some(items) = part("any") {
        each(items, " || ")
    } else if let Some(items) = part("none") {
        each(items, " || ").map(|text| format!("!({text})"))
    } else {
        Err("its condition has a form of its own".to_owned())
    }
}

/// A part that keeps its meaning beside an operator.
fn bracketed(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "_.'\"[]() ".contains(c);
    let compared = text.split_once(" == ").or_else(|| text.split_once(" in "));
    let sides = compared.unwrap_or((text, ""));
    if sides.0.chars().all(simple) && sides.1.chars().all(simple) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// Puts the names of Veto into an expression.
fn rewrite(text: &str, scope: &Scope<'_>, depth: usize) -> Result<String, String> {
    if depth > DEEPEST {
        return Err("its variables lead too deep".to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |at| &rest[at..]);
            continue;
        }
        let member = out.trim_end().ends_with('.');
        let length = match c {
            '"' | '\'' => quoted(rest, raw(&out)),
            c if c.is_ascii_alphabetic() || c == '_' => name(rest),
            c => c.len_utf8(),
        };
        let (word, behind) = rest.split_at(length);
        if (c.is_ascii_alphabetic() || c == '_') && !member {
            let (replaced, used) = replace(word, behind, scope, depth)?;
            out.push_str(&replaced);
            rest = &rest[used..];
        } else {
            out.push_str(word);
            rest = behind;
        }
    }
    // Lines of a condition are one expression.
    Ok(out.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

/// Tells whether a text that follows is a raw one.
fn raw(before: &str) -> bool {
    let mut characters = before.chars().rev();
    let mark = matches!(characters.next(), Some('r' | 'R'));
    mark && !characters
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// How long a text in quotes is.
fn quoted(text: &str, raw: bool) -> usize {
    let mut characters = text.char_indices();
    let quote = characters.next().map_or('"', |(_, c)| c);
    while let Some((at, c)) = characters.next() {
        if c == '\\' && !raw {
            characters.next();
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// How long a name with its properties is: `a.b.c`.
fn name(text: &str) -> usize {
    let mut end = 0;
    for (at, part) in text.split('.').enumerate() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = part.find(|c| !word(c)).unwrap_or(part.len());
        if length == 0 {
            break;
        }
        end += length + usize::from(at > 0);
        if length < part.len() {
            break;
        }
    }
    end
}

/// What stands for a name, and how much of the text it takes the place of.
fn replace(
    word: &str,
    behind: &str,
    scope: &Scope<'_>,
    depth: usize,
) -> Result<(String, usize), String> {
    let parts: Vec<_> = word.split('.').collect();
    // `request.resource` is `R`, and so on.
    let (root, parts) = match &*parts {
        ["request", "resource", rest @ ..] | ["R", rest @ ..] => ('R', rest),
        ["request", "principal", rest @ ..] | ["P", rest @ ..] => ('P', rest),
        ["variables", rest @ ..] | ["V", rest @ ..] => ('V', rest),
        ["constants", rest @ ..] | ["C", rest @ ..] => ('C', rest),
        ["now", rest @ ..] if behind.starts_with("()") || !rest.is_empty() => ('N', rest),
        ["request" | "runtime" | "globals" | "G", ..] => {
            return Err(format!("`{word}` has no counterpart"));
        }
        _ => return Ok((word.to_owned(), word.len())),
    };
    let indexed = behind.trim_start().starts_with('[');
    let tail = |rest: &[&str]| {
        let rest: String = rest.iter().map(|part| format!(".{part}")).collect();
        rest
    };
    let known = match (root, parts) {
        ('R', ["attr", rest @ ..]) if !rest.is_empty() || indexed => {
            format!("args{}", tail(rest))
        }
        ('R', ["kind", rest @ ..]) => format!("{}{}", literal(scope.kind), tail(rest)),
        ('P', ["id", rest @ ..]) => format!("agent.id{}", tail(rest)),
        ('P', ["roles", rest @ ..]) => format!("agent.roles{}", tail(rest)),
        ('P', ["attr", rest @ ..]) if !rest.is_empty() || indexed => {
            format!("agent.labels{}", tail(rest))
        }
        ('V', [name, rest @ ..]) => {
            let text = scope.variables.get(*name);
            let text = text.ok_or_else(|| format!("there is no variable `{name}`"))?;
            format!(
                "({}){}",
                rewrite(text.trim(), scope, depth + 1)?,
                tail(rest)
            )
        }
        ('C', [name, rest @ ..]) => {
            let value = scope.constants.get(*name);
            let value = value.ok_or_else(|| format!("there is no constant `{name}`"))?;
            format!("{}{}", constant(value), tail(rest))
        }
        ('N', []) => return Ok(("request.time".to_owned(), word.len() + "()".len())),
        ('R', ["id", ..]) => {
            return Err("it reads the id of the resource, which is no attribute".to_owned());
        }
        _ => return Err(format!("`{word}` has no counterpart")),
    };
    Ok((known, word.len()))
}

/// A constant in CEL.
fn constant(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => literal(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(constant).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{}: {}", literal(key), constant(value));
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
