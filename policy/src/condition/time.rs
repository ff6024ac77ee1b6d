//! Times and durations of conditions, in UTC and microseconds.

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

/// Microseconds of a text such as `15m`, `1h30m`, `1.5s` or `-10s`.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let unit: i64 = match unit {
            "d" => DAY,
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" => 1,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 6 || (number.contains('.') && fraction.is_empty()) {
            return None;
        }
        total = total.checked_add(whole.parse::<i64>().ok()?.checked_mul(unit)?)?;
        if !fraction.is_empty() {
            let scale = 10_i64.pow(u32::try_from(fraction.len()).ok()?);
            total = total.checked_add(fraction.parse::<i64>().ok()?.checked_mul(unit)? / scale)?;
        }
        rest = tail;
    }
    total.checked_mul(sign)
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
        for bad in ["", "15", "m", "1x", "1.s", "-", "9999999999999h"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
