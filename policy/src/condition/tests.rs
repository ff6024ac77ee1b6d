use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use veto_core::{AgentId, EnvironmentId, Timestamp, ToolName};

use super::*;
use crate::arguments::Arguments;
use crate::call::{Agent, Call};

pub(super) fn call(args: &Json) -> Call {
    let id = AgentId::new("a").unwrap();
    Call {
        agent: Some(Agent {
            id: id.clone(),
            roles: Vec::new(),
            labels: BTreeMap::new(),
            disabled: false,
        }),
        agent_id: id,
        user: None,
        tool: ToolName::new("t").unwrap(),
        arguments: Arguments::parse(&args.to_string()).unwrap(),
        context: Arguments::default(),
        environment: EnvironmentId::new("dev").unwrap(),
        request_id: String::new(),
        trace_id: String::new(),
        session_id: String::new(),
    }
}

/// What a rule may say of the lists of these tests: that they are short, whatever they are.
pub(super) fn short() -> Declared {
    let list = json!({"type": "array", "maxItems": 3});
    let named = ["l", "ls"].map(|name| (name, &list, false));
    Declared::of_rule(Some(named), false, &Lists::new())
}

pub(super) fn compile(text: &str) -> Result<Condition, Vec<Problem>> {
    let names = Names {
        arguments: &short(),
        lists: &Lists::new(),
    };
    Condition::compile(text, &names).map(|checked| checked.condition)
}

