use serde_json::{Value as Json, json};

use crate::condition::tests::{compile, run};

fn holds(text: &str, args: &Json) {
    assert_eq!(run(text, args), Ok(true), "{text}");
}

fn fails(text: &str, args: &Json) -> String {
    let failure = run(text, args).expect_err(text);
    failure.to_string()
}

#[test]
fn functions_see_arguments_as_literals() {
    let args = json!({
        "s": "ta©o©αT", "l": ["a", "b"], "n": 7, "d": -1.5, "u": "https://Pay.Example.com:8443/a/../b?q=1",
        "ip": "::ffff:10.1.2.3", "p": "/srv/data/a/../b", "m": "ann@example.com", "z": "",
        "t": "see evil.com/x, or https://ok.example.com.", "nets": ["192.168.0.0/16", "10.0.0.0/8"],
    });
    for text in [
        "args.s.charAt(2) == '©' && args.s.charAt(7) == ''",
        "args.s.indexOf('©') == 2 && args.s.indexOf('©', 3) == 4 && args.s.indexOf('x') == -1",
        "args.s.lastIndexOf('©') == 4 && args.s.lastIndexOf('©', 3) == 2",
        "args.s.lastIndexOf('©o', 2) == 2 && args.s.lastIndexOf('α', 4) == -1",
        "args.s.substring(5) == 'αT' && args.s.substring(2, 5) == '©o©'",
        "args.s.replace('©', '') == 'taoαT' && args.s.replace('©', '-', 1) == 'ta-o©αT'",
        "args.s.split('©') == ['ta', 'o', 'αT'] && args.s.split('©', 2) == ['ta', 'o©αT']",
        "args.s.split('').size() == 7 && args.s.split('', 2) == ['t', 'a©o©αT']",
        "args.s.split('o', 0) == [] && args.z.split(',') == ['']",
        "args.l.join(', ') == 'a, b' && args.s.reverse() == 'Tα©o©at'",
        "'%s is %d or %.2f in %s'.format([args.s, args.n, args.d, args.l]) == 'ta©o©αT is 7 or -1.50 in [a, b]'",
        "bytes(args.s).size() == 10 && string(bytes(args.s)) == args.s && b'a' < bytes('b')",
        "math.greatest(args.n, args.d, 3) == 7 && math.least([args.n, args.d]) == -1.5",
        "math.ceil(args.d) == -1.0 && math.abs(args.d) == 1.5 && math.sign(args.n) == 1",
        "math.bitAnd(args.n, 5) == 5 && math.round(args.n) == 7",
        "type(args.s) == string && type(args.l) != map && type(args.d) == double",
        "args.?missing.or(args.?s).hasValue() && !optional.ofNonZeroValue(args.z).hasValue()",
        "args.?n.optMap(x, x * 2).orValue(0) == 14 && !args.?q.optMap(x, x * 2).hasValue()",
        "args.?l.optFlatMap(l, l[?5]).orValue('none') == 'none'",
        "[1, ?args.?q, ?args.?n] == [1, 7] && {?'a': args.?q, 'b': 1} == {'b': 1}",
        "args.l.all(i, x, i < 2 && x < 'c') && args.l.exists(i, x, i == 1 && x == 'b')",
        "args.l.transformList(i, x, i > 0, x + x) == ['bb']",
        "args.l.transformList(i, x, '%d%s'.format([i, x])) == ['0a', '1b']",
        "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v + 1) == {'b': 3}",
        "{1: 'x', 2u: 'y', true: 'z'}[2] == 'y' && {1: 'x'}[1.0] == 'x' && 2 in {2u: 1}",
        "url(args.u).host == 'pay.example.com' && url(args.u).port == 8443 && url(args.u).path == '/b'",
        "hostWithin(url(args.u).host, 'example.com') && !hostWithin('example.com.evil.net', 'example.com')",
        "url('http://[::FFFF:10.0.0.1]/', 'ip').host == '10.0.0.1'",
        "links(args.t) == ['evil.com/x', 'https://ok.example.com']",
        "links(args.t).exists(l, !hostWithin(url(l).host, 'example.com'))",
        "emailDomain(args.m) == 'example.com' && isIp(args.ip) && !isIp(args.m)",
        "inCidr(args.ip, '10.0.0.0/8') && inCidr(args.ip, args.nets) && !inCidr(args.ip, ['fd00::/8'])",
        "pathWithin(args.p, '/srv/data') && normalizePath(args.p) == '/srv/data/b'",
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "timestamp('2026-07-15T22:30:00Z').getHours('Europe/Berlin') == 0",
        "timestamp('2026-07-15T22:30:00Z').getDayOfMonth('+02:00') == 15",
        "request.time.getFullYear('America/New_York') == 1969",
        "duration('1h30m').getMinutes() == 90 && string(duration('90s')) == '90s'",
    ] {
        holds(text, &args);
    }
}

