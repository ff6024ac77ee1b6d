//! Which bound failed, and which bounds there are.

use super::*;

#[test]
fn a_refusal_says_which_bound_failed_and_where() {
    let cases = [
        (
            "{ type: integer }",
            json!("x"),
            "type",
            "",
            "integer",
            "`x`",
        ),
        ("{ maximum: 50 }", json!(51), "maximum", "", "50", "51"),
        (
            "{ items: { pattern: '^a' } }",
            json!(["a", "b"]),
            "items/pattern",
            "/1",
            "`^a`",
            "`b`",
        ),
        (
            "{ properties: { a/b: { minimum: 1 } } }",
            json!({ "a/b": 0 }),
            "properties/a~1b/minimum",
            "/a~1b",
            "1",
            "0",
        ),
        (
            "{ required: [id] }",
            json!({}),
            "required",
            "",
            "`id`",
            "the object",
        ),
        (
            "{ allOf: [{ in: names }] }",
            json!("eve"),
            "allOf/0/in",
            "",
            "`names`",
            "`eve`",
        ),
        (
            "{ $ref: '#/$defs/s', $defs: { s: { maxLength: 1 } } }",
            json!("ab"),
            "$ref/maxLength",
            "",
            "1",
            "`ab`",
        ),
        (
            "{ if: { type: string }, then: { maxLength: 1 } }",
            json!("ab"),
            "then/maxLength",
            "",
            "1",
            "`ab`",
        ),
    ];
    for (text, value, keyword, pointer, bound, shown) in cases {
        let refusal = schema(text).refusal(&value).unwrap();
        assert_eq!(refusal.keyword, keyword, "{text}");
        assert_eq!(refusal.pointer, pointer, "{text}");
        assert_eq!(refusal.bound.as_deref(), Some(bound), "{text}");
        assert_eq!(refusal.value, shown, "{text}");
        assert_eq!(refusal.wrong_type, keyword == "type", "{text}");
    }
    let closed = "{ properties: { a: true }, additionalProperties: false }";
    let refusal = schema(closed).refusal(&json!({ "b": 1 })).unwrap();
    assert_eq!(refusal.keyword, "additionalProperties");
    assert_eq!(refusal.message, "property `b` is not listed");
    let unevaluated = "{ properties: { a: true }, unevaluatedProperties: false }";
    let refusal = schema(unevaluated).refusal(&json!({ "b": 1 })).unwrap();
    assert_eq!(refusal.keyword, "unevaluatedProperties");
    assert_eq!(refusal.message, "property `b` is not listed");
}

#[test]
fn every_bound_is_listed_and_those_that_a_value_breaks_are_told() {
    let text = "{ type: object, required: [a], properties: { a: { minimum: 1, maximum: 9 }, \
                b: { anyOf: [{ const: x }, { maxLength: 2 }] } }, additionalProperties: false }";
    let schema = schema(text);
    let bounds = schema.bounds();
    let pointers: Vec<_> = bounds.iter().map(|bound| bound.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/type",
            "/required",
            "/properties/a/minimum",
            "/properties/a/maximum",
            "/properties/b/anyOf",
            "/properties/b/anyOf/0/const",
            "/properties/b/anyOf/1/maxLength",
            "/additionalProperties",
        ]
    );
    assert_eq!(bounds[3].keyword, "maximum");
    assert_eq!(bounds[3].limit, json!(9));
    assert!(schema.failed(&json!({ "a": 5, "b": "x" })).is_empty());
    assert_eq!(
        schema.failed(&json!({ "a": 10, "b": "y", "c": 1 })),
        [
            "/additionalProperties",
            "/properties/a/maximum",
            "/properties/b/anyOf/0/const"
        ]
    );
    assert_eq!(schema.failed(&json!({})), ["/required"]);
    assert_eq!(schema.failed(&json!(1)), ["/type"]);
    // Every bound that fails is one of those listed.
    for value in [json!({ "b": "yyy" }), json!({ "a": 0, "z": 1 })] {
        let failed = schema.failed(&value);
        assert!(
            failed.iter().all(|at| pointers.contains(&at.as_str())),
            "{failed:?}"
        );
    }
}
