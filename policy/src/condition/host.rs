//! Host names and mail addresses in the one form in which they compare.

use crate::list;

/// A host name in ASCII, lower case, without a trailing dot; None when it is no host name. Names in
/// other scripts become what a browser would look up (UTS #46).
pub(super) fn name(text: &str) -> Option<String> {
    if text.is_ascii() && !text.contains("--") {
        return list::host(text);
    }
    // A name is at most 253 bytes in ASCII; what is far longer is not worth the tables.
    if text.len() > 1_024 {
        return None;
    }
    let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    list::host(&ascii)
}

/// Tells whether a browser would read a host name as an IPv4 address, in whatever disguise: its last
/// label is a number.
pub(super) fn is_numeric(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or("");
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || digits(last)
}

/// Tells whether a host is a domain, or stands below it; both in the one form.
pub(super) fn within(host: &str, domain: &str) -> bool {
    let below = || {
        let rest = host.strip_suffix(domain);
        // Nothing stands below an address: its labels are no domains.
        rest.is_some_and(|rest| rest.ends_with('.')) && !is_numeric(host)
    };
    host == domain || below()
}

/// The domain of a mail address without a display name.
pub(super) fn of_mail(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let fine = (1..=64).contains(&local.len())
        && local
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&b));
    let domain = name(domain).filter(|domain| fine && !is_numeric(domain))?;
    Some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        for (text, wanted) in [
            ("Example.COM", Some("example.com")),
            ("example.com.", Some("example.com")),
            ("example.com..", None),
            ("", None),
            (".", None),
            ("a..b", None),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("XN--BCHER-KVA.example", Some("xn--bcher-kva.example")),
            (
                "xn--bcher-kva\u{3002}example",
                Some("xn--bcher-kva.example"),
            ),
            // Letters of other scripts that look alike are another name.
            ("ex\u{430}mple.com", Some("xn--exmple-4nf.com")),
            // What nobody sees is left out, as browsers do.
            ("exam\u{ad}ple.com", Some("example.com")),
            ("ｅｘａｍｐｌｅ．ｃｏｍ", Some("example.com")),
            ("example\u{ff0f}.com", None),
            ("example.com\u{2100}", None),
            ("xn--a", None),
            ("xn--.com", None),
            ("-a.com", None),
            ("a b.com", None),
            ("a%2e.com", None),
            ("[::1]", None),
        ] {
            assert_eq!(name(text).as_deref(), wanted, "{text:?}");
        }
        assert_eq!(name(&"ü".repeat(5_000)), None);
        assert_eq!(name(&format!("{}.com", "a".repeat(64))), None);
    }

    #[test]
    fn a_host_is_within_a_domain_by_whole_labels() {
        for (host, domain, wanted) in [
            ("example.com", "example.com", true),
            ("a.b.example.com", "example.com", true),
            ("evilexample.com", "example.com", false),
            ("example.com.evil.net", "example.com", false),
            ("com", "example.com", false),
            ("10.0.0.1", "0.0.1", false),
            ("10.0.0.1", "10.0.0.1", true),
        ] {
            assert_eq!(within(host, domain), wanted, "{host} {domain}");
        }
    }

    #[test]
    fn the_domain_of_an_address_is_behind_its_one_at_sign() {
        for (text, wanted) in [
            ("ann@Example.COM", Some("example.com")),
            ("ann+tag@example.com", Some("example.com")),
            ("ann@bücher.example", Some("xn--bcher-kva.example")),
            ("ann@example.com.", Some("example.com")),
            ("ann@evil.net@example.com", None),
            ("\"ann@evil.net\"@example.com", None),
            ("Ann <ann@example.com>", None),
            ("ann@example.com,eve@evil.net", None),
            ("ann@example.com;eve@evil.net", None),
            ("ann:eve@example.com", None),
            ("@example.com", None),
            ("ann@", None),
            ("ann", None),
            ("ann@[10.0.0.1]", None),
            ("ann@10.0.0.1", None),
            ("an n@example.com", None),
            ("ann@example.com\n", None),
            ("ann@exa mple.com", None),
            ("a\u{308}nn@example.com", None),
        ] {
            assert_eq!(of_mail(text).as_deref(), wanted, "{text:?}");
        }
    }
}
