//! The conformance tests of CEL, over values of our own: every case is evaluated, and those outside of
//! the subset are listed with the reason. A case that passes is not listed, and one that fails is.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not expected of a case is a mismatch"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::constant::Constant;
use super::evaluate::part;
use super::expression::Expression;
use super::lower::Lowering;
use super::number::Number;
use super::types::{Declared, Type};
use super::value::Value;
use super::{Environment, Lists, Names, constant, limits, parse};

const CASES: &str = include_str!("../../tests/data/cel-spec/cases.jsonl");
const OUTSIDE: &str = include_str!("../../tests/data/cel-spec/outside.txt");

/// A value as the cases write it: the JSON form of the protobuf message.
fn value_of(json: &Json) -> Option<Constant> {
    let (kind, value) = json.as_object()?.iter().next()?;
    let text = || value.as_str().map(str::to_owned);
    let double = || match value {
        Json::String(text) => text.replace("Infinity", "inf").parse().ok(),
        other => other.as_f64(),
    };
    Some(match &**kind {
        "null_value" => Constant::Null,
        "bool_value" => Constant::Bool(value.as_bool()?),
        "int64_value" => Constant::Number(Number::Int(text()?.parse().ok()?)),
        "uint64_value" => Constant::Number(Number::Uint(text()?.parse().ok()?)),
        "double_value" => Constant::Number(Number::Double(double()?)),
        "string_value" => Constant::Text(text()?.into()),
        "bytes_value" => Constant::Bytes(base64(&text()?)?.into()),
        "list_value" => {
            let values = value.get("values").and_then(Json::as_array);
            let values = values.into_iter().flatten().map(value_of);
            return list(values.collect::<Option<_>>()?);
        }
        "map_value" => {
            let entries = value.get("entries").and_then(Json::as_array);
            let entries = entries
                .into_iter()
                .flatten()
                .map(|entry| Some((value_of(entry.get("key")?)?, value_of(entry.get("value")?)?)));
            return map(entries.collect::<Option<_>>()?);
        }
        "type_value" => Constant::Type(super::types::name(value.as_str()?)?),
        _ => return None,
    })
}

fn list(values: Vec<Constant>) -> Option<Constant> {
    let values = values.iter().map(Value::of_constant).collect();
    Constant::of_value(&Value::list(values))
}

fn map(entries: Vec<(Constant, Constant)>) -> Option<Constant> {
    let entries = entries.iter();
    let entries = entries.map(|(k, v)| (Value::of_constant(k), Value::of_constant(v)));
    let made = super::value::Made::new(entries.collect())?;
    Constant::of_value(&Value::Entries(super::value::Entries::Made(made.into())))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Lowers an expression of any kind with these variables and computes it, as it stands and folded.
fn compute(
    text: &str,
    variables: &BTreeMap<String, Constant>,
    check: &dyn Fn(&Value<'_>) -> Result<(), String>,
) -> Result<(), Option<String>> {
    let declared = Declared::default();
    let lists = Lists::new();
    let names = Names {
        arguments: &declared,
        lists: &lists,
    };
    let parsed = parse::parse(text).map_err(|_| None)?;
    let mut lowering = Lowering::new(text, &parsed, &names);
    lowering.locals = variables
        .keys()
        .map(|name| (name.clone(), Type::ANY))
        .collect();
    let (mut expression, _) = lowering.expression(&parsed.root).map_err(|_| None)?;
    let call = super::tests::call(&serde_json::json!({}));
    let environment = Environment {
        call: &call,
        agent: call.agent.as_ref().unwrap(),
        now: veto_core::Timestamp(0),
        lists: &lists,
    };
    let evaluate = |expression: &Expression| {
        let locals = variables.values().map(Value::of_constant).collect();
        let mut steps = limits::STEPS;
        match part::part(expression, &environment, locals, &mut steps) {
            Ok(value) => check(&value).map_err(Some),
            Err(_) => Err(None),
        }
    };
    let plain = evaluate(&expression);
    constant::fold(&mut expression);
    let folded = evaluate(&expression);
    assert_eq!(plain, folded, "{text}");
    plain
}

/// Equality without the rounding of kinds: 1 is neither 1u nor 1.0 here.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Number(Number::Double(a)), Value::Number(Number::Double(b))) => {
            a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || a == b
        }
        (Value::Number(a), Value::Number(b)) => {
            std::mem::discriminant(a) == std::mem::discriminant(b)
                && a.order(*b).is_some_and(|o| o.is_eq())
        }
        (Value::Items(a), Value::Items(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(&a, &b))
        }
        (Value::Entries(a), Value::Entries(b)) => {
            a.len() == b.len()
                && a.keys().iter().all(|key| match (a.find(key), b.find(key)) {
                    (Some(a), Some(b)) => same(&a, &b),
                    _ => false,
                })
        }
        (Value::Text(a), Value::Text(b)) => **a == **b,
        (Value::Bytes(a), Value::Bytes(b)) => **a == **b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Null, Value::Null) => true,
        (Value::Type(a), Value::Type(b)) => a == b,
        _ => false,
    }
}

/// None when the case passes; otherwise what came out.
fn run(case: &Json) -> Option<String> {
    let text = case["expr"].as_str().unwrap();
    let bindings = case.get("bindings").and_then(Json::as_object);
    let variables = bindings
        .into_iter()
        .flatten()
        .map(|(name, value)| Some((name.clone(), value_of(value.get("value")?)?)))
        .collect::<Option<BTreeMap<_, _>>>();
    let Some(variables) = variables else {
        return Some("a variable of a kind that there is not".to_owned());
    };
    if case.get("eval_error").is_some() {
        let shown = |value: &Value<'_>| Err(format!("{value:?}"));
        return match compute(text, &variables, &shown) {
            Err(None) => None,
            Err(Some(value)) => Some(value),
            Ok(()) => Some("a value".to_owned()),
        };
    }
    // Without a value, true is expected.
    let wanted = match case.get("value") {
        Some(value) => value_of(value),
        None => Some(Constant::Bool(true)),
    };
    let Some(wanted) = wanted else {
        return Some("a value of a kind that there is not".to_owned());
    };
    let check = |value: &Value<'_>| {
        if same(value, &Value::of_constant(&wanted)) {
            Ok(())
        } else {
            Err(format!("{value:?}"))
        }
    };
    match compute(text, &variables, &check) {
        Ok(()) => None,
        Err(found) => Some(found.unwrap_or_else(|| "an error".to_owned())),
    }
}

#[test]
fn every_case_of_the_specification_passes_but_those_that_are_listed() {
    let mut outside = BTreeMap::new();
    for line in OUTSIDE.lines().filter(|line| !line.starts_with('#')) {
        let (name, reason) = line.split_once('\t').expect(line);
        assert!(reason.len() > 10, "{line}");
        assert!(outside.insert(name, reason).is_none(), "{line}");
    }
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in CASES.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let part = |key: &str| case[key].as_str().unwrap().to_owned();
        let mut name = format!("{}/{}/{}", part("file"), part("section"), part("name"));
        // Some names stand twice.
        while !names.insert(name.clone()) {
            name.push('\'');
        }
        match (run(&case), outside.remove(&*name)) {
            (None, None) | (Some(_), Some(_)) => {}
            (Some(found), None) => wrong.push(format!("{name}\t{} gives {found}", case["expr"])),
            (None, Some(_)) => {
                wrong.push(format!("{name}\tpasses, though it is listed as outside"))
            }
        }
    }
    assert_eq!(names.len(), 949);
    assert!(outside.is_empty(), "no cases: {outside:?}");
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
