//! Where a message goes: a target's URL, or that of a target behind a gateway.

use std::fmt;
use std::str::FromStr;

use chalkwire_shared::target::{TargetUrl, UrlError, is_target_name};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A target that is reached from here.
    Target(TargetUrl),
    /// A target that a gateway reaches: `ws://HOST:PORT/TARGET`.
    Gateway {
        /// The gateway's host, IPv6 without brackets.
        host: String,
        /// The gateway's port.
        port: u16,
        /// The WebSocket to open: `ws://HOST:PORT/raw/TARGET`.
        url: String,
    },
}

/// Why a text is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It is no target's URL either.
    #[error("{0}; or, through a gateway, ws://HOST:PORT/TARGET")]
    Url(#[from] UrlError),
    /// The scheme needs TLS.
    #[error("'{0}' needs TLS, which this client does not speak: use ws://HOST:PORT/TARGET")]
    Tls(String),
    /// No host and port.
    #[error("'{0}' needs a host and a port, as in ws://127.0.0.1:8000/basic")]
    Host(String),
    /// No target's name at the end.
    #[error("'{0}' must end in a target's name, as in ws://127.0.0.1:8000/basic")]
    Target(String),
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let shown = || text.escape_debug().to_string();
        if text.starts_with("wss://") {
            return Err(DestinationError::Tls(shown()));
        }
        let Some(rest) = text.strip_prefix("ws://") else {
            return Ok(Destination::Target(text.parse()?));
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // The same rules for hosts and ports as for targets.
        let Ok(TargetUrl::Inet { host, port, .. }) = format!("tcp://{authority}").parse() else {
            return Err(DestinationError::Host(shown()));
        };
        let (prefix, target) = match path.rsplit_once('/') {
            Some((prefix, target)) => (format!("/{prefix}"), target),
            None => (String::new(), path),
        };
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>');
        if !is_target_name(target) || !prefix.chars().all(plain) {
            return Err(DestinationError::Target(shown()));
        }
        // The path of the WebSocket itself is understood, too.
        let prefix = prefix.strip_suffix("/raw").unwrap_or(&prefix);
        Ok(Destination::Gateway {
            url: format!("ws://{authority}{prefix}/raw/{target}"),
            host,
            port,
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Target(url) => url.fmt(f),
            Destination::Gateway { url, .. } => f.write_str(url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_targets_are_dialled_under_raw() {
        for (text, url) in [
            ("ws://127.0.0.1:8000/basic", "ws://127.0.0.1:8000/raw/basic"),
            ("ws://[::1]:8000/basic", "ws://[::1]:8000/raw/basic"),
            ("ws://h:1/a/b/line", "ws://h:1/a/b/raw/line"),
            ("ws://h:1/raw/line", "ws://h:1/raw/line"),
            ("ws://h:1/a/raw/line", "ws://h:1/a/raw/line"),
            ("ws://h:1/raw", "ws://h:1/raw/raw"),
        ] {
            let destination: Destination = text.parse().unwrap();
            assert_eq!(destination.to_string(), url, "{text}");
        }
        let target = "unix:///tmp/s".parse::<Destination>().unwrap();
        assert_eq!(target.to_string(), "unix:///tmp/s");
    }

    #[test]
    fn a_bad_destination_is_told_what_is_wrong_with_it() {
        for (text, part) in [
            ("http://h:1/x", "ws://HOST:PORT/TARGET"),
            ("wss://h:1/x", "needs TLS"),
            ("ws://h/x", "host and a port"),
            ("ws:///x", "host and a port"),
            ("ws://u@h:1/x", "host and a port"),
            ("ws://h:1", "target's name"),
            ("ws://h:1/", "target's name"),
            ("ws://h:1/a/", "target's name"),
            ("ws://h:1/a?b", "target's name"),
            ("ws://h:1/a b/x", "target's name"),
            ("ws://h:1/a\u{1b}/x", "\\u{1b}"),
        ] {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
