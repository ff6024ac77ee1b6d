//! Writes policies that are pleasant to read.

use std::fmt::Write as _;

use serde_json::Value;

use super::algebra::Alternative;

const WIDTH: usize = 110;
/// Words that YAML or its older readers take for something else.
const RESERVED: &[&str] = &[
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

/// A rule to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    /// Lines of a comment above.
    pub(super) comments: Vec<String>,
    pub(super) id: String,
    pub(super) description: String,
    pub(super) tools: Vec<String>,
    pub(super) effect: &'static str,
    pub(super) shadow: bool,
    pub(super) severity: Option<&'static str>,
    pub(super) controls: Vec<String>,
    pub(super) reason: String,
    pub(super) matches: Alternative,
}

/// A policy to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    pub(super) comments: Vec<String>,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) controls: Vec<String>,
    /// None: everybody.
    pub(super) roles: Option<Vec<String>>,
    pub(super) approvers: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

impl Policy {
    /// The text of the policy.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        comments(&mut out, "", &self.comments);
        out.push_str("apiVersion: veto/v1\nkind: Policy\nmetadata:\n");
        field(&mut out, "  ", "name", &self.name);
        field(&mut out, "  ", "description", &self.description);
        list(&mut out, "  ", "controls", &self.controls);
        match &self.roles {
            None => out.push_str("subjects: { agents: ['**'] }\n"),
            Some(roles) => {
                let _ = writeln!(out, "subjects: {{ roles: {} }}", words(roles));
            }
        }
        if self
            .rules
            .iter()
            .any(|rule| rule.effect == "require_approval")
        {
            let _ = writeln!(out, "approval: {{ approvers: {} }}", words(&self.approvers));
        }
        out.push_str("rules:\n");
        for (at, rule) in self.rules.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            rule.text(&mut out);
        }
        out
    }
}

impl Rule {
    fn text(&self, out: &mut String) {
        comments(out, "  ", &self.comments);
        let _ = writeln!(out, "  - id: {}", scalar(&self.id));
        field(out, "    ", "description", &self.description);
        list(out, "    ", "tools", &self.tools);
        let _ = writeln!(out, "    effect: {}", self.effect);
        if self.shadow {
            out.push_str("    mode: shadow\n");
        }
        if let Some(severity) = self.severity {
            let _ = writeln!(out, "    severity: {severity}");
        }
        list(out, "    ", "controls", &self.controls);
        field(out, "    ", "reason", &self.reason);
        let arguments = &self.matches.arguments;
        if arguments.is_empty() && self.effect == "allow" {
            out.push_str("    arguments: any\n");
        } else if !arguments.is_empty() {
            out.push_str("    arguments:\n");
        }
        for (name, constraint) in arguments {
            entry(out, "      ", &scalar(name), &constraint.schema);
        }
        let optional: Vec<_> = arguments
            .iter()
            .filter(|(_, constraint)| constraint.absent)
            .map(|(name, _)| name.clone())
            .collect();
        list(out, "    ", "optional", &optional);
        self.when(out);
    }

    fn when(&self, out: &mut String) {
        let parts = &self.matches.when;
        let wrap = |part: &String| match parts.len() {
            0 | 1 => part.clone(),
            _ => bracketed(part),
        };
        let parts: Vec<_> = parts.iter().map(wrap).collect();
        let one = parts.join(" && ");
        if one.is_empty() {
            return;
        }
        if one.len() < WIDTH && !one.contains('\n') {
            let _ = writeln!(out, "    when: {}", quoted(&one));
            return;
        }
        out.push_str("    when: |-\n");
        for line in parts.join("\n&& ").lines() {
            let _ = writeln!(out, "      {line}");
        }
    }
}

/// A long line of a comment as several.
pub(super) fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH - 10 => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A condition that keeps its meaning beside `&&`: CEL binds `||` and `? :` more loosely.
fn bracketed(text: &str) -> String {
    let loose = text.contains("||") || text.contains('?');
    if !loose || is_bracketed(text) {
        return text.to_owned();
    }
    format!("({text})")
}

/// Tells whether one pair of brackets holds all of the text; of a text in quotes, nothing is known.
fn is_bracketed(text: &str) -> bool {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '"' | '\'' => return false,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at > 0 && at + 1 == text.len();
        }
    }
    false
}

fn comments(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines.iter().flat_map(|line| line.lines()) {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(out, "{indent}# {line}");
    }
}

fn field(out: &mut String, indent: &str, name: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "{indent}{name}: {}", scalar(text));
    }
}

fn list(out: &mut String, indent: &str, name: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let flow = words(items);
    if flow.len() < WIDTH {
        let _ = writeln!(out, "{indent}{name}: {flow}");
        return;
    }
    let _ = writeln!(out, "{indent}{name}:");
    for item in items {
        let _ = writeln!(out, "{indent}  - {}", scalar(item));
    }
}

fn words(items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| scalar(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A key with its value, on one line where that is short.
fn entry(out: &mut String, indent: &str, key: &str, value: &Value) {
    let flow = flow(value);
    let deeper = format!("{indent}  ");
    if indent.len() + key.len() + flow.len() < WIDTH {
        let _ = writeln!(out, "{indent}{key}: {flow}");
        return;
    }
    match value {
        Value::Object(_) => {
            let _ = writeln!(out, "{indent}{key}:");
            for (key, value) in sorted(value) {
                entry(out, &deeper, &scalar(key), value);
            }
        }
        Value::Array(items) => {
            let _ = writeln!(out, "{indent}{key}:");
            for item in items {
                let mut text = String::new();
                match item {
                    Value::Object(_) => {
                        for (key, value) in sorted(item) {
                            entry(&mut text, &format!("{deeper}  "), &scalar(key), value);
                        }
                        let _ = writeln!(out, "{deeper}- {}", text.trim());
                    }
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_) => {
                        let _ = writeln!(out, "{deeper}- {}", self::flow(item));
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = writeln!(out, "{indent}{key}: {flow}");
        }
    }
}

/// The entries of a schema, its type first.
fn sorted(value: &Value) -> Vec<(&str, &Value)> {
    let mut entries: Vec<_> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    entries.sort_by_key(|(key, _)| (*key != "type", *key == "properties"));
    entries
}

fn flow(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(_) => {
            let entries: Vec<_> = sorted(value)
                .into_iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A text as a scalar: plain where nobody could misread it.
fn scalar(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/');
    let reserved = RESERVED.contains(&&*text.to_ascii_lowercase());
    if first && text.chars().all(plain) && !text.ends_with(' ') && !reserved {
        return text.to_owned();
    }
    quoted(text)
}

/// A text in quotes: single ones, unless it holds what only double ones can write.
fn quoted(text: &str) -> String {
    if text.chars().any(must_escape) {
        // A JSON text is a double-quoted scalar, but for DEL and the control characters above it.
        let mut out = String::new();
        for c in Value::from(text).to_string().chars() {
            if must_escape(c) {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            } else {
                out.push(c);
            }
        }
        return out;
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn must_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}
