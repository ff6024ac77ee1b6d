//! What is left of the calls of some guards when others have been decided before.

use serde_json::{Value, json};

use super::super::schemas::{Known, within};
use super::follow::{fact_follows, follows_but};
use super::{Fact, Guard};

/// The bounds of numbers, each with what holds where it does not.
const TURNED: [(&str, &str); 4] = [
    ("minimum", "exclusiveMaximum"),
    ("maximum", "exclusiveMinimum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMaximum", "minimum"),
];

/// Calls that guards are about and that another guard is not about, where that is a matter of one bound of
/// one number: then the number is on the other side of it.
pub(in crate::diff) fn rest<'a>(evidence: &[&Guard<'a>], decided: &Guard<'a>) -> Option<Guard<'a>> {
    let unmet = |fact: &&Fact<'a>| !fact_follows(evidence, fact);
    let mut arguments = decided.arguments.iter().filter(unmet);
    let mut clauses = (decided.clauses.iter()).filter(|clause| {
        !evidence
            .iter()
            .any(|guard| guard.clauses.iter().any(|own| own.implies(clause)))
    });
    let (name, schema) = match (arguments.next(), clauses.next()) {
        (Some(fact), None) if arguments.next().is_none() => (fact.name.clone(), fact.json.clone()),
        (None, Some(clause)) if clauses.next().is_none() => clause.comparison()?,
        (Some(_), _) | (None, _) => return None,
    };
    if !follows_but(evidence, decided) {
        return None;
    }
    // The number is there for certain, so a comparison with it cannot fail.
    let number = Fact {
        name,
        json: json!({ "type": "number" }),
        lists: evidence.first()?.lists()?,
        optional: false,
        strict: true,
    };
    let json = turned(&schema, &number)?;
    fact_follows(evidence, &number).then(|| Guard {
        derived: vec![Fact { json, ..number }],
        ..Guard::default()
    })
}

/// What holds for a number that breaks a schema of one bound.
fn turned(schema: &Value, number: &Fact<'_>) -> Option<Value> {
    let known = |json| Known {
        json,
        lists: number.lists,
    };
    let map = schema.as_object()?;
    let mut bounds = map.iter().filter(|(keyword, _)| *keyword != "type");
    let (keyword, limit) = bounds.next().filter(|_| bounds.next().is_none())?;
    if let Some(types) = map.get("type") {
        let types = json!({ "type": types });
        if !within(known(&number.json), known(&types)) {
            return None;
        }
    }
    let (_, turned) = TURNED.iter().find(|(one, _)| one == keyword)?;
    let (mut json, turned) = (number.json.clone(), (*turned).to_owned());
    json.as_object_mut()?.insert(turned, limit.clone());
    Some(json)
}
