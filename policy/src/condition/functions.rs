//! The functions of conditions: one table of names, arguments and results, and what they compute.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

use std::borrow::Cow;
use std::rc::Rc;

use super::Failure;
use super::lower::Kind;
use super::number::Number;
use super::value::{Items, Value};
use super::{time, url};
use crate::list;

/// A function of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    UpperAscii,
    Trim,
    Split,
    ToText,
    ToInt,
    ToUint,
    ToDouble,
    ToBool,
    ToTime,
    ToDuration,
    Part(time::Part),
    OptionalOf,
    OptionalNone,
    HasValue,
    OptionalValue,
    OrValue,
    Url,
    HostWithin,
    EmailDomain,
}

/// How a function is called.
#[derive(Debug)]
pub(super) struct Signature {
    name: &'static str,
    /// As `receiver.name()`; None: both ways.
    member: Option<bool>,
    pub(super) takes: &'static [&'static [Kind]],
    pub(super) gives: Kind,
    pub(super) function: Function,
}

const ANY: &[Kind] = &[Kind::Any];
const TEXT: &[Kind] = &[Kind::Text];
const TIME: &[Kind] = &[Kind::Time];
const SIZED: &[Kind] = &[Kind::Text, Kind::Items, Kind::Entries];
const OPTIONAL: &[Kind] = &[Kind::Optional];

const fn signature(
    name: &'static str,
    member: Option<bool>,
    takes: &'static [&'static [Kind]],
    gives: Kind,
    function: Function,
) -> Signature {
    Signature {
        name,
        member,
        takes,
        gives,
        function,
    }
}

const fn part(name: &'static str, part: time::Part) -> Signature {
    signature(
        name,
        Some(true),
        &[TIME],
        Kind::Number,
        Function::Part(part),
    )
}

#[rustfmt::skip]
const TABLE: &[Signature] = &[
    signature("size", None, &[SIZED], Kind::Number, Function::Size),
    signature("startsWith", Some(true), &[TEXT, TEXT], Kind::Bool, Function::StartsWith),
    signature("endsWith", Some(true), &[TEXT, TEXT], Kind::Bool, Function::EndsWith),
    signature("contains", Some(true), &[TEXT, TEXT], Kind::Bool, Function::Contains),
    signature("lowerAscii", Some(true), &[TEXT], Kind::Text, Function::LowerAscii),
    signature("upperAscii", Some(true), &[TEXT], Kind::Text, Function::UpperAscii),
    signature("trim", Some(true), &[TEXT], Kind::Text, Function::Trim),
    signature("split", Some(true), &[TEXT, TEXT], Kind::Items, Function::Split),
    signature("string", Some(false), &[&[Kind::Text, Kind::Number, Kind::Bool, Kind::Time]], Kind::Text, Function::ToText),
    signature("int", Some(false), &[&[Kind::Number, Kind::Text, Kind::Time]], Kind::Number, Function::ToInt),
    signature("uint", Some(false), &[&[Kind::Number, Kind::Text]], Kind::Number, Function::ToUint),
    signature("double", Some(false), &[&[Kind::Number, Kind::Text]], Kind::Number, Function::ToDouble),
    signature("bool", Some(false), &[&[Kind::Bool, Kind::Text]], Kind::Bool, Function::ToBool),
    signature("timestamp", Some(false), &[&[Kind::Text, Kind::Time, Kind::Number]], Kind::Time, Function::ToTime),
    signature("duration", Some(false), &[&[Kind::Text, Kind::Duration]], Kind::Duration, Function::ToDuration),
    part("getFullYear", time::Part::Year),
    part("getMonth", time::Part::Month),
    part("getDate", time::Part::Date),
    part("getDayOfMonth", time::Part::DayOfMonth),
    part("getDayOfWeek", time::Part::DayOfWeek),
    part("getDayOfYear", time::Part::DayOfYear),
    part("getHours", time::Part::Hours),
    part("getMinutes", time::Part::Minutes),
    part("getSeconds", time::Part::Seconds),
    part("getMilliseconds", time::Part::Milliseconds),
    signature("optional.of", Some(false), &[ANY], Kind::Optional, Function::OptionalOf),
    signature("optional.none", Some(false), &[], Kind::Optional, Function::OptionalNone),
    signature("hasValue", Some(true), &[OPTIONAL], Kind::Bool, Function::HasValue),
    signature("value", Some(true), &[OPTIONAL], Kind::Any, Function::OptionalValue),
    signature("orValue", Some(true), &[OPTIONAL, ANY], Kind::Any, Function::OrValue),
    signature("url", Some(false), &[TEXT], Kind::Entries, Function::Url),
    signature("hostWithin", Some(false), &[TEXT, TEXT], Kind::Bool, Function::HostWithin),
    signature("emailDomain", Some(false), &[TEXT], Kind::Text, Function::EmailDomain),
];

