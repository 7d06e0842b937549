//! What the gateway says.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::MessageError;
use crate::close::Reason;
use crate::fault::{Direction, FaultDid};
use crate::id::{SocketId, Token};
use crate::job::{Call, ClientRun, Gauge, JobEnd, JobId};
use crate::kernel::{End, View};
use crate::limits::Limits;
use crate::room::{Facts, LeftReason, Member, NotEntered, Refusal, RoomEvent, RoomId, You};
use crate::server::{ServerDid, ServerId};
use crate::target::TargetInfo;

/// Declares the messages with the names that they travel under.
///
/// They are read field by field, so that what reads a field stands once for each type: what serde
/// derives stands once for each message, and was a tenth of the page.
macro_rules! messages {
    (
        $(#[$meta:meta])*
        pub enum $messages:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident = $name:literal {
                    $( $(#[$field_meta:meta])* $field:ident: $type:ty, )*
                },
            )*
        }
    ) => {
        $(#[$meta])*
        pub enum $messages {
            $(
                $(#[$variant_meta])*
                #[serde(rename = $name)]
                $variant { $( $(#[$field_meta])* $field: $type, )* },
            )*
        }

        impl $messages {
            fn read<const ALL: bool>(text: &str) -> Result<Self, MessageError> {
                let mut fields: Map<String, Value> = serde_json::from_str(text)?;
                let name: String = take(&mut fields, "type")?;
                match name.as_str() {
                    $(
                        $name if const { ALL || !is_left_out($name) } => Ok($messages::$variant {
                            $( $field: take(&mut fields, stringify!($field))?, )*
                        }),
                    )*
                    _ => Err(serde::de::Error::unknown_variant(&name, &[$($name),*])).map_err(MessageError),
                }
            }
        }
    };
}

/// Whether a message of that name reports on a job or a room.
const fn is_left_out(name: &str) -> bool {
    matches!(
        name.as_bytes(),
        [b'j', b'o', b'b', b'_', ..] | [b'r', b'o', b'o', b'm', b'_', ..]
    )
}

impl GatewayMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`MessageError`] says where the text stops being a message.
    pub fn decode(text: &str) -> Result<Self, MessageError> {
        Self::read::<true>(text)
    }

    /// The same for who asks for no jobs and enters no room, and so hears of none: a program that reads
    /// by this alone is smaller by what reads their records.
    ///
    /// # Errors
    /// As of [`GatewayMessage::decode`].
    pub fn decode_for_the_lab(text: &str) -> Result<Self, MessageError> {
        Self::read::<false>(text)
    }
}

/// Takes a field out of a message; one that may be missing is then `null`.
fn take<T: DeserializeOwned>(
    fields: &mut Map<String, Value>,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    match fields.remove(name) {
        Some(value) => T::deserialize(value),
        None => T::deserialize(Value::Null).map_err(|_| serde::de::Error::missing_field(name)),
    }
}

messages! {
    /// What the gateway says.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    #[serde(tag = "type")]
    pub enum GatewayMessage {
        /// The first message on every connection: a new link stands ready.
        Welcome = "welcome" {
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
        Resumed = "resumed" {
            /// The last `seq` of the client that the gateway has.
            seen: u64,
        },
        /// The link of the token is gone, with its sockets; the new link of the `welcome` stands.
        ResumeFailed = "resume_failed" {
            /// For a learner.
            detail: String,
        },
        /// The gateway has the client's messages up to `seen`.
        Ack = "ack" {
            /// The last `seq` of the client that the gateway has.
            seen: u64,
        },
        /// The answer to `ping`.
        Pong = "pong" {
            /// From the `ping`.
            id: u32,
            /// The gateway's clock as it answered, in µs.
            clock_us: u64,
        },
        /// The socket is connected.
        Opened = "opened" {
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
        /// Bytes were handed to the gateway's kernel for the target, or to the socket's faults where
        /// it has some (only with `trace`).
        Wrote = "wrote" {
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
        Server = "server" {
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
        Fault = "fault" {
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
        Kernel = "kernel" {
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
        Serving = "serving" {
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
        Stopped = "stopped" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which server.
            server: ServerId,
            /// Why, for a learner.
            detail: String,
        },
        /// How far a job is.
        JobProgress = "job_progress" {
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
        JobClient = "job_client" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which job.
            job: JobId,
            /// What became of it.
            run: ClientRun,
        },
        /// A server of a load, as it is now; only when it has changed.
        JobGauge = "job_gauge" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which job.
            job: JobId,
            /// Its queue and its workers.
            gauge: Gauge,
        },
        /// One call of a job has returned.
        JobCall = "job_call" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which job.
            job: JobId,
            /// The call.
            call: Call,
        },
        /// A job is over. Its last message.
        JobDone = "job_done" {
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
        /// The client is in the room. What follows upon `subscribe` brings it to the client.
        RoomEntered = "room_entered" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which room.
            room: RoomId,
            /// Who the client is there.
            you: You,
            /// The code on the board, as it is written there; for teachers and students.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            code: Option<String>,
            /// The page's address for those who come by the code.
            join: String,
            /// When the room ends if nobody is in it any more, in s from its last sign of life.
            keep_s: u64,
            /// Whether the room outlives the gateway's program.
            kept: bool,
            /// The room's clock less the gateway's, in µs: added to any `clock_us` it makes µs since
            /// 1970.
            clock_offset_us: u64,
        },
        /// The client did not come in.
        RoomNotEntered = "room_not_entered" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Why, for programs.
            reason: NotEntered,
            /// Why, for a learner.
            detail: String,
        },
        /// The client is no longer in the room.
        RoomLeft = "room_left" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Why, for programs.
            reason: LeftReason,
            /// Why, for a learner.
            detail: String,
        },
        /// A command is done, and what came of it is saved.
        RoomDone = "room_done" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which command.
            no: u64,
        },
        /// A command was not done.
        RoomRefused = "room_refused" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which command.
            no: u64,
            /// Why, for programs.
            reason: Refusal,
            /// Why, for a learner.
            detail: String,
        },
        /// The room's events follow, on this connection. Like everything that follows from it, this is
        /// no sequenced message: offsets say what comes after what.
        RoomSubscribed = "room_subscribed" {
            /// Whether the client has all events up to here, or gets them now: none is left out. If
            /// not, `facts` and the members that follow take the place of what it had.
            recovered: bool,
            /// The room as it is after the event `facts.offset`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            facts: Option<Box<Facts>>,
        },
        /// Members of the room as of `room_subscribed`, some at a time; after the last of them, events.
        RoomMembers = "room_members" {
            /// Some of them.
            members: Vec<Member>,
            /// There are more.
            more: bool,
        },
        /// Events before those of `room_subscribed`, for who has none: what just happened.
        RoomHistory = "room_history" {
            /// In order.
            events: Vec<RoomEvent>,
        },
        /// What happened, in order, or how far the room is saved.
        RoomEvents = "room_events" {
            /// The last event that is saved; the later ones are live.
            saved: u64,
            /// Why nothing is saved at present: for a learner.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            unsaved: Option<String>,
            /// In order; may be none.
            events: Vec<RoomEvent>,
        },
        /// The client reads more slowly than the room goes: so many events wait for it.
        RoomLagging = "room_lagging" {
            /// How many.
            behind: u64,
        },
        /// The target has no more data to send (FIN): an empty read. The other way is still open.
        Eof = "eof" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which socket.
            socket: SocketId,
            /// When, by the gateway's clock, in µs.
            clock_us: u64,
        },
        /// The socket is closed, or never came to be open. Its last message.
        Closed = "closed" {
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
        Credit = "credit" {
            /// Place in the gateway's sequence.
            seq: u64,
            /// Which socket.
            socket: SocketId,
            /// Bytes of data frames with their headers.
            bytes: u32,
        },
        /// Something worth knowing that changes nothing by itself.
        Notice = "notice" {
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

impl GatewayMessage {
    /// The message as it travels.
    pub fn encode(&self) -> String {
        // Maps with text keys and no failing Serialize: serde_json has nothing to refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

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
            | GatewayMessage::Notice { seq, .. }
            | GatewayMessage::RoomEntered { seq, .. }
            | GatewayMessage::RoomNotEntered { seq, .. }
            | GatewayMessage::RoomLeft { seq, .. }
            | GatewayMessage::RoomDone { seq, .. }
            | GatewayMessage::RoomRefused { seq, .. } => Some(*seq),
            GatewayMessage::RoomSubscribed { .. }
            | GatewayMessage::RoomMembers { .. }
            | GatewayMessage::RoomHistory { .. }
            | GatewayMessage::RoomEvents { .. }
            | GatewayMessage::RoomLagging { .. }
            | GatewayMessage::Welcome { .. }
            | GatewayMessage::Resumed { .. }
            | GatewayMessage::ResumeFailed { .. }
            | GatewayMessage::Ack { .. }
            | GatewayMessage::Pong { .. } => None,
        }
    }
}
