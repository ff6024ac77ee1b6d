//! Times and durations of conditions, in UTC and microseconds.

mod zone;

use std::fmt::Write;

pub(crate) use zone::Zone;

/// A part of a time, as CEL names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Year,
    /// From 0.
    Month,
    /// Of the month, from 1.
    Date,
    /// Of the month, from 0.
    DayOfMonth,
    /// From 0 for Sunday.
    DayOfWeek,
    /// From 0.
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

const DAY: i64 = 86_400_000_000;
/// 0001-01-01T00:00:00Z, and the last microsecond of the year 9999.
const TIMES: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);
/// Ten thousand years, either way.
const DURATIONS: i64 = 315_576_000_000_000_000;

/// A time within the years 1 to 9999.
pub(crate) fn time(micros: i64) -> Option<i64> {
    (TIMES.0..=TIMES.1).contains(&micros).then_some(micros)
}

/// A duration of at most ten thousand years.
pub(crate) fn span(micros: i64) -> Option<i64> {
    (-DURATIONS..=DURATIONS).contains(&micros).then_some(micros)
}

/// A time that a text tells, RFC 3339.
pub(crate) fn parse(text: &str) -> Option<i64> {
    time(veto_core::Timestamp::parse(text)?.0)
}

/// RFC 3339 in UTC, with as many digits of a second as there are.
pub(crate) fn show(micros: i64) -> String {
    let text = veto_core::Timestamp(micros).to_string();
    match text.strip_suffix('Z') {
        Some(text) => {
            let text = text.trim_end_matches('0').trim_end_matches('.');
            format!("{text}Z")
        }
        None => text,
    }
}

/// Seconds with as many digits as there are, such as `-1.5s`.
pub(crate) fn show_duration(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, rest) = (
        micros.unsigned_abs() / 1_000_000,
        micros.unsigned_abs() % 1_000_000,
    );
    let mut text = format!("{sign}{whole}");
    if rest > 0 {
        // Writing into a string does not fail.
        let _ = write!(text, ".{rest:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('s');
    text
}

impl Part {
    /// The part of a time in microseconds since 1970-01-01 UTC.
    pub(crate) const fn of(self, time: i64) -> i64 {
        let (days, micros) = (time.div_euclid(DAY), time.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        match self {
            Self::Year => year,
            Self::Month => month - 1,
            Self::Date => day,
            Self::DayOfMonth => day - 1,
            // 1970-01-01 was a Thursday.
            Self::DayOfWeek => (days + 4).rem_euclid(7),
            Self::DayOfYear => days - days_before(year),
            Self::Hours => micros / 3_600_000_000,
            Self::Minutes => micros / 60_000_000 % 60,
            Self::Seconds => micros / 1_000_000 % 60,
            Self::Milliseconds => micros / 1_000 % 1_000,
        }
    }
}

impl Part {
    /// The part of a duration in microseconds: all of it in the unit; of milliseconds, what is beyond
    /// whole seconds. None for what durations have not.
    pub(crate) const fn of_duration(self, micros: i64) -> Option<i64> {
        match self {
            Self::Hours => Some(micros / 3_600_000_000),
            Self::Minutes => Some(micros / 60_000_000),
            Self::Seconds => Some(micros / 1_000_000),
            Self::Milliseconds => Some(micros / 1_000 % 1_000),
            Self::Year
            | Self::Month
            | Self::Date
            | Self::DayOfMonth
            | Self::DayOfWeek
            | Self::DayOfYear => None,
        }
    }
}

/// Year, month and day of a day since 1970-01-01 in the proleptic Gregorian calendar.
const fn civil(days: i64) -> (i64, i64, i64) {
    // Years start in March here, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + (month <= 2) as i64, month, day)
}

/// Days from 1970-01-01 to the first day of a year.
const fn days_before(year: i64) -> i64 {
    let y = year - 1;
    365 * (year - 1970) + (y.div_euclid(4) - 492) - (y.div_euclid(100) - 19)
        + (y.div_euclid(400) - 4)
}

/// Microseconds of a text such as `15m`, `1h30m`, `1.5s` or `-10s`; what is finer has no value.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if rest.is_empty() {
        return None;
    }
    // In nanoseconds, so that parts of microseconds may add up to whole ones.
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit: i128 = match unit {
            "d" => i128::from(DAY) * 1_000,
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 9 || (number.contains('.') && fraction.is_empty()) {
            return None;
        }
        total = total.checked_add(i128::from(whole.parse::<i64>().ok()?).checked_mul(unit)?)?;
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
            let parts = i128::from(fraction.parse::<i64>().ok()?).checked_mul(unit)?;
            if parts % scale != 0 {
                return None;
            }
            total = total.checked_add(parts / scale)?;
        }
        rest = tail;
    }
    if total % 1_000 != 0 {
        return None;
    }
    span(i64::try_from(total / 1_000 * sign).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::Timestamp;

    fn part(part: Part, text: &str) -> i64 {
        part.of(Timestamp::parse(text).unwrap().0)
    }

    #[test]
    fn parts_follow_the_calendar() {
        let leap = "2024-02-29T23:59:58.123Z";
        assert_eq!(part(Part::Year, leap), 2024);
        assert_eq!(part(Part::Month, leap), 1);
        assert_eq!(part(Part::Date, leap), 29);
        assert_eq!(part(Part::DayOfWeek, leap), 4);
        assert_eq!(part(Part::DayOfYear, leap), 59);
        assert_eq!(part(Part::DayOfYear, "2000-12-31T00:00:00Z"), 365);
        assert_eq!(part(Part::DayOfYear, "1970-01-01T00:00:00Z"), 0);
        assert_eq!(part(Part::DayOfYear, "1900-03-01T00:00:00Z"), 59);
        assert_eq!(part(Part::Hours, leap), 23);
        assert_eq!(part(Part::Milliseconds, leap), 123);
        assert_eq!(part(Part::DayOfWeek, "1969-12-31T12:00:00Z"), 3);
        assert_eq!(part(Part::Hours, "1969-12-31T12:00:00Z"), 12);
    }

    #[test]
    fn a_duration_has_units() {
        assert_eq!(duration("15m"), Some(900_000_000));
        assert_eq!(duration("1h30m"), Some(5_400_000_000));
        assert_eq!(duration("-1.5s"), Some(-1_500_000));
        assert_eq!(duration("999us1000ns"), Some(1_000));
        assert_eq!(duration("0.25ms"), Some(250));
        for bad in [
            "",
            "15",
            "m",
            "1x",
            "1.s",
            "-",
            "9999999999999h",
            "1ns",
            "0.0000001s",
            "--1s",
            "1.2.3s",
            "315576000001s",
            "\u{661}s",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_and_durations_show_no_digits_that_say_nothing() {
        let time = |text: &str| show(parse(text).unwrap());
        assert_eq!(time("2009-02-13T23:31:30Z"), "2009-02-13T23:31:30Z");
        assert_eq!(time("2009-02-13T23:31:30.250Z"), "2009-02-13T23:31:30.25Z");
        assert_eq!(time("2009-02-14T01:31:00+02:00"), "2009-02-13T23:31:00Z");
        assert_eq!(show_duration(-1_500_000), "-1.5s");
        assert_eq!(show_duration(0), "0s");
        assert_eq!(show_duration(1_000_000_000_000), "1000000s");
        assert_eq!(show_duration(-1), "-0.000001s");
    }
}
