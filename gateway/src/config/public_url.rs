//! The address that people type, where the gateway stands behind a proxy: its origin and its path.

/// First segments of the gateway's own paths. A proxy may take the prefix off or leave it on, so it
/// must not look like one of these.
const OWN: [&str; 8] = [
    "api", "diag", "healthz", "metrics", "raw", "readyz", "sse", "ws",
];

/// A public URL, checked: `https://demo.example.org/wire/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://demo.example.org`, as browsers write it.
    origin: String,
    /// `/wire`, or nothing.
    prefix: String,
}

/// Why a text is no public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Another scheme, or none.
    #[error("it must begin with https:// or http://")]
    Scheme,
    /// The part between the scheme and the path.
    #[error(
        "a host name (in ASCII letters) or an address must follow, with its port if it has one"
    )]
    Host,
    /// A query or a fragment.
    #[error("it can have no ? and no #")]
    Query,
    /// A path that would not be the same at both ends of a proxy.
    #[error("its path can have letters, digits, -, _, ~ and dots between single slashes")]
    Path,
    /// A path that begins as one of the gateway's own.
    #[error("its path begins with /{0}, which is a path of the gateway's own")]
    Own(&'static str),
}

impl std::str::FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(PublicUrlError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(PublicUrlError::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(PublicUrlError::Query);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.to_ascii_lowercase();
        if !is_authority(&authority) {
            return Err(PublicUrlError::Host);
        }
        // Browsers leave it out of an origin.
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        let prefix = path.strip_suffix('/').unwrap_or(path);
        let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_~.".contains(&it);
        let segments = prefix.split('/').skip(1);
        for (n, segment) in segments.enumerate() {
            if matches!(segment, "" | "." | "..") || !segment.bytes().all(plain) {
                return Err(PublicUrlError::Path);
            }
            if n == 0
                && let Some(own) = OWN.into_iter().find(|own| *own == segment)
            {
                return Err(PublicUrlError::Own(own));
            }
        }
        Ok(PublicUrl {
            origin: format!("{scheme}://{authority}"),
            prefix: prefix.to_owned(),
        })
    }
}

impl PublicUrl {
    /// `https://demo.example.org`
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `https://demo.example.org/wire/`: what a link into the page begins with.
    pub fn base(&self) -> String {
        format!("{}{}/", self.origin, self.prefix)
    }

    /// `/ws` of `/wire/ws`, where a proxy has left the prefix on; `None` where it has not.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = path.strip_prefix(&self.prefix)?;
        (!self.prefix.is_empty() && below.starts_with('/')).then_some(below)
    }

    /// Whether a path is the prefix without the slash after it, where a page's own addresses, which
    /// are relative, would lead astray.
    pub fn lacks_slash(&self, path: &str) -> bool {
        !self.prefix.is_empty() && path == self.prefix
    }
}

/// `demo.example.org`, `demo.example.org:8443`, `[2001:db8::1]:8443`.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
            _ => return false,
        },
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let letter = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    let digits = port.strip_prefix(':');
    !host.is_empty()
        && host.bytes().all(letter)
        && (port.is_empty()
            || digits.is_some_and(|it| {
                it.bytes().all(|digit| digit.is_ascii_digit())
                    && it.parse::<u16>().is_ok_and(|number| number > 0)
            }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> PublicUrl {
        text.parse().unwrap()
    }

    #[test]
    fn a_public_url_is_an_origin_and_a_prefix() {
        for (text, origin, base) in [
            (
                "https://demo.example.org/wire/",
                "https://demo.example.org",
                "https://demo.example.org/wire/",
            ),
            (
                "HTTPS://Demo.Example.org:443/Wire",
                "https://demo.example.org",
                "https://demo.example.org/Wire/",
            ),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/",
            ),
            (
                "http://[2001:db8::1]:80/a/b.c/~d",
                "http://[2001:db8::1]",
                "http://[2001:db8::1]/a/b.c/~d/",
            ),
        ] {
            assert_eq!(url(text).origin(), origin);
            assert_eq!(url(text).base(), base);
        }
    }

    #[test]
    fn what_is_no_public_url_is_told_why() {
        use PublicUrlError as E;
        for (text, error) in [
            ("", E::Scheme),
            ("demo.example.org/wire/", E::Scheme),
            ("/wire/", E::Scheme),
            ("ftp://demo.example.org/", E::Scheme),
            ("https://", E::Host),
            ("https:///wire/", E::Host),
            ("https://me:pw@demo.example.org/", E::Host),
            ("https://dämo.example.org/", E::Host),
            ("https://demo.example.org:0/", E::Host),
            ("https://demo.example.org:x/", E::Host),
            ("https://demo.example.org:/", E::Host),
            ("https://[::1/", E::Host),
            ("https://demo example/", E::Host),
            ("https://demo.example.org/?a", E::Query),
            ("https://demo.example.org/wire/#/room", E::Query),
            ("https://demo.example.org//", E::Path),
            ("https://demo.example.org/a//b", E::Path),
            ("https://demo.example.org/a/../b", E::Path),
            ("https://demo.example.org/a%20b/", E::Path),
            ("https://demo.example.org/raw/", E::Own("raw")),
            ("https://demo.example.org/api/x/", E::Own("api")),
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_path_below_the_prefix_is_found_and_no_other() {
        let deep = url("https://demo.example.org/a/wire/");
        assert_eq!(deep.below("/a/wire/ws"), Some("/ws"));
        assert_eq!(deep.below("/a/wire/"), Some("/"));
        for other in ["/a/wire", "/a/wired/ws", "/a/ws", "/ws", "/", "", "*"] {
            assert_eq!(deep.below(other), None, "{other}");
        }
        assert!(deep.lacks_slash("/a/wire"));
        let bare = url("https://demo.example.org/");
        assert_eq!(bare.below("/ws"), None);
        assert!(!bare.lacks_slash(""));
    }

    #[test]
    fn every_path_of_the_gateway_is_known_here() {
        let routes = include_str!("../http.rs").split(".route(\"/").skip(1);
        let firsts = routes.filter_map(|route| route.split(['/', '"']).next());
        for first in firsts.filter(|first| !first.is_empty()) {
            assert!(OWN.contains(&first), "/{first} is missing from OWN");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_texts_never_panic_and_what_is_taken_is_taken_again(
            text in "(https?://)?[a-zA-Z0-9.:/\\[\\]?#é_-]{0,40}"
        ) {
            if let Ok(parsed) = text.parse::<PublicUrl>() {
                prop_assert_eq!(url(&parsed.base()), parsed.clone());
                let below = format!("{}/ws", parsed.prefix);
                let expected = (!parsed.prefix.is_empty()).then_some("/ws");
                prop_assert_eq!(parsed.below(&below), expected);
            }
        }
    }
}
