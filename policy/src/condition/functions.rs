//! The functions of conditions: which there are, what they take, and what they compute.
//!
//! None has an effect, and what each may cost is in proportion to what it takes and gives: texts that
//! are made have at most 64 KiB, lists 1,000 entries.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind is refused, one that is added later too"
)]

mod convert;
mod format;
mod literal;
mod math;
mod network;
mod optional;
mod reference;
mod table;
mod text;

use super::lower::Kind;
use super::number::Number;
use super::value::Value;
use super::{Failure, limits, path, time};
pub use reference::{FunctionDoc, condition_functions};

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
    CharAt,
    IndexOf,
    LastIndexOf,
    Substring,
    Replace,
    Reverse,
    Split,
    Join,
    Quote,
    Format,
    ToText,
    ToBytes,
    ToInt,
    ToUint,
    ToDouble,
    ToBool,
    ToTime,
    ToDuration,
    TypeOf,
    Part(time::Part),
    Greatest,
    Least,
    Abs,
    Sign,
    Ceil,
    Floor,
    Round,
    Trunc,
    Sqrt,
    IsNan,
    IsInf,
    IsFinite,
    BitAnd,
    BitOr,
    BitXor,
    BitNot,
    ShiftLeft,
    ShiftRight,
    OptionalOf,
    OptionalOfNonZero,
    OptionalNone,
    HasValue,
    OptionalValue,
    OrValue,
    Or,
    Url,
    HostWithin,
    Links,
    EmailDomain,
    IsIp,
    InCidr,
    NormalizePath,
    PathWithin,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `name(a)`.
    Global,
    /// `a.name()`.
    Member,
    Both,
}

/// A function with what it takes and gives.
#[derive(Debug)]
pub(super) struct Signature {
    name: &'static str,
    way: Way,
    /// What each argument may be, the receiver first.
    takes: &'static [&'static [Kind]],
    /// The last argument may be repeated.
    repeats: bool,
    pub(super) gives: Kind,
    pub(super) function: Function,
    summary: &'static str,
}

type Result<'a> = std::result::Result<Value<'a>, Failure>;

impl Signature {
    /// What the argument at a place may be.
    pub(super) fn takes(&self, at: usize) -> &'static [Kind] {
        self.takes
            .get(at)
            .or(self.takes.last())
            .copied()
            .unwrap_or(&[])
    }

    fn takes_count(&self, arguments: usize) -> bool {
        self.takes.len() == arguments || (self.repeats && arguments > self.takes.len())
    }
}

