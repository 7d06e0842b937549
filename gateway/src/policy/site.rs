//! Which addresses are one client's: what is counted, and limited, together.

use std::net::{IpAddr, Ipv6Addr};

/// One client as its address tells: an IPv4 address, or an IPv6 network of 64 bits, because whoever
/// has one address of such a network has them all (RFC 4291, section 2.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site(IpAddr);

impl Site {
    /// Whose an address is. Nobody's, if it is loopback: that is the operator, or a proxy that
    /// speaks for many.
    pub fn of(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return None;
        }
        Some(Site(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(text: &str) -> Option<Site> {
        Site::of(text.parse().unwrap())
    }

    #[test]
    fn loopback_is_nobodys_however_it_is_written() {
        for loopback in ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(site(loopback), None, "{loopback}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_each_ipv4_address_is() {
        assert_eq!(site("2001:db8:0:1::1"), site("2001:db8:0:1:ffff::2"));
        assert_ne!(site("2001:db8:0:1::1"), site("2001:db8:0:2::1"));
        assert_eq!(site("192.0.2.1"), site("::ffff:192.0.2.1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
    }
}
