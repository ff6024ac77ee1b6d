use super::*;

fn host(text: &str) -> Option<String> {
    read(text, false).ok().map(|parts| parts.host)
}

#[test]
fn a_url_has_the_host_that_a_browser_would_ask() {
    for (text, wanted) in [
        ("https://example.com/a", "example.com"),
        ("example.com", "example.com"),
        ("HTTPS://EXAMPLE.com./a", "example.com"),
        ("http://good.com#@evil.com/", "good.com"),
        ("http://good.com?@evil.com/", "good.com"),
        ("http://good.com/@evil.com", "good.com"),
        ("good.com/https://evil.com", "good.com"),
        ("good.com?u=https://evil.com", "good.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://evil\u{3002}com/", "evil.com"),
        ("https://go\u{ad}od.com/", "good.com"),
        ("https://good.com:8443/a", "good.com"),
    ] {
        assert_eq!(host(text).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn what_readers_understand_differently_is_an_error() {
    for bad in [
        "",
        "https://",
        "https:///a",
        "//evil.com/a",
        "/a",
        "https:/evil.com",
        "https:evil.com",
        "https://good.com@evil.com/",
        "https://user:secret@evil.com/",
        "https://good.com\\@evil.com/",
        "https:\\\\evil.com",
        "https://good.com\t.evil.com/",
        "https://go\nod.com/",
        " https://good.com",
        "https://good.com ",
        "https://good.com\u{a0}",
        "https://good%2ecom/",
        "https://good.com:/",
        "https://good.com:99999/",
        "https://good.com:080x/",
        "https://good.com:+80/",
        "https://a:80:90/",
        "https://evil.com\u{ff0f}good.com/",
        "https://-good.com/",
        "https://good..com/",
        "ht tp://good.com/",
        "javascript:alert(1)",
        "mailto:ann@good.com",
        "data:text/html,x",
        "1http://good.com/",
        "https://[good.com]/",
        "https://[::1",
        "https://[::1]x/",
    ] {
        assert_eq!(read(bad, false).ok(), None, "{bad:?}");
    }
    assert!(read(&format!("https://good.com/{}", "a".repeat(5_000)), false).is_err());
}

#[test]
fn an_address_is_taken_only_when_asked_for_and_in_its_plain_form() {
    for (text, wanted) in [
        ("http://10.0.0.1/", Some("10.0.0.1")),
        ("http://10.0.0.1:8080/", Some("10.0.0.1")),
        ("http://[::1]/", Some("::1")),
        ("http://[::FFFF:10.0.0.1]:80/", Some("10.0.0.1")),
        ("http://[2001:DB8::1]/", Some("2001:db8::1")),
        ("http://127.1/", None),
        ("http://2130706433/", None),
        ("http://0x7f.0.0.1/", None),
        ("http://0x7f000001/", None),
        ("http://0177.0.0.1/", None),
        ("http://[fe80::1%25eth0]/", None),
        ("http://10.0.0.256/", None),
        ("http://１２７.0.0.1/", Some("127.0.0.1")),
    ] {
        assert_eq!(read(text, false).ok(), None, "{text}");
        let found = read(text, true).ok().map(|parts| parts.host);
        assert_eq!(found.as_deref(), wanted, "{text}");
    }
    assert_eq!(read("http://good.com/", true).unwrap().host, "good.com");
}

#[test]
fn port_path_and_query_are_as_a_browser_would_send_them() {
    for (text, port, path, query) in [
        ("https://a.com", 443, "/", ""),
        ("http://a.com?q=1#x", 80, "/", "q=1"),
        ("wss://a.com:9/x?y?z", 9, "/x", "y?z"),
        ("gopher://a.com/", 0, "/", ""),
        ("https://a.com/public/../admin", 443, "/admin", ""),
        ("https://a.com/public/%2e%2E/admin", 443, "/admin", ""),
        ("https://a.com/a/./b/..", 443, "/a/", ""),
        ("https://a.com/../../b", 443, "/b", ""),
        ("https://a.com//b//c", 443, "//b//c", ""),
        ("https://a.com/a%2fb", 443, "/a%2fb", ""),
    ] {
        let parts = read(text, false).unwrap();
        assert_eq!(
            (parts.port, &*parts.path, &*parts.query),
            (port, path, query),
            "{text}"
        );
    }
}

fn found(text: &str) -> Vec<&str> {
    links(text, 100).into_iter().map(|r| &text[r]).collect()
}

#[test]
fn links_are_what_a_client_would_make_clickable() {
    for (text, wanted) in [
        ("", &[][..]),
        ("no link here.", &[]),
        ("See https://evil.com/a?b=c.", &["https://evil.com/a?b=c"]),
        ("evil.com", &["evil.com"]),
        ("go to evil.com, now", &["evil.com"]),
        (
            "evil.com/x and www.evil.org",
            &["evil.com/x", "www.evil.org"],
        ),
        ("EVIL.COM:8080/x!", &["EVIL.COM:8080/x"]),
        ("[click](http://evil.com/a)", &["http://evil.com/a"]),
        ("(see evil.com/a(b))", &["evil.com/a(b)"]),
        ("<a href=\"//evil.com/a\">x</a>", &["evil.com/a"]),
        ("<a href='https:/evil.com'>x</a>", &["evil.com"]),
        (
            "javascript://evil.com/%0aalert(1)",
            &["javascript://evil.com/%0aalert(1)"],
        ),
        (
            "ftp://evil.com ssh://evil.com",
            &["ftp://evil.com", "ssh://evil.com"],
        ),
        ("http://user:pw@evil.com/", &["http://user:pw@evil.com/"]),
        ("http://localhost:3000/", &["http://localhost:3000/"]),
        ("http://[::1]/x", &["http://[::1]/x"]),
        ("http://2130706433/", &["http://2130706433/"]),
        (
            "http://a.com,http://b.com;www.c.com",
            &["http://a.com", "http://b.com", "www.c.com"],
        ),
        ("10.0.0.1/x and version 1.2.3.4", &["10.0.0.1/x"]),
        ("bücher.example", &["bücher.example"]),
        ("пример.рф!", &["пример.рф"]),
        ("evil\u{3002}com", &["evil\u{3002}com"]),
        ("ev\u{200b}il.com", &["ev\u{200b}il.com"]),
        ("evil.com\nother.org", &["evil.com", "other.org"]),
        ("evil.com\u{a0}x", &["evil.com"]),
        ("**evil.com** _evil.org_", &["evil.com", "evil.org"]),
        ("...evil.com...", &["evil.com"]),
        ("a..evil.com", &["a..evil.com"]),
        ("xn--bcher-kva.example", &["xn--bcher-kva.example"]),
        ("mail ann@good.com please", &[]),
        ("mailto:ann@good.com", &[]),
        ("@evil.com (@evil.org)", &["evil.com", "evil.org"]),
        ("evil.com@ ann@evil.org/x", &["evil.com@", "evil.org/x"]),
        ("3.14 e.g. i.e. 10:30 a.m.", &[]),
        ("http://", &[]),
        ("://evil.com", &["evil.com"]),
        ("x=https://evil.com&y", &["https://evil.com&y"]),
        ("text:https://evil.com", &["https://evil.com"]),
        ("日本語https://evil.com", &["https://evil.com"]),
    ] {
        assert_eq!(found(text), wanted, "{text:?}");
    }
}

#[test]
fn a_text_of_links_is_read_in_time_that_its_length_allows() {
    for part in [
        "a.b.",
        "a.com,",
        "://",
        "http://a.com(",
        "(((",
        "a@b.",
        "..",
        "a-",
        ").",
    ] {
        let text = part.repeat(200_000 / part.len());
        assert!(links(&text, 1_000).len() <= 1_000);
    }
}
