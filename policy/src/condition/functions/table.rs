//! All functions that are called by name alone.

use super::Function as F;
use super::{Signature, Way};
use crate::condition::lower::Kind;
use crate::condition::time::Part;

const ANY: &[Kind] = &[Kind::Any];
const TEXT: &[Kind] = &[Kind::Text];
const NUMBER: &[Kind] = &[Kind::Number];
const ITEMS: &[Kind] = &[Kind::Items];
const TIME: &[Kind] = &[Kind::Time];
const TIMED: &[Kind] = &[Kind::Time, Kind::Duration];
const SIZED: &[Kind] = &[Kind::Text, Kind::Bytes, Kind::Items, Kind::Entries];
const OPTIONAL: &[Kind] = &[Kind::Optional];

const fn row(
    way: Way,
    name: &'static str,
    takes: &'static [&'static [Kind]],
    gives: Kind,
    function: F,
    summary: &'static str,
) -> Signature {
    Signature {
        name,
        way,
        takes,
        repeats: false,
        gives,
        function,
        summary,
    }
}

const fn member(
    name: &'static str,
    takes: &'static [&'static [Kind]],
    gives: Kind,
    function: F,
    summary: &'static str,
) -> Signature {
    row(Way::Member, name, takes, gives, function, summary)
}

const fn global(
    name: &'static str,
    takes: &'static [&'static [Kind]],
    gives: Kind,
    function: F,
    summary: &'static str,
) -> Signature {
    row(Way::Global, name, takes, gives, function, summary)
}

const fn repeated(name: &'static str, function: F, summary: &'static str) -> Signature {
    Signature {
        repeats: true,
        ..global(
            name,
            &[&[Kind::Number, Kind::Items]],
            Kind::Number,
            function,
            summary,
        )
    }
}

const fn part(
    name: &'static str,
    takes: &'static [&'static [Kind]],
    part: Part,
    summary: &'static str,
) -> Signature {
    member(name, takes, Kind::Number, F::Part(part), summary)
}

const fn math(name: &'static str, gives: Kind, function: F, summary: &'static str) -> Signature {
    global(name, &[NUMBER], gives, function, summary)
}

const fn bits(name: &'static str, function: F, summary: &'static str) -> Signature {
    global(name, &[NUMBER, NUMBER], Kind::Number, function, summary)
}

