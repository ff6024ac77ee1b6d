//! Functions of URLs, hosts, mail addresses and networks.

use super::{Failure, Function, Result};
use crate::condition::value::Value;
use crate::condition::{cidr, host, url};

impl Function {
    pub(super) fn network<'a>(self, args: &[Value<'a>]) -> Result<'a> {
        use Value::Text;
        match (self, args) {
            (Self::Url, [Text(text)]) => url::parse(text, false),
            (Self::Url, [Text(text), Text(how)]) => {
                if &**how != "ip" {
                    return Err(self.fail("the second text is `'ip'`"));
                }
                url::parse(text, true)
            }
            (Self::HostWithin, [Text(name), Text(domain)]) => {
                let host =
                    |text: &str| host::name(text).ok_or_else(|| self.fail("it takes host names"));
                Ok(Value::Bool(host::within(&host(name)?, &host(domain)?)))
            }
            (Self::Links, [Text(text)]) => {
                let found = url::links(text, crate::condition::limits::ITEMS + 1);
                let parts = found.into_iter();
                self.list(parts.map(|range| Text(text.part(range))))
            }
            (Self::EmailDomain, [Text(text)]) => host::of_mail(text)
                .map(|domain| Value::made(&domain))
                .ok_or_else(|| self.fail("this is no mail address")),
            (Self::IsIp, [Text(text)]) => Ok(Value::Bool(cidr::address(text).is_some())),
            (Self::InCidr, [Text(address), Text(network)]) => {
                self.in_network(address, network).map(Value::Bool)
            }
            (Self::InCidr, [Text(address), Value::Items(networks)]) => {
                let mut within = false;
                // Each is read, so that a mistake in one does not hide behind another.
                for network in networks.iter() {
                    let Text(network) = network else {
                        return Err(self.overload(&[network]));
                    };
                    within |= self.in_network(address, &network)?;
                }
                Ok(Value::Bool(within))
            }
            (_, args) => Err(self.overload(args)),
        }
    }

    fn in_network(self, address: &str, network: &str) -> std::result::Result<bool, Failure> {
        let address =
            cidr::address(address).ok_or_else(|| self.fail("the first text is no IP address"))?;
        let network = cidr::Network::parse(network).map_err(|why| self.fail(&why))?;
        Ok(network.contains(address))
    }
}
