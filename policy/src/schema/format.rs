//! The formats that are asserted. The common ones are read here, the rest by the general validator.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::list;

/// A value of `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Format(u8);

/// By place: how a format is checked here; None: by the general validator.
type Check = fn(&str) -> bool;
const FORMATS: [(&str, Option<Check>); 16] = [
    ("date", Some(date)),
    ("date-time", Some(date_time)),
    ("duration", None),
    ("email", None),
    ("hostname", None),
    ("iban", Some(list::is_iban)),
    ("ipv4", Some(|text| text.parse::<Ipv4Addr>().is_ok())),
    ("ipv6", Some(|text| text.parse::<Ipv6Addr>().is_ok())),
    ("json-pointer", None),
    ("regex", None),
    ("relative-json-pointer", None),
    ("time", Some(time)),
    ("uri", None),
    ("uri-reference", None),
    ("uri-template", None),
    ("uuid", Some(uuid)),
];

impl Format {
    pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
        FORMATS.iter().map(|(name, _)| *name)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let place = FORMATS.iter().position(|(known, _)| *known == name)?;
        u8::try_from(place).ok().map(Self)
    }

    pub(super) fn as_str(self) -> &'static str {
        FORMATS[usize::from(self.0)].0
    }

    /// Tells whether a text has the format; None when only the general validator knows.
    pub(super) fn check(self, text: &str) -> Option<bool> {
        FORMATS[usize::from(self.0)].1.map(|check| check(text))
    }
}

/// The number that so many digits write.
fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// `full-date` of RFC 3339: a day that exists.
fn date(text: &str) -> bool {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) =
        (digits(&[a, b, c, d]), digits(&[e, f]), digits(&[g, h]))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// `full-time` of RFC 3339: a leap second is the last second of a day in UTC.
fn time(text: &str) -> bool {
    let &[a, b, b':', c, d, b':', e, f, ref rest @ ..] = text.as_bytes() else {
        return false;
    };
    let (Some(hour), Some(minute), Some(second)) =
        (digits(&[a, b]), digits(&[c, d]), digits(&[e, f]))
    else {
        return false;
    };
    let offset = match rest {
        [b'.', fraction @ ..] => {
            let length = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 {
                return false;
            }
            &fraction[length..]
        }
        _ => rest,
    };
    // Minutes of a day that are added to reach UTC.
    let shift = match *offset {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), a, b, b':', c, d] => match (digits(&[a, b]), digits(&[c, d])) {
            (Some(hours @ ..=23), Some(minutes @ ..=59)) if sign == b'+' => {
                24 * 60 - (hours * 60 + minutes)
            }
            (Some(hours @ ..=23), Some(minutes @ ..=59)) => hours * 60 + minutes,
            _ => return false,
        },
        _ => return false,
    };
    let last_minute = (hour * 60 + minute + shift) % (24 * 60) == 23 * 60 + 59;
    hour <= 23 && minute <= 59 && (second <= 59 || (second == 60 && last_minute))
}

/// `date-time` of RFC 3339.
fn date_time(text: &str) -> bool {
    match (text.get(..10), text.as_bytes().get(10), text.get(11..)) {
        (Some(day), Some(b'T' | b't'), Some(rest)) => date(day) && time(rest),
        _ => false,
    }
}

/// RFC 4122: five groups of hexadecimal digits.
fn uuid(text: &str) -> bool {
    let digit = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(digit)
}
