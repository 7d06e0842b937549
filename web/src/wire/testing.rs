//! For tests: what a page said, and a gateway of a few lines that answers.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::target::{Kind, TargetInfo};

/// What a page may do, unless a test says otherwise.
pub(crate) const LIMITS: Limits = Limits {
    sockets: 8,
    payload_bytes: 1_000,
    window_bytes: 4_000,
    idle_s: 60,
    resume_s: 120,
};

/// What a page said.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Control(ClientMessage),
    Data(SocketId, Bytes),
}

impl Said {
    /// A text; `None` for a sign of life.
    pub(crate) fn text(text: &str) -> Option<Self> {
        match ClientMessage::decode(text).unwrap() {
            ClientMessage::Ping { .. } => None,
            message => Some(Said::Control(message)),
        }
    }

    pub(crate) fn bytes(bytes: Bytes) -> Self {
        let frame = ClientFrame::decode(bytes).unwrap();
        Said::Data(frame.socket, frame.payload)
    }
}

pub(crate) fn target(name: &str, kind: Kind) -> TargetInfo {
    TargetInfo {
        name: name.to_owned(),
        kind,
        url: None,
        about: "A target.".to_owned(),
        builtin: true,
    }
}

/// What a gateway says first.
pub(crate) fn welcome(token: &str, limits: Limits, targets: Vec<TargetInfo>) -> String {
    GatewayMessage::Welcome {
        token: Token::from(token.to_owned()),
        version: "0.1.0".to_owned(),
        clock_us: 5,
        unix_ms: 1,
        limits,
        targets,
    }
    .encode()
}

/// Numbers what it says.
#[derive(Default)]
pub(crate) struct Gateway {
    seq: u64,
}

impl Gateway {
    pub(crate) fn says(&mut self, message: impl FnOnce(u64) -> GatewayMessage) -> String {
        self.seq += 1;
        message(self.seq).encode()
    }

    pub(crate) fn opened(&mut self, id: u32) -> String {
        self.says(|seq| GatewayMessage::Opened {
            seq,
            socket: SocketId(id),
            local: "127.0.0.1:5".to_owned(),
            peer: "127.0.0.1:6".to_owned(),
            connect_us: 50,
            clock_us: 10,
        })
    }

    pub(crate) fn closed(&mut self, id: u32, reason: Reason) -> String {
        self.says(|seq| GatewayMessage::Closed {
            seq,
            socket: SocketId(id),
            reason,
            detail: "Closed.".to_owned(),
            clock_us: 13,
        })
    }

    pub(crate) fn data(&mut self, id: u32, flags: u32, clock_us: u64, payload: &[u8]) -> Bytes {
        self.seq += 1;
        let frame = GatewayFrame {
            socket: SocketId(id),
            seq: self.seq,
            flags,
            clock_us,
            payload: Bytes::copy_from_slice(payload),
        };
        frame.encode()
    }
}
