//! Reads a URL strictly: what two readers could understand differently is an error.

use std::borrow::Cow;
use std::rc::Rc;

use super::Failure;
use super::number::Number;
use super::value::{Entries, Value};
use crate::list;

/// The parts of a URL as a map: `scheme`, `host`, `port`, `path`, `query`.
pub(super) fn parse<'a>(text: &str) -> Result<Value<'a>, Failure> {
    let fail = |why: &str| Failure(format!("`url()`: {why}"));
    if text.len() > 4096 {
        return Err(fail("longer than 4,096 bytes"));
    }
    if text
        .chars()
        .any(|c| c.is_control() || c == ' ' || c == '\\')
    {
        return Err(fail(
            "control characters, spaces and backslashes are refused",
        ));
    }
    // A missing scheme reads as https.
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let scheme = scheme.to_ascii_lowercase();
    let named = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !named {
        return Err(fail("malformed scheme"));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err(fail("user information is refused"));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse::<u16>().ok().filter(|_| digits);
            (host, i64::from(port.ok_or_else(|| fail("malformed port"))?))
        }
        None => (
            authority,
            match &*scheme {
                "https" | "wss" => 443,
                "http" | "ws" => 80,
                _ => 0,
            },
        ),
    };
    let host = list::host(host)
        .ok_or_else(|| fail("malformed host; names beyond ASCII are written as xn--"))?;
    // A last label that is a number makes an IPv4 address for browsers, in many disguises.
    let last = host.rsplit('.').next().unwrap_or("");
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
    if hexadecimal || last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fail("bare addresses are refused"));
    }
    let rest = rest.split('#').next().unwrap_or("");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let text = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
    let path = if path.is_empty() { "/" } else { path };
    let entries = vec![
        (Value::text("scheme"), text(&scheme)),
        (Value::text("host"), text(&host)),
        (Value::text("port"), Value::Number(Number::Int(port))),
        (Value::text("path"), text(path)),
        (Value::text("query"), text(query)),
    ];
    Ok(Value::Entries(Entries::Made(Rc::new(entries))))
}