impl Function {
    /// Finds a function by name, way of calling and number of arguments, the receiver included.
    pub(super) fn find(name: &str, member: bool, arguments: usize) -> Option<&'static Signature> {
        let way = if member { Way::Member } else { Way::Global };
        table::TABLE.iter().find(|s| {
            s.name == name && (s.way == way || s.way == Way::Both) && s.takes_count(arguments)
        })
    }

    /// The names of all functions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        table::TABLE.iter().map(|signature| signature.name)
    }

    fn signature(self) -> Option<&'static Signature> {
        table::TABLE.iter().find(|s| s.function == self)
    }

    fn name(self) -> &'static str {
        self.signature().map_or("function", |s| s.name)
    }

    /// The kind of its result.
    pub(super) fn gives(self) -> Kind {
        self.signature().map_or(Kind::Any, |s| s.gives)
    }

    /// Steps for each step that looking at its arguments takes, and for itself.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Self::Url
            | Self::HostWithin
            | Self::Links
            | Self::EmailDomain
            | Self::IsIp
            | Self::InCidr
            | Self::NormalizePath
            | Self::PathWithin => 8,
            Self::Replace | Self::Split | Self::Join | Self::Quote | Self::Format => 4,
            _ => 1,
        }
    }

    /// Tells whether its text may be much longer than those that it takes.
    pub(super) const fn grows(self) -> bool {
        matches!(
            self,
            Self::Replace | Self::Join | Self::Quote | Self::Format
        )
    }

    /// Tells whether its result is new, and to be paid for.
    pub(super) fn builds(self) -> bool {
        matches!(
            self.gives(),
            Kind::Text | Kind::Bytes | Kind::Items | Kind::Entries
        )
    }

    /// Computes the function; costs are charged by the caller.
    pub(super) fn apply<'a>(self, args: &[Value<'a>]) -> Result<'a> {
        match (self, args) {
            (Self::Size, [value]) => self.size(value),
            (Self::Part(part), [Value::Time(time)]) => Ok(Value::int(part.of(*time))),
            (Self::Part(part), [Value::Duration(micros)]) => part
                .of_duration(*micros)
                .map(Value::int)
                .ok_or_else(|| self.overload(args)),
            (Self::TypeOf, [value]) => Ok(Value::Type(value.kind())),
            (Self::StartsWith, [Value::Text(a), Value::Text(b)]) => {
                Ok(Value::Bool(a.starts_with(&**b)))
            }
            (Self::EndsWith, [Value::Text(a), Value::Text(b)]) => {
                Ok(Value::Bool(a.ends_with(&**b)))
            }
            (Self::Contains, [Value::Text(a), Value::Text(b)]) => Ok(Value::Bool(a.contains(&**b))),
            (Self::NormalizePath, [Value::Text(path)]) => {
                path::normalize(path).map(|path| Value::made(&path))
            }
            (Self::PathWithin, [Value::Text(path), Value::Text(base)]) => {
                path::within(path, base).map(Value::Bool)
            }
            (
                Self::LowerAscii
                | Self::UpperAscii
                | Self::Trim
                | Self::CharAt
                | Self::IndexOf
                | Self::LastIndexOf
                | Self::Substring
                | Self::Replace
                | Self::Reverse
                | Self::Split
                | Self::Join
                | Self::Quote
                | Self::Format,
                args,
            ) => self.text(args),
            (
                Self::ToText
                | Self::ToBytes
                | Self::ToInt
                | Self::ToUint
                | Self::ToDouble
                | Self::ToBool
                | Self::ToTime
                | Self::ToDuration,
                [value],
            ) => self.convert(value),
            (
                Self::OptionalOf
                | Self::OptionalOfNonZero
                | Self::OptionalNone
                | Self::HasValue
                | Self::OptionalValue
                | Self::OrValue
                | Self::Or,
                args,
            ) => self.optional(args),
            (
                Self::Url
                | Self::HostWithin
                | Self::Links
                | Self::EmailDomain
                | Self::IsIp
                | Self::InCidr,
                args,
            ) => self.network(args),
            (
                Self::Greatest
                | Self::Least
                | Self::Abs
                | Self::Sign
                | Self::Ceil
                | Self::Floor
                | Self::Round
                | Self::Trunc
                | Self::Sqrt
                | Self::IsNan
                | Self::IsInf
                | Self::IsFinite
                | Self::BitAnd
                | Self::BitOr
                | Self::BitXor
                | Self::BitNot
                | Self::ShiftLeft
                | Self::ShiftRight,
                args,
            ) => self.math(args),
            (_, args) => Err(self.overload(args)),
        }
    }

    fn overload(self, args: &[Value<'_>]) -> Failure {
        let kinds: Vec<_> = args.iter().take(4).map(Value::name).collect();
        let kinds = if kinds.is_empty() {
            "nothing".to_owned()
        } else {
            kinds.join(" and ")
        };
        Failure(format!("`{}()` does not take {kinds}", self.name()))
    }

    fn fail(self, why: &str) -> Failure {
        Failure(format!("`{}()`: {why}", self.name()))
    }

    fn size<'a>(self, value: &Value<'_>) -> Result<'a> {
        let size = match value {
            Value::Text(text) => text.chars().count(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Items(items) => items.len(),
            Value::Entries(entries) => entries.len(),
            _ => return Err(self.overload(std::slice::from_ref(value))),
        };
        Ok(Value::int(i64::try_from(size).unwrap_or(i64::MAX)))
    }

    /// A text that was made, of bounded length.
    fn made<'a>(self, text: &str) -> Result<'a> {
        if text.len() > limits::TEXT {
            return Err(self.fail("the text that it makes is longer than 64 KiB"));
        }
        Ok(Value::made(text))
    }

    /// A list that was made, of bounded length.
    fn list<'a>(self, values: impl Iterator<Item = Value<'a>>) -> Result<'a> {
        let values: Vec<_> = values.take(limits::ITEMS + 1).collect();
        if values.len() > limits::ITEMS {
            return Err(self.fail("the list that it makes has more than 1,000 entries"));
        }
        Ok(Value::list(values))
    }

    /// A number that is whole.
    fn whole(self, number: Number) -> std::result::Result<i64, Failure> {
        number
            .whole()
            .ok_or_else(|| self.fail("the number is no integer"))
    }
}

#[cfg(test)]
mod tests;
