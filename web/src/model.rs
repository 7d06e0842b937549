//! What happened, as plain data: the log's entries, from which list, inspector, pictures and
//! exports are all drawn.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::kernel::{End, View};
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counts from 1 and never repeats, not even after a clear.
    pub no: u32,
    /// When the page saw or did it: ms since 1970 by the browser's clock (fractions are µs).
    pub at_ms: f64,
    /// The socket it is about; `None` for the link itself.
    pub socket: Option<SocketId>,
    /// The target of that socket, or empty.
    pub target: String,
    /// The kind of that target.
    pub kind: Option<Kind>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The page asked for a socket.
    Connecting,
    /// The socket is connected.
    Connected {
        /// The gateway's address on the socket.
        local: String,
        /// The target's address.
        peer: String,
        /// How long connecting took, in µs.
        connect_us: u64,
        /// When, by the gateway's clock.
        clock_us: u64,
    },
    /// The page sent bytes.
    Sent {
        /// The bytes as they left.
        bytes: Bytes,
        /// When the gateway handed them to its kernel, by the gateway's clock; not known yet at first.
        wrote_us: Option<u64>,
        /// Whether the connection dropped before it was known that the gateway had them.
        unknown: bool,
    },
    /// Bytes came back.
    Received {
        /// The bytes as they came.
        bytes: Bytes,
        /// Whether they are one whole datagram.
        datagram: bool,
        /// Whether the datagram's tail was cut off, because no frame could carry it.
        truncated: bool,
        /// When the gateway read them, by the gateway's clock.
        clock_us: u64,
    },
    /// The page shut down its side (FIN).
    ShutDown,
    /// The target shut down its side (FIN): an empty read.
    Eof {
        /// When, by the gateway's clock.
        clock_us: u64,
    },
    /// The socket is closed.
    Closed {
        /// Why.
        reason: Reason,
        /// Why, as a sentence.
        detail: String,
        /// When, by the gateway's clock.
        clock_us: u64,
    },
    /// What the built-in server did with this socket.
    Server {
        /// What it did.
        did: ServerDid,
        /// When, by the server's clock, which is the gateway's.
        clock_us: u64,
    },
    /// What a fault did on purpose.
    Fault {
        /// Which way the traffic went.
        direction: Direction,
        /// What it did.
        did: FaultDid,
        /// When, by the gateway's clock.
        clock_us: u64,
    },
    /// The kernel's view of one end has changed.
    Kernel {
        /// Which end.
        end: End,
        /// How it is now; `None` where it is gone.
        view: Option<View>,
        /// When the gateway looked, by its clock.
        clock_us: u64,
    },
    /// Something worth knowing, from the gateway or about the link; a sentence.
    Notice(String),
    /// Something went wrong with the link or with what was asked; a sentence.
    Trouble(String),
}

/// In which way an entry is coloured, signed and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// ▶ sent
    Sent,
    /// ◀ received
    Received,
    /// ● control
    Control,
    /// ✕ error
    Error,
    /// ✂ made on purpose
    Made,
    /// ◆ what the server saw, or what went on to it
    Server,
    /// ◇ the kernel's view
    Kernel,
}

impl Entry {
    /// The entry's class.
    pub fn class(&self) -> Class {
        match &self.what {
            What::Sent { .. } => Class::Sent,
            What::Received { .. } => Class::Received,
            What::Closed { reason, .. } => match reason {
                Reason::Finished | Reason::ClosedByClient => Class::Control,
                _ => Class::Error,
            },
            What::Trouble(_) => Class::Error,
            // It went on as it was: nothing was made.
            What::Fault {
                did: FaultDid::Passed { held_us: 0, .. },
                ..
            } => Class::Server,
            What::Fault { .. } => Class::Made,
            What::Server { .. } => Class::Server,
            What::Kernel { .. } => Class::Kernel,
            _ => Class::Control,
        }
    }
}

/// How the gateway's clock and the browser's are related, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockMap {
    /// Browser ms since 1970 at which the gateway's clock showed 0 µs.
    pub zero_ms: f64,
    /// The relation may be wrong by so much either way, in ms (half the fastest round trip).
    pub plus_minus_ms: f64,
}

impl ClockMap {
    /// A moment of the gateway's clock, in the browser's ms since 1970.
    pub fn browser_ms(self, clock_us: u64) -> f64 {
        self.zero_ms + clock_us as f64 / 1000.0
    }
}

/// Whose clock a time was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The browser's.
    Browser,
    /// The gateway's.
    Gateway,
    /// From a moment of the one to a moment of the other: as exact as the clocks are compared.
    Both,
}

impl Whose {
    /// The clock in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Whose::Browser => "browser",
            Whose::Gateway => "gateway",
            Whose::Both => "both",
        }
    }
}

/// A span of time for people, in at most eight characters: `0.06 ms`, `1.9 ms`, `4.95 s`, `17 min`.
pub fn ms_text(ms: f64) -> String {
    let s = ms / 1000.0;
    match ms.abs() {
        a if a < 0.005 => "0 ms".to_owned(),
        a if a < 0.995 => format!("{ms:.2} ms"),
        a if a < 99.5 => format!("{ms:.1} ms"),
        a if a < 999.5 => format!("{ms:.0} ms"),
        a if a < 9_995.0 => format!("{s:.2} s"),
        a if a < 99_500.0 => format!("{s:.1} s"),
        a if a < 999_500.0 => format!("{s:.0} s"),
        a if a < 99.5 * 60_000.0 => format!("{:.0} min", s / 60.0),
        _ => format!("{:.1} h", s / 3600.0),
    }
}

/// A number of bytes for people: `1 byte`, `7 bytes`.
pub fn bytes_text(count: usize) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}

/// Where a socket is in its life, as the page knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketState {
    /// Asked for; no answer yet.
    Connecting,
    /// Open both ways.
    Open,
    /// The page shut down its side (FIN sent); the target may still send.
    ShutDown,
    /// The target shut down its side (FIN received); the page may still send.
    PeerDone,
    /// Over.
    Closed,
}

impl SocketState {
    /// The state in a word or two, as a badge shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            SocketState::Connecting => "connecting",
            SocketState::Open => "open",
            SocketState::ShutDown => "shut down",
            SocketState::PeerDone => "peer is done",
            SocketState::Closed => "closed",
        }
    }
}

/// What there is to know about a socket, for lists and the inspector.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketView {
    /// Its number.
    pub id: SocketId,
    /// The target's name.
    pub target: String,
    /// The target's kind.
    pub kind: Kind,
    /// Where it is in its life.
    pub state: SocketState,
    /// The gateway's address on it; empty until it is connected.
    pub local: String,
    /// The target's address; empty until it is connected.
    pub peer: String,
    /// Messages sent.
    pub sent: u32,
    /// Payload sent, in bytes.
    pub sent_bytes: u64,
    /// Messages received.
    pub received: u32,
    /// Payload received, in bytes.
    pub received_bytes: u64,
    /// What the page may still send before it needs credit, in bytes with headers.
    pub credit_bytes: u64,
    /// Payload that waits in the page for credit, in bytes.
    pub waiting_bytes: u64,
}
