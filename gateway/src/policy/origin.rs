//! Which pages may talk to the gateway: the Host a request names, and the Origin it comes from.

use std::net::{IpAddr, Ipv6Addr};

/// The hosts that the gateway answers to and the origins it trusts besides its own.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Host names, in lower case and without a port.
    hosts: Vec<String>,
    /// Whole origins, such as `https://demo.example.org`, in lower case.
    origins: Vec<String>,
}

impl Origins {
    /// From what the operator lists.
    pub fn new(
        hosts: impl IntoIterator<Item = String>,
        origins: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut hosts: Vec<String> = hosts.into_iter().map(|h| h.to_ascii_lowercase()).collect();
        let origins: Vec<String> = origins
            .into_iter()
            .map(|o| o.trim_end_matches('/').to_ascii_lowercase())
            .collect();
        // A trusted origin is a name of ours or of a proxy before us, which passes its name on.
        hosts.extend(origins.iter().filter_map(|origin| {
            let (_, authority) = origin.split_once("://")?;
            Some(split_port(authority)?.to_owned())
        }));
        Origins { hosts, origins }
    }

    /// Whether the gateway answers to this Host header (RFC 9110, section 7.2).
    ///
    /// A page of a foreign *name* that was made to resolve to us (DNS rebinding) is refused here.
    /// An address needs no list: it can't be rebound. Ports don't matter: they are no name.
    pub fn allows_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some(name) = split_port(&host) else {
            return false;
        };
        let bare = name
            .strip_prefix('[')
            .and_then(|n| n.strip_suffix(']'))
            .unwrap_or(name);
        name == "localhost"
            || name.ends_with(".localhost") && is_name(name)
            || bare.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|allowed| allowed == name)
    }

    /// Whether a request with this Origin header may open a WebSocket or post (RFC 6454).
    ///
    /// No Origin: not a browser. Otherwise it must be our own (what the request's Host says, by
    /// http or, behind a proxy that ends TLS, https) or one the operator lists, to the letter.
    pub fn allows_origin(&self, origin: Option<&str>, host: &str) -> bool {
        let Some(origin) = origin else {
            return true;
        };
        let origin = origin.to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        let own = |scheme: &str| origin.strip_prefix(scheme).is_some_and(|rest| rest == host);
        own("http://") || own("https://") || self.origins.contains(&origin)
    }
}

/// Whether a text is a host's name or address, and nothing else.
pub(crate) fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = address.is_some_and(|it| it.parse::<Ipv6Addr>().is_ok());
    address || !text.is_empty() && is_name(text)
}

/// Whether a text is an origin (RFC 6454, section 6.2), a browser extension's for example, and so can
/// say nothing else in a policy. A slash at its end is overlooked.
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.trim_end_matches('/').split_once("://") else {
        return false;
    };
    let letter = |it: u8| it.is_ascii_alphanumeric() || b"+-.".contains(&it);
    !scheme.is_empty() && scheme.bytes().all(letter) && split_port(authority).is_some_and(is_host)
}

fn is_name(text: &str) -> bool {
    let letter = |it: u8| it.is_ascii_alphanumeric() || b".-_".contains(&it);
    text.bytes().all(letter)
}

/// The host of an authority; `None` where the port is no number.
fn split_port(authority: &str) -> Option<&str> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let name = match authority[after_bracket..].split_once(':') {
        Some((rest, port)) => {
            if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            &authority[..after_bracket + rest.len()]
        }
        None => authority,
    };
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demo() -> Origins {
        Origins::new([], ["https://demo.example.org/".to_owned()])
    }

    #[test]
    fn a_foreign_host_is_refused_and_an_address_is_not() {
        for ours in [
            "localhost:8000",
            "127.0.0.1:1",
            "[::1]:8000",
            "192.168.0.7",
            "Demo.Example.org:443",
        ] {
            assert!(demo().allows_host(ours), "{ours}");
        }
        for foreign in [
            "evil.example",
            "demo.example.org.evil.example",
            "",
            ":80",
            "localhost:x",
            "evil.example/.localhost",
            "a b.localhost",
        ] {
            assert!(!demo().allows_host(foreign), "{foreign}");
        }
    }

    #[test]
    fn our_own_and_listed_origins_may_connect() {
        let o = demo();
        assert!(o.allows_origin(None, "localhost:8000"));
        assert!(o.allows_origin(Some("http://localhost:8000"), "localhost:8000"));
        assert!(o.allows_origin(Some("https://demo.example.org"), "10.0.0.5:8000"));
        for foreign in [
            "null",
            "",
            "http://localhost",
            "http://localhost:80000",
            "http://localhost:8000.evil.example",
            "http://evil-localhost:8000",
            "ftp://localhost:8000",
            "http://localhost:8000/",
            "http://demo.example.org",
            "https://demo.example.org:444",
            "https://xdemo.example.org",
        ] {
            assert!(
                !o.allows_origin(Some(foreign), "localhost:8000"),
                "{foreign}"
            );
        }
    }

    #[test]
    fn hosts_and_origins_are_written_as_they_are_compared() {
        for host in ["demo.example.org", "Demo_1", "192.0.2.1", "[2001:db8::1]"] {
            assert!(is_host(host), "{host}");
            assert!(is_origin(&format!("https://{host}")), "{host}");
            assert!(is_origin(&format!("http://{host}:8443/")), "{host}");
        }
        for other in [
            "",
            "demo.example.org:8443",
            "https://demo.example.org",
            "demo.example.org/",
            "*.example.org",
            "2001:db8::1",
            "[demo]",
        ] {
            assert!(!is_host(other), "{other}");
        }
        assert!(is_origin("chrome-extension://abcdef"));
        for other in [
            "null",
            "demo.example.org",
            "://a",
            "https://",
            "https://a/b",
            "https://a:b",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_change_to_our_origin_passes(before in "[ -~]{0,5}", after in "[ -~]{0,5}") {
            prop_assume!(!(before.is_empty() && after.is_empty()));
            let changed = format!("{before}http://localhost:8000{after}");
            prop_assert!(!demo().allows_origin(Some(&changed), "localhost:8000"));
        }

        #[test]
        fn arbitrary_hosts_never_panic(host in ".{0,40}") {
            let _ = demo().allows_host(&host);
        }
    }
}
