//! Faults: wrongs done on purpose to a socket's traffic, as they are asked for and as they are reported.
//!
//! A fault has two spellings of the same names: JSON in a link's messages,
//! `{"kind":"latency","direction":"to_target","ms":200,"jitter_ms":50}`, and a text for URLs and the
//! configuration, `latency,direction=to_target,ms=200,jitter_ms=50`.

mod about;
mod read;

use serde::{Deserialize, Serialize};

pub use about::{ABOUT, About};
pub use read::{Asked, FaultError, check_list};

/// Faults that a socket may have at once.
pub const MAX_FAULTS: usize = 8;

/// The longest time that a fault may hold something back, in ms.
pub const MAX_MS: u32 = 60_000;

/// Which way the traffic goes that a fault is done to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client to the target.
    ToTarget,
    /// From the target to the client.
    FromTarget,
    /// Each way, by itself.
    #[default]
    Both,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Everything comes later, in order. Jitter is drawn for each datagram, and for each line of a
    /// stream (each 1,024 bytes of a longer one).
    Latency {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// By so many ms,
        ms: u32,
        /// give or take so many, by chance.
        #[serde(default)]
        jitter_ms: u32,
    },
    /// Streams: so many bytes a second.
    Bandwidth {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes a second.
        bytes_per_s: u32,
    },
    /// Streams: the bytes go on in parts of such a size, wherever they were sent apart. They are sent
    /// so; without a pause, TCP may join them again before they are received.
    Slice {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes of a part,
        bytes: u32,
        /// give or take so many, by chance.
        #[serde(default)]
        vary_bytes: u32,
        /// A pause between two parts, in ms.
        #[serde(default)]
        gap_ms: u32,
    },
    /// Streams: after so many bytes the connection is closed.
    Limit {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass.
        bytes: u32,
    },
    /// Streams: the end (FIN) is passed on late.
    SlowClose {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// By so many ms.
        ms: u32,
    },
    /// Streams: the connection is reset (RST) after so many bytes. A Unix socket just ends.
    Reset {
        /// Which way the bytes are counted.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass before it.
        #[serde(default)]
        after_bytes: u32,
    },
    /// Nothing passes any more after so many bytes, and nobody is told before the client closes.
    BlackHole {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass before it.
        #[serde(default)]
        after_bytes: u32,
    },
    /// The connection is refused, without asking the target.
    Refuse,
    /// Datagrams are lost.
    Loss {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams come twice.
    Duplicate {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams are overtaken by the next one; one that nothing follows waits a second for it.
    Reorder {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// One bit of a datagram is flipped.
    Corrupt {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams lose what is beyond so many bytes.
    Truncate {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass.
        bytes: u32,
    },
}

/// Every kind of fault, in the order of [`Fault`].
pub const KINDS: [&str; 13] = [
    "latency",
    "bandwidth",
    "slice",
    "limit",
    "slow_close",
    "reset",
    "black_hole",
    "refuse",
    "loss",
    "duplicate",
    "reorder",
    "corrupt",
    "truncate",
];

impl Fault {
    /// The name of its kind.
    pub fn kind(self) -> &'static str {
        KINDS[self.index()]
    }

    /// The place of its kind in [`KINDS`].
    fn index(self) -> usize {
        match self {
            Fault::Latency { .. } => 0,
            Fault::Bandwidth { .. } => 1,
            Fault::Slice { .. } => 2,
            Fault::Limit { .. } => 3,
            Fault::SlowClose { .. } => 4,
            Fault::Reset { .. } => 5,
            Fault::BlackHole { .. } => 6,
            Fault::Refuse => 7,
            Fault::Loss { .. } => 8,
            Fault::Duplicate { .. } => 9,
            Fault::Reorder { .. } => 10,
            Fault::Corrupt { .. } => 11,
            Fault::Truncate { .. } => 12,
        }
    }

    /// Whether it can be done to this sort of socket: a stream, or datagrams.
    pub fn fits(self, datagram: bool) -> bool {
        let about = self.about();
        match datagram {
            true => about.datagrams,
            false => about.streams,
        }
    }

    /// Which way the traffic goes that it is done to.
    pub fn direction(self) -> Direction {
        match self {
            Fault::Latency { direction, .. }
            | Fault::Bandwidth { direction, .. }
            | Fault::Slice { direction, .. }
            | Fault::Limit { direction, .. }
            | Fault::SlowClose { direction, .. }
            | Fault::Reset { direction, .. }
            | Fault::BlackHole { direction, .. }
            | Fault::Loss { direction, .. }
            | Fault::Duplicate { direction, .. }
            | Fault::Reorder { direction, .. }
            | Fault::Corrupt { direction, .. }
            | Fault::Truncate { direction, .. } => direction,
            Fault::Refuse => Direction::Both,
        }
    }
}

/// What a fault did, made on purpose and said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultDid {
    /// Bytes went on after the faults: those of a stream to the target were handed to the kernel now.
    Passed {
        /// How many.
        bytes: u32,
        /// How long they were held back on purpose, in µs.
        held_us: u64,
    },
    /// What was sent is cut here.
    Cut {
        /// Bytes of the part that ends at the cut.
        bytes: u32,
    },
    /// A datagram was lost, or bytes fell into the black hole.
    Dropped {
        /// How many bytes.
        bytes: u32,
    },
    /// A datagram was passed on a second time.
    Duplicated {
        /// How many bytes.
        bytes: u32,
    },
    /// A datagram waits until the next one has overtaken it.
    Reordered {
        /// How many bytes.
        bytes: u32,
    },
    /// A bit of a datagram was flipped.
    Corrupted {
        /// How many bytes the datagram has.
        bytes: u32,
        /// In which byte the bit is, counted from 0.
        at: u32,
    },
    /// A datagram's tail was cut off.
    Truncated {
        /// Bytes that are left.
        bytes: u32,
        /// Bytes that there were.
        of: u32,
    },
    /// The end (FIN) was held back and passed on now.
    ClosedLate {
        /// How long, in µs.
        held_us: u64,
    },
    /// The limit was reached and the connection closed.
    Limited,
    /// The connection was reset.
    Reset,
    /// The connection was refused.
    Refused,
}
