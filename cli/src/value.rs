//! Reads single values of the command line.

use std::io::Read as _;
use std::time::Duration;

use veto_core::{Clock, Secret, SystemClock, Timestamp};

use crate::error::Error;

/// Reads a secret: as it is, or `@FILE` for the first line of a file, which keeps it out of process lists.
pub(crate) fn secret(text: &str) -> Result<Secret<String>, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(Secret::new(text.trim().to_owned()));
    };
    let content =
        std::fs::read_to_string(path).map_err(|e| format!("cannot read `{path}`: {e}"))?;
    Ok(Secret::new(
        content.lines().next().unwrap_or_default().trim().to_owned(),
    ))
}

/// Reads a text: as it is, `@FILE` for a file, `-` for stdin.
pub(crate) fn text(value: String) -> Result<String, Error> {
    if value == "-" {
        let mut content = String::new();
        let read = std::io::stdin().read_to_string(&mut content);
        read.map_err(|source| Error::File {
            path: "stdin".to_owned(),
            source,
        })?;
        return Ok(content);
    }
    match value.strip_prefix('@') {
        None => Ok(value),
        Some(path) => std::fs::read_to_string(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Reads a duration: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let rule = || format!("`{text}` is not a duration such as 30s, 15m, 24h or 90d");
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(rule)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| rule())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(rule()),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(rule)
}

/// Reads an instant: RFC 3339, or a duration for that long ago.
pub(crate) fn past(text: &str) -> Result<Timestamp, String> {
    if let Some(time) = Timestamp::parse(text) {
        return Ok(time);
    }
    let rule = |_| format!("`{text}` is neither RFC 3339 nor a duration such as 1h, meaning ago");
    let ago = duration(text).map_err(rule)?;
    let micros = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
    Ok(Timestamp(SystemClock.now().0.saturating_sub(micros)))
}

/// Reads `name=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| format!("`{text}` is not name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Bytes as lower-case hexadecimal text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal text.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let rule = || format!("`{text}` is not hexadecimal");
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(rule());
    }
    let pair = |i| u8::from_str_radix(&text[i..i + 2], 16).map_err(|_| rule());
    (0..text.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_unit() {
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["", "5", "m", "-5s", "5 s", "1w", "99999999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_is_absolute_or_that_long_ago() {
        assert_eq!(past("1970-01-01T00:00:01Z"), Ok(Timestamp(1_000_000)));
        let hour_ago = past("1h").unwrap();
        assert!(SystemClock.now().since(hour_ago) >= Duration::from_secs(3600));
        assert!(past("yesterday").is_err());
    }

    #[test]
    fn hexadecimal_reads_back() {
        assert_eq!(from_hex(&hex(&[0, 171, 255])), Ok(vec![0, 171, 255]));
        assert!(from_hex("abc").is_err() && from_hex("zz").is_err() && from_hex("äö").is_err());
    }
}
