//! Control messages: the text messages of a link, JSON objects that name their `type`.
//!
//! Messages that carry `seq` are *sequenced*, and so is every data frame: each side numbers its own
//! from 1 without a gap, keeps them until the other has acknowledged them, and sends those again
//! that the other had not seen when a dropped link is taken up. The others (`welcome`, `resume`,
//! `resumed`, `resume_failed`, `ack`, `ping`, `pong`) speak of the connection itself.

use serde::{Deserialize, Serialize};

use crate::close::Reason;
use crate::fault::{Asked, Direction, FaultDid};
use crate::id::{SocketId, Token};
use crate::job::{Call, ClientRun, Gauge, Job, JobEnd, JobId};
use crate::kernel::{End, View};
use crate::limits::Limits;
use crate::server::{ServerDid, ServerId, ServerOptions};
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
    /// Bytes were handed to the gateway's kernel for the target, or to the socket's faults where it
    /// has some (only with `trace`).
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
    /// What the built-in server did on this socket (only with `trace`). May come up to a second
    /// after `closed`.
    Server {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// When, by the server's clock, which is the gateway's.
        clock_us: u64,
        /// What it did.
        did: ServerDid,
    },
    /// What a fault did to this socket's traffic.
    Fault {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// When, by the gateway's clock, in µs.
        clock_us: u64,
        /// Which way the traffic went: never `both`.
        direction: Direction,
        /// What it did.
        did: FaultDid,
    },
    /// The kernel's view of one end has changed (only with `kernel`). May come up to a second after
    /// `closed`.
    Kernel {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which socket.
        socket: SocketId,
        /// When it was looked at, by the gateway's clock, in µs.
        clock_us: u64,
        /// Which end.
        end: End,
        /// How it is now; `None` where there is no such socket any more.
        view: Option<View>,
    },
    /// The server runs.
    Serving {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which server.
        server: ServerId,
        /// Where it listens.
        url: String,
        /// When, by the gateway's clock, in µs.
        clock_us: u64,
    },
    /// The server has stopped, or never ran.
    Stopped {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which server.
        server: ServerId,
        /// Why, for a learner.
        detail: String,
    },
    /// How far a job is.
    JobProgress {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
        /// Steps done,
        done: u32,
        /// of so many.
        of: u32,
    },
    /// One client's connection of a load is over.
    JobClient {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
        /// What became of it.
        run: ClientRun,
    },
    /// A server of a load, as it is now; only when it has changed.
    JobGauge {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
        /// Its queue and its workers.
        gauge: Gauge,
    },
    /// One call of a job has returned.
    JobCall {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
        /// The call.
        call: Call,
    },
    /// A job is over. Its last message.
    JobDone {
        /// Place in the gateway's sequence.
        seq: u64,
        /// Which job.
        job: JobId,
        /// How it ended.
        end: JobEnd,
        /// For a learner; empty where there is nothing to explain.
        detail: String,
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
    /// The kernel's view can't be shown; `detail` says why.
    NoKernelView,
    /// Faults do more than can be told: some of it is not reported from here on.
    FaultsUntold,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
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

impl GatewayMessage {
    /// The place in the gateway's sequence, for a sequenced message.
    pub fn seq(&self) -> Option<u64> {
        match self {
            GatewayMessage::Opened { seq, .. }
            | GatewayMessage::Wrote { seq, .. }
            | GatewayMessage::Server { seq, .. }
            | GatewayMessage::Fault { seq, .. }
            | GatewayMessage::Kernel { seq, .. }
            | GatewayMessage::Serving { seq, .. }
            | GatewayMessage::Stopped { seq, .. }
            | GatewayMessage::JobProgress { seq, .. }
            | GatewayMessage::JobClient { seq, .. }
            | GatewayMessage::JobGauge { seq, .. }
            | GatewayMessage::JobCall { seq, .. }
            | GatewayMessage::JobDone { seq, .. }
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
