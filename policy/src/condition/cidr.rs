//! IP addresses and networks. An IPv4 address that is mapped into IPv6 is the IPv4 address that it is.

use std::net::{IpAddr, Ipv6Addr};

/// An address in its plain form; None for what is no address. Octal, hexadecimal and short forms of
/// IPv4 are none, and zones of IPv6 neither: readers disagree on them.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

/// A network: the addresses that share their first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(64).collect();
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let no_address = || format!("`{shown}` is no network such as `10.0.0.0/8`");
        let first: IpAddr = first.parse().map_err(|_| no_address())?;
        let width = width(first);
        let bits = match bits {
            None => width,
            Some(bits) => {
                let digits = (1..=3).contains(&bits.len())
                    && bits.bytes().all(|b| b.is_ascii_digit())
                    && (bits == "0" || !bits.starts_with('0'));
                let bits = bits.parse().ok().filter(|_| digits);
                bits.filter(|bits| *bits <= width)
                    .ok_or_else(|| format!("`{shown}` has no length of 0 to {width} bits"))?
            }
        };
        let network = Self { first, bits };
        if !network.holds(first) || number(first) & !network.mask() != 0 {
            return Err(format!("`{shown}` has bits beyond its length"));
        }
        Ok(network.canonical())
    }

    /// A network of IPv4 addresses that are mapped into IPv6 is one of IPv4.
    fn canonical(self) -> Self {
        match (self.first.to_canonical(), self.first) {
            (first @ IpAddr::V4(_), IpAddr::V6(_)) if self.bits >= 96 => Self {
                first,
                bits: self.bits - 96,
            },
            _ => self,
        }
    }

    /// The bits that all of its addresses share.
    fn mask(self) -> u128 {
        let width = width(self.first);
        let all = u128::MAX >> (128 - width);
        all.checked_shl(width - self.bits).unwrap_or(0) & all
    }

    fn holds(self, address: IpAddr) -> bool {
        width(address) == width(self.first)
            && number(address) & self.mask() == number(self.first) & self.mask()
    }

    /// Tells whether an address is in the network. Networks of IPv6 that enclose the mapped addresses,
    /// such as `::/0`, hold IPv4 addresses as well.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        match (address, self.first) {
            (IpAddr::V4(address), IpAddr::V6(_)) => self.holds(address.to_ipv6_mapped().into()),
            (address, _) => self.holds(address),
        }
    }
}

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => Ipv6Addr::into(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_the_networks_that_share_their_bits() {
        for (ip, network, wanted) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("10.0.0.0", "10.0.0.0/8", true),
            ("10.255.255.255", "10.0.0.0/8", true),
            ("192.168.1.1", "192.168.1.1/32", true),
            ("192.168.1.1", "192.168.1.1", true),
            ("192.168.1.2", "192.168.1.1", false),
            ("8.8.8.8", "0.0.0.0/0", true),
            ("::ffff:10.1.2.3", "10.0.0.0/8", true),
            ("::ffff:a01:203", "10.0.0.0/8", true),
            ("10.1.2.3", "::ffff:10.0.0.0/104", true),
            ("11.1.2.3", "::ffff:10.0.0.0/104", false),
            ("::10.1.2.3", "10.0.0.0/8", false),
            ("10.1.2.3", "::/0", true),
            ("10.1.2.3", "fd00::/8", false),
            ("fd12::1", "fd00::/8", true),
            ("FD12:0:0:0:0:0:0:1", "fd00::/8", true),
            ("fe80::1", "fd00::/8", false),
            ("::1", "::1/128", true),
            ("::1", "127.0.0.0/8", false),
            ("2001:db8::1", "2001:db8::/33", true),
            ("2001:db8:8000::1", "2001:db8::/33", false),
            ("fd12::1", "0.0.0.0/0", false),
        ] {
            let found = Network::parse(network)
                .unwrap()
                .contains(address(ip).unwrap());
            assert_eq!(found, wanted, "{ip} {network}");
        }
    }

    #[test]
    fn what_readers_could_take_for_different_addresses_is_none() {
        for bad in [
            "",
            " 10.0.0.1",
            "10.0.0.1 ",
            "10.0.0",
            "10.1",
            "167772161",
            "0x0a000001",
            "0x0a.0.0.1",
            "010.0.0.1",
            "10.0.0.256",
            "10.0.0.1.",
            "10.0.0.1/32",
            "[::1]",
            "fe80::1%eth0",
            "::1::",
            "1:2:3:4:5:6:7:8:9",
            "١٠.0.0.1",
            "localhost",
            "10.0.0.1:80",
            "::ffff:10.0.0.01",
        ] {
            assert_eq!(address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_malformed_network_is_told() {
        for bad in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.1/8",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0 /8",
            "fd00::1/8",
            "::/129",
            "::ffff:10.0.0.1/104",
            "10/8",
            "a/8",
        ] {
            assert!(Network::parse(bad).is_err(), "{bad:?}");
        }
    }
}