#[test]
fn what_a_function_cannot_take_is_a_failure() {
    let args = json!({"s": "abc", "n": 1.5, "l": ["a", 1], "ip": "010.0.0.1", "u": "https://a@b.com",
                      "big": i64::MIN, "p": "a\\b", "e": []});
    for text in [
        "args.s.charAt(4) == ''",
        "args.s.charAt(args.n) == ''",
        "args.s.substring(2, 1) == ''",
        "args.s.substring(-1) == ''",
        "args.s.indexOf('a', 9) == 0",
        "args.l.join('') == ''",
        "'%d'.format([args.s]) == ''",
        "'%s %s'.format([args.s]) == ''",
        "'%'.format([]) == ''",
        "'%.101f'.format([args.n]) == ''",
        "'%q'.format([args.n]) == ''",
        "math.abs(args.big) == 0",
        "math.greatest(args.l) == 0",
        "math.greatest(args.e) == 0",
        "math.bitAnd(args.n, 1) == 0",
        "math.bitShiftLeft(1, -1) == 0",
        "bool(args.s)",
        "int(' 1') == 1",
        "int('+1') == 1",
        "uint(-0.5) == 0u",
        "double('NaN') > 0.0",
        "double('inf') > 0.0",
        "duration('1ns') > duration('0s')",
        "timestamp(253402300800) > timestamp(0)",
        "timestamp('9999-12-31T23:59:59Z') + duration('1s') > timestamp(0)",
        "inCidr(args.ip, '10.0.0.0/8')",
        "inCidr('10.0.0.1', args.l)",
        "url(args.u).host == 'b.com'",
        "pathWithin(args.p, '/srv')",
        "hostWithin(args.u, 'b.com')",
        "optional.none().value()",
        "{'a': 1, 'a': 2}.size() == 2",
        "{1: 1, 1u: 2}.size() == 2",
        "{args.n: 1}.size() == 1",
        "{}.transformMap(k, v, v).size() > 0 || args.s.optMap(x, x).hasValue()",
    ] {
        // The checker may say so first.
        if compile(text).is_ok() {
            fails(text, &args);
        }
    }
}

#[test]
fn a_literal_that_no_call_could_make_right_is_refused_when_published() {
    for text in [
        "inCidr(args.ip, '10.0.0.1/8')",
        "inCidr(args.ip, ['10.0.0.0/8', '10.0.0.0/33'])",
        "request.time > timestamp('tomorrow')",
        "request.time - timestamp(args.t) < duration('1y')",
        "request.time.getHours('Europe/Atlantis') > 8",
        "request.time.getHours(args.zone) > 8",
        "hostWithin(args.h, 'exa mple.com')",
        "pathWithin(args.p, '/srv/../..')",
        "url(args.u, 'address').host == ''",
    ] {
        let problems = compile(text).expect_err(text);
        assert!(!problems[0].message.is_empty(), "{text}");
    }
}

#[test]
fn nothing_that_is_made_grows_without_bound() {
    let args = json!({"s": "a".repeat(40_000), "n": (0..1_001).collect::<Vec<_>>(), "m": "a,".repeat(1_001),
                      "t": "a.com ".repeat(1_001)});
    for text in [
        "(args.s + args.s).size() > 0",
        "args.s.replace('a', 'bb').size() > 0",
        "args.s.replace('', 'b').size() > 0",
        "[args.s, args.s].join('').size() > 0",
        "'%s%s'.format([args.s, args.s]).size() > 0",
        "'%x'.format([args.s]).size() > 0",
    ] {
        assert!(fails(text, &args).contains("64 KiB"), "{text}");
    }
    for text in [
        "args.n.map(x, x).size() > 0",
        "args.n.filter(x, x >= 0).size() > 0",
        "args.n.transformList(i, x, x).size() > 0",
        "(args.n + args.n).size() > 0",
        "args.m.split(',').size() > 0",
        "args.m.split('').size() > 0",
        "links(args.t).size() > 0",
    ] {
        assert!(fails(text, &args).contains("1,000 entries"), "{text}");
    }
    let costly = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].all(x, links(args.s) == links(args.s))";
    assert!(fails(costly, &args).contains("steps"));
}
