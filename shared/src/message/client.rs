//! What a client says.

use serde::{Deserialize, Serialize};

use super::MessageError;
use crate::fault::Asked;
use crate::id::{SocketId, Token};
use crate::job::{Job, JobId};
use crate::server::{ServerId, ServerOptions};

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
        /// Report each write to the target with a `wrote` message, and what a built-in server did
        /// with `server` messages.
        #[serde(default, skip_serializing_if = "is_false")]
        trace: bool,
        /// Report the kernel's view of the socket with `kernel` messages, where the target is built
        /// in and the system tells.
        #[serde(default, skip_serializing_if = "is_false")]
        kernel: bool,
        /// Wrongs to be done to the socket's traffic, in this order; what they do is reported with
        /// `fault` messages.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        faults: Vec<Asked>,
        /// Where the faults' chance begins: the same seed and the same bytes give the same run.
        #[serde(default, skip_serializing_if = "is_zero")]
        seed: u32,
    },
    /// Other faults for an open socket, from here on; an empty list for none. What the faults before
    /// hold back is passed on first.
    Faults {
        /// Place in the client's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// Wrongs to be done, in this order.
        faults: Vec<Asked>,
        /// Where their chance begins.
        #[serde(default)]
        seed: u32,
    },
    /// Start a timestamp server for this link alone; the answer is `serving` or `stopped`. It can
    /// then be opened as the target `#1` (its number), and ends with the link.
    Serve {
        /// Place in the client's sequence.
        seq: u64,
        /// The new server's number, larger than all before it.
        server: ServerId,
        /// What it is to be.
        options: ServerOptions,
    },
    /// Stop a server of this link. Its name stays: dialling it is then refused by the kernel.
    Stop {
        /// Place in the client's sequence.
        seq: u64,
        /// Which server.
        server: ServerId,
    },
    /// Do a job; its reports follow, and `job_done` at the end.
    Job {
        /// Place in the client's sequence.
        seq: u64,
        /// The new job's number.
        job: JobId,
        /// What is to be done.
        #[serde(rename = "do")]
        work: Job,
    },
    /// Give a job up.
    Cancel {
        /// Place in the client's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
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

impl ClientMessage {
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

    /// The place in the client's sequence, for a sequenced message.
    pub fn seq(&self) -> Option<u64> {
        match self {
            ClientMessage::Open { seq, .. }
            | ClientMessage::Faults { seq, .. }
            | ClientMessage::Serve { seq, .. }
            | ClientMessage::Stop { seq, .. }
            | ClientMessage::Job { seq, .. }
            | ClientMessage::Cancel { seq, .. }
            | ClientMessage::Shutdown { seq, .. }
            | ClientMessage::Close { seq, .. }
            | ClientMessage::Credit { seq, .. } => Some(*seq),
            ClientMessage::Resume { .. }
            | ClientMessage::Ack { .. }
            | ClientMessage::Ping { .. } => None,
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
