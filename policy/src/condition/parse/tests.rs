use cel::common::ast::{EntryExpr, Expr};
use proptest::prelude::*;

use super::*;

/// The tree without the numbers of its nodes.
fn plain(node: &IdedExpr) -> IdedExpr {
    let boxed = |node: &IdedExpr| Box::new(plain(node));
    let mut expr = node.expr.clone();
    match &mut expr {
        Expr::Call(call) => {
            call.target = call.target.as_deref().map(boxed);
            call.args = call.args.iter().map(plain).collect();
        }
        Expr::List(list) => list.elements = list.elements.iter().map(plain).collect(),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                entry.id = 0;
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    (entry.key, entry.value) = (plain(&entry.key), plain(&entry.value));
                }
            }
        }
        Expr::Select(select) => select.operand = boxed(&select.operand),
        Expr::Ident(_)
        | Expr::Literal(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => {}
    }
    IdedExpr { id: 0, expr }
}

/// The tree of the `cel` crate, on a thread with the stack that its parser needs.
fn oracle(text: &str) -> Option<IdedExpr> {
    let text = text.to_owned();
    let run = move || cel::Env::default().parser().parse(&text).ok();
    let thread = std::thread::Builder::new().stack_size(256 * 1024 * 1024);
    thread.spawn(run).unwrap().join().unwrap()
}

fn agree(text: &str) -> Result<(), String> {
    let ours = parse(text).map(|parsed| plain(&parsed.root));
    // A name with a dot before it is looked up from the root of all names; there is no other here.
    let theirs = oracle(text).map(|node| plain(&node));
    let theirs = theirs.filter(|node| !format!("{node:?}").contains("\"."));
    match (&ours, &theirs) {
        (Ok(ours), Some(theirs)) if ours == theirs => Ok(()),
        (Err(_), None) => Ok(()),
        _ => Err(format!("{text}\nours: {ours:?}\ntheirs: {theirs:?}")),
    }
}

#[test]
fn the_tree_is_that_of_the_cel_crate() {
    let texts = [
        "a",
        "a.b.c",
        "a.?b",
        "a[0]",
        "a[?0]",
        "a.b(c, d)",
        "f()",
        "f(a, b,)",
        "[1, 2,]",
        "[,]",
        "[]",
        "{}",
        "{'a': 1, 'b': [2],}",
        "{,}",
        "[?a, b]",
        "{?'a': b}",
        "a + b * c - d / e % f",
        "a < b == c",
        "a in b in c",
        "a && b && c && d && e || f || g",
        "!a",
        "!!a",
        "!!!a.b",
        "-a",
        "--a",
        "-1",
        "--1",
        "- 1",
        "-9223372036854775808",
        "9223372036854775808",
        "1u",
        "0x1f",
        "-0x1F",
        "0xFFu",
        "1.5",
        ".5",
        "1e3",
        "1.5e-3",
        "1.",
        "1.e",
        "-1.5",
        "1e999",
        "a ? b : c ? d : e",
        "(a ? b : c) ? d : e",
        "a ? b ? c : d : e",
        "'x'",
        "\"x\"",
        "r'\\n'",
        "'\\n\\x41\\u00e9\\101'",
        "'\\q'",
        "'''a'b''c'''",
        "\"\"\"a\nb\"\"\"",
        "'a\nb'",
        "b'ab'",
        "B\"\\xff\"",
        "br'\\x'",
        "b'\\u00e9'",
        "'\\u{41}'",
        "rb'x'",
        "true",
        "null",
        "true.a",
        "a.true",
        "a.in",
        "if",
        "a.if",
        "in",
        "a.`b`(c)",
        "`a`",
        "a // b\n+ c",
        "a //",
        "// a",
        "",
        "a b",
        "a.",
        "a..b",
        "a[",
        "(a",
        "a)",
        "a ? b",
        "a ? : b",
        "a = b",
        "a & b",
        "a # b",
        "1.size()",
        "'a'.size()",
        "[1].size()",
        "{'a': 1}.a",
        "(a).b",
        "a.b[c].d(e)[f]",
        "-a.b",
        "!a.b()",
        "!-a",
        "-!a",
        "a - -b",
        "a - - b",
        "a-1",
        "a -1",
        "1-1",
        "a\u{c}+\tb\r\n",
        "a+é",
        "has(a.b)",
        "a.all(x, x > 0)",
        "'\\'",
        "'",
        "'''",
        "''''",
        "''",
        "''''''",
        "r''",
        "b",
        "r",
        "b ''",
        "\"\\\"\"",
        "0x",
        "0xg",
        "1uu",
        "1u.a",
        "1a",
        "a1",
        "_a",
        "a_",
        "a$",
        "1 ? 2 : 3",
        "a || b ? c : d",
        "a == b ? c : d && e",
        "a?b:c",
        "a ?.5 : 1",
    ];
    let differences: Vec<_> = texts
        .into_iter()
        .filter_map(|text| agree(text).err())
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_property_may_have_a_name_in_backticks_and_no_name_starts_with_a_dot() {
    let quoted = parse("a.`b-c`.?`d/e`").map(|parsed| plain(&parsed.root));
    let indexed = parse("a['b-c'][?'d/e']").map(|parsed| plain(&parsed.root));
    let names = |found: &Result<IdedExpr, _>| {
        let shown = format!("{:?}", found.as_ref().ok());
        ["b-c", "d/e"].map(|name| shown.contains(name))
    };
    assert_eq!(names(&quoted), [true, true]);
    assert_eq!(names(&indexed), [true, true]);
    for text in [".a", "a?.b:c", "[.a]", ".f()"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_tokens_are_read_as_by_the_cel_crate(parts in prop::collection::vec(prop_oneof![
        Just("a"), Just("b"), Just("1"), Just("2.5"), Just("'s'"), Just("true"), Just("("), Just(")"), Just("["), Just("]"),
        Just("{"), Just("}"), Just("."), Just("?"), Just(":"), Just(","), Just("&&"), Just("||"), Just("!"), Just("-"),
        Just("+"), Just("*"), Just("=="), Just("<"), Just(" in "), Just("f("), Just(".g("), Just(" "),
    ], 1..14)) {
        let text = parts.concat();
        prop_assert!(agree(&text).is_ok(), "{}", agree(&text).unwrap_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }
}

#[test]
fn nodes_know_their_places() {
    let text = "(a.b && 'é' == c.?d) || -f(e)[0]";
    let parsed = parse(text).unwrap();
    let mut shown = Vec::new();
    let mut nodes = vec![&parsed.root];
    while let Some(node) = nodes.pop() {
        let place = parsed.place(node).unwrap();
        shown.push(format!(
            "{} in {}",
            &text[place.token.0..place.token.1],
            &text[place.whole.0..place.whole.1]
        ));
        nodes.extend(crate::condition::lower::parts(node).into_iter().rev());
    }
    assert_eq!(
        shown,
        [
            "|| in (a.b && 'é' == c.?d) || -f(e)[0]",
            "&& in a.b && 'é' == c.?d",
            "b in a.b",
            "a in a",
            "== in 'é' == c.?d",
            "'é' in 'é'",
            "d in c.?d",
            "c in c",
            "d in d",
            "- in -f(e)[0]",
            "[ in f(e)[0]",
            "f in f(e)",
            "e in e",
            "0 in 0",
        ]
    );
}
