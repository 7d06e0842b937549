//! Control messages: the text messages of a link, JSON objects that name their `type`.
//!
//! Messages that carry `seq` are *sequenced*, and so is every data frame: each side numbers its own
//! from 1 without a gap, keeps them until the other has acknowledged them, and sends those again
//! that the other had not seen when a dropped link is taken up. The others (`welcome`, `resume`,
//! `resumed`, `resume_failed`, `ack`, `ping`, `pong`) speak of the connection itself.

use serde::{Deserialize, Serialize};

use crate::close::Reason;
use crate::fault::Fault;
use crate::id::{SocketId, Token};
use crate::limits::Limits;
use crate::target::TargetInfo;

/// Why a text is no control message.
#[derive(Debug, thiserror::Error)]
#[error("not a message of this protocol: {0}")]
pub struct MessageError(#[from] serde_json::Error);

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Connect a new socket to a target; the answer is `opened` or `closed`.
    Open {
        /// Place in the client's sequence.
        seq: u64,
        /// The new socket's number, larger than all before it.
        socket: SocketId,
        /// The name of the target.
        target: String,
        /// Credit for the gateway: how much it may send before it needs more, in bytes of data
        /// frames with their headers.
        credit: u32,
        /// Report each write to the target with a `wrote` message.
        #[serde(default, skip_serializing_if = "is_false")]
        trace: bool,
        /// Wrongs to be done to the socket's traffic.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<Fault>,
    },
    /// No more data from this side (`shutdown(SHUT_WR)`, a FIN for TCP).
    Shutdown {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
    },
    /// Close the socket, both ways.
    Close {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
    },
    /// The gateway may send so much more on this socket.
    Credit {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Bytes of data frames with their headers.
        bytes: u32,
    },
    /// Take up the link of this token, of which the client saw the gateway's messages up to `seen`.
    /// The first message on its connection, if it is sent at all.
    Resume {
        /// From the `welcome` of the link's first connection.
        token: Token,
        /// The last `seq` of the gateway that the client has.
        seen: u64,
    },
    /// The client has the gateway's messages up to `seen`.
    Ack {
        /// The last `seq` of the gateway that the client has.
        seen: u64,
    },
    /// Answer this with `pong`: for the time there and back, and the clocks' difference.
    Ping {
        /// Comes back in the answer.
        id: u32,
    },
}

/// What the gateway says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GatewayMessage {
    /// The first message on every connection: a new link stands ready.
    Welcome {
        /// By which the link can be taken up after a drop.
        token: Token,
        /// The gateway's version, such as `0.1.0`.
        version: String,
        /// The gateway's clock as it wrote this, in µs from a start of its own.
        clock_us: u64,
        /// The same moment in ms since 1970 (UTC).
        unix_ms: u64,
        /// What the client may do.
        limits: Limits,
        /// What can be reached.
        targets: Vec<TargetInfo>,
    },
    /// The link of the token was taken up; what the client had not seen follows.
    Resumed {
        /// The last `seq` of the client that the gateway has.
        seen: u64,
    },
    /// The link of the token is gone, with its sockets; the new link of the `welcome` stands.
    ResumeFailed {
        /// For a learner.
        detail: String,
    },
    /// The gateway has the client's messages up to `seen`.
    Ack {
        /// The last `seq` of the client that the gateway has.
        seen: u64,
    },
    /// The answer to `ping`.
    Pong {
        /// From the `ping`.
        id: u32,
        /// The gateway's clock as it answered, in µs.
        clock_us: u64,
    },
    /// The socket is connected.
    Opened {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// The gateway's own address on the socket.
        local: String,
        /// The target's address.
        peer: String,
        /// How long connecting took, in µs.
        connect_us: u64,
        /// When it was connected, by the gateway's clock, in µs.
        clock_us: u64,
    },
    /// Bytes were handed to the gateway's kernel for the target (only with `trace`).
    Wrote {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// How many.
        bytes: u32,
        /// When, by the gateway's clock, in µs.
        clock_us: u64,
    },
    /// The target has no more data to send (FIN): an empty read. The other way is still open.
    Eof {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// When, by the gateway's clock, in µs.
        clock_us: u64,
    },
    /// The socket is closed, or never came to be open. Its last message.
    Closed {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Why, for programs.
        reason: Reason,
        /// Why, for a learner.
        detail: String,
        /// When, by the gateway's clock, in µs.
        clock_us: u64,
    },
    /// The client may send so much more on this socket.
    Credit {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Bytes of data frames with their headers.
        bytes: u32,
    },
    /// Something worth knowing that changes nothing by itself.
    Notice {
        /// Place in the gateway's sequence.
        seq: u64,
        /// The socket that it is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        socket: Option<SocketId>,
        /// What it is about.
        kind: NoticeKind,
        /// For a learner.
        detail: String,
    },
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Datagrams from the target were dropped: they came faster than the client gave credit.
    Dropped,
    /// The gateway is about to stop; a close with 1012 follows.
    Draining,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Gives a type its way to and from JSON text.
macro_rules! json {
    ($message:ident) => {
        impl $message {
            /// The message as it travels.
            pub fn encode(&self) -> String {
                // Maps with text keys and no failing Serialize: serde_json has nothing to refuse.
                serde_json::to_string(self).unwrap_or_default()
            }

            /// Reads a message.
            ///
            /// # Errors
            /// [`MessageError`] says where the text stops being a message.
            pub fn decode(text: &str) -> Result<Self, MessageError> {
                Ok(serde_json::from_str(text)?)
            }
        }
    };
}

json!(ClientMessage);
json!(GatewayMessage);

impl ClientMessage {
    /// The place in the client's sequence, for a sequenced message.
    pub fn seq(&self) -> Option<u64> {
        match self {
            ClientMessage::Open { seq, .. }
            | ClientMessage::Shutdown { seq, .. }
            | ClientMessage::Close { seq, .. }
            | ClientMessage::Credit { seq, .. } => Some(*seq),
            ClientMessage::Resume { .. }
            | ClientMessage::Ack { .. }
            | ClientMessage::Ping { .. } => None,
        }
    }
}

impl GatewayMessage {
    /// The place in the gateway's sequence, for a sequenced message.
    pub fn seq(&self) -> Option<u64> {
        match self {
            GatewayMessage::Opened { seq, .. }
            | GatewayMessage::Wrote { seq, .. }
            | GatewayMessage::Eof { seq, .. }
            | GatewayMessage::Closed { seq, .. }
            | GatewayMessage::Credit { seq, .. }
            | GatewayMessage::Notice { seq, .. } => Some(*seq),
            GatewayMessage::Welcome { .. }
            | GatewayMessage::Resumed { .. }
            | GatewayMessage::ResumeFailed { .. }
            | GatewayMessage::Ack { .. }
            | GatewayMessage::Pong { .. } => None,
        }
    }
}