#[rustfmt::skip]
pub(super) const TABLE: &[Signature] = &[
    row(Way::Both, "size", &[SIZED], Kind::Number, F::Size, "Counts the characters of a text, the bytes of bytes, or the entries of a list or map."),
    member("startsWith", &[TEXT, TEXT], Kind::Bool, F::StartsWith, "Tells whether the text starts with another."),
    member("endsWith", &[TEXT, TEXT], Kind::Bool, F::EndsWith, "Tells whether the text ends with another."),
    member("contains", &[TEXT, TEXT], Kind::Bool, F::Contains, "Tells whether the text contains another."),
    member("lowerAscii", &[TEXT], Kind::Text, F::LowerAscii, "Turns the letters A to Z into lower case."),
    member("upperAscii", &[TEXT], Kind::Text, F::UpperAscii, "Turns the letters a to z into upper case."),
    member("trim", &[TEXT], Kind::Text, F::Trim, "Leaves out white space at both ends."),
    member("charAt", &[TEXT, NUMBER], Kind::Text, F::CharAt, "Gives the character at an index, or an empty text right behind the last one."),
    member("indexOf", &[TEXT, TEXT], Kind::Number, F::IndexOf, "Gives the index at which a text is first found, or -1."),
    member("indexOf", &[TEXT, TEXT, NUMBER], Kind::Number, F::IndexOf, "Gives the index at which a text is first found from an index on, or -1."),
    member("lastIndexOf", &[TEXT, TEXT], Kind::Number, F::LastIndexOf, "Gives the index at which a text is last found, or -1."),
    member("lastIndexOf", &[TEXT, TEXT, NUMBER], Kind::Number, F::LastIndexOf, "Gives the last index up to the one given at which a text is found, or -1."),
    member("substring", &[TEXT, NUMBER], Kind::Text, F::Substring, "Gives the characters from an index on."),
    member("substring", &[TEXT, NUMBER, NUMBER], Kind::Text, F::Substring, "Gives the characters from the first index up to before the second."),
    member("replace", &[TEXT, TEXT, TEXT], Kind::Text, F::Replace, "Replaces each occurrence of the first text by the second."),
    member("replace", &[TEXT, TEXT, TEXT, NUMBER], Kind::Text, F::Replace, "Replaces as many occurrences of the first text by the second as the number says."),
    member("reverse", &[TEXT], Kind::Text, F::Reverse, "Gives the characters in the opposite order."),
    member("split", &[TEXT, TEXT], Kind::Items, F::Split, "Splits the text at each separator."),
    member("split", &[TEXT, TEXT, NUMBER], Kind::Items, F::Split, "Splits the text at separators into at most as many parts as the number says."),
    member("join", &[ITEMS], Kind::Text, F::Join, "Joins the texts of a list."),
    member("join", &[ITEMS, TEXT], Kind::Text, F::Join, "Joins the texts of a list with a separator between them."),
    member("format", &[TEXT, ITEMS], Kind::Text, F::Format, "Fills in the clauses `%s %d %f %e %b %o %x %X` with the values of a list; `%%` is a percent sign."),
    global("strings.quote", &[TEXT], Kind::Text, F::Quote, "Writes the text as a literal, in quotes and with escapes."),
    global("string", &[&[Kind::Text, Kind::Number, Kind::Bool, Kind::Time, Kind::Duration, Kind::Bytes]], Kind::Text, F::ToText, "Converts a value to text; bytes must be UTF-8."),
    global("bytes", &[&[Kind::Text, Kind::Bytes]], Kind::Bytes, F::ToBytes, "Converts a text to its bytes in UTF-8."),
    global("int", &[&[Kind::Number, Kind::Text, Kind::Time]], Kind::Number, F::ToInt, "Converts to an integer: a number loses its fraction, a text must be one, a timestamp gives its seconds since 1970."),
    global("uint", &[&[Kind::Number, Kind::Text]], Kind::Number, F::ToUint, "Converts to an unsigned integer; what is below zero fails."),
    global("double", &[&[Kind::Number, Kind::Text]], Kind::Number, F::ToDouble, "Converts to the nearest double; a text must be a finite decimal number."),
    global("bool", &[&[Kind::Bool, Kind::Text]], Kind::Bool, F::ToBool, "Converts `true`, `t`, `1`, `false`, `f` and `0` to a bool."),
    global("timestamp", &[&[Kind::Text, Kind::Time, Kind::Number]], Kind::Time, F::ToTime, "Reads RFC 3339 text, or seconds since 1970, as a timestamp."),
    global("duration", &[&[Kind::Text, Kind::Duration]], Kind::Duration, F::ToDuration, "Reads a text such as `1h30m` or `1.5s` as a duration."),
    global("type", &[ANY], Kind::Type, F::TypeOf, "Gives the type of a value, to compare with `string`, `list`, `map` and the like."),
    part("getFullYear", &[TIME], Part::Year, "Gives the year of a timestamp, in UTC."),
    part("getMonth", &[TIME], Part::Month, "Gives the month of a timestamp, from 0, in UTC."),
    part("getDate", &[TIME], Part::Date, "Gives the day of the month of a timestamp, from 1, in UTC."),
    part("getDayOfMonth", &[TIME], Part::DayOfMonth, "Gives the day of the month of a timestamp, from 0, in UTC."),
    part("getDayOfWeek", &[TIME], Part::DayOfWeek, "Gives the day of the week of a timestamp, 0 for Sunday, in UTC."),
    part("getDayOfYear", &[TIME], Part::DayOfYear, "Gives the day of the year of a timestamp, from 0, in UTC."),
    part("getHours", &[TIMED], Part::Hours, "Gives the hour of a timestamp in UTC, or all hours of a duration."),
    part("getMinutes", &[TIMED], Part::Minutes, "Gives the minute of a timestamp, or all minutes of a duration."),
    part("getSeconds", &[TIMED], Part::Seconds, "Gives the second of a timestamp, or all seconds of a duration."),
    part("getMilliseconds", &[TIMED], Part::Milliseconds, "Gives the milliseconds beyond whole seconds."),
    repeated("math.greatest", F::Greatest, "Gives the greatest of the numbers, or of the numbers of a list."),
    repeated("math.least", F::Least, "Gives the least of the numbers, or of the numbers of a list."),
    math("math.abs", Kind::Number, F::Abs, "Gives the absolute value."),
    math("math.sign", Kind::Number, F::Sign, "Gives -1, 0 or 1."),
    math("math.ceil", Kind::Number, F::Ceil, "Rounds up to an integral number."),
    math("math.floor", Kind::Number, F::Floor, "Rounds down to an integral number."),
    math("math.round", Kind::Number, F::Round, "Rounds to the nearest integral number, halves away from zero."),
    math("math.trunc", Kind::Number, F::Trunc, "Leaves out the fraction."),
    math("math.sqrt", Kind::Number, F::Sqrt, "Gives the square root as a double."),
    math("math.isNaN", Kind::Bool, F::IsNan, "Tells whether the value is not a number."),
    math("math.isInf", Kind::Bool, F::IsInf, "Tells whether the number is infinite."),
    math("math.isFinite", Kind::Bool, F::IsFinite, "Tells whether the value is a number and finite."),
    bits("math.bitAnd", F::BitAnd, "Gives the bits that are set in both integers."),
    bits("math.bitOr", F::BitOr, "Gives the bits that are set in either integer."),
    bits("math.bitXor", F::BitXor, "Gives the bits that are set in one integer and not in the other."),
    math("math.bitNot", Kind::Number, F::BitNot, "Inverts all bits of an integer."),
    bits("math.bitShiftLeft", F::ShiftLeft, "Shifts the bits of an integer to the left."),
    bits("math.bitShiftRight", F::ShiftRight, "Shifts the bits of an integer to the right; zeros come in."),
    global("optional.of", &[ANY], Kind::Optional, F::OptionalOf, "Makes an optional that has the value."),
    global("optional.ofNonZeroValue", &[ANY], Kind::Optional, F::OptionalOfNonZero, "Makes an optional that has the value, or none when it is null, zero, false or empty."),
    global("optional.none", &[], Kind::Optional, F::OptionalNone, "Makes an optional without a value."),
    member("hasValue", &[OPTIONAL], Kind::Bool, F::HasValue, "Tells whether the optional has a value."),
    member("value", &[OPTIONAL], Kind::Any, F::OptionalValue, "Gives the value of an optional; without one it fails."),
    member("orValue", &[OPTIONAL, ANY], Kind::Any, F::OrValue, "Gives the value of an optional, or the one that is given."),
    member("or", &[OPTIONAL, OPTIONAL], Kind::Optional, F::Or, "Gives the optional when it has a value, or else the other one."),
    global("url", &[TEXT], Kind::Entries, F::Url, "Reads a URL into `scheme`, `host`, `port`, `path` and `query`; user information, backslashes, control characters and bare addresses are refused."),
    global("url", &[TEXT, TEXT], Kind::Entries, F::Url, "Reads a URL whose host may be an IP address, when the second text is `'ip'`."),
    global("hostWithin", &[TEXT, TEXT], Kind::Bool, F::HostWithin, "Tells whether a host is a domain, or stands below it."),
    global("links", &[TEXT], Kind::Items, F::Links, "Lists what clients make clickable in a text, bare domains included."),
    global("emailDomain", &[TEXT], Kind::Text, F::EmailDomain, "Gives the domain of a mail address, in lower case."),
    global("isIp", &[TEXT], Kind::Bool, F::IsIp, "Tells whether a text is an IPv4 or IPv6 address."),
    global("inCidr", &[TEXT, &[Kind::Text, Kind::Items]], Kind::Bool, F::InCidr, "Tells whether an IP address is in a network such as `10.0.0.0/8`, or in one of a list."),
    global("normalizePath", &[TEXT], Kind::Text, F::NormalizePath, "Resolves `.`, `..` and double slashes of a path without asking any disk; one that leads above its start fails."),
    global("pathWithin", &[TEXT, TEXT], Kind::Bool, F::PathWithin, "Tells whether a path stays within a folder, once both are normalized."),
];
