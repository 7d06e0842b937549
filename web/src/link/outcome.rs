//! What a link has for whoever holds it: what is to be done, what was heard, how it stands.

use bytes::Bytes;
use chalkwire_shared::frame::GatewayFrame;
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::target::TargetInfo;

use super::ways::Way;

/// What the thin shell has to do for the link.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Connect to the gateway, this way.
    Connect(Way),
    /// Drop the connection; nothing more is to be heard from it.
    Drop,
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Bytes(Bytes),
    /// Call [`Link::retry`] in so many ms; replaces the wait before.
    RetryAfter(f64),
    /// Call [`Link::ping`] in so many ms; replaces the wait before.
    PingAfter(f64),
}

/// What the link has for the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A link stands: what it may do and reach.
    Welcome {
        /// What the page may do.
        limits: Limits,
        /// What can be reached.
        targets: Vec<TargetInfo>,
    },
    /// The dropped link was taken up; nothing is lost.
    Resumed,
    /// The link is gone with its sockets; a new one stands, unless the gateway turned the page away.
    Gone {
        /// Why, for a learner.
        detail: String,
        /// Log entries of data of which nobody can say whether the gateway had it.
        unknown: Vec<u32>,
    },
    /// The connection dropped.
    Lost(String),
    /// A control message about a socket; each once, in order. Or one of a room's, as it came.
    Message(GatewayMessage),
    /// Data from a socket; each once, in order.
    Data(GatewayFrame),
    /// Something that this page does not understand: a sentence.
    Strange(String),
}

/// How the connection stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// A connection is being opened, or the gateway's welcome awaited.
    Connecting,
    /// The gateway was asked to take up the dropped link.
    Resuming,
    /// All is well.
    Up,
    /// Waiting to try again.
    Waiting {
        /// When, in ms since 1970.
        until_ms: f64,
    },
    /// The gateway does not want this page: a sentence that says why.
    Stopped(String),
}
