//! Reads a URL strictly: what two readers could understand differently is an error.

mod links;

use std::rc::Rc;

use super::value::{Entries, Made, Value};
use super::{Failure, cidr, host};
pub(super) use links::links;

/// Longest URL, in bytes.
const BYTES: usize = 4_096;

/// The parts of a URL.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    scheme: String,
    host: String,
    port: u16,
    path: String,
    query: String,
}

/// The parts of a URL as a map: `scheme`, `host`, `port`, `path`, `query`. The host may be an IP
/// address where that is asked for.
pub(super) fn parse<'a>(text: &str, addresses: bool) -> Result<Value<'a>, Failure> {
    let parts = read(text, addresses).map_err(|why| Failure(format!("`url()`: {why}")))?;
    let entries = vec![
        (Value::text("scheme"), Value::made(&parts.scheme)),
        (Value::text("host"), Value::made(&parts.host)),
        (Value::text("port"), Value::int(parts.port.into())),
        (Value::text("path"), Value::made(&parts.path)),
        (Value::text("query"), Value::made(&parts.query)),
    ];
    Made::new(entries)
        .map(|made| Value::Entries(Entries::Made(Rc::new(made))))
        .ok_or_else(|| Failure("`url()`: a part stands twice".to_owned()))
}

fn read(text: &str, addresses: bool) -> Result<Parts, &'static str> {
    if text.len() > BYTES {
        return Err("longer than 4,096 bytes");
    }
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return Err("control characters, white space and backslashes are refused");
    }
    // A missing scheme reads as https; `://` further on belongs to a path or a query.
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (scheme, rest),
        _ => ("https", text),
    };
    let scheme = scheme.to_ascii_lowercase();
    let named = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !named {
        return Err("malformed scheme");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err("user information is refused");
    }
    let (name, port) = authority_parts(authority)?;
    let port = match port {
        Some(port) => {
            let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|_| digits);
            port.ok_or("malformed port")?
        }
        None => default_port(&scheme),
    };
    let host = read_host(name, addresses)?;
    let rest = rest.split('#').next().unwrap_or("");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Ok(Parts {
        scheme,
        host,
        port,
        path: resolve(path),
        query: query.to_owned(),
    })
}

/// The host and the port behind it; an IPv6 address stands in brackets.
fn authority_parts(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let end = authority.find(']').ok_or("malformed host")? + 1;
    let (host, rest) = authority.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err("malformed host"),
    }
}

fn read_host(name: &str, addresses: bool) -> Result<String, &'static str> {
    const BARE: &str = "bare addresses are refused; `url(…, 'ip')` takes them";
    let inner = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    if let Some(inner) = inner {
        let address = inner.parse::<std::net::Ipv6Addr>();
        let address = address.map_err(|_| "malformed host")?.to_canonical();
        return if addresses {
            Ok(address.to_string())
        } else {
            Err(BARE)
        };
    }
    let host = host::name(name).ok_or("malformed host")?;
    if !host::is_numeric(&host) {
        return Ok(host);
    }
    if !addresses {
        return Err(BARE);
    }
    // Browsers read `0x7f.1` as an address, others as a name.
    cidr::address(&host)
        .map(|address| address.to_string())
        .ok_or("an address has four decimal numbers")
}

fn default_port(scheme: &str) -> u16 {
    match scheme {
        "https" | "wss" => 443,
        "http" | "ws" => 80,
        "ftp" => 21,
        _ => 0,
    }
}

/// The path that a browser would ask for: without `.` and `..`, encoded ones included.
fn resolve(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_open = true;
    let rest = path.strip_prefix('/').unwrap_or(path);
    for segment in rest.split('/') {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        ends_open = matches!(&*plain, "." | "..");
        match &*plain {
            "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut resolved = format!("/{}", segments.join("/"));
    if ends_open && !resolved.ends_with('/') {
        resolved.push('/');
    }
    resolved
}

#[cfg(test)]
mod tests;
