use proptest::prelude::*;
use serde_json::{Value as Json, json};
use veto_core::Timestamp;

use super::*;
use crate::condition::environment::Environment;
use crate::condition::evaluate::part;
use crate::condition::tests::call;
use crate::condition::types::Declared;
use crate::condition::{Condition, lower, parse};
use crate::diagnostic::DiagnosticCode;
use crate::list::{List, ListType};

/// Makes expressions of a kind from bytes: whatever the bytes, the text compiles as a rule.
struct Maker<'a> {
    bytes: std::slice::Iter<'a, u8>,
    /// Variables of loops: whether each is a number, or else a text.
    locals: Vec<bool>,
}

impl Maker<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.bytes.next().map_or(0, |byte| byte % of)
    }

    fn local(&mut self, number: bool, otherwise: &str) -> String {
        let found = self.locals.iter().rposition(|is| *is == number);
        found.map_or_else(|| otherwise.to_owned(), |at| format!("v{at}"))
    }

    fn number(&mut self, depth: u8) -> String {
        if depth == 0 {
            return self.local(true, "args.n");
        }
        let d = depth - 1;
        match self.choose(8) {
            0 => self.local(true, "7"),
            1 => format!("size({})", self.list(d)),
            2 => format!("size({})", self.text(d)),
            3 => format!("({} + {})", self.number(d), self.number(d)),
            4 => format!(
                "({} ? {} : {})",
                self.bool(d),
                self.number(d),
                self.number(d)
            ),
            5 => format!("args.ns[{}]", self.choose(3)),
            6 => format!("args.?n.orValue({})", self.number(d)),
            _ => "args.n".to_owned(),
        }
    }

    fn text(&mut self, depth: u8) -> String {
        if depth == 0 {
            return self.local(false, "args.t");
        }
        let d = depth - 1;
        match self.choose(15) {
            0 => self.local(false, "'abc'"),
            1 => format!("({} + {})", self.text(d), self.text(d)),
            2 => format!("{}.upperAscii()", self.text(d)),
            3 => format!("string({})", self.number(d)),
            4 => "args.m.k".to_owned(),
            5 => format!("args.ts[{}]", self.choose(3)),
            6 => format!("args.m[{}]", self.text(d)),
            7 => format!(
                "{}.replace({}, {})",
                self.text(d),
                self.text(d),
                self.text(d)
            ),
            8 => format!(
                "[{}, {}].join({})",
                self.text(d),
                self.text(d),
                self.text(d)
            ),
            9 => format!("'%s-%s'.format([{}, {}])", self.text(d), self.list(d)),
            10 => format!("{}.trim().reverse()", self.text(d)),
            11 => format!("strings.quote({})", self.text(d)),
            12 => format!("args.?m[?{}].orValue({})", self.text(d), self.text(d)),
            13 => format!("args.?t.optMap(o, o + {}).orValue('')", self.text(d)),
            _ => "args.t".to_owned(),
        }
    }

    /// A list of numbers.
    fn list(&mut self, depth: u8) -> String {
        if depth == 0 {
            return "args.ns".to_owned();
        }
        let d = depth - 1;
        match self.choose(6) {
            0 => format!("[{}, {}]", self.number(d), self.number(d)),
            1 => format!("({} + {})", self.list(d), self.list(d)),
            2 => self.looped(d, "filter", "args.ns", true),
            3 => self.looped(d, "map", "args.ts", false),
            _ => "args.ns".to_owned(),
        }
    }

    fn looped(&mut self, depth: u8, name: &str, over: &str, number: bool) -> String {
        if self.locals.len() == limits::LOOPS {
            return over.to_owned();
        }
        let variable = format!("v{}", self.locals.len());
        self.locals.push(number);
        let body = if name == "map" {
            self.number(depth)
        } else {
            self.bool(depth)
        };
        self.locals.pop();
        format!("{over}.{name}({variable}, {body})")
    }

    fn bool(&mut self, depth: u8) -> String {
        if depth == 0 {
            return "args.b".to_owned();
        }
        let d = depth - 1;
        let nested = self.locals.len() < limits::LOOPS;
        match self.choose(24) {
            0 => format!("({} && {})", self.bool(d), self.bool(d)),
            1 => format!("({} || {})", self.bool(d), self.bool(d)),
            2 => format!("!({})", self.bool(d)),
            3 => format!("{} < {}", self.number(d), self.number(d)),
            4 => format!("{} <= {}", self.text(d), self.text(d)),
            5 => format!("{} == {}", self.list(d), self.list(d)),
            6 => format!("{} in {}", self.number(d), self.list(d)),
            7 => format!("{}.contains({})", self.text(d), self.text(d)),
            8 => format!("{}.matches('b+c')", self.text(d)),
            9 => format!("{}.matchesGlob('a*')", self.text(d)),
            10 if nested => self.looped(d, "all", "args.ns", true),
            11 if nested => self.looped(d, "exists", "args.ts", false),
            12 if nested => {
                let over = format!("{}.split('a')", self.text(d));
                self.looped(d, "exists_one", &over, false)
            }
            13 if nested => self.looped(d, "all", "args.m", false),
            14 => format!(
                "args.any == {}",
                ["args", "args.any", "args.ll"][usize::from(self.choose(3))]
            ),
            15 => format!("{} in lists.words", self.text(d)),
            16 => format!("args.ll[{}] in args.ll", self.choose(3)),
            18 if nested => {
                let (a, b) = (self.locals.len(), self.locals.len() + 1);
                self.locals.extend([true, false]);
                let body = self.bool(d);
                self.locals.truncate(a);
                format!("args.ts.all(v{a}, v{b}, {body})")
            }
            19 if self.locals.is_empty() => {
                self.locals.extend([false, false]);
                let body = self.text(d);
                self.locals.clear();
                format!("args.m.transformMap(v0, v1, {body}) != args.m")
            }
            20 => format!("links({}) == args.ts.filter(l, l != '')", self.text(d)),
            21 => format!("pathWithin({}, {})", self.text(d), self.text(d)),
            22 => format!("bytes({}) < b'b' + bytes({})", self.text(d), self.text(d)),
            23 => format!(
                "{}.split('', 9).transformList(i, x, x + x) == args.ts",
                self.text(d)
            ),
            17 => "has(args.any.k) == (args.?any.?k == args.?any)".to_owned(),
            _ => format!("{} == {}", self.text(d), self.text(d)),
        }
    }
}

fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<i32>().prop_map(Json::from),
        "[abc]{0,300}".prop_map(Json::from),
    ];
    let anything = leaf.prop_recursive(3, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map("[a-k]{1,90}", inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    });
    let texts = prop::collection::vec("[abc]{0,200}", 0..9);
    let map = prop::collection::btree_map("[a-k]{1,200}", "[abc]{0,200}", 0..5);
    let numbers = prop::collection::vec(-9..9_i64, 0..12);
    (numbers, texts, map, anything, any::<bool>(), "[abc]{0,9000}").prop_map(|(ns, ts, m, any, b, t)| {
        json!({"n": ns.len(), "t": t, "b": b, "ll": [ns, ts, ns], "ns": ns, "ts": ts, "m": m, "any": any})
    })
}

fn lists() -> Lists {
    let words = ["a", "b"].map(Json::from).to_vec();
    let list = List::new("words".to_owned(), ListType::String, words);
    Lists::from([("words".to_owned(), std::sync::Arc::new(list))])
}

/// The steps that were charged, and the bound from the sizes of these arguments.
fn charged(text: &str, args: &Json, lists: &Lists) -> Option<(u64, u64)> {
    let names = Names {
        arguments: &Declared::default(),
        lists,
    };
    let parsed = parse::parse(text).ok()?;
    let (expression, _) = lower::lower(text, &parsed, &names).ok()?;
    let sizes = Sizes {
        args: Size::of_value(args),
        context: Size::SCALAR,
        others: Size::text(64),
        lists,
    };
    let call = call(args);
    let environment = Environment {
        call: &call,
        agent: call.agent.as_ref()?,
        now: Timestamp(0),
        lists,
    };
    let mut left = u32::MAX;
    let _ = part::part(&expression, &environment, Vec::new(), &mut left);
    Some((u64::from(u32::MAX - left), sizes.bound(&expression)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_evaluation_costs_more_than_its_bound(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        args in values(),
    ) {
        let mut maker = Maker { bytes: bytes.iter(), locals: Vec::new() };
        let text = maker.bool(5);
        if let Some((charged, bound)) = charged(&text, &args, &lists()) {
            prop_assert!(charged <= bound, "{charged} > {bound}: {text} of {args}");
        }
    }
}

#[test]
fn most_made_expressions_are_evaluated_and_their_bound_is_not_far() {
    let args = json!({"n": 2, "t": "abc", "b": true, "ns": [1, 2, 3], "ts": ["a", "b", "c"],
                      "ll": [[1], [2], [3]], "m": {"k": "a"}, "any": {"k": 1}});
    let (mut evaluated, mut near) = (0, 0);
    for seed in 0..500_u32 {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut bytes = Vec::new();
        for _ in 0..60 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push(state.to_be_bytes()[0]);
        }
        let mut maker = Maker {
            bytes: bytes.iter(),
            locals: Vec::new(),
        };
        let text = maker.bool(4);
        if let Some((charged, bound)) = charged(&text, &args, &lists()) {
            evaluated += 1;
            near += u32::from(bound <= charged.saturating_mul(20).saturating_add(50));
        }
    }
    assert!(evaluated > 400, "{evaluated}");
    assert!(near * 10 > evaluated * 7, "{near} of {evaluated}");
}

/// The help of a refusal, None when the condition compiles.
fn refused(text: &str, arguments: &Declared) -> Option<String> {
    let lists = lists();
    let names = Names {
        arguments,
        lists: &lists,
    };
    let problems = Condition::compile(text, &names).err()?;
    assert_eq!(
        problems[0].code,
        DiagnosticCode::ConditionTooLarge,
        "{problems:?}"
    );
    Some(problems[0].help.clone())
}

#[test]
fn what_cannot_run_within_its_budget_is_refused_with_the_argument_to_bound() {
    let declared = |a: Json, b: Json, allow| {
        let arguments = [("a", &a, false), ("b", &b, false)];
        Declared::of_rule(Some(arguments), allow, &lists())
    };
    let list = json!({"type": "array"});
    let large = json!({"type": "array", "maxItems": 5000, "items": {"type": "string"}});
    let small =
        json!({"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 40}});
    let nested = "args.a.all(x, args.b.exists(y, x == y))";
    let costly = "args.a.all(x, args.b.exists(y, x.startsWith(y) && x.endsWith(y) && x != y))";
    assert_eq!(
        refused(nested, &declared(small.clone(), small.clone(), true)),
        None
    );
    assert_eq!(
        refused(costly, &declared(small.clone(), small.clone(), true)),
        None
    );
    let help = refused(costly, &declared(list.clone(), small.clone(), true));
    assert_eq!(help, None, "one side is small");
    assert_eq!(
        refused(costly, &declared(list.clone(), list.clone(), true)).unwrap(),
        "give `args.a` a `type` and a `maxItems` (100 entries are assumed), and give `args.b` a `type` and a `maxItems` (100 entries are assumed)"
    );
    assert_eq!(
        refused(nested, &declared(large.clone(), small, true)).unwrap(),
        "lower the `maxItems` of `args.a`, which is 5000, and lower the `maxItems` of `args.b`, which is 20"
    );
    // Where a bound would be a filter that lets the large ones pass, it is for the tool to say.
    let help = refused(costly, &declared(list.clone(), list, false)).unwrap();
    assert!(
        help.starts_with("declare the tool with a `maxItems` for `args.a`"),
        "{help}"
    );
    let text = json!({"type": "string", "maxLength": 200_000});
    let help = refused(
        "args.a.matchesGlob('a*')",
        &declared(text.clone(), text.clone(), true),
    );
    assert_eq!(
        help.unwrap(),
        "lower the `maxLength` of `args.a`, which is 200000"
    );
    assert_eq!(
        refused("args.a.contains('x')", &declared(text.clone(), text, true)),
        None
    );
}

#[test]
fn a_condition_over_what_is_not_declared_is_not_refused_for_that() {
    for text in [
        "args.rows.all(r, r.items.exists_one(i, i == 1))",
        "args.a == args.b",
        "args == context",
        "args.to.all(r, r in lists.words || lists.words.exists(d, r.endsWith('@' + d)))",
        "args.s.matches('^[a-z]+$') && args.s.split(',').all(p, p.size() < 10)",
    ] {
        assert_eq!(refused(text, &Declared::default()), None, "{text}");
    }
}
