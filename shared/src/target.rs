//! Targets: the named addresses that may be reached, and their URLs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What kind of socket reaches a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A TCP stream (`AF_INET`/`AF_INET6`, `SOCK_STREAM`).
    Tcp,
    /// UDP datagrams (`AF_INET`/`AF_INET6`, `SOCK_DGRAM`).
    Udp,
    /// A Unix-domain stream (`AF_UNIX`, `SOCK_STREAM`).
    Unix,
    /// Unix-domain datagrams (`AF_UNIX`, `SOCK_DGRAM`).
    Unixgram,
}

impl Kind {
    /// The scheme of the URL, as in `tcp://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Tcp => "tcp",
            Kind::Udp => "udp",
            Kind::Unix => "unix",
            Kind::Unixgram => "unixgram",
        }
    }

    /// Whether a message's edges survive (`SOCK_DGRAM`).
    pub fn is_datagram(self) -> bool {
        matches!(self, Kind::Udp | Kind::Unixgram)
    }

    /// Whether the address is a path.
    pub fn is_unix(self) -> bool {
        matches!(self, Kind::Unix | Kind::Unixgram)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A target's URL: `tcp://host:port`, `udp://host:port`, `unix:///path`, `unixgram:///path`.
///
/// An IPv6 address stands in brackets (RFC 3986, section 3.2.2): `tcp://[::1]:21567`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetUrl {
    /// A host and a port.
    Inet {
        /// [`Kind::Tcp`] or [`Kind::Udp`].
        kind: Kind,
        /// A name or an address, IPv6 without its brackets.
        host: String,
        /// 0 where a server may choose.
        port: u16,
    },
    /// A path in the file system.
    Path {
        /// [`Kind::Unix`] or [`Kind::Unixgram`].
        kind: Kind,
        /// Absolute.
        path: String,
    },
}

/// Why a text is no target URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No scheme, or one that is not ours.
    #[error(
        "'{0}' is no target URL: it must begin with tcp://, udp://, unix:/// or unixgram:///, \
         such as tcp://127.0.0.1:21567"
    )]
    Scheme(String),
    /// No host.
    #[error("'{0}' names no host: write it as {1}://HOST:PORT")]
    Host(String, Kind),
    /// No port, or no number from 0 to 65535.
    #[error("'{0}' needs a port from 0 to 65535 after the host, as in {1}://127.0.0.1:21567")]
    Port(String, Kind),
    /// A Unix path that is not absolute.
    #[error("'{0}' needs an absolute path, as in {1}:///tmp/timestamp.sock")]
    Path(String, Kind),
    /// A character that has no place in a URL.
    #[error("'{0}' holds a control character")]
    Control(String),
}

impl TargetUrl {
    /// What kind of socket reaches it.
    pub fn kind(&self) -> Kind {
        match self {
            TargetUrl::Inet { kind, .. } | TargetUrl::Path { kind, .. } => *kind,
        }
    }
}

impl FromStr for TargetUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.chars().any(char::is_control) {
            return Err(UrlError::Control(text.escape_debug().to_string()));
        }
        let whole = || text.to_owned();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(UrlError::Scheme(whole()));
        };
        let kind = match scheme {
            "tcp" => Kind::Tcp,
            "udp" => Kind::Udp,
            "unix" => Kind::Unix,
            "unixgram" => Kind::Unixgram,
            _ => return Err(UrlError::Scheme(whole())),
        };
        if kind.is_unix() {
            if !rest.starts_with('/') || rest.len() < 2 {
                return Err(UrlError::Path(whole(), kind));
            }
            return Ok(TargetUrl::Path {
                kind,
                path: rest.to_owned(),
            });
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(v6) => match v6.split_once(']') {
                Some((host, after)) => {
                    let port = after.strip_prefix(':').filter(|_| !host.is_empty());
                    // Brackets hold an IPv6 address and nothing else.
                    host.parse::<std::net::Ipv6Addr>()
                        .map_err(|_| UrlError::Host(whole(), kind))?;
                    (host, port.ok_or_else(|| UrlError::Port(whole(), kind))?)
                }
                None => return Err(UrlError::Host(whole(), kind)),
            },
            None => rest
                .rsplit_once(':')
                .ok_or_else(|| UrlError::Port(whole(), kind))?,
        };
        let bad_host =
            |c: char| c.is_whitespace() || matches!(c, '/' | '@' | '?' | '#' | '[' | ']');
        if host.is_empty()
            || host.contains(bad_host)
            || (host.contains(':') && !rest.starts_with('['))
        {
            return Err(UrlError::Host(whole(), kind));
        }
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(UrlError::Port(whole(), kind));
        }
        let port = port.parse().map_err(|_| UrlError::Port(whole(), kind))?;
        Ok(TargetUrl::Inet {
            kind,
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetUrl::Inet { kind, host, port } if host.contains(':') => {
                write!(f, "{kind}://[{host}]:{port}")
            }
            TargetUrl::Inet { kind, host, port } => write!(f, "{kind}://{host}:{port}"),
            TargetUrl::Path { kind, path } => write!(f, "{kind}://{path}"),
        }
    }
}

