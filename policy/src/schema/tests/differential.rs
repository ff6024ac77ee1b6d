//! Our verdict against the one of an independent implementation, over random schemas and values.

use jsonschema::{Draft, PatternOptions, Validator};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::schema::format::Format;
use crate::source::Span;
use crate::source::tree::{Key, Node, NodeValue};

/// Twenty thousand cases in all: 2,500 schemas with eight values each.
const SCHEMAS: u32 = 2_500;

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-6_i64..12).prop_map(Value::from),
        (-6_i64..12).prop_map(|n| json!(n as f64)),
        (-20_i64..40).prop_map(|n| json!(n as f64 / 4.0)),
        (0_i64..40).prop_map(|n| json!((n as f64) / 10.0)),
        Just(json!(9_007_199_254_740_992_i64)),
        Just(json!(9_007_199_254_740_993_i64)),
        Just(json!(9_007_199_254_740_992.0)),
        Just(json!(u64::MAX)),
        Just(json!(i64::MIN)),
        Just(json!(-0.0)),
        Just(json!(1e300)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab1]{0,4}",
        "[aé€😀]{0,3}",
        Just("2024-02-29".to_owned()),
        Just("2023-02-29".to_owned()),
        Just("12:00:60Z".to_owned()),
        Just("10.0.0.1".to_owned()),
        Just("a@example.com".to_owned()),
        Just("https://example.com/a".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            // Long lists with few different values are often not distinct.
            prop::collection::vec((0_i64..30).prop_map(Value::from), 6..14).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// One keyword with its value.
fn plain() -> impl Strategy<Value = (&'static str, Value)> {
    let limits = prop::sample::select(vec![
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    ]);
    let lengths = prop::sample::select(vec![
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    ]);
    let of = prop::sample::select(vec![
        json!(1),
        json!(2),
        json!(3),
        json!(2.0),
        json!(0.1),
        json!(0.25),
        json!(1.5),
    ]);
    let pattern = prop::sample::select(vec!["a", "^a", "[0-9]$", "^[ab]*$", "^.{2}$", "(a|1)+b"]);
    let format = prop::sample::select(Format::names().filter(|f| *f != "iban").collect::<Vec<_>>());
    let kind = prop::sample::subsequence(rule::Types::NAMES.to_vec(), 1..4);
    let names = || prop::sample::subsequence(vec!["a", "b", "c", "d"], 0..3);
    prop_oneof![
        (limits, number()),
        (lengths, (0_i64..4).prop_map(Value::from)),
        of.prop_map(|of| ("multipleOf", of)),
        pattern.prop_map(|pattern| ("pattern", json!(pattern))),
        format.prop_map(|format| ("format", json!(format))),
        kind.prop_map(|kinds| match *kinds.as_slice() {
            [kind] => ("type", json!(kind)),
            _ => ("type", json!(kinds)),
        }),
        value().prop_map(|value| ("const", value)),
        prop::collection::vec(value(), 0..4).prop_map(|values| ("enum", json!(values))),
        // Beyond a few values they are searched, not compared one by one.
        prop::collection::vec(number(), 9..16).prop_map(|values| ("enum", json!(values))),
        any::<bool>().prop_map(|unique| ("uniqueItems", json!(unique))),
        names().prop_map(|names| ("required", json!(names))),
        ("[abc]", names()).prop_map(|(name, names)| ("dependentRequired", json!({ name: names }))),
    ]
}

fn schema_json() -> impl Strategy<Value = Value> {
    let flat = prop::collection::vec(plain(), 0..4).prop_map(|entries| {
        let entries = entries.into_iter();
        Value::Object(
            entries
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    });
    let leaf = prop_oneof![10 => flat, 1 => any::<bool>().prop_map(Value::from)];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let one = prop::sample::select(vec![
            "items",
            "not",
            "additionalProperties",
            "propertyNames",
            "contains",
            "if",
            "then",
            "else",
            "unevaluatedItems",
            "unevaluatedProperties",
        ]);
        let some = prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
        let named = prop::sample::select(vec!["properties", "dependentSchemas"]);
        let pattern = prop::sample::select(vec!["^a", "[bc]", "."]);
        let keyword = prop_oneof![
            3 => plain(),
            3 => (one, inner.clone()),
            2 => (some, prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from)),
            2 => (named, prop::collection::btree_map("[abc]", inner.clone(), 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect()))),
            1 => (Just("patternProperties"), (pattern, inner)
                .prop_map(|(pattern, schema)| json!({ pattern: schema }))),
        ];
        prop::collection::vec(keyword, 1..5).prop_map(|entries| {
            let entries = entries.into_iter();
            Value::Object(
                entries
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            )
        })
    })
}

fn tree(json: &Value) -> Node {
    let span = Span::default();
    let value = match json {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Bool(*value),
        Value::Number(number) => NodeValue::Number(number.clone()),
        Value::String(text) => NodeValue::Text(text.clone()),
        Value::Array(values) => NodeValue::List(values.iter().map(tree).collect()),
        Value::Object(map) => {
            let key = |name: &String| Key {
                span,
                name: name.clone(),
            };
            let entry = |(name, value)| (key(name), tree(value));
            NodeValue::Map(map.iter().map(entry).collect())
        }
    };
    Node {
        span,
        value,
        tagged: false,
    }
}

