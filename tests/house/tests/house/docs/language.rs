//! The reference of the policy language, from its JSON Schema and the table of functions.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The tables, in the order of reading: heading, and the definition it stands for.
const TABLES: &[(&str, &str)] = &[
    ("kind: Policy", "policy"),
    ("Subjects", "subjects"),
    ("Rules", "rule"),
    ("Approval", "approval"),
    ("kind: List", "list"),
    ("kind: Schema", "schemaDocument"),
    ("kind: Tool", "tool"),
    ("Keywords of schemas", "schema"),
    ("kind: Tests", "tests"),
    ("Cases", "case"),
];

pub(super) fn markdown() -> String {
    let schema: Value = serde_json::from_str(veto_policy::LANGUAGE_SCHEMA).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    let mut text = String::from(
        "# Policy language\n\nGenerated from `policy/language/veto-v1.schema.json` by `make docs`; \
         [the policy language](../policies.md) explains it. A file has one document, or several that `---` separates.\n",
    );
    for (heading, name) in TABLES {
        let definition = &definitions[*name];
        let _ = write!(
            text,
            "\n## {heading}\n\n{}\n\n| Field | Takes | Meaning |\n|---|---|---|\n",
            words(&definition["description"])
        );
        rows(&mut text, "", definition, definitions);
    }
    text
}

/// A row for each field; fields of objects that stand inside have rows of their own.
fn rows(text: &mut String, prefix: &str, object: &Value, definitions: &Map<String, Value>) {
    let required = object["required"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, field) in object["properties"].as_object().into_iter().flatten() {
        let must = if required.iter().any(|r| r == name) {
            ", required"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "| `{prefix}{name}` | {}{must} | {} |",
            takes(field, definitions),
            meaning(field, definitions)
        );
        if field["properties"].is_object() {
            rows(text, &format!("{prefix}{name}."), field, definitions);
        }
    }
}

fn meaning(field: &Value, definitions: &Map<String, Value>) -> String {
    let own = words(&field["description"]);
    let target = referred(field, definitions).unwrap_or(field);
    let mut text = if own.is_empty() {
        words(&target["description"])
    } else {
        own
    };
    if let Some(default) = field.get("default").or_else(|| target.get("default")) {
        let _ = write!(text, " Default: `{default}`.");
    }
    let examples = field.get("examples").or_else(|| target.get("examples"));
    if let Some(example) = examples.and_then(|examples| examples.get(0)) {
        let _ = write!(text, " Example: `{example}`.");
    }
    text.replace('|', "\\|")
}

fn takes(field: &Value, definitions: &Map<String, Value>) -> String {
    if let Some(name) = field["$ref"].as_str() {
        let name = name.trim_start_matches("#/$defs/");
        return match TABLES.iter().find(|(_, table)| *table == name) {
            Some((heading, _)) => format!("[{}](#{})", heading.to_lowercase(), anchor(heading)),
            None => takes(&definitions[name], definitions),
        };
    }
    if let Some(value) = field.get("const") {
        return format!("`{}`", plain(value));
    }
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<_> = values.iter().map(|v| format!("`{}`", plain(v))).collect();
        return values.join(" or ");
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(parts) = field[key].as_array() {
            let mut ways: Vec<_> = parts.iter().map(|part| takes(part, definitions)).collect();
            ways.retain(|way| way != "anything");
            ways.dedup();
            if !ways.is_empty() {
                return ways.join(" or ");
            }
        }
    }
    match &field["type"] {
        Value::String(kind) if kind == "array" && field["items"].is_object() => {
            format!("list of {}", takes(&field["items"], definitions))
        }
        Value::String(kind) => match kind.as_str() {
            "string" => "text".to_owned(),
            "object" if field["additionalProperties"].is_object() => {
                let inner = takes(&field["additionalProperties"], definitions);
                format!("names, each with {inner}")
            }
            "array" => "list".to_owned(),
            other => other.to_owned(),
        },
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(plain).collect();
            kinds.join(" or ").replace("string", "text")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "anything".to_owned(),
    }
}

fn referred<'a>(field: &Value, definitions: &'a Map<String, Value>) -> Option<&'a Value> {
    definitions.get(field["$ref"].as_str()?.trim_start_matches("#/$defs/"))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(": ", "-").replace(' ', "-")
}

/// The functions of conditions, a row for each way to call one.
pub(super) fn functions() -> String {
    let mut text = String::from(
        "# Functions of conditions\n\nGenerated from `policy/src/condition/functions` by `make docs`. Beside the \
         operators of [CEL](https://cel.dev), conditions have these functions. `literal` is text that stands in the \
         condition itself; `x`, `i`, `k` and `v` are names that you choose.\n\n| Function | What it does |\n|---|---|\n",
    );
    for doc in veto_policy::condition_functions() {
        let signature = doc.signature.replace('|', "\\|");
        let summary = doc.summary.replace('|', "\\|");
        let _ = writeln!(text, "| `{signature}` | {summary} |");
    }
    text
}
