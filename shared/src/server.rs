//! Timestamp servers as a client may ask for them, and what a built-in one tells of a socket.

mod kind;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::target::Kind;

pub use kind::{Model, Protocol, UnknownName};

/// The server's number among those of its link; as a target it is named `#1`, `#2` …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerId(pub u32);

impl ServerId {
    /// The server's name as a target.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// The server that a target's name means; `None` for a name of another kind.
    pub fn from_name(name: &str) -> Option<Self> {
        let number = name.strip_prefix('#')?;
        // One way to write it.
        let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        plain.then(|| number.parse().ok().map(ServerId))?
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Servers that a link may have at once.
pub const MAX_SERVERS: usize = 8;

/// The longest of any of a server's times, in ms.
pub const MAX_SERVER_MS: u32 = 30_000;

/// A timestamp server of a link's own, on loopback, as it is asked for. Times are in ms and go up to
/// [`MAX_SERVER_MS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerOptions {
    /// What kind of socket it listens on.
    pub kind: Kind,
    /// What a request is.
    pub protocol: Protocol,
    /// How clients are served at the same time.
    pub model: Model,
    /// A client that is silent for so long is logged `Time Out` and closed.
    pub timeout_ms: u32,
    /// What `listen(2)` is called with, 0 to [`MAX_BACKLOG`].
    pub backlog: u32,
    /// What `recv(2)` is called with, in bytes, 1 to [`MAX_RECV_BYTES`].
    pub recv_bytes: u32,
    /// A wait before each reply, taken as the model waits.
    pub delay_ms: u32,
    /// Work before each reply, which holds its thread.
    pub block_ms: u32,
    /// A busy program: a wait between the accept of a client and the first `recv`; nothing for
    /// datagrams, which are not accepted.
    pub late_ms: u32,
    /// It listens and does not call `accept` for so long.
    pub accept_after_ms: u32,
}

impl Default for ServerOptions {
    fn default() -> Self {
        ServerOptions {
            kind: Kind::Tcp,
            protocol: Protocol::Basic,
            model: Model::Evented,
            timeout_ms: 5_000,
            backlog: 5,
            recv_bytes: 1_024,
            delay_ms: 0,
            block_ms: 0,
            late_ms: 0,
            accept_after_ms: 0,
        }
    }
}

/// Why a server can't be as it is asked for: a sentence for a learner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// A time that is too long.
    #[error("{0} is {1} ms: at most {MAX_SERVER_MS} are possible here.")]
    TooLong(&'static str, u32),
    /// No time for any client.
    #[error("timeout_ms is 0: every client would be closed at once. 1 is the least.")]
    NoTimeout,
    /// More than may wait.
    #[error("The backlog is {0}: it goes from 0 to {MAX_BACKLOG}.")]
    Backlog(u32),
    /// A `recv` of nothing, or of too much.
    #[error("recv({0}) is not possible here: it goes from 1 to {MAX_RECV_BYTES} bytes.")]
    Recv(u32),
}

/// The most that a server may call `listen(2)` with.
pub const MAX_BACKLOG: u32 = 128;

/// The most that a server may call `recv(2)` with, in bytes.
pub const MAX_RECV_BYTES: u32 = 65_536;

impl ServerOptions {
    /// Checks that a server may be like this.
    ///
    /// # Errors
    /// [`BadOptions`] names the first thing that is wrong.
    pub fn check(&self) -> Result<(), BadOptions> {
        for (name, ms) in [
            ("timeout_ms", self.timeout_ms),
            ("delay_ms", self.delay_ms),
            ("block_ms", self.block_ms),
            ("late_ms", self.late_ms),
            ("accept_after_ms", self.accept_after_ms),
        ] {
            if ms > MAX_SERVER_MS {
                return Err(BadOptions::TooLong(name, ms));
            }
        }
        if self.timeout_ms == 0 {
            return Err(BadOptions::NoTimeout);
        }
        if self.backlog > MAX_BACKLOG {
            return Err(BadOptions::Backlog(self.backlog));
        }
        if !(1..=MAX_RECV_BYTES).contains(&self.recv_bytes) {
            return Err(BadOptions::Recv(self.recv_bytes));
        }
        Ok(())
    }
}

/// What a built-in server did on a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerDid {
    /// `accept` returned the connection.
    Accepted,
    /// `recv` returned bytes; of a datagram possibly none.
    Recv {
        /// How many.
        bytes: u32,
    },
    /// `recv` returned the head of a datagram, and the tail is gone.
    RecvCut {
        /// Bytes received.
        bytes: u32,
        /// Bytes that the datagram had.
        of: u32,
    },
    /// `recv` returned nothing: the client is done sending.
    Eof,
    /// `send` took so many bytes.
    Sent {
        /// How many.
        bytes: u32,
    },
    /// The client was silent, or did not read, for too long.
    TimedOut,
    /// A datagram was not answered.
    Ignored {
        /// Why.
        detail: String,
    },
    /// A step failed.
    Failed {
        /// What the system said.
        detail: String,
    },
    /// It closed the connection.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_name_is_its_number() {
        assert_eq!(
            ServerId::from_name(&ServerId(17).name()),
            Some(ServerId(17))
        );
        for name in [
            "",
            "#",
            "1",
            "line",
            "#-1",
            "#+1",
            "#01",
            "#0",
            "# 1",
            "#4294967296",
        ] {
            assert_eq!(ServerId::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_server_cannot_be_is_told_in_a_sentence() {
        assert_eq!(ServerOptions::default().check(), Ok(()));
        let told = |options: ServerOptions| options.check().unwrap_err().to_string();
        let options = ServerOptions::default;
        assert_eq!(
            told(ServerOptions {
                late_ms: 30_001,
                ..options()
            }),
            "late_ms is 30001 ms: at most 30000 are possible here."
        );
        assert_eq!(
            told(ServerOptions {
                backlog: 129,
                ..options()
            }),
            "The backlog is 129: it goes from 0 to 128."
        );
        assert_eq!(
            told(ServerOptions {
                recv_bytes: 0,
                ..options()
            }),
            "recv(0) is not possible here: it goes from 1 to 65536 bytes."
        );
        assert!(
            told(ServerOptions {
                timeout_ms: 0,
                ..options()
            })
            .starts_with("timeout_ms is 0")
        );
    }
}
