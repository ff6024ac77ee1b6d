//! The schema for editors agrees with the checker: on fields, keywords, and what is refused.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;
use veto_policy::{DiagnosticCode as Code, LANGUAGE_SCHEMA, compile};

use super::support::source;
use super::{diagnostics, format};

const HEAD: &str = "apiVersion: veto/v1\nkind: ";
const POLICY: &str =
    "apiVersion: veto/v1\nkind: Policy\nmetadata: { name: p }\nsubjects: { roles: [r] }\n";
const RULE: &str = "rules:\n  - { id: r, tools: [t], effect: allow, arguments: any }\n";

fn schema() -> Value {
    serde_json::from_str(LANGUAGE_SCHEMA).unwrap()
}

/// The schema as an editor reads it that knows 2020-12, and as one that knows draft 7 alone.
fn validators() -> [Validator; 2] {
    let mut old = schema();
    old["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    [schema(), old].map(|schema| jsonschema::validator_for(&schema).unwrap())
}

fn documents(text: &str) -> Vec<Value> {
    format::values(text)
}

pub(crate) fn assert_fine(path: &str, text: &str) {
    for validator in validators() {
        for document in documents(text) {
            let found: Vec<_> = validator
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(found.is_empty(), "{path}: {}", found.join("\n"));
        }
    }
}

#[test]
fn policies_of_the_repository_are_fine() {
    for source in format::texts() {
        assert_fine(&source.path, &source.text);
    }
}

#[test]
fn what_the_language_can_say_is_fine() {
    let text = "apiVersion: veto/v1\nkind: Policy\nmetadata: { name: p, description: d, controls: [a] }\n\
        subjects: { agents: ['**'], labels: { team: [finance, treasury], tier: gold } }\nmode: shadow\n\
        not_before: 2026-01-31T18:00:00Z\nnot_after: '2026-02-01T00:00:00.5+01:00'\nredact: [body, 'customer/ssn']\n\
        approval: { approvers: [role:lead, 'user:ann'], quorum: 2, expires: 1h30m, independent: true }\n\
        definitions: { iso_day: { type: string } }\nrules:\n  - id: r\n    description: d\n    \
        tools: { names: ['mail.*'], labels: [read-only, internal] }\n    effect: allow\n    arguments:\n      a: true\n      \
        b: { use: iso_day, maxLength: 10 }\n      c: { in: [x, y] }\n      d: { empty: true }\n    optional: [a]\n    \
        when: args.a\n    otherwise: require_approval\n    approval: { approvers: [user] }\n    reason: x\n    severity: low\n    \
        controls: []\n    redact: [a]\n    mode: enforce\n    not_before: 2026-01-31T18:00:00Z\n  \
        - { id: s, tools: [t], effect: require_approval, only_if_allowed: true, when: true }\n---\n\
        apiVersion: veto/v1\nkind: Tool\nmetadata: { name: payments.refund, description: d, labels: [sensitive] }\n\
        input: { properties: { a: { type: [string, 'null'] } }, additionalProperties: false }\n---\n\
        apiVersion: veto/v1\nkind: Schema\nmetadata: { name: day }\nschema: { $ref: '#/$defs/a', $defs: { a: {} } }\n---\n\
        apiVersion: veto/v1\nkind: Tests\nmetadata: { name: refunds }\nagents: { bot: { roles: [support], labels: { a: b }, disabled: false } }\n\
        users: { ann: { name: Ann, email: a@b.c, groups: [g], labels: { x: y } } }\nenvironment: dev\nnow: 2026-01-31T18:00:00Z\ncases:\n  \
        - { name: one, agent: bot, user: ann, tool: payments.refund, arguments: { a: 1 }, context: {}, expect: allow, rule: p/r }\n  \
        - { name: two, agent: bot, tool: t, arguments_json: '{\"a\": 1}', now: 2026-01-31T18:00:00Z, environment: dev, expect: deny, reason: no_rule }\n";
    assert_fine("all", text);
}

#[test]
fn what_the_checker_refuses_for_its_shape_is_refused() {
    let shape = [
        Code::UnknownField,
        Code::MissingField,
        Code::WrongType,
        Code::InvalidValue,
        Code::UnknownVersion,
        Code::UnknownKind,
        Code::NotSupported,
        Code::InvalidName,
        Code::EmptyList,
        Code::InvalidGlob,
        Code::MissingArguments,
        Code::InvalidSchema,
        Code::UnknownKeyword,
        Code::UnusedField,
    ];
    let validators = validators();
    let mut tried = 0;
    for (code, text) in diagnostics::texts() {
        if !shape.contains(&code) {
            continue;
        }
        tried += 1;
        for validator in &validators {
            let fine = documents(&text)
                .iter()
                .all(|document| validator.is_valid(document));
            assert!(!fine, "{code} is not refused in:\n{text}");
        }
    }
    assert!(tried >= shape.len());
}

/// The fields that the checker knows, from its answer to one that it does not know.
fn known(text: &str) -> BTreeSet<String> {
    let found = compile(&[source(text)]).unwrap_err();
    let answer = found
        .iter()
        .find(|found| found.message.ends_with("`zzzzzzzzzzzz`"));
    let answer = answer.unwrap_or_else(|| panic!("{found}\n{text}"));
    let list = answer.help.strip_prefix("known fields: ").unwrap();
    list.split(", ")
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn every_field_that_the_checker_knows_is_offered_and_no_other() {
    let rule = |fields: &str| {
        format!("{POLICY}rules:\n  - {{ id: r, tools: [t], effect: deny, {fields} }}\n")
    };
    let kind = |kind: &str, fields: &str| format!("{HEAD}{kind}\n{fields}\n");
    let z = "zzzzzzzzzzzz: 1";
    let places = [
        ("policy", format!("{POLICY}{RULE}{z}\n")),
        (
            "policy/properties/metadata",
            format!("{POLICY}{RULE}").replace("name: p", &format!("name: p, {z}")),
        ),
        (
            "subjects",
            format!("{POLICY}{RULE}").replace("roles: [r]", &format!("roles: [r], {z}")),
        ),
        ("rule", rule(z)),
        (
            "tools/anyOf/1",
            rule(z)
                .replace(&format!(", {z}"), "")
                .replace("[t]", &format!("{{ labels: [t], {z} }}")),
        ),
        (
            "approval",
            rule(&format!("approval: {{ approvers: [user], {z} }}")),
        ),
        (
            "list",
            kind("List", &format!("metadata: {{ name: l }}\nvalues: []\n{z}")),
        ),
        (
            "list/properties/metadata",
            kind("List", &format!("metadata: {{ name: l, {z} }}\nvalues: []")),
        ),
        (
            "schemaDocument",
            kind(
                "Schema",
                &format!("metadata: {{ name: l }}\nschema: {{}}\n{z}"),
            ),
        ),
        (
            "schemaDocument/properties/metadata",
            kind(
                "Schema",
                &format!("metadata: {{ name: l, {z} }}\nschema: {{}}"),
            ),
        ),
        (
            "tool",
            kind("Tool", &format!("metadata: {{ name: l }}\n{z}")),
        ),
        (
            "tool/properties/metadata",
            kind("Tool", &format!("metadata: {{ name: l, {z} }}")),
        ),
    ];
    let schema = schema();
    for (place, text) in places {
        let at = schema.pointer(&format!("/$defs/{place}")).unwrap();
        let offered: BTreeSet<_> = at["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(known(&text), offered, "{place}");
        assert_eq!(at["additionalProperties"], false, "{place}");
    }
}

#[test]
fn every_keyword_that_the_checker_knows_is_offered_and_no_other() {
    let schema = schema();
    let offered = schema["$defs"]["schema"]["properties"].as_object().unwrap();
    // Those of JSON Schema in all its drafts, besides what we offer.
    let others = "$anchor $dynamicAnchor $dynamicRef $id $recursiveRef $schema $vocabulary additionalItems contentEncoding \
        contentMediaType contentSchema definitions dependencies discriminator divisibleBy extends id nullable";
    let words = others
        .split_whitespace()
        .map(str::to_owned)
        .chain(offered.keys().cloned());
    for word in words {
        let text = format!(
            "{POLICY}rules:\n  - {{ id: r, tools: [t], effect: allow, arguments: {{ a: {{ {word}: 1 }} }} }}\n"
        );
        let unknown = match compile(&[source(&text)]) {
            Ok(_) => false,
            Err(found) => found.iter().any(|found| found.code == Code::UnknownKeyword),
        };
        assert_eq!(unknown, !offered.contains_key(&word), "{word}");
    }
}

/// Words that stand in `enum`s of the schema, and a text of the checker's that they must pass.
#[test]
fn every_word_that_is_offered_is_taken() {
    let schema = schema();
    let words = |place: &str| {
        let found = schema.pointer(&format!("/$defs/{place}/enum")).unwrap();
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let fine = |text: &str| {
        if let Err(found) = compile(&[source(text)]) {
            panic!("{found}\n{text}");
        }
    };
    let rule = |fields: &str| {
        format!(
            "{POLICY}approval: {{ approvers: [user] }}\nrules:\n  - {{ id: r, tools: [t], {fields} }}\n"
        )
    };
    for word in words("rule/properties/effect") {
        fine(&rule(&format!("effect: {word}, arguments: {{}}")));
    }
    for word in words("rule/properties/severity") {
        fine(&rule(&format!("effect: deny, severity: {word}")));
    }
    for word in words("mode") {
        fine(&rule(&format!("effect: deny, mode: {word}")));
    }
    for word in words("type") {
        fine(&rule(&format!(
            "effect: allow, arguments: {{ a: {{ type: '{word}' }} }}"
        )));
    }
    for word in words("schema/properties/format") {
        fine(&rule(&format!(
            "effect: allow, arguments: {{ a: {{ format: {word} }} }}"
        )));
    }
    for word in words("list/properties/type") {
        fine(&format!(
            "{HEAD}List\nmetadata: {{ name: l }}\ntype: {word}\nvalues: []\n---\n{}",
            rule("effect: deny")
        ));
    }
}

#[test]
fn people_are_told_what_each_field_is() {
    fn look(at: &str, schema: &Value, all: &Value) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            // Conditions name properties without describing them again.
            let described = schema.get("additionalProperties").is_some();
            for (name, property) in properties.iter().filter(|_| described) {
                let place = property["$ref"]
                    .as_str()
                    .and_then(|place| place.strip_prefix('#'));
                let meant = place.map_or(property, |place| all.pointer(place).unwrap());
                let text = property
                    .get("description")
                    .or_else(|| meant.get("description"));
                assert!(
                    text.is_some_and(|text| text.as_str().unwrap().ends_with('.')),
                    "{at}/{name}"
                );
                look(&format!("{at}/{name}"), property, all);
            }
        }
    }
    let schema = schema();
    for (name, at) in schema["$defs"].as_object().unwrap() {
        look(name, at, &schema);
    }
}
