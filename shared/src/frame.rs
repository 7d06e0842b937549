//! Data frames: the binary messages of a link, a fixed header and the payload as it is.
//!
//! All numbers are in network byte order (RFC 1700).
//!
//! ```text
//!  offset  0        4        8                16                24
//!          socket   flags    sequence         clock in µs       payload …
//!          u32      u32      u64              u64               bytes
//!                                             (from the gateway only)
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use crate::id::SocketId;

/// Length of the header of a frame from a client, in bytes.
pub const CLIENT_HEADER_BYTES: usize = 16;

/// Length of the header of a frame from the gateway, in bytes.
pub const GATEWAY_HEADER_BYTES: usize = 24;

/// Flag: the payload is one whole datagram (it may be empty).
pub const DATAGRAM: u32 = 1;

/// Flag: the datagram was longer than a frame can carry, and its tail is gone.
pub const TRUNCATED: u32 = 2;

/// Why bytes are no data frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer bytes than a header has.
    #[error("a data frame has a header of {expected} bytes, this one has {got} bytes in all")]
    Short {
        /// Bytes of a whole header.
        expected: usize,
        /// Bytes there were.
        got: usize,
    },
    /// A flag that this version does not define, or that this side may not set.
    #[error("unknown flags {0:#x} in a data frame")]
    Flags(u32),
}

/// A data frame from a client to the gateway; its payload is its own, or lies where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFrame<P = Bytes> {
    /// The socket that the payload is for.
    pub socket: SocketId,
    /// Place in the client's sequence of messages.
    pub seq: u64,
    /// What the socket is to send.
    pub payload: P,
}

/// A data frame from the gateway to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFrame {
    /// The socket that the payload came from.
    pub socket: SocketId,
    /// Place in the gateway's sequence of messages.
    pub seq: u64,
    /// [`DATAGRAM`], [`TRUNCATED`], or nothing.
    pub flags: u32,
    /// When the gateway read it, in µs of the gateway's clock.
    pub clock_us: u64,
    /// What the socket received.
    pub payload: Bytes,
}

impl ClientFrame {
    /// The frame as it travels.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(CLIENT_HEADER_BYTES + self.payload.len());
        out.put_u32(self.socket.0);
        out.put_u32(0);
        out.put_u64(self.seq);
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// Reads a frame; the payload shares the memory of `bytes`.
    ///
    /// # Errors
    /// [`FrameError`] when the header is short or carries a flag.
    pub fn decode(bytes: Bytes) -> Result<Self, FrameError> {
        let ClientFrame { socket, seq, .. } = ClientFrame::parse(&bytes)?;
        Ok(ClientFrame {
            socket,
            seq,
            payload: bytes.slice(CLIENT_HEADER_BYTES..),
        })
    }
}

impl<'a> ClientFrame<&'a [u8]> {
    /// Reads a frame where it lies.
    ///
    /// # Errors
    /// [`FrameError`] when the header is short or carries a flag.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let Some((header, payload)) = bytes.split_first_chunk::<CLIENT_HEADER_BYTES>() else {
            return Err(FrameError::Short {
                expected: CLIENT_HEADER_BYTES,
                got: bytes.len(),
            });
        };
        let flags = u32_at(header, 4);
        if flags != 0 {
            return Err(FrameError::Flags(flags));
        }
        Ok(ClientFrame {
            socket: SocketId(u32_at(header, 0)),
            seq: u64_at(header, 8),
            payload,
        })
    }
}

/// The header of a frame from the gateway, to be written in front of its payload.
pub fn gateway_header(
    socket: SocketId,
    flags: u32,
    seq: u64,
    clock_us: u64,
) -> [u8; GATEWAY_HEADER_BYTES] {
    let mut header = [0; GATEWAY_HEADER_BYTES];
    header[0..4].copy_from_slice(&socket.0.to_be_bytes());
    header[4..8].copy_from_slice(&flags.to_be_bytes());
    header[8..16].copy_from_slice(&seq.to_be_bytes());
    header[16..24].copy_from_slice(&clock_us.to_be_bytes());
    header
}

impl GatewayFrame {
    /// The frame as it travels.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(GATEWAY_HEADER_BYTES + self.payload.len());
        out.put_slice(&gateway_header(
            self.socket,
            self.flags,
            self.seq,
            self.clock_us,
        ));
        out.put_slice(&self.payload);
        out.freeze()
    }

    /// Reads a frame; the payload shares the memory of `bytes`.
    ///
    /// # Errors
    /// [`FrameError`] when the header is short or carries an unknown flag.
    pub fn decode(bytes: Bytes) -> Result<Self, FrameError> {
        let Some((header, _)) = bytes.split_first_chunk::<GATEWAY_HEADER_BYTES>() else {
            return Err(FrameError::Short {
                expected: GATEWAY_HEADER_BYTES,
                got: bytes.len(),
            });
        };
        let flags = u32_at(header, 4);
        if flags & !(DATAGRAM | TRUNCATED) != 0 {
            return Err(FrameError::Flags(flags));
        }
        Ok(GatewayFrame {
            socket: SocketId(u32_at(header, 0)),
            flags,
            seq: u64_at(header, 8),
            clock_us: u64_at(header, 16),
            payload: bytes.slice(GATEWAY_HEADER_BYTES..),
        })
    }
}

/// The four bytes at `at`; both callers read inside a header whose length the type fixes.
fn u32_at<const N: usize>(header: &[u8; N], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&header[at..at + 4]);
    u32::from_be_bytes(four)
}

fn u64_at<const N: usize>(header: &[u8; N], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&header[at..at + 8]);
    u64::from_be_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_header_says_how_much_was_missing() {
        let error = ClientFrame::decode(Bytes::from_static(b"123")).unwrap_err();
        assert_eq!(
            error,
            FrameError::Short {
                expected: 16,
                got: 3
            }
        );
    }

    #[test]
    fn an_unknown_flag_is_refused() {
        let mut bytes = BytesMut::from(&gateway_header(SocketId(1), 4, 1, 1)[..]);
        bytes.extend_from_slice(b"x");
        assert_eq!(
            GatewayFrame::decode(bytes.freeze()),
            Err(FrameError::Flags(4))
        );
    }

    proptest! {
        #[test]
        fn client_frames_come_back_as_they_went(socket: u32, seq: u64, payload: Vec<u8>) {
            let frame = ClientFrame { socket: SocketId(socket), seq, payload: payload.into() };
            prop_assert_eq!(ClientFrame::decode(frame.encode()), Ok(frame));
        }

        #[test]
        fn gateway_frames_come_back_as_they_went(
            socket: u32, seq: u64, flags in 0u32..4, clock_us: u64, payload: Vec<u8>
        ) {
            let frame = GatewayFrame {
                socket: SocketId(socket), seq, flags, clock_us, payload: payload.into(),
            };
            prop_assert_eq!(GatewayFrame::decode(frame.encode()), Ok(frame));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            let _ = ClientFrame::decode(bytes.clone());
            let _ = GatewayFrame::decode(bytes);
        }
    }
}
