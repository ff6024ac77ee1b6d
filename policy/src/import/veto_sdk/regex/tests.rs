use super::*;

fn regex(pattern: &str) -> regex::Regex {
    let translated = translate(pattern).unwrap().pattern;
    crate::condition::pattern(&translated).unwrap();
    // Conditions and schemas read `\b` as RE2 does.
    regex::Regex::new(&translated.replace(r"\b", r"(?-u:\b)")).unwrap()
}

#[test]
fn a_translation_finds_what_python_finds() {
    // Each line was checked with `re.search(pattern, text, re.IGNORECASE)` of Python 3.11.
    for (pattern, text, found) in [
        (r"^abc$", "ABC\n", true),
        (r"^abc\Z", "ABC\n", false),
        (r"^abc$", "ABC\n\n", false),
        (r"ins", "\u{131}n\u{17f}", true),
        (r"kill", "\u{212a}\u{130}ll", true),
        (r"[a-j]x", "\u{130}x", true),
        (r"[^i]x", "\u{131}x", false),
        (r"rm\s+-rf", "rm\u{2003}-rf", true),
        (r"rm\s+-rf", "rm\u{1f}-RF", true),
        (r"\bdrop\b", "a;drop table", true),
        (r"\bdrop\b", "drop\u{301}", true),
        (r"\bdrop\b", "\u{e9}drop", false),
        (r"\bdrop\b", "ban\u{212a}drop", false),
        (r"\bdrop\b", "\u{24b6}drop\u{203f}", true),
        (r"\bdrop\b", "drop\u{301}s", true),
        (r"\bdrop\b", "drop_table", false),
        (r"\b(drop|delete)\b", "x DELETE", true),
        (r"\d{3}-\d", "\u{661}\u{661}\u{661}-1", true),
        (r"a{,2}b", "b", true),
        (r"a{x}b", "A{X}b", true),
        (r"[]a]+z", "]z", true),
        (r"[&&a]z", "&z", true),
        (r"[\w.-]+@x", "\u{e9}.-@x", true),
        (r"[^\s]z", "\u{a0}z", false),
        (r"(?P<word>a)b", "AB", true),
        (r"x[\S]y", "x y", false),
        (r"x\Sy", "x\u{a0}y", false),
        (r"x[^\W]y", "x\u{b2}y", true),
        (r"x[\s\S]y", "x\ny", true),
        (r"(^|[;&|\s])rm($|[;&|\s])", "a;rm", true),
        (r"(^|[;&|\s])rm($|[;&|\s])", "arm", false),
    ] {
        assert_eq!(regex(pattern).is_match(text), found, "{pattern} {text:?}");
    }
}

#[test]
fn words_that_only_python_prolongs_are_found_here_alone() {
    assert!(regex(r"\bdrop\b").is_match("\u{b2}drop"));
    assert!(regex(r"x \bdrop\b").is_match("x drop"));
    assert!(regex(r"drop\b x").is_match("drop x"));
    assert!(translate(r"\bdrop\b").unwrap().wider);
    assert!(!translate("drop").unwrap().wider);
}

#[test]
fn what_has_no_counterpart_is_refused_with_a_reason() {
    for (pattern, reason) in [
        ("(?=a)", "looks ahead"),
        ("(?<!a)b", "looks behind"),
        (r"(a)\1", "refers back"),
        ("(?s)a.b", "sets flags"),
        (r"a\Bb", "no counterpart"),
        (r"[\S.]", "joins"),
        (r"a\b", ""),
        (r"a$b", "before something"),
        (r"\b.a", "certainly"),
        ("\u{e9}", "not ASCII"),
        ("(a", "not closed"),
        ("a)", "closes nothing"),
        ("*a", "nothing to repeat"),
        ("a++", "without giving back"),
    ] {
        match translate(pattern) {
            Err(found) => assert!(found.contains(reason), "{pattern}: {found}"),
            Ok(translated) => assert!(reason.is_empty(), "{pattern}: {translated:?}"),
        }
    }
}

#[test]
fn patterns_that_the_sdk_rejects_are_known() {
    for bad in [
        "(a+)+",
        "a+*",
        ".*a|b.*",
        "(a|b)+",
        "((a|b))*",
        "(a+?b)+",
        &"a".repeat(257),
    ] {
        assert!(!is_accepted(bad), "{bad}");
    }
    for good in ["a+b", "(a|b)", "(a|b)?", r"\(a|b\)+", "(?:a|b)c+"] {
        assert!(is_accepted(good), "{good}");
    }
}
