//! `use` and `$ref`.

use super::*;
use crate::schema::definitions::Shared;

fn shared(entries: &[(&str, &str)]) -> Shared {
    let entries = entries.iter();
    let entries = entries.map(|(name, text)| ((*name).to_owned(), node(text)));
    entries.collect()
}

fn using(text: &str, shared: &Shared) -> Result<Schema, Vec<Problem>> {
    let mut cache = SchemaCache::default();
    Schema::compile(
        &node(text),
        &lists(),
        Definitions::shared(shared),
        &mut cache,
    )
}

fn problem(text: &str, shared: &Shared) -> Problem {
    using(text, shared).unwrap_err().remove(0)
}

#[test]
fn a_named_schema_and_the_keywords_beside_it_hold() {
    let shared = shared(&[
        ("iso_day", "{ type: string, format: date }"),
        ("opened", "{ type: object }"),
        ("maybe", "{ use: iso_day, empty: true }"),
    ]);
    let schema = using("{ use: iso_day, pattern: '^2024-' }", &shared).unwrap();
    assert!(schema.accepts(&json!("2024-02-29")));
    assert!(!schema.accepts(&json!("2023-02-28")));
    assert!(!schema.accepts(&json!("2024-02-30")));
    let refusal = schema.refusal(&json!(1)).unwrap();
    assert_eq!(
        (refusal.keyword.as_str(), refusal.wrong_type),
        ("use/type", true)
    );
    let pointers: Vec<_> = schema.bounds().into_iter().map(|b| b.pointer).collect();
    assert_eq!(pointers, ["/pattern", "/use/type", "/use/format"]);
    assert_eq!(schema.failed(&json!("x")), ["/pattern", "/use/format"]);
    assert_eq!(
        schema.json(),
        json!({ "pattern": "^2024-", "allOf": [{ "type": "string", "format": "date" }] })
    );
    // Wherever a schema may stand; and `use` is a name like any other where none may.
    let schema = using(
        "{ items: { use: iso_day }, default: { use: nobody } }",
        &shared,
    )
    .unwrap();
    assert!(!schema.accepts(&json!(["2024-02-29", "x"])));
    let schema = using("{ properties: { use: { type: number } } }", &shared).unwrap();
    assert!(schema.accepts(&json!({ "use": 1 })));
    // What is known of the named schema is known of the one that uses it.
    assert!(using("{ use: maybe }", &shared).unwrap().may_be_absent());
    let text = "{ items: { use: opened } }";
    let open = using(text, &shared).unwrap().open_objects(&node(text));
    assert!(text[open[0].start..].starts_with("opened"), "{open:?}");
}

#[test]
fn the_general_validator_sees_what_is_used_too() {
    let shared = shared(&[(
        "named",
        r"{ type: object, properties: { a: { pattern: '^\d$' } } }",
    )]);
    let text = "{ use: named, properties: { b: { in: names } }, unevaluatedProperties: false }";
    let schema = using(text, &shared).unwrap();
    assert!(schema.accepts(&json!({ "a": "1", "b": "ann" })));
    assert!(!schema.accepts(&json!({ "a": "١" })));
    assert!(!schema.accepts(&json!({ "b": "eve" })));
    assert!(!schema.accepts(&json!({ "c": 1 })));
    let refusal = schema.refusal(&json!({ "b": "eve" })).unwrap();
    assert_eq!(refusal.message, "`eve` is not in list `names`");
    assert_eq!(refusal.pointer, "/b");
}

#[test]
fn a_reference_that_leads_nowhere_is_refused() {
    let shared = shared(&[
        ("iso_day", "{ type: string }"),
        ("a", "{ items: { use: b } }"),
        ("b", "{ anyOf: [{ use: a }] }"),
        ("c", "{ use: c }"),
        ("broken", "{ maxlength: 1 }"),
    ]);
    let unknown = problem("{ use: iso_dya }", &shared);
    assert_eq!(unknown.code, Code::UnknownSchema);
    assert_eq!(unknown.message, "there is no schema `iso_dya`");
    assert_eq!(unknown.help, "did you mean `iso_day`?");
    for (text, message) in [
        ("{ use: a }", "`a` leads back to itself"),
        ("{ items: { use: b } }", "`b` leads back to itself"),
        ("{ use: c }", "`c` leads back to itself"),
        (
            "{ use: broken }",
            "the schema `broken` has problems of its own",
        ),
    ] {
        let problem = problem(text, &shared);
        assert_eq!(problem.code, Code::SchemaReference, "{text}");
        assert_eq!(problem.message, message, "{text}");
    }
    assert_eq!(problem("{ use: [a] }", &shared).code, Code::InvalidSchema);
}

#[test]
fn what_a_policy_defines_comes_first_and_stays_its_own() {
    let shared = shared(&[
        ("day", "{ maxLength: 1 }"),
        ("week", "{ items: { use: day } }"),
    ]);
    let mine = node("{ maxLength: 3 }");
    let own = BTreeMap::from([("day", &mine)]);
    let mut cache = SchemaCache::default();
    let mut compile = |text: &str, names: Definitions<'_>| {
        Schema::compile(&node(text), &lists(), names, &mut cache).unwrap()
    };
    let both = Definitions::new(&own, &shared);
    assert!(compile("{ use: day }", both).accepts(&json!("abc")));
    // A shared schema means the shared one, and so does another policy, over the same cache.
    assert!(!compile("{ use: week }", both).accepts(&json!(["abc"])));
    assert!(!compile("{ use: day }", Definitions::shared(&shared)).accepts(&json!("abc")));
}

#[test]
fn references_that_double_at_every_step_are_refused_at_once() {
    let twice = |next: &str| format!("{{ allOf: [{{ use: {next} }}, {{ use: {next} }}] }}");
    let texts: Vec<(String, String)> = (0..40)
        .map(|n| (format!("d{n}"), twice(&format!("d{}", n + 1))))
        .chain([("d40".to_owned(), "{ type: string }".to_owned())])
        .collect();
    let all: Vec<(&str, &str)> = texts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let shared = shared(&all);
    assert_eq!(problem("{ use: d0 }", &shared).code, Code::SchemaReference);
    assert!(using("{ use: d34 }", &shared).is_ok());
    let definitions: Vec<String> = (0..40)
        .map(|n| {
            let next = format!("{{ $ref: '#/$defs/d{}' }}", n + 1);
            format!("d{n}: {{ allOf: [{next}, {next}] }}")
        })
        .collect();
    let text = format!(
        "{{ $ref: '#/$defs/d0', $defs: {{ {}, d40: true }} }}",
        definitions.join(", ")
    );
    assert_eq!(problem(&text, &shared).code, Code::SchemaReference);
}

#[test]
fn a_long_chain_of_references_does_not_exhaust_the_stack() {
    let texts: Vec<(String, String)> = (0..5_000)
        .map(|n| {
            (
                format!("d{n}"),
                format!("{{ items: {{ items: {{ use: d{} }} }} }}", n + 1),
            )
        })
        .chain([("d5000".to_owned(), "true".to_owned())])
        .collect();
    let all: Vec<(&str, &str)> = texts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let shared = shared(&all);
    let problem = problem("{ use: d0 }", &shared);
    assert_eq!(problem.code, Code::SchemaReference);
    assert!(using("{ use: d4990 }", &shared).is_ok());
}
