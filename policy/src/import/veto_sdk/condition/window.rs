//! `within_hours` and `outside_hours` of the time of the call.

use serde_json::Value;

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Names of the zone that conditions read.
const UTC: &[&str] = &[
    "UTC",
    "Etc/UTC",
    "Etc/UCT",
    "UCT",
    "Etc/Zulu",
    "Zulu",
    "Universal",
    "Etc/Universal",
    "GMT",
    "Etc/GMT",
    "Etc/GMT+0",
    "Etc/GMT-0",
    "Etc/GMT0",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "Etc/Greenwich",
];

/// The window in CEL; None when the SDK never finds it met.
pub(super) fn cel(value: Option<&Value>, inside: bool) -> Result<Option<String>, String> {
    let window = value.and_then(Value::as_object);
    let text = |name: &str| window.and_then(|w| w.get(name)).and_then(Value::as_str);
    let (Some(start), Some(end), Some(zone)) = (
        text("start").and_then(minutes),
        text("end").and_then(minutes),
        text("timezone"),
    ) else {
        return Ok(None);
    };
    if !UTC.contains(&zone) {
        return Err(format!(
            "conditions read UTC, and not the hours of `{zone}`"
        ));
    }
    let days = match window.and_then(|w| w.get("days")) {
        None | Some(Value::Null) => None,
        Some(days) => match self::days(days) {
            Some(days) => Some(days),
            None => return Ok(None),
        },
    };
    let minute = "request.time.getHours() * 60 + request.time.getMinutes()";
    let on = |shift: usize, days: &[usize]| {
        let mut days: Vec<_> = days.iter().map(|day| (day + shift) % 7).collect();
        days.sort_unstable();
        let days: Vec<_> = days.iter().map(usize::to_string).collect();
        format!("request.time.getDayOfWeek() in [{}]", days.join(", "))
    };
    let scope = days.as_ref().map(|days| {
        let today = on(0, days);
        if start > end {
            // After midnight the window belongs to the day on which it began.
            let after = on(1, days);
            format!("({minute} < {end} ? {after} : {today})")
        } else {
            today
        }
    });
    let open = match start.cmp(&end) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(format!("{minute} >= {start} && {minute} < {end}")),
        std::cmp::Ordering::Greater => Some(format!("({minute} >= {start} || {minute} < {end})")),
    };
    Ok(match (scope, open, inside) {
        (None, None, true) => Some("has(request.time)".to_owned()),
        (_, None, false) => None,
        (Some(scope), None, true) => Some(scope),
        (None, Some(open), true) => Some(open),
        (None, Some(open), false) => Some(format!("!({open})")),
        (Some(scope), Some(open), true) => Some(format!("{scope} && {open}")),
        (Some(scope), Some(open), false) => Some(format!("{scope} && !({open})")),
    })
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str, below: u32| -> Option<u32> {
        let fine = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| fine && *n < below)
    };
    Some(two(hours, 24)? * 60 + two(minutes, 60)?)
}

fn days(value: &Value) -> Option<Vec<usize>> {
    let name = |day: &Value| {
        let day: String = day
            .as_str()?
            .trim()
            .to_lowercase()
            .chars()
            .take(3)
            .collect();
        DAYS.iter().position(|known| *known == day)
    };
    let mut days: Vec<_> = value.as_array()?.iter().map(name).collect::<Option<_>>()?;
    days.sort_unstable();
    days.dedup();
    Some(days)
}