pub(super) fn run(text: &str, args: &Json) -> Result<bool, Failure> {
    let call = call(args);
    let lists = Lists::new();
    let agent = call.agent.as_ref().unwrap();
    let environment = Environment {
        call: &call,
        agent,
        now: Timestamp(0),
        lists: &lists,
    };
    let condition = compile(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    condition.is_met(&environment)
}

/// The same condition by the evaluator of the `cel` crate; None when it cannot evaluate it.
fn oracle(text: &str, args: &Json) -> Option<bool> {
    let program = cel::Program::compile(text).unwrap();
    let mut context = cel::Context::default();
    context.add_variable("args", args.clone()).unwrap();
    match program.execute(&context) {
        Ok(cel::Value::Bool(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn conditions_agree_with_the_cel_crate_where_it_evaluates_them() {
    let args = json!({
        "n": 7, "d": 2.5, "s": "abc", "t": "x@example.com", "z": null, "b": true,
        "l": [1, 2, 3], "m": {"k": "v", "n": {"o": 1}}, "big": 9_007_199_254_740_993_i64,
        "e": [], "ls": ["a", "b"],
    });
    let texts = [
        "args.n == 7",
        "args.n + 1 == 8",
        "args.n % 2 == 1",
        "args.n / 2 == 3",
        "-args.n < 0",
        "args.d * 2.0 == 5.0",
        "args.s + 'd' == 'abcd'",
        "args.s < 'abd'",
        "args.s != 'abc'",
        "args.s.startsWith('ab') && args.s.endsWith('c') && args.s.contains('b')",
        "args.t.matches('@example')",
        "size(args.l) == 3",
        "args.s.size() == 3",
        "2 in args.l",
        "4 in args.l",
        "'k' in args.m",
        "args.m.n.o == 1",
        "args.m['k'] == 'v'",
        "args.l[0] == 1",
        "args.l == [1, 2, 3]",
        "args.l + [4] == [1, 2, 3, 4]",
        "args.z == null",
        "has(args.n) && !has(args.q)",
        "has(args.m.k)",
        "args.q == 1 || args.b",
        "args.b || args.q == 1",
        "args.q == 1 && !args.b",
        "args.b ? args.n > 3 : args.q",
        "args.l.all(x, x > 0)",
        "args.l.exists(x, x == 2)",
        "args.l.exists_one(x, x > 2)",
        "args.l.map(x, x * 2) == [2, 4, 6]",
        "args.l.filter(x, x > 1).size() == 2",
        "args.e.all(x, x.q)",
        "!args.e.exists(x, x.q)",
        "args.ls.exists(a, args.ls.all(b, b == a || b != a))",
        "args.l.map(x, x > 1, x) == [2, 3]",
        "args.m.all(k, k == 'k' || k == 'n')",
        "double(args.n) == 7.0",
        "int('12') == 12",
        "string(args.n) == '7'",
        "int(args.d) == 2",
        "uint(args.n) == 7u",
        "bool('true')",
        "args.n > 5 && args.n < 9 || false",
        "args.s == 1",
        "args.z == 0",
        "[1, 2] == [1.0, 2.0]",
        "args.n == 7.0",
        "args.n > 6.5",
        "{'a': 1} == {'a': 1}",
        "args.l[0] in [1.0]",
        "1 == 1u",
        "'' == ''",
    ];
    let mut evaluated = 0;
    for text in texts {
        if let Some(wanted) = oracle(text, &args) {
            evaluated += 1;
            assert_eq!(run(text, &args), Ok(wanted), "{text}");
        }
    }
    assert!(
        evaluated >= texts.len() - 8,
        "the oracle evaluated only {evaluated} of {}",
        texts.len()
    );
}

#[test]
fn numbers_compare_mathematically_where_other_evaluators_round() {
    let args = json!({"n": 9_007_199_254_740_993_i64, "m": u64::MAX, "x": 20});
    for text in [
        "args.n > 9007199254740992.0",
        "args.n != 9007199254740992.0",
        "!(args.n in [9007199254740992.0])",
        "args.m < 18446744073709551616.0",
        "args.m > 9223372036854775807",
        "args.x == 20.0 && args.x == 20u && args.x == 2e1",
        "args.x > 19.999999 && args.x < 20.000001",
    ] {
        assert_eq!(run(text, &args), Ok(true), "{text}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_a_failure_and_no_panic() {
    let args = json!({"max": i64::MAX, "min": i64::MIN, "zero": 0, "s": "x", "l": [1]});
    for text in [
        "args.max + 1 > 0",
        "args.min - 1 < 0",
        "-args.min > 0",
        "args.max * args.max > 0",
        "1 / args.zero == 1",
        "1 % args.zero == 1",
        "args.min / -1 > 0",
        "args.l[1] == 1",
        "args.l[-1] == 1",
        "args.l[0.5] == 1",
        "args.s[0] == 's'",
        "int(1e30) > 0",
        "int('x') > 0",
        "uint(-1) > 0u",
        "timestamp(args.s) == timestamp(args.s)",
        "duration(args.s) == duration(args.s)",
        "args.s > 1",
        "args.s && true",
        "args.q",
        "args.s.q == 1",
        "timestamp(args.max) == timestamp(0)",
        "request.time + duration('3000000d') + duration('3000000d') > request.time",
    ] {
        assert!(run(text, &args).is_err(), "{text}");
    }
}

#[test]
fn a_runaway_condition_ends_within_its_steps() {
    let many: Vec<u32> = (0..20_000).collect();
    let args = json!({"l": many, "s": "ab".repeat(60_000), "t": "ab".repeat(4_000)});
    let start = std::time::Instant::now();
    for text in [
        "args.l.all(a, args.l.all(b, a + b >= 0))",
        "args.l.map(a, args.l).size() >= 0 && args.l.all(a, args.l == args.l)",
        "args.l.all(a, args.s.contains('c') == false)",
        "args.l.exists(a, args.t.matches('(a|b)*c'))",
        "args.l.all(a, (args.s + args.s + args.s + args.s).size() > 0)",
    ] {
        let failure = run(text, &args).unwrap_err();
        let bounds = ["steps", "1,000 entries", "64 KiB"];
        assert!(
            bounds.iter().any(|bound| failure.0.contains(bound)),
            "{text}: {failure}"
        );
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn a_pattern_is_not_run_over_unbounded_text() {
    let matches = |length: usize| run("args.s.matches('b$')", &json!({"s": "b".repeat(length)}));
    assert_eq!(matches(limits::MATCHED), Ok(true));
    let failure = matches(limits::MATCHED + 1).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "`matches()` reads at most 8192 bytes, and this text has 8193"
    );
}

#[test]
fn text_in_quotes_and_comments_does_not_count_as_brackets() {
    let deep = "(".repeat(50);
    assert!(compile(&format!("args.x == '{deep}'")).is_ok());
    assert!(compile(&format!("args.x == r'\\' && {deep}1")).is_err());
    assert!(compile(&format!("args.x == '{deep}' // it's\n && true")).is_ok());
    assert!(compile(&format!("true // '\n && {deep}true")).is_err());
}

#[test]
fn a_problem_points_at_the_name() {
    let at = |text: &str| {
        let problem = compile(text).unwrap_err().remove(0);
        (text[problem.start..problem.end].to_owned(), problem.code)
    };
    assert_eq!(
        at("1 < 2 && agent.nme == 'x'"),
        ("nme".to_owned(), DiagnosticCode::UnknownProperty)
    );
    assert_eq!(
        at("args.x.beginsWith('ä')"),
        ("beginsWith".to_owned(), DiagnosticCode::UnknownFunction)
    );
    assert_eq!(
        at("'ä' == arg.x"),
        ("arg".to_owned(), DiagnosticCode::UnknownVariable)
    );
    assert_eq!(
        at("'ä' == )"),
        (")".to_owned(), DiagnosticCode::ConditionSyntax)
    );
    assert_eq!(
        at("'ä' == lists.x"),
        ("x".to_owned(), DiagnosticCode::UnknownList)
    );
}
