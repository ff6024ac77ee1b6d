use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::list::{List, ListType};
use crate::source::{self, Source};

mod bounds;
mod differential;
mod reference;

fn lists() -> Lists {
    let list = List::new(
        "names".into(),
        ListType::String,
        vec![json!("ann"), json!("bob")],
    );
    Lists::from([("names".to_owned(), Arc::new(list))])
}

fn node(text: &str) -> Node {
    let source = Source {
        path: "s.yaml".into(),
        text: text.into(),
    };
    source::read(&source).unwrap().remove(0)
}

fn compile(text: &str) -> Result<Schema, Vec<Problem>> {
    let shared = BTreeMap::new();
    let mut cache = SchemaCache::default();
    let names = Definitions::shared(&shared);
    Schema::compile(&node(text), &lists(), names, &mut cache)
}

fn schema(text: &str) -> Schema {
    compile(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
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
fn a_pattern_reads_a_bounded_text_and_what_is_longer_never_slips_through() {
    let schema_of = |text: &str, value: &Value| schema(text).verdict(value);
    let long = json!("a".repeat(8 * 1024 + 1));
    let fits = json!("a".repeat(8 * 1024));
    assert_eq!(
        schema_of("{ pattern: '^(a+)+$' }", &fits),
        Verdict::Accepted
    );
    assert_eq!(
        said("{ pattern: a }", &long),
        "the text is longer than the 8192 bytes that a pattern reads"
    );
    // Neither what must match nor what must not is taken for granted.
    for text in [
        "{ pattern: a }",
        "{ not: { pattern: b } }",
        "{ anyOf: [{ pattern: b }, { type: number }] }",
        "{ oneOf: [{ pattern: b }, true] }",
        "{ if: { pattern: b }, then: false }",
        "{ not: { type: string, unevaluatedProperties: false, pattern: b } }",
    ] {
        assert_eq!(schema_of(text, &long), Verdict::Unclear, "{text}");
        assert!(!schema(text).accepts(&long), "{text}");
    }
    assert_eq!(
        schema_of("{ pattern: a, maxLength: 5 }", &long),
        Verdict::Refused
    );
    assert_eq!(
        schema_of("{ anyOf: [{ pattern: b }, true] }", &long),
        Verdict::Accepted
    );
}

#[test]
fn classes_of_a_pattern_are_ascii_as_in_conditions() {
    for text in [
        r"{ pattern: '^\d+$' }",
        r"{ pattern: '^\d+$', unevaluatedProperties: false }",
        r"{ patternProperties: { '^\d+$': true }, additionalProperties: false }",
    ] {
        let schema = schema(text);
        let value = |digits: &str| match text.contains("patternP") {
            true => json!({ digits: 1 }),
            false => json!(digits),
        };
        assert!(schema.accepts(&value("12")), "{text}");
        assert!(!schema.accepts(&value("١٢")), "{text}");
    }
}

#[test]
fn equal_schemas_are_one_and_small() {
    let shared = BTreeMap::new();
    let mut cache = SchemaCache::default();
    let names = Definitions::shared(&shared);
    let (lists, other) = (lists(), lists());
    let mut compile =
        |text: &str, lists: &Lists| Schema::compile(&node(text), lists, names, &mut cache).unwrap();
    let a = compile("{ type: number, maximum: 50 }", &lists);
    let b = compile("{ maximum: 50, type: number }", &lists);
    let c = compile("{ maximum: 51, type: number }", &lists);
    assert_eq!(a.address(), b.address());
    assert_ne!(a.address(), c.address());
    // The same text over another list is another schema.
    let d = compile("{ in: names }", &lists);
    let e = compile("{ in: names }", &lists);
    let f = compile("{ in: names }", &other);
    assert_eq!(d.address(), e.address());
    assert_ne!(d.address(), f.address());
    let size = size_of::<Compiled>() + 2 * size_of::<usize>() + 2 * size_of::<rule::Rule>();
    assert!(size <= 112, "{size}");
}

#[test]
fn an_open_object_is_noticed() {
    let open = |text: &str| schema(text).open_objects(&node(text)).len();
    assert_eq!(open("{ type: object }"), 1);
    assert_eq!(open("{ properties: { a: true } }"), 1);
    assert_eq!(open("{ type: object, additionalProperties: false }"), 0);
    assert_eq!(
        open("{ items: { anyOf: [{ type: object }, { type: object }] } }"),
        2
    );
    let text = "{ items: { type: object } }";
    let place = schema(text).open_objects(&node(text))[0];
    assert!(
        text[place.start..].starts_with("{ type: object }"),
        "{place:?}"
    );
}

#[test]
fn malformed_schemas_are_refused() {
    for text in [
        "{ type: [] }",
        "{ type: [string, string] }",
        "{ type: 1 }",
        "{ multipleOf: 0 }",
        "{ multipleOf: -1 }",
        "{ maxLength: -1 }",
        "{ maxLength: 1.5 }",
        "{ minimum: '1' }",
        "{ enum: a }",
        "{ required: [a, a] }",
        "{ required: a }",
        "{ anyOf: [] }",
        "{ anyOf: { type: string } }",
        "{ properties: [a] }",
        "{ items: [true] }",
        "{ items: 1 }",
        "{ format: 1 }",
        "{ format: dates }",
        "{ pattern: '(' }",
        "{ uniqueItems: 1 }",
        "{ title: 1 }",
        "{ readOnly: 1 }",
        "{ examples: 1 }",
        "{ $defs: { a: 1 } }",
        "{ $defs: [] }",
        "{ dependentRequired: { a: [1] } }",
        "{ contains: true, minContains: -1 }",
        "{ unevaluatedItems: 1 }",
        "{ in: nobody }",
        "{ in: 1 }",
        "{ empty: 1 }",
        "{ maxlength: 1 }",
        "{ $ref: 'https://example.com' }",
        "{ $ref: '#/$defs/a' }",
        "{ $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/a' } } } }",
        "1",
        "a",
    ] {
        assert!(compile(text).is_err(), "{text}");
    }
    assert!(schema("{ maxLength: 3.0 }").accepts(&json!("abc")));
}
