use serde_json::json;

use super::schema::of_schema;
use super::*;
use crate::list::{List, ListType, Lists};

fn lists() -> Lists {
    let list = |name: &str, kind| {
        (
            name.to_owned(),
            std::sync::Arc::new(List::new(name.to_owned(), kind, Vec::new())),
        )
    };
    Lists::from([
        list("hosts", ListType::Host),
        list("codes", ListType::Number),
    ])
}

fn schema(schema: &Json) -> Type {
    of_schema(schema, &lists())
}

#[test]
fn a_schema_gives_a_type_only_where_it_decides_it() {
    for (text, kind, nullable) in [
        (
            json!({"type": "integer", "maximum": 5}),
            Kind::Number,
            false,
        ),
        (
            json!({"type": "string", "format": "email"}),
            Kind::Text,
            false,
        ),
        (json!({"type": ["string", "null"]}), Kind::Text, true),
        (json!({"type": ["string", "integer"]}), Kind::Any, false),
        // Without `type` the keyword checks values of its own kind and accepts all others.
        (json!({"maximum": 5}), Kind::Any, false),
        (
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            Kind::Any,
            false,
        ),
        (json!({"enum": ["a", "b"]}), Kind::Text, false),
        (json!({"enum": ["a", null]}), Kind::Text, true),
        (json!({"enum": ["a", 1]}), Kind::Any, false),
        (json!({"const": 20}), Kind::Number, false),
        (json!({"in": "hosts"}), Kind::Text, false),
        (json!({"in": "codes"}), Kind::Number, false),
        (json!({"in": ["hosts", "codes"]}), Kind::Any, false),
        (
            json!({"anyOf": [{"type": "string"}, {"in": "hosts"}]}),
            Kind::Text,
            false,
        ),
        (
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
            Kind::Text,
            true,
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"maximum": 5}]}),
            Kind::Any,
            false,
        ),
        (
            json!({"allOf": [{"minimum": 1}, {"type": "number"}]}),
            Kind::Number,
            false,
        ),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "boolean"}}}),
            Kind::Bool,
            false,
        ),
        (json!({"empty": true}), Kind::Any, false),
        (json!(true), Kind::Any, false),
    ] {
        let found = schema(&text);
        assert_eq!((found.kind, found.nullable), (kind, nullable), "{text}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_many_times_ends() {
    let twice = json!({"allOf": vec![json!({"$ref": "#"}); 50], "type": "string"});
    assert_eq!(schema(&twice).kind, Kind::Text);
}

#[test]
fn what_lists_and_maps_hold_is_known() {
    let found = schema(&json!({
        "type": "array", "maxItems": 3,
        "items": {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"],
                  "additionalProperties": false},
    }));
    assert_eq!(found.most, Some(3));
    let item = found.element();
    assert_eq!(item.property("price"), Property::Known(Type::NUMBER, false));
    assert_eq!(
        item.property("prize"),
        Property::Unknown(vec!["price".to_owned()])
    );
    let open = schema(
        &json!({"type": "object", "properties": {"a": {"type": "string"}},
                              "additionalProperties": {"type": "number"}}),
    );
    assert_eq!(open.property("a"), Property::Known(Type::TEXT, true));
    assert_eq!(open.property("b"), Property::Known(Type::NUMBER, false));
    assert_eq!(
        open.inner(),
        Type::ANY,
        "a key that is computed finds either"
    );
}

#[test]
fn a_contract_is_closed_and_a_rule_narrows_it() {
    let contract = json!({
        "properties": {"id": {"type": "string"}, "n": {"type": "integer"}, "note": {"type": "string"}},
        "required": ["id", "n"],
    });
    let contract = Shape::of_contract(&contract, &lists());
    assert!(contract.closed);
    let rule = [
        ("n", &json!({"maximum": 5}), false),
        ("note", &json!({"const": "x"}), true),
    ];
    let open = Declared::of_rule(Some(rule), false, &lists()).within(&contract);
    let args = Type::shaped(open.shape);
    assert_eq!(args.property("id"), Property::Known(Type::TEXT, false));
    assert_eq!(args.property("n"), Property::Known(Type::NUMBER, false));
    assert!(matches!(args.property("note"), Property::Known(t, true) if t.values.is_some()));
    assert!(matches!(args.property("other"), Property::Unknown(_)));
    // An allow takes what it lists and nothing else.
    let closed = Declared::of_rule(Some(rule), true, &lists()).within(&contract);
    assert!(matches!(
        Type::shaped(closed.shape).property("id"),
        Property::Unknown(_)
    ));
    let free = Shape::of_contract(&json!({"additionalProperties": true}), &lists());
    assert!(!free.closed);
}

#[test]
fn of_two_tools_only_what_both_say_is_known() {
    let one = Shape::of_contract(
        &json!({"properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                                         "required": ["a", "b"]}),
        &lists(),
    );
    let other = Shape::of_contract(
        &json!({"properties": {"a": {"type": "string"}, "c": {"type": "number"}},
                                           "required": ["a"]}),
        &lists(),
    );
    let both = Type::shaped(Arc::new(one.join(&other)));
    assert_eq!(both.property("a"), Property::Known(Type::TEXT, false));
    assert_eq!(both.property("b"), Property::Known(Type::TEXT, true));
    assert_eq!(both.property("c"), Property::Known(Type::NUMBER, true));
    assert!(matches!(both.property("d"), Property::Unknown(_)));
}