fn general(json: &Value) -> Option<Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .build(json)
        .ok()
}

fn ours(json: &Value) -> Option<Schema> {
    let shared = BTreeMap::new();
    let mut cache = SchemaCache::default();
    let names = Definitions::shared(&shared);
    Schema::compile(&tree(json), &Lists::new(), names, &mut cache).ok()
}

/// Of large integers the other one divides the nearest double.
fn is_large(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|n| n.abs() > 9e15),
        Value::Array(values) => values.iter().any(is_large),
        Value::Object(map) => map.values().any(is_large),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[test]
fn the_verdict_is_that_of_an_independent_implementation() {
    let mut runner = TestRunner::new(Config {
        cases: SCHEMAS,
        failure_persistence: None,
        ..Config::default()
    });
    let values = prop::collection::vec(value(), 8);
    runner
        .run(&(schema_json(), values), |(json, values)| {
            let general = general(&json);
            let ours = ours(&json);
            prop_assert_eq!(general.is_some(), ours.is_some(), "{}", json);
            let (Some(general), Some(ours)) = (general, ours) else {
                return Ok(());
            };
            let pointers: Vec<_> = ours.bounds().into_iter().map(|b| b.pointer).collect();
            // What it says of itself means the same.
            let again = self::ours(&ours.json());
            prop_assert!(again.is_some(), "{} became {}", json, ours.json());
            let divides = json.to_string().contains("multipleOf");
            for value in values.iter().filter(|value| !divides || !is_large(value)) {
                let accepted = general.is_valid(value);
                prop_assert_eq!(ours.accepts(value), accepted, "{} {}", json, value);
                let again = again.as_ref().map(|again| again.accepts(value));
                prop_assert_eq!(again, Some(accepted), "{} became {}", json, ours.json());
                let refusal = ours.refusal(value);
                prop_assert_eq!(refusal.is_none(), accepted, "{} {}", json, value);
                let failed = ours.failed(value);
                prop_assert!(accepted || !failed.is_empty(), "{} {}", json, value);
                for at in failed {
                    prop_assert!(pointers.contains(&at), "{} {} {}", json, value, at);
                }
                if let Value::Object(map) = value {
                    prop_assert_eq!(ours.refuses(map).is_none(), accepted, "{} {}", json, value);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn formats_that_are_read_here_mean_what_they_mean_elsewhere() {
    let texts = prop_oneof![
        "[0-9]{4}-[0-9]{2}-[0-3][0-9]",
        "(1900|2000|2023|2024)-02-(28|29|30)",
        "[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,3})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])",
        "(22|23|00|01|05):(59|29|30):60(Z|[+-](00|01|05|23):(00|30|59))",
        "2024-02-29[Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,3})?(Z|[+-][0-2][0-9]:00)",
        "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-g]{12}",
        "[0-9a-f-]{36}",
        "[0-3]?[0-9]{1,2}(\\.[0-3]?[0-9]{1,2}){3}",
        "[0-9a-f:.]{1,20}",
        "::ffff:[0-9]{1,3}\\.[0-9]{1,3}\\.1\\.1(%1)?",
        "[0-9TZ:.+-]{0,30}",
        "\\PC{0,20}",
    ];
    let native = ["date", "time", "date-time", "uuid", "ipv4", "ipv6"];
    let pairs: Vec<_> = native
        .iter()
        .map(|name| {
            let json = json!({ "format": name });
            (name, general(&json).unwrap(), ours(&json).unwrap())
        })
        .collect();
    let mut runner = TestRunner::new(Config {
        cases: 20_000,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&texts, |text| {
            let value = json!(text);
            for (name, general, ours) in &pairs {
                prop_assert_eq!(
                    ours.accepts(&value),
                    general.is_valid(&value),
                    "{} {}",
                    name,
                    text
                );
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_hostile_schema_is_read_in_few_steps() {
    // As much as a file may hold: 50,000 values, 32 levels.
    let wide = |count: usize, entry: &dyn Fn(usize) -> String| -> String {
        (0..count).map(entry).collect::<Vec<_>>().join(", ")
    };
    let texts = [
        format!("{{ {} }}", wide(10_000, &|n| format!("keyword{n}: 1"))),
        format!(
            "{{ enum: [{}] }}",
            wide(40_000, &|n| format!("v{}", n % 20_000))
        ),
        format!(
            "{{ anyOf: [{}] }}",
            wide(10_000, &|n| format!("{{ const: {n} }}"))
        ),
        format!(
            "{{ properties: {{ {} }} }}",
            wide(20_000, &|n| format!("p{n}: true"))
        ),
        format!(
            "{{ anyOf: [{}] }}",
            wide(10_000, &|n| format!("{{ in: list{n} }}"))
        ),
        format!(
            "{{ anyOf: [{}] }}",
            wide(10_000, &|n| format!("{{ use: name{n} }}"))
        ),
        format!("{{ required: [{}] }}", wide(40_000, &|n| format!("p{n}"))),
        format!("{}true{}", "{ items: ".repeat(30), " }".repeat(30)),
        format!(
            "{}true{}",
            "{ unevaluatedItems: ".repeat(30),
            " }".repeat(30)
        ),
    ];
    for text in &texts {
        let _ = compile(text);
    }
    let many = schema(&texts[1]);
    assert!(many.accepts(&json!("v19999")));
    assert!(!many.accepts(&json!("v20000")));
}
