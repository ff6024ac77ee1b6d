use super::*;

fn canonical(text: &str) -> String {
    Arguments::parse(text).unwrap().canonical()
}

fn refused(text: &str) -> ArgumentsError {
    Arguments::parse(text).unwrap_err()
}

#[test]
fn numbers_have_one_form_and_integers_keep_their_digits() {
    let cases = [
        ("1.0", "1"),
        ("2e1", "20"),
        ("20.0", "20"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e21", "1e+21"),
        ("1e20", "1e+20"),
        ("6.503454403535511e19", "6.503454403535511e+19"),
        ("1.8446744073709552e19", "1.8446744073709552e+19"),
        ("-1e19", "-1e+19"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("333333333.33333329", "333333333.3333333"),
        ("1E30", "1e+30"),
        ("4.50", "4.5"),
        ("0.002", "0.002"),
        ("123456789012345680000.5", "1.2345678901234568e+20"),
        ("-1.5e-9", "-1.5e-9"),
    ];
    for (text, wanted) in cases {
        assert_eq!(
            canonical(&format!(r#"{{"n":{text}}}"#)),
            format!(r#"{{"n":{wanted}}}"#),
            "{text}"
        );
        let canonical_text = format!(r#"{{"n":{wanted}}}"#);
        assert_eq!(canonical(&canonical_text), canonical_text, "reads back");
    }
}

#[test]
fn rfc_8785_orders_by_utf_16_and_escapes_little() {
    // The example of RFC 8785 §3.2.3.
    let text = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
    let wanted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(canonical(text), wanted);
    assert_eq!(
        canonical(r#"{ "s" : "\u0000\u001f\"\\\/\b\f\n\r\t" }"#),
        r#"{"s":"\u0000\u001f\"\\/\b\f\n\r\t"}"#
    );
    assert_eq!(
        canonical(r#"{"a":[true,false,null,{"b":[]},{}]}"#),
        r#"{"a":[true,false,null,{"b":[]},{}]}"#
    );
}

#[test]
fn the_digest_is_of_the_canonical_form() {
    let one = Arguments::parse(r#"{"a":20,"b":"x"}"#).unwrap();
    let two = Arguments::parse("{ \"b\":\"\\u0078\",\n\"a\" : 2e1 }").unwrap();
    assert_eq!(one.digest(), two.digest());
    assert_eq!(one.digest()[..], Sha256::digest(br#"{"a":20,"b":"x"}"#)[..]);
    assert_eq!(Arguments::parse("").unwrap().canonical(), "{}");
}

#[test]
fn what_others_repair_is_refused() {
    let refuses = |text: &str| refused(text);
    assert!(
        matches!(refuses(r#"{"a":1,"a":1}"#), ArgumentsError::DuplicateKey { key, .. } if key == "a")
    );
    assert!(matches!(
        refuses(r#"{"a":{"b":1,"\u0062":2}}"#),
        ArgumentsError::DuplicateKey { .. }
    ));
    assert!(matches!(
        refuses(r#"{"a":"\ud800"}"#),
        ArgumentsError::LoneSurrogate { .. }
    ));
    assert!(matches!(
        refuses(r#"{"a":"\udc00"}"#),
        ArgumentsError::LoneSurrogate { .. }
    ));
    assert!(matches!(
        refuses(r#"{"a":"\ud800\u0041"}"#),
        ArgumentsError::LoneSurrogate { .. }
    ));
    assert!(matches!(refuses("[]"), ArgumentsError::NotAnObject));
    assert!(matches!(refuses("null"), ArgumentsError::NotAnObject));
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "1e309",
        "123456789012345678901234567890",
    ] {
        assert!(
            matches!(
                refuses(&format!(r#"{{"a":{number}}}"#)),
                ArgumentsError::NumberOutOfRange { .. }
            ),
            "{number}"
        );
    }
    for text in [
        "{",
        "{}x",
        "{} {}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{'a':1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1}"#,
        r#"{"a":tru}"#,
        r#"{"a":"\x"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"\u12"}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":"b}"#,
        "\u{feff}{}",
        " ",
        r#"{"a":"\u+123"}"#,
    ] {
        assert!(
            matches!(refuses(text), ArgumentsError::Syntax { .. }),
            "{text}"
        );
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |depth: usize| {
        format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(Arguments::parse(&nested(64)).is_ok());
    assert!(matches!(
        refused(&nested(65)),
        ArgumentsError::TooDeep { .. }
    ));
    assert!(matches!(
        refused(&"[".repeat(200_000)),
        ArgumentsError::TooDeep { .. }
    ));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(limits::BYTES));
    assert_eq!(refused(&long).code(), Code::RequestTooLarge);
    let fits = format!(r#"{{"a":"{}"}}"#, "x".repeat(limits::BYTES - 8));
    assert!(Arguments::parse(&fits).is_ok());
}
