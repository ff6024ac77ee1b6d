use serde_json::json;

use super::*;
use crate::list::{List, ListType};
use crate::source::{self, Source};

fn lists() -> Arc<Lists> {
    let list = List::new(
        "names".into(),
        ListType::String,
        vec![json!("ann"), json!("bob")],
    );
    Arc::new(Lists::from([("names".to_owned(), list)]))
}

fn schema(text: &str) -> Schema {
    let source = Source {
        path: "s.yaml".into(),
        text: text.into(),
    };
    let node = source::read(&source).unwrap().remove(0);
    Schema::compile(&node, &lists()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn said(text: &str, value: &Value) -> String {
    let schema = schema(text);
    let refusal = schema.refusal(value);
    assert_eq!(schema.accepts(value), refusal.is_none(), "{text}");
    refusal.map_or_else(String::new, |refusal| refusal.message)
}

#[test]
fn a_refusal_names_the_value_and_the_bound() {
    let long = "y".repeat(200);
    let cases = [
        ("{ maximum: 50 }", json!(51), "51 is above 50"),
        ("{ maximum: 50 }", json!(50.5), "50.5 is above 50"),
        ("{ multipleOf: 5 }", json!(7), "7 is no multiple of 5"),
        (
            "{ pattern: '^O-' }",
            json!("X-1"),
            "`X-1` does not match `^O-`",
        ),
        ("{ const: 5 }", json!(6), "6 is not 5"),
        ("{ enum: [a, b] }", json!("c"), "`c` is none of `a`, `b`"),
        (
            "{ enum: [1, 2, 3, 4, 5, 6] }",
            json!(7),
            "7 is none of 1, 2, 3, 4, 5, …",
        ),
        (
            "{ in: names }",
            json!("eve"),
            "`eve` is not in list `names`",
        ),
        ("{ in: names }", json!("ann"), ""),
        ("{ anyOf: [{ in: names }, { const: me }] }", json!("me"), ""),
        (
            "{ items: { in: names } }",
            json!(["ann", "eve"]),
            "`eve` is not in list `names`",
        ),
        (
            "{ maxLength: 3 }",
            json!("abcd"),
            "the text is longer than 3 characters",
        ),
        (
            "{ type: [string, 'null'] }",
            json!(1),
            "1 is not of type null or string",
        ),
        (
            "{ format: date }",
            json!("2024-02-30"),
            "`2024-02-30` is no valid date",
        ),
        (
            "{ format: iban }",
            json!("DE89370400440532013001"),
            "`DE89370400440532013001` is no valid iban",
        ),
        (
            "{ format: uri }",
            json!("no uri"),
            "`no uri` is no valid uri",
        ),
        (
            "{ const: x }",
            json!("a\u{1b}[2J\u{202e}"),
            "`a\\u{1b}[2J\\u{202e}` is not `x`",
        ),
        ("{ not: {} }", json!(1), "1 is excluded"),
        ("false", json!(1), "no value is accepted here"),
        (
            "{ $ref: '#/$defs/short', $defs: { short: { maxLength: 1 } } }",
            json!("ab"),
            "the text is longer than 1 characters",
        ),
    ];
    for (text, value, wanted) in cases {
        assert_eq!(said(text, &value), wanted, "{text} {value}");
    }
    let cut = said("{ const: x }", &json!(long));
    assert!(cut.contains(&format!("`{}…`", "y".repeat(64))), "{cut}");
}

#[test]
fn bounds_of_large_integers_are_exact() {
    assert_eq!(
        said(
            "{ maximum: 9007199254740992 }",
            &json!(9_007_199_254_740_993_i64)
        ),
        "9007199254740993 is above 9007199254740992"
    );
    assert_eq!(
        said("{ maximum: 18446744073709551614 }", &json!(u64::MAX)),
        "18446744073709551615 is above 18446744073709551614"
    );
    assert_eq!(
        said(
            "{ const: 9007199254740993 }",
            &json!(9_007_199_254_740_992_i64)
        ),
        "9007199254740992 is not 9007199254740993"
    );
    assert_eq!(said("{ enum: [20] }", &json!(20.0)), "");
}

#[test]
fn a_pattern_that_would_explode_elsewhere_is_linear() {
    let schema = schema("{ pattern: '^(a+)+$' }");
    let start = std::time::Instant::now();
    assert!(!schema.accepts(&json!("a".repeat(50_000) + "b")));
    assert!(start.elapsed().as_millis() < 1_000);
}

#[test]
fn an_open_object_is_noticed() {
    assert_eq!(schema("{ type: object }").open_objects.len(), 1);
    assert_eq!(schema("{ properties: { a: true } }").open_objects.len(), 1);
    assert_eq!(
        schema("{ type: object, additionalProperties: false }")
            .open_objects
            .len(),
        0
    );
}