/// Whether a text may name a target: 1 to 64 of `a-z A-Z 0-9 - _ .`, so that it needs no escaping
/// in a URL's path.
pub fn is_target_name(text: &str) -> bool {
    // Those two are no names in a URL's path (RFC 3986, section 5.2.4).
    (1..=crate::limits::MAX_TARGET_NAME_BYTES).contains(&text.len())
        && !matches!(text, "." | "..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// A target as the gateway lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// The name by which clients ask for it.
    pub name: String,
    /// What kind of socket reaches it.
    pub kind: Kind,
    /// Its URL, where the operator shows it; that of a built-in target always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// One sentence on what it does.
    pub about: String,
    /// Whether the gateway runs it itself.
    pub builtin: bool,
}

impl TargetInfo {
    /// Whether its server lets go of a client that says nothing, or may: the gateway's own server of
    /// sessions waits for a person, and datagrams have nothing to let go of.
    pub fn hangs_up(&self) -> bool {
        let waits = self.builtin && self.name == "session";
        !waits && !self.kind.is_datagram()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_of_every_kind_are_read() {
        for (text, kind) in [
            ("tcp://127.0.0.1:21567", Kind::Tcp),
            ("tcp://localhost:0", Kind::Tcp),
            ("udp://[::1]:53", Kind::Udp),
            ("unix:///tmp/a.sock", Kind::Unix),
            ("unixgram:///tmp/a b.sock", Kind::Unixgram),
        ] {
            let url: TargetUrl = text.parse().unwrap();
            assert_eq!((url.kind(), url.to_string()), (kind, text.to_owned()));
        }
    }

    #[test]
    fn a_bad_url_is_told_what_is_wrong_with_it() {
        for (text, part) in [
            ("127.0.0.1:80", "must begin with tcp://"),
            ("http://x:80", "must begin with tcp://"),
            ("tcp://:80", "names no host"),
            ("tcp://::1:80", "names no host"),
            ("tcp://[::1:80", "names no host"),
            ("tcp://[zz]:80", "names no host"),
            ("tcp://u@h:80", "names no host"),
            ("tcp://host", "needs a port"),
            ("tcp://host:65536", "needs a port"),
            ("tcp://host:+1", "needs a port"),
            ("tcp://[::1]80", "needs a port"),
            ("unix://relative", "absolute path"),
            ("unix:///", "absolute path"),
            ("tcp://ho\nst:1", "control character"),
        ] {
            let error = text.parse::<TargetUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn target_names_need_no_escaping() {
        assert!(is_target_name("echo-7.local_1"));
        for bad in ["", "a/b", "a b", "é", "a%20", &"x".repeat(65)] {
            assert!(!is_target_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_printed_so_that_it_reads_the_same(text in ".{0,40}") {
            for text in [text.clone(), format!("tcp://{text}"), format!("unix:///{text}")] {
                if let Ok(url) = text.parse::<TargetUrl>() {
                    prop_assert_eq!(url.to_string().parse::<TargetUrl>(), Ok(url));
                }
            }
        }
    }
}
