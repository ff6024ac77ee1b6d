//! Values around the bounds of schemas and conditions.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use veto_policy::Source;

/// The values of the lists of some files, read by their lines.
pub(super) fn lists_of(sources: &[Source]) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    let documents = sources.iter().flat_map(|source| source.text.split("\n---"));
    for document in documents.filter(|text| text.contains("kind: List")) {
        let name = document.split("name:").nth(1).unwrap_or("");
        let name: String = name
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let values = document.split("\nvalues:").nth(1).unwrap_or("");
        let values = values
            .split(['\n', ',', '[', ']'])
            .filter_map(|line| {
                let value = line.trim().trim_start_matches("- ");
                let value = value.split(" #").next().unwrap_or("").trim();
                let value = value.trim_matches(['\'', '"']);
                (!value.is_empty() && value != "#").then(|| Value::from(value))
            })
            .collect();
        found.insert(name, values);
    }
    found
}

/// Texts that a pattern matches.
fn matching(pattern: &str) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let Ok(strategy) = proptest::string::string_regex(pattern) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for _ in 0..4 {
        let text = strategy.new_tree(&mut runner).unwrap().current();
        found.push(text);
    }
    found
}

/// Values within and around the bounds of a schema.
pub(super) fn around(schema: &Value, lists: &BTreeMap<String, Vec<Value>>) -> Vec<Value> {
    let Value::Object(map) = schema else {
        return vec![json!(1), json!("a")];
    };
    let mut found = Vec::new();
    for (name, value) in map {
        match name.as_str() {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                found.push(value.clone());
                if let Some(n) = value.as_i64() {
                    found.extend([
                        json!(n - 1),
                        json!(n + 1),
                        json!(n as f64 + 0.5),
                        json!(n * 2),
                    ]);
                } else if let Some(n) = value.as_f64() {
                    found.extend([json!(n - 0.5), json!(n + 0.5)]);
                }
            }
            "const" => found.push(value.clone()),
            "enum" => found.extend(value.as_array().unwrap().iter().cloned()),
            "in" => {
                let names = value.as_array().unwrap().iter().filter_map(Value::as_str);
                let values = names.filter_map(|name| lists.get(name)).flatten();
                found.extend(values.take(4).cloned());
                found.push(json!("not listed"));
            }
            "pattern" => {
                let text = value.as_str().unwrap();
                found.extend(matching(text).into_iter().map(Value::from));
                found.push(json!("\n"));
            }
            "minLength" | "maxLength" => {
                let n = value.as_u64().unwrap() as usize;
                found.extend([n.saturating_sub(1), n, n + 1].map(|n| json!("a".repeat(n))));
            }
            "minItems" | "maxItems" => {
                let inner = map.get("items").map(|items| around(items, lists));
                let inner = inner.unwrap_or_else(|| vec![json!(1)]);
                let n = value.as_u64().unwrap() as usize;
                for count in [n.saturating_sub(1), n, n + 1]
                    .into_iter()
                    .filter(|n| *n < 200)
                {
                    for first in inner.iter().take(6) {
                        found.push(json!(vec![first; count]));
                        found.push(inner.iter().cycle().take(count).cloned().collect());
                    }
                }
            }
            "items" => {
                let inner = around(value, lists);
                found.extend(inner.iter().map(|value| json!([value])));
                found.push(json!([]));
            }
            "properties" => found.extend(objects(value, lists)),
            "allOf" | "anyOf" | "oneOf" => {
                for part in value.as_array().unwrap() {
                    found.extend(around(part, lists));
                }
            }
            "not" => found.extend(around(value, lists)),
            "empty" => found.extend([json!(""), json!([]), json!("a")]),
            "format" => found.extend(
                [
                    "2026-05-01",
                    "2026-05-01T00:00:00Z",
                    "a@example.com",
                    "https://example.com",
                    "x",
                ]
                .map(Value::from),
            ),
            "type" => {
                let one = || vec![value.clone()];
                let names = value.as_array().cloned().unwrap_or_else(one);
                for name in names.iter().filter_map(Value::as_str) {
                    found.push(match name {
                        "integer" | "number" => json!(7),
                        "string" => json!("text"),
                        "boolean" => json!(true),
                        "array" => json!([]),
                        "object" => json!({}),
                        _ => Value::Null,
                    });
                }
            }
            _ => {}
        }
    }
    if found.is_empty() {
        found.extend([json!(1), json!("a")]);
    }
    found
}

/// Objects whose properties all are within, one value after the other.
fn objects(properties: &Value, lists: &BTreeMap<String, Vec<Value>>) -> Vec<Value> {
    let pools: Vec<(String, Vec<Value>)> = properties
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, schema)| (name.clone(), around(schema, lists)))
        .collect();
    let most = pools.iter().map(|(_, pool)| pool.len()).max().unwrap_or(0);
    (0..most)
        .map(|at| {
            let pairs = pools.iter();
            let pairs = pairs.map(|(name, pool)| (name.clone(), pool[at % pool.len()].clone()));
            Value::Object(pairs.collect::<Map<_, _>>())
        })
        .collect()
}

/// The numbers and texts that a condition compares with, and what is next to them.
pub(super) fn literals(when: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, part) in when.split(['"', '\'']).enumerate() {
        if at % 2 == 1 {
            found.extend([json!(part), json!(format!("{part}x"))]);
            continue;
        }
        let words = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        for word in words {
            if let Ok(n) = word.parse::<i64>() {
                found.extend([n - 1, n, n + 1].map(Value::from));
            } else if let Ok(n) = word.parse::<f64>() {
                found.extend([json!(n), json!(n + 0.5), json!(n - 0.5)]);
            }
        }
    }
    found
}
