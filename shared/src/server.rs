//! Timestamp servers as a client may ask for them, and what a built-in one tells of a socket.

mod kind;

use serde::{Deserialize, Serialize};

use crate::target::Kind;

pub use kind::{Model, Protocol, UnknownName};

/// The server's number among those of its link; as a target it is named `#1`, `#2` …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerId(pub u32);

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
    /// What `listen(2)` is called with, 0 to 128.
    pub backlog: u32,
    /// What `recv(2)` is called with, in bytes, 1 to 65,536.
    pub recv_bytes: u32,
    /// A wait before each reply, taken as the model waits.
    pub delay_ms: u32,
    /// Work before each reply, which holds its thread.
    pub block_ms: u32,
    /// A busy program: a wait between the accept of a client and the first `recv`.
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

/// What a built-in server did on a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
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
