//! Which proxies are believed, and whom a request comes from by what they say.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::forwarded::{Said, forwarded, from_the_end, x_forwarded_for};

/// The header in which the proxies say whom they speak for. One alone: a proxy that writes the one
/// passes on what a client wrote into the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies that the operator names; none at first.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    networks: Vec<IpNet>,
    header: ProxyHeader,
}

/// Whom a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The client's address, or of the last proxy that does not say.
    pub address: IpAddr,
    /// The scheme that the client used, where `Forwarded` says it.
    pub proto: Option<String>,
    /// The Host that the client asked for, where `Forwarded` says it.
    pub host: Option<String>,
}

impl Proxies {
    /// From what the operator lists; a network that is everybody comes back.
    ///
    /// # Errors
    /// A network such as 0.0.0.0/0, with which clients would be believed what they say of themselves.
    pub fn new(networks: Vec<IpNet>, header: ProxyHeader) -> Result<Self, IpNet> {
        match networks.iter().find(|net| net.prefix_len() == 0) {
            Some(everybody) => Err(*everybody),
            None => Ok(Proxies { networks, header }),
        }
    }

    /// The header that they write.
    pub fn header(&self) -> ProxyHeader {
        self.header
    }

    /// Whether an address is one of theirs.
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|net| net.contains(&address))
    }

    /// Whom a request comes from: `peer` is who connected, `lines` the values of their header in the
    /// order in which they came.
    ///
    /// Each proxy appends who came to it, so the list is walked from its end for as long as the
    /// address that was said is a proxy's too. What is before that, anybody may have written. Where
    /// an element is no address, the one after it stands.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Told {
        let mut told = Told {
            address: peer.to_canonical(),
            proto: None,
            host: None,
        };
        for element in lines.rev().flat_map(from_the_end) {
            if !self.trust(told.address) {
                break;
            }
            let said = match self.header {
                ProxyHeader::XForwardedFor => x_forwarded_for(element),
                ProxyHeader::Forwarded => forwarded(element).unwrap_or_default(),
            };
            let Said {
                address,
                proto,
                host,
            } = said;
            (told.proto, told.host) = (proto, host);
            match address {
                Some(address) => told.address = address,
                None => break,
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: &str = "127.0.0.1";

    fn proxies(header: ProxyHeader) -> Proxies {
        let networks = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48"];
        let networks = networks.map(|it| it.parse().unwrap()).to_vec();
        Proxies::new(networks, header).unwrap()
    }

    fn client(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let lines = lines.iter().map(|line| line.as_bytes());
        let told = proxies(header).client(peer.parse().unwrap(), lines);
        told.address.to_string()
    }

    #[test]
    fn who_is_no_proxy_is_not_believed() {
        let mut forged = vec!["192.0.2.1", "for=192.0.2.1"];
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            forged.rotate_left(1);
            for peer in ["192.0.2.9", "127.0.0.2", "2001:db8::1"] {
                assert_eq!(client(header, peer, &forged), peer);
            }
        }
        let none = Proxies::default();
        let peer: IpAddr = PEER.parse().unwrap();
        let told = none.client(peer, [&b"192.0.2.1"[..]].into_iter());
        assert_eq!(told.address, peer);
    }

    #[test]
    fn the_list_is_walked_from_its_end_to_the_first_who_is_no_proxy() {
        for (lines, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["203.0.113.5, 192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.5, 192.0.2.1, 10.0.0.7"], "192.0.2.1"),
            (&["192.0.2.1:4711, [2001:db8:1::9]:80"], "192.0.2.1"),
            (&["203.0.113.5", "192.0.2.1", "10.0.0.7"], "192.0.2.1"),
            (&["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
            (&[], PEER),
            (&[""], PEER),
            (&["192.0.2.1, unknown"], PEER),
            (&["192.0.2.1, x, 10.0.0.7"], "10.0.0.7"),
        ] {
            let found = client(ProxyHeader::XForwardedFor, PEER, lines);
            assert_eq!(found, expected, "{lines:?}");
        }
        for (lines, expected) in [
            (
                &["for=203.0.113.5, for=192.0.2.1;proto=https"][..],
                "192.0.2.1",
            ),
            (&[r#"for="[2001:db8::1]:80", for=10.0.0.7"#], "2001:db8::1"),
            (&["for=192.0.2.1, for=_hidden, for=10.0.0.7"], "10.0.0.7"),
            (&["for=192.0.2.1, proto=https"], PEER),
            (&["192.0.2.1"], PEER),
        ] {
            let found = client(ProxyHeader::Forwarded, PEER, lines);
            assert_eq!(found, expected, "{lines:?}");
        }
        let mapped = client(
            ProxyHeader::XForwardedFor,
            "::ffff:127.0.0.1",
            &["192.0.2.1"],
        );
        assert_eq!(mapped, "192.0.2.1");
    }

    #[test]
    fn what_a_client_wrote_hides_nothing_that_the_proxy_appended() {
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            let appended = match header {
                ProxyHeader::XForwardedFor => "192.0.2.1",
                ProxyHeader::Forwarded => "for=192.0.2.1",
            };
            for forged in [
                "for=\"",
                "\"",
                "\\",
                "127.0.0.1",
                "for=127.0.0.1",
                ",",
                "\u{fffd}",
            ] {
                let line = format!("{forged}, {appended}");
                assert_eq!(client(header, PEER, &[&line]), "192.0.2.1", "{line}");
            }
            let bytes = [b"\xff\", ", appended.as_bytes()].concat();
            let told = proxies(header).client(PEER.parse().unwrap(), [&bytes[..]].into_iter());
            assert_eq!(told.address.to_string(), "192.0.2.1");
        }
    }

    #[test]
    fn scheme_and_host_are_those_that_the_client_used() {
        let lines = [
            &b"for=192.0.2.1;proto=https;host=demo.example.org"[..],
            b"for=10.0.0.7;proto=http;host=inside",
        ];
        let told = proxies(ProxyHeader::Forwarded).client(PEER.parse().unwrap(), lines.into_iter());
        assert_eq!(told.proto.as_deref(), Some("https"));
        assert_eq!(told.host.as_deref(), Some("demo.example.org"));
    }

    #[test]
    fn not_everybody_can_be_a_proxy() {
        for net in ["0.0.0.0/0", "::/0"] {
            let net: IpNet = net.parse().unwrap();
            assert_eq!(
                Proxies::new(vec![net], ProxyHeader::default()).unwrap_err(),
                net
            );
        }
    }

    proptest! {
        #[test]
        fn a_client_cannot_choose_its_address(
            forged in prop::collection::vec(
                prop_oneof![
                    any::<IpAddr>().prop_map(|it| it.to_string()),
                    any::<u32>().prop_map(|it| format!("for=10.0.0.1, for={}", IpAddr::V4(it.into()))),
                    Just("10.0.0.1, for=10.0.0.2;proto=https".to_owned()),
                    "[0-9a-f.:, \"=;for\\[\\]\\\\]{0,40}",
                ],
                0..4
            ),
            real in any::<u32>(), which in any::<bool>()
        ) {
            let real = IpAddr::V4(real.into());
            let header = [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded][usize::from(which)];
            let proxies = proxies(header);
            prop_assume!(!proxies.trust(real));
            let mut lines: Vec<String> = forged;
            let appended = match header {
                ProxyHeader::XForwardedFor => real.to_string(),
                ProxyHeader::Forwarded => format!("for={real}"),
            };
            // As most do, into the last line; or as a line of its own.
            match lines.pop() {
                Some(last) => lines.push(format!("{last}, {appended}")),
                None => lines.push(appended),
            }
            let told = proxies.client(PEER.parse().unwrap(), lines.iter().map(String::as_bytes));
            prop_assert_eq!(told.address, real);
        }
    }
}
