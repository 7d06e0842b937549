//! How bytes travel on each way: as they are, in frames, or in a protocol that counts and grants.

use chalkwire_shared::frame::{CLIENT_HEADER_BYTES, GATEWAY_HEADER_BYTES};

use crate::frames::{BINARY, Frame};

/// What a socket is opened to, on the ways that say so in a message.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) datagrams: bool,
}

/// How bytes travel on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As they are.
    Plain,
    /// In binary WebSocket messages.
    Raw,
    /// Over a link: `chalkwire.v1`.
    Link,
    /// In the packets of Wisp, version 1.
    Wisp,
}

/// A page's window, about: what the gateway may send before it is given more.
pub(crate) const CREDIT: u32 = 1 << 20;

pub(crate) const WISP_HEADER: usize = 5;
pub(crate) const WISP_CONNECT: u8 = 1;
pub(crate) const WISP_DATA: u8 = 2;
pub(crate) const WISP_CONTINUE: u8 = 3;

impl Manner {
    /// The frame that carries these bytes, but for its number on a link.
    pub(crate) fn wrap(self, socket: u32, bytes: &[u8]) -> Frame {
        let with = |mut header: Vec<u8>| {
            header.extend_from_slice(bytes);
            Frame::new(BINARY, &header)
        };
        match self {
            Manner::Plain => Frame::plain(bytes),
            Manner::Raw => Frame::new(BINARY, bytes),
            Manner::Link => {
                let mut header = vec![0; CLIENT_HEADER_BYTES];
                header[..4].copy_from_slice(&socket.to_be_bytes());
                with(header)
            }
            Manner::Wisp => {
                let mut header = vec![WISP_DATA];
                header.extend_from_slice(&socket.to_le_bytes());
                with(header)
            }
        }
    }

    /// Where the bytes begin in that frame's payload.
    pub(crate) fn offset(self) -> usize {
        match self {
            Manner::Plain | Manner::Raw => 0,
            Manner::Link => CLIENT_HEADER_BYTES,
            Manner::Wisp => WISP_HEADER,
        }
    }

    /// How many bytes stand before those of the target.
    pub(crate) fn header_from_server(self) -> usize {
        match self {
            Manner::Plain | Manner::Raw => 0,
            Manner::Link => GATEWAY_HEADER_BYTES,
            Manner::Wisp => WISP_HEADER,
        }
    }

    /// What sending so many bytes takes of the allowance.
    pub(crate) fn cost(self, bytes: usize) -> i64 {
        match self {
            Manner::Plain | Manner::Raw => 0,
            Manner::Link => (bytes + CLIENT_HEADER_BYTES) as i64,
            Manner::Wisp => 1,
        }
    }
}
