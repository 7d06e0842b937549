//! Sizes and times of the link protocol, and those the gateway tells each client in its welcome.

use serde::{Deserialize, Serialize};

/// The WebSocket subprotocol that names this version of the link protocol.
pub const SUBPROTOCOL: &str = "chalkwire.v1";

/// The most a link's WebSocket message may hold, header included, in bytes.
///
/// The largest UDP payload over IPv4 (65,507 bytes, RFC 768 with RFC 791) fits with its header.
pub const MAX_MESSAGE_BYTES: usize = 65_536;

/// The most payload one data frame may carry, in bytes, whichever its direction.
pub const MAX_PAYLOAD_BYTES: usize = MAX_MESSAGE_BYTES - crate::frame::GATEWAY_HEADER_BYTES;

/// The most a target's name may have, in bytes.
pub const MAX_TARGET_NAME_BYTES: usize = 64;

/// What a client may do on its link; the gateway states it in `welcome`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Sockets a link may have at once.
    pub sockets: u32,
    /// Payload of one data frame, in bytes.
    pub payload_bytes: u32,
    /// Credit that a client has on a socket as it opens it, in bytes of data frames with their
    /// headers.
    pub window_bytes: u32,
    /// A socket without traffic is closed after this many seconds.
    pub idle_s: u32,
    /// A link whose connection dropped is kept for this many seconds.
    pub resume_s: u32,
}
