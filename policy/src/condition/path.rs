//! Paths of files, compared as text. No disk is asked: links on it are for the tool to refuse.

use super::Failure;

/// Longest path, in bytes.
const BYTES: usize = 4_096;

fn fail<T>(why: &str) -> Result<T, Failure> {
    Err(Failure(why.to_owned()))
}

/// A path without `.`, `..` and double slashes. What is encoded with `%` is decoded once; what would
/// still be encoded then, or hides a separator, fails, and so does a path that leads above its start.
pub(super) fn normalize(path: &str) -> Result<String, Failure> {
    let decoded = read(path)?;
    resolve(&decoded).map_or_else(|| fail("the path leads above its start"), Ok)
}

/// Tells whether a path is a folder or stays within it, both as it is written and once decoded: the
/// tool may read it either way.
pub(super) fn within(path: &str, base: &str) -> Result<bool, Failure> {
    let base = normalize(base)?;
    let decoded = read(path)?;
    let inside = |path: &str| {
        resolve(path).is_some_and(|path| match path.strip_prefix(&*base) {
            Some("") => true,
            Some(rest) => rest.starts_with('/') || base.ends_with('/'),
            // What stands within the folder that is not named: any path that is not absolute.
            None => base == "." && !path.starts_with('/'),
        })
    };
    Ok(inside(path) && inside(&decoded))
}

/// Refuses what readers of paths understand differently, and decodes the rest once.
fn read(path: &str) -> Result<String, Failure> {
    if path.is_empty() {
        return fail("an empty path names nothing");
    }
    if path.len() > BYTES {
        return fail("the path is longer than 4,096 bytes");
    }
    let odd = |c: char| c == '\\' || c.is_control();
    if path.contains(odd) {
        return fail("backslashes and control characters are refused in paths");
    }
    let decoded = decode(path)?;
    if decoded.matches('/').count() != path.matches('/').count() {
        return fail("encoded slashes are refused in paths");
    }
    if decoded.contains(odd) {
        return fail("backslashes and control characters are refused in paths");
    }
    if decoded != path && has_escape(&decoded) {
        return fail("the path is encoded more than once");
    }
    Ok(decoded)
}

fn escape(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    match bytes.first() {
        Some(b'%') => u8::try_from(digit(1)? * 16 + digit(2)?).ok(),
        _ => None,
    }
}

fn has_escape(text: &str) -> bool {
    (0..text.len()).any(|at| escape(&text.as_bytes()[at..]).is_some())
}

fn decode(text: &str) -> Result<String, Failure> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if let Some(byte) = escape(rest) {
            out.push(byte);
            rest = &rest[3..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    String::from_utf8(out).map_or_else(|_| fail("the path decodes to what is no text"), Ok)
}

/// Resolves `.`, `..` and empty segments; None when it leads above its start.
fn resolve(path: &str) -> Option<String> {
    let absolute = path.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    let joined = segments.join("/");
    Some(match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_within_a_folder_stays_there() {
        for (path, base, wanted) in [
            ("/srv/data/a.txt", "/srv/data", true),
            ("/srv/data", "/srv/data", true),
            ("/srv/data/", "/srv/data", true),
            ("/srv/data/a", "/srv/data/", true),
            ("/srv/database", "/srv/data", false),
            ("/srv/data/../secrets", "/srv/data", false),
            ("/srv/data/x/../a", "/srv/data", true),
            ("/srv/data/x/../../a", "/srv/data", false),
            ("/srv//data/./a", "/srv/data", true),
            ("//srv/data/a", "/srv/data", true),
            ("/srv/data/%2e%2e/secrets", "/srv/data", false),
            ("/srv/data/%2E%2e/%2e%2E/etc/passwd", "/srv/data", false),
            ("/srv/data/.%2e/secrets", "/srv/data", false),
            // Read as it is written it names a folder outside.
            ("/srv/%2e%2e/srv/data/a", "/srv/data", false),
            ("/srv/data/a%20b", "/srv/data", true),
            ("/srv/data/100%", "/srv/data", true),
            ("/srv/data/...", "/srv/data", true),
            ("/srv/data/..a", "/srv/data", true),
            ("/../srv/data/a", "/srv/data", false),
            ("/../../../srv/data/a", "/srv/data", false),
            ("srv/data/a", "/srv/data", false),
            ("data/a", "data", true),
            ("data/../../data/a", "data", false),
            ("../data/a", "data", false),
            ("a/b", ".", true),
            ("/a/b", ".", false),
            ("/anything", "/", true),
            ("/SRV/data/a", "/srv/data", false),
            ("file:///srv/data/a", "/srv/data", false),
            ("~/data", "/srv/data", false),
            ("C:/srv/data/a", "/srv/data", false),
        ] {
            assert_eq!(within(path, base), Ok(wanted), "{path} {base}");
        }
    }

    #[test]
    fn what_readers_understand_differently_is_refused() {
        for bad in [
            "",
            "/srv/data\\..\\secrets",
            "/srv/data/a\0.txt",
            "/srv/data/a%00.txt",
            "/srv/data/%5c..%5csecrets",
            "/srv/data/%2f../secrets",
            "/srv/data/..%2fsecrets",
            "/srv/data/%252e%252e/secrets",
            "/srv/data/%25%32%65",
            "/srv/data/a\nb",
            "/srv/data/%c0%ae%c0%ae/secrets",
            "/srv/data/%ff",
            "/srv/data/%0a",
            "/srv/data/\u{7f}",
            "/srv/data/\u{85}x",
        ] {
            assert!(within(bad, "/srv/data").is_err(), "{bad:?}");
            assert!(normalize(bad).is_err(), "{bad:?}");
        }
        assert!(normalize(&"a/".repeat(3_000)).is_err());
        assert!(within("/a", "").is_err());
    }

    #[test]
    fn a_normal_path_has_nothing_left_to_resolve() {
        for (path, wanted) in [
            ("/srv//data/./a/../b", Some("/srv/data/b")),
            ("a/./b/", Some("a/b")),
            ("a/..", Some(".")),
            ("/a/..", Some("/")),
            ("./a", Some("a")),
            ("/", Some("/")),
            ("a%20b/%2e/c", Some("a b/c")),
            ("/a/%2e%2e/b", Some("/b")),
            ("/..", None),
            ("..", None),
            ("a/../..", None),
        ] {
            assert_eq!(normalize(path).ok().as_deref(), wanted, "{path}");
        }
    }
}
