//! What a proxy before the gateway has done to a request: whom it speaks for, and the path's prefix.

use std::net::IpAddr;
use std::sync::{Arc, Once};

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, Request, Uri, header};

use super::accept::Offers;
use crate::config::Config;
use crate::policy::proxies::{Proxies, ProxyHeader, Told};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from, and what it can make of its connection. Put into each by the accept
/// loop: as one thing, since each is a map's entry of its own.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The client's address, which limits are counted by: the peer's, or what a proxy of the
    /// operator's says of its own client.
    pub(crate) client: IpAddr,
    /// Who connected.
    pub(crate) peer: IpAddr,
    /// The peer is a proxy of the operator's, and passes on what another asked for.
    pub(crate) is_passing_on: bool,
    pub(crate) offers: Arc<Offers>,
}

/// Takes a request in as its client meant it.
pub(super) fn arrived<B>(
    config: &Config,
    peer: IpAddr,
    offers: &Arc<Offers>,
    request: &mut Request<B>,
) {
    let peer = peer.to_canonical();
    let (proxies, headers) = (&config.proxies, request.headers());
    let client = told(proxies, peer, headers).address;
    warn_of_strangers(proxies, peer, headers);
    let is_passing_on = proxies.trust(peer) && headers.contains_key(header_of(proxies));
    request.extensions_mut().insert(Arrival {
        client,
        peer,
        is_passing_on,
        offers: offers.clone(),
    });
    if let Some(below) = below(config, request.uri()) {
        *request.uri_mut() = below;
    }
}

/// Whom a request comes from, by the header that the proxies write.
pub(super) fn told(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) -> Told {
    // As bytes: a client could spoil a text.
    let lines = headers.get_all(header_of(proxies)).iter();
    proxies.client(peer, lines.map(|value| value.as_bytes()))
}

fn header_of(proxies: &Proxies) -> HeaderName {
    match proxies.header() {
        ProxyHeader::XForwardedFor => X_FORWARDED_FOR,
        ProxyHeader::Forwarded => header::FORWARDED,
    }
}

/// An address without the prefix, if it has it.
fn below(config: &Config, uri: &Uri) -> Option<Uri> {
    let path = config.public_url.as_ref()?.below(uri.path())?;
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

/// Says once that somebody on this machine speaks for others and is not believed: all of them are
/// taken for this machine, which has no limits.
fn warn_of_strangers(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) {
    static ONCE: Once = Once::new();
    let forwards = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
    if forwards && peer.is_loopback() && !proxies.trust(peer) {
        ONCE.call_once(|| {
            tracing::warn!(
                "requests come from a proxy on this machine ({peer}) that the configuration does not \
                 name: its clients have no limits. Set proxies = [\"{peer}/{}\"]",
                if peer.is_ipv4() { 32 } else { 128 }
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn config(environment: &[(&str, &str)]) -> Config {
        let environment = environment
            .iter()
            .map(|(name, value)| (format!("CHALKWIRE_{name}"), (*value).to_owned()));
        Config::load(None, environment, Flags::default()).unwrap()
    }

    fn arrive(config: &Config, peer: &str, uri: &str, headers: &[(&str, &[u8])]) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let offers = Arc::default();
        arrived(config, peer.parse().unwrap(), &offers, &mut request);
        request
    }

    fn client(request: &Request<()>) -> String {
        let arrival = request.extensions().get::<Arrival>().unwrap();
        arrival.client.to_string()
    }

    #[test]
    fn the_prefix_is_taken_off_with_the_rest_left_as_it_was() {
        let config = config(&[("PUBLIC_URL", "https://demo.example.org/wire/")]);
        for (uri, expected) in [
            ("/wire/", "/"),
            ("/wire/?embed", "/?embed"),
            (
                "/wire/raw/a%20b?fault=reset&seed=7",
                "/raw/a%20b?fault=reset&seed=7",
            ),
            ("/wire/wire/ws", "/wire/ws"),
            ("/ws", "/ws"),
            ("/wire", "/wire"),
            ("/wired/ws", "/wired/ws"),
            (
                "http://demo.example.org/wire/ws",
                "http://demo.example.org/ws",
            ),
            ("*", "*"),
        ] {
            let request = arrive(&config, "127.0.0.1", uri, &[]);
            assert_eq!(request.uri().to_string(), expected);
        }
    }

    #[test]
    fn the_client_is_who_the_operators_proxy_says_and_otherwise_who_connected() {
        let lines: [(&str, &[u8]); 3] = [
            ("x-forwarded-for", b"\xff, 203.0.113.5"),
            ("X-Forwarded-For", b"192.0.2.1"),
            ("forwarded", b"for=203.0.113.9"),
        ];
        let none = config(&[]);
        assert_eq!(
            client(&arrive(&none, "127.0.0.1", "/", &lines)),
            "127.0.0.1"
        );
        let one = config(&[("PROXIES", r#"["127.0.0.1/32"]"#)]);
        let passed_on =
            |request: &Request<()>| request.extensions().get::<Arrival>().unwrap().is_passing_on;
        for proxy in ["127.0.0.1", "::ffff:127.0.0.1"] {
            let request = arrive(&one, proxy, "/", &lines);
            assert_eq!(client(&request), "192.0.2.1");
            assert!(passed_on(&request));
            assert!(!passed_on(&arrive(&one, proxy, "/", &lines[2..])));
        }
        assert!(!passed_on(&arrive(&none, "127.0.0.1", "/", &lines)));
        assert_eq!(client(&arrive(&one, "192.0.2.8", "/", &lines)), "192.0.2.8");
        let other = config(&[
            ("PROXIES", r#"["127.0.0.1/32"]"#),
            ("PROXY_HEADER", "forwarded"),
        ]);
        assert_eq!(
            client(&arrive(&other, "127.0.0.1", "/", &lines)),
            "203.0.113.9"
        );
    }
}
