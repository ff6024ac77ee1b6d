use serde_json::{Value as Json, json};
use veto_core::Timestamp;

use super::*;
use crate::condition::tests::{call, short};
use crate::list::{List, ListType, Lists};

/// The explanation of a condition, a line for each step.
fn explained(text: &str, args: &Json) -> String {
    let values = ["a@example.com", "b@example.com"].map(Json::from).to_vec();
    let list = List::new("known".to_owned(), ListType::Email, values);
    let lists = Lists::from([("known".to_owned(), std::sync::Arc::new(list))]);
    let names = Names {
        arguments: &short(),
        lists: &lists,
    };
    let checked = Condition::compile(text, &names).unwrap();
    let call = call(args);
    let environment = Environment {
        call: &call,
        agent: call.agent.as_ref().unwrap(),
        now: Timestamp(0),
        lists: &lists,
    };
    let steps = checked.condition.explain(&environment);
    let lines = steps.into_iter().map(|step| {
        let value = step.value.unwrap_or_else(|failure| format!("! {failure}"));
        format!("{}{} = {value}\n", "  ".repeat(step.depth), step.text)
    });
    lines.collect()
}

#[test]
fn each_part_is_shown_with_its_value() {
    let args = json!({"amount": 51.5, "to": "x", "cc": null});
    let text = "args.amount <= 50 && (has(args.bcc) || !(args.to in lists.known))\n  && size(args.cc + 'é') > 2";
    insta::assert_snapshot!(explained(text, &args), @r#"
    args.amount <= 50 && (has(args.bcc) || !(args.to in lists.known))
      && size(args.cc + 'é') > 2 = false
      args.amount <= 50 = false
        args.amount = 51.5
      has(args.bcc) || !(args.to in lists.known) = true
        has(args.bcc) = false
        !(args.to in lists.known) = true
          args.to in lists.known = false
            args.to = "x"
            lists.known = list `known` of 2
      size(args.cc + 'é') > 2 = ! `+` does not take null and string
        size(args.cc + 'é') = ! `+` does not take null and string
          args.cc + 'é' = ! `+` does not take null and string
            args.cc = null
    "#);
}

#[test]
fn a_loop_is_shown_for_the_element_that_decides() {
    let args = json!({"l": ["a@example.com", "c@example.com", "d@example.com"], "rows": {"k": 1}});
    let text = "args.l.all(r, r in lists.known || r.endsWith('.org'))";
    insta::assert_snapshot!(explained(text, &args), @r#"
    args.l.all(r, r in lists.known || r.endsWith('.org')) = false
      args.l = ["a@example.com", "c@example.com", "d@example.com"]
      r = "c@example.com"
      r in lists.known || r.endsWith('.org') = false
        r in lists.known = false
          lists.known = list `known` of 2
        r.endsWith('.org') = false
    "#);
    let text = "args.l.exists(r, args.rows.all(k, k + r != ''))";
    insta::assert_snapshot!(explained(text, &args), @r#"
    args.l.exists(r, args.rows.all(k, k + r != '')) = true
      args.l = ["a@example.com", "c@example.com", "d@example.com"]
      r = "a@example.com"
      args.rows.all(k, k + r != '') = true
        args.rows = {"k": 1}
    "#);
    let text = "args.l.exists(r, r.size() / 0 > 1)";
    insta::assert_snapshot!(explained(text, &args), @r#"
    args.l.exists(r, r.size() / 0 > 1) = ! `/` has no exact result
      args.l = ["a@example.com", "c@example.com", "d@example.com"]
      r = "a@example.com"
      r.size() / 0 > 1 = ! `/` has no exact result
        r.size() / 0 = ! `/` has no exact result
          r.size() = 13
    "#);
}

#[test]
fn values_are_shortened_and_read_like_conditions() {
    let numbers: Vec<_> = (0..20).collect();
    let args = json!({"s": "\"é\n".repeat(50), "l": numbers, "f": 2.5, "m": {"k": [true, null]}});
    let text = "size(args.s) > 0 && args.l != [] && args.m == {} && args.?q == args.?f \
                && request.time + (duration('90m') - duration('1500ms')) > request.time";
    let shown = explained(text, &args);
    for line in [
        format!("args.s = \"{}\"…", "\\\"é\\n".repeat(40)),
        "args.l = [0, 1, 2, 3, 4, 5, 6, 7, … 12 more]".to_owned(),
        "args.m = {\"k\": [true, null]}".to_owned(),
        "args.?q = nothing".to_owned(),
        "args.?f = 2.5".to_owned(),
        "request.time = 1970-01-01T00:00:00.000000Z".to_owned(),
        "duration('90m') - duration('1500ms') = 1h29m58.5s".to_owned(),
    ] {
        assert!(
            shown.lines().any(|shown| shown.trim() == line),
            "{line}\n{shown}"
        );
    }
}

#[test]
fn the_whole_of_an_explanation_has_a_budget() {
    let args = json!({"l": (0..9000).collect::<Vec<_>>()});
    let part = "args.l.exists(a, a < 0)";
    let text = vec![part; 20].join(" || ");
    let shown = explained(&text, &args);
    assert!(
        shown.contains("! the condition costs more steps than it may"),
        "{shown}"
    );
}
