//! The address that a link into the page begins with, for whoever asks.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

use super::proxied::told;
use crate::config::Config;
use crate::policy::proxies::ProxyHeader;

/// `https://demo.example.org/wire/`: the public URL; where there is none, the host that the client
/// asked for, and the scheme it used, which only a proxy of the operator's can know to be https.
///
/// It ends with a slash. It is a slash alone where nobody says any host of ours.
pub(super) fn base(config: &Config, peer: IpAddr, headers: &HeaderMap) -> String {
    if let Some(url) = &config.public_url {
        return url.base();
    }
    let (proto, host) = match config.proxies.trust(peer) {
        true => forwarded(config, peer, headers),
        false => (None, None),
    };
    let https = proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    let scheme = if https { "https" } else { "http" };
    // A proxy's word or not, a host that is none of ours leads elsewhere.
    let mut hosts = host.into_iter().chain(last(headers, header::HOST.as_str()));
    match hosts.find(|host| config.origins.allows_host(host)) {
        Some(host) => format!("{scheme}://{}/", host.to_ascii_lowercase()),
        None => "/".to_owned(),
    }
}

/// The scheme and the host that a proxy was asked for.
fn forwarded(
    config: &Config,
    peer: IpAddr,
    headers: &HeaderMap,
) -> (Option<String>, Option<String>) {
    match config.proxies.header() {
        ProxyHeader::Forwarded => {
            let told = told(&config.proxies, peer, headers);
            (told.proto, told.host)
        }
        ProxyHeader::XForwardedFor => (
            last(headers, "x-forwarded-proto"),
            last(headers, "x-forwarded-host"),
        ),
    }
}

/// The last value that a header has: the one that the nearest proxy wrote.
fn last(headers: &HeaderMap, name: &str) -> Option<String> {
    let line = headers.get_all(name).iter().next_back()?;
    let value = line.as_bytes().rsplit(|byte| *byte == b',').next()?;
    let value = std::str::from_utf8(value).ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    const PROXY: (&str, &str) = ("PROXIES", r#"["127.0.0.1/32"]"#);
    const HOSTS: (&str, &str) = ("HOSTS", r#"["demo.example.org"]"#);

    fn base_of(environment: &[(&str, &str)], peer: &str, headers: &[(&str, &str)]) -> String {
        let environment = environment
            .iter()
            .map(|(name, value)| (format!("CHALKWIRE_{name}"), (*value).to_owned()));
        let config = Config::load(None, environment, Flags::default()).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::try_from(*name).unwrap();
            map.append(name, value.parse().unwrap());
        }
        base(&config, peer.parse().unwrap(), &map)
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:8000");

    #[test]
    fn without_more_it_is_the_host_that_was_asked_for() {
        assert_eq!(base_of(&[], "127.0.0.1", &[HOST]), "http://127.0.0.1:8000/");
        assert_eq!(base_of(&[], "127.0.0.1", &[]), "/");
        assert_eq!(base_of(&[], "127.0.0.1", &[("host", "evil.example")]), "/");
    }

    #[test]
    fn the_public_url_wins_over_all_that_is_said() {
        let public = ("PUBLIC_URL", "https://demo.example.org/wire");
        let says = [HOST, ("x-forwarded-host", "localhost")];
        let base = base_of(&[public, PROXY], "127.0.0.1", &says);
        assert_eq!(base, "https://demo.example.org/wire/");
    }

    #[test]
    fn scheme_and_host_are_taken_from_a_proxy_of_the_operators_alone() {
        let says = [
            HOST,
            ("x-forwarded-proto", "http, HTTPS"),
            ("x-forwarded-host", "evil.example, Demo.example.org"),
            ("forwarded", "for=192.0.2.1;proto=https;host=evil.example"),
        ];
        let all = [PROXY, HOSTS];
        let demo = "https://demo.example.org/";
        assert_eq!(base_of(&all, "127.0.0.1", &says), demo);
        for stranger in ["192.0.2.1", "127.0.0.2"] {
            assert_eq!(base_of(&all, stranger, &says), "http://127.0.0.1:8000/");
        }
        assert_eq!(
            base_of(&[HOSTS], "127.0.0.1", &says),
            "http://127.0.0.1:8000/"
        );
        // A host that is none of ours is nobody's.
        let base = base_of(&[PROXY], "127.0.0.1", &says);
        assert_eq!(base, "https://127.0.0.1:8000/");

        let all = [PROXY, HOSTS, ("PROXY_HEADER", "forwarded")];
        let says = [
            HOST,
            ("x-forwarded-proto", "http"),
            (
                "forwarded",
                "for=192.0.2.1;proto=https;host=\"demo.example.org:8443\"",
            ),
        ];
        let base = base_of(&all, "127.0.0.1", &says);
        assert_eq!(base, "https://demo.example.org:8443/");
    }
}