impl Function {
    /// Finds a function by name, way of calling and number of arguments, the receiver included.
    pub(super) fn find(name: &str, member: bool, arguments: usize) -> Option<&'static Signature> {
        TABLE.iter().find(|s| {
            s.name == name && s.member.is_none_or(|m| m == member) && s.takes.len() == arguments
        })
    }

    /// The names of all functions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|signature| signature.name)
    }

    fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|s| s.function == self)
            .map_or("function", |s| s.name)
    }

    /// The kind of its result.
    pub(super) fn gives(self) -> Kind {
        TABLE
            .iter()
            .find(|s| s.function == self)
            .map_or(Kind::Any, |s| s.gives)
    }

    /// Computes the function; costs are charged by the caller.
    pub(super) fn apply<'a>(self, mut args: Vec<Value<'a>>) -> Result<Value<'a>, Failure> {
        let second = if args.len() > 1 { args.pop() } else { None };
        let first = args.pop();
        match (self, first, second) {
            (Self::OptionalNone, None, None) => Ok(Value::Optional(None)),
            (Self::OptionalOf, Some(value), None) => Ok(Value::Optional(Some(Rc::new(value)))),
            (Self::HasValue, Some(Value::Optional(value)), None) => {
                Ok(Value::Bool(value.is_some()))
            }
            (Self::OptionalValue, Some(Value::Optional(value)), None) => value
                .map(|value| (*value).clone())
                .ok_or_else(|| Failure("the optional has no value".to_owned())),
            (Self::OrValue, Some(Value::Optional(value)), Some(other)) => {
                Ok(value.map_or(other, |value| (*value).clone()))
            }
            (Self::Size, Some(value), None) => self.size(&value),
            (Self::Part(part), Some(Value::Time(time)), None) => {
                Ok(Value::Number(Number::Int(part.of(time))))
            }
            (Self::HostWithin, Some(Value::Text(a)), Some(Value::Text(b))) => {
                let (a, b) = (hostname(&a)?, hostname(&b)?);
                let within = a == b || a.strip_suffix(&*b).is_some_and(|rest| rest.ends_with('.'));
                Ok(Value::Bool(within))
            }
            (_, Some(Value::Text(a)), Some(Value::Text(b))) => match self {
                Self::StartsWith => Ok(Value::Bool(a.starts_with(&*b))),
                Self::EndsWith => Ok(Value::Bool(a.ends_with(&*b))),
                Self::Contains => Ok(Value::Bool(a.contains(&*b))),
                Self::Split => {
                    let part = |part: &str| Value::Text(Cow::Owned(part.to_owned()));
                    Ok(Value::Items(Items::Made(Rc::new(
                        a.split(&*b).map(part).collect(),
                    ))))
                }
                _ => Err(self.overload("string")),
            },
            (_, Some(value), None) => self.convert(value),
            (_, Some(value), Some(_)) => Err(self.overload(value.kind())),
            (_, None, _) => Err(self.overload("nothing")),
        }
    }

    fn overload(self, kind: &str) -> Failure {
        Failure(format!("`{}()` does not take {kind}", self.name()))
    }

    fn size<'a>(self, value: &Value<'_>) -> Result<Value<'a>, Failure> {
        let size = match value {
            Value::Text(text) => text.chars().count(),
            Value::Items(items) => items.len(),
            Value::Entries(entries) => entries.keys().len(),
            other => return Err(self.overload(other.kind())),
        };
        Ok(Value::Number(Number::Int(
            i64::try_from(size).unwrap_or(i64::MAX),
        )))
    }

    fn convert<'a>(self, value: Value<'a>) -> Result<Value<'a>, Failure> {
        let kind = value.kind();
        let fail = || Failure(format!("`{}()` cannot convert this {kind}", self.name()));
        let some = |value: Option<Value<'a>>| value.ok_or_else(fail);
        let int = |n: Option<i128>| {
            n.and_then(|n| i64::try_from(n).ok())
                .map(|n| Value::Number(Number::Int(n)))
        };
        let uint = |n: Option<i128>| {
            n.and_then(|n| u64::try_from(n).ok())
                .map(|n| Value::Number(Number::Uint(n)))
        };
        match (self, value) {
            (Self::LowerAscii, Value::Text(text)) => {
                Ok(Value::Text(Cow::Owned(text.to_ascii_lowercase())))
            }
            (Self::UpperAscii, Value::Text(text)) => {
                Ok(Value::Text(Cow::Owned(text.to_ascii_uppercase())))
            }
            (Self::Trim, Value::Text(text)) => Ok(Value::Text(Cow::Owned(text.trim().to_owned()))),
            (Self::ToText, value @ Value::Text(_))
            | (Self::ToBool, value @ Value::Bool(_))
            | (Self::ToTime, value @ Value::Time(_))
            | (Self::ToDuration, value @ Value::Duration(_)) => Ok(value),
            (Self::ToText, Value::Number(number)) => Ok(Value::Text(Cow::Owned(match number {
                Number::Int(n) => n.to_string(),
                Number::Uint(n) => n.to_string(),
                Number::Double(n) => n.to_string(),
            }))),
            (Self::ToText, Value::Bool(value)) => {
                Ok(Value::text(if value { "true" } else { "false" }))
            }
            (Self::ToText, Value::Time(time)) => Ok(Value::Text(Cow::Owned(
                veto_core::Timestamp(time).to_string(),
            ))),
            (Self::ToInt, Value::Number(number)) => some(int(number.truncated())),
            (Self::ToInt, Value::Text(text)) => some(int(text.parse::<i64>().ok().map(i128::from))),
            (Self::ToInt, Value::Time(time)) => Ok(Value::Number(Number::Int(
                veto_core::Timestamp(time).seconds(),
            ))),
            (Self::ToUint, Value::Number(number)) => some(uint(number.truncated())),
            (Self::ToUint, Value::Text(text)) => {
                some(uint(text.parse::<u64>().ok().map(i128::from)))
            }
            (Self::ToDouble, Value::Number(number)) => {
                Ok(Value::Number(Number::Double(number.nearest_double())))
            }
            (Self::ToDouble, Value::Text(text)) => {
                some(decimal(&text).map(|n| Value::Number(Number::Double(n))))
            }
            (Self::ToBool, Value::Text(text)) => some(text.parse().ok().map(Value::Bool)),
            (Self::ToTime, Value::Text(text)) => {
                some(veto_core::Timestamp::parse(&text).map(|time| Value::Time(time.0)))
            }
            (Self::ToTime, Value::Number(Number::Int(seconds))) => {
                some(seconds.checked_mul(1_000_000).map(Value::Time))
            }
            (Self::ToDuration, Value::Text(text)) => {
                some(time::duration(&text).map(Value::Duration))
            }
            (Self::Url, Value::Text(text)) => url::parse(&text),
            (Self::EmailDomain, Value::Text(text)) => {
                let domain = list::ListType::Email.normalize(&text.into_owned().into());
                let domain = domain
                    .as_ref()
                    .and_then(|mail| mail.as_str()?.rsplit_once('@'));
                some(domain.map(|(_, domain)| Value::Text(Cow::Owned(domain.to_owned()))))
            }
            (_, value) => Err(self.overload(value.kind())),
        }
    }
}

/// A finite decimal number; words such as `inf` and `nan` are no numbers here.
fn decimal(text: &str) -> Option<f64> {
    let fine = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|n: &f64| fine && n.is_finite())
}

fn hostname(text: &str) -> Result<String, Failure> {
    list::host(text).ok_or_else(|| Failure("`hostWithin()` takes host names".to_owned()))
}
