//! What is wrong with an argument that stands in the condition itself: told when it is published.

use super::Function;
use crate::condition::{cidr, host, path, time};

impl Function {
    /// Says what is wrong with a text that is given at a place, the receiver first.
    pub(in crate::condition) fn refuses(self, at: usize, text: &str) -> Option<String> {
        let bad = |fine: bool, what: &str| (!fine).then(|| format!("`{text}` is no {what}"));
        match (self, at) {
            (Self::ToTime, 0) => bad(time::parse(text).is_some(), "RFC 3339 timestamp"),
            (Self::ToDuration, 0) => bad(
                time::duration(text).is_some(),
                "duration such as `15m` or `1h30m`",
            ),
            (Self::Url, 1) => bad(text == "ip", "way to read a URL; `'ip'` is the only one"),
            (Self::HostWithin, 1) => bad(host::name(text).is_some(), "host name"),
            (Self::InCidr, 1) => cidr::Network::parse(text).err(),
            (Self::PathWithin, 1) => path::normalize(text).err().map(|failure| failure.0),
            _ => None,
        }
    }
}
