use super::*;

fn implies(a: &str, b: &str, or_fails: bool) -> bool {
    let lists = Lists::new();
    let (a, b) = (clauses(a, or_fails, &lists), clauses(b, or_fails, &lists));
    b.iter().all(|b| a.iter().any(|a| a.implies(b)))
}

#[test]
fn a_condition_implies_its_parts_and_wider_bounds() {
    for (a, b) in [
        ("a && b", "b"),
        ("(a && (b))", "b && a"),
        ("a", "a || b"),
        ("a || b", "c || b || a"),
        ("args.x <= 5", "args.x < 6"),
        ("args.x <= 5", "args.x <= 5.0"),
        ("5 < args.x", "args.x > 4u"),
        ("args.x == 5", "args.x >= 5 && args.x < 6"),
        ("args.x == 'a  b'", "args.x == 'a  b'"),
        ("a  ==\n b", "a == b"),
        ("args.?x.orValue(1) == 1", "args.?x.orValue(1) == 1"),
    ] {
        assert!(implies(a, b, false), "{a} {b}");
        assert!(implies(a, b, true), "{a} {b}");
    }
    for (a, b) in [
        ("a || b", "a"),
        ("a", "a && b"),
        ("a ? b : c && d", "d"),
        ("a || b && c", "c"),
        ("args.x <= 5", "args.x < 5"),
        ("args.x <= 5", "args.y <= 5"),
        ("args.x != 5", "args.x == 5"),
        ("!(a && b)", "b"),
        ("args.x == 'a  b'", "args.x == 'a b'"),
        ("args.x - 1 <= 5", "args.x - 2 <= 5"),
    ] {
        assert!(!implies(a, b, false), "{a} {b}");
    }
}

#[test]
fn comparisons_exclude_each_other() {
    let lists = Lists::new();
    let apart = |a: &str, b: &str| {
        let (a, b) = (clauses(a, false, &lists), clauses(b, false, &lists));
        a[0].excludes(&b[0]) && b[0].excludes(&a[0])
    };
    assert!(apart("args.x <= 50", "args.x > 50.0"));
    assert!(apart("args.x == 3", "args.x < 3"));
    assert!(apart("a", "!(a)"));
    assert!(apart("args.x < 1 || args.x < 2", "args.x >= 2"));
    assert!(!apart("args.x <= 50", "args.x >= 50"));
    assert!(!apart("args.x <= 50", "args.y > 50"));
    assert!(!apart("args.x < 1 || a", "args.x >= 2"));
}

#[test]
fn a_comparison_says_something_of_an_argument() {
    let lists = Lists::new();
    let said = |text: &str| {
        clauses(text, false, &lists)[0]
            .argument()
            .map(|a| a.1.to_string())
    };
    let wanted = r#"{"exclusiveMinimum":50.0,"type":"number"}"#;
    assert_eq!(said("args.amount > 50.0").as_deref(), Some(wanted));
    assert_eq!(said("double(args.amount) > 50.0"), None);
    assert_eq!(said("args.a.b > 50.0"), None);
}
