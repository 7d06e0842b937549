//! The receiving side of a connection: bytes for who asks, and what they oblige the sending side to.

use std::rc::Rc;

use anyhow::{bail, ensure};
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::GATEWAY_HEADER_BYTES;
use chalkwire_shared::message::GatewayMessage;
use tokio::io::AsyncRead;

use crate::frames::{BINARY, CLOSE, TEXT};
use crate::manner::{CREDIT, Manner, WISP_CONTINUE, WISP_DATA};
use crate::speech::Duties;
use crate::websocket::Input;

/// The load acknowledges when the page does: after so many messages, or bytes.
const ACK_MESSAGES: u64 = 32;
const ACK_BYTES: usize = 65_536;

/// The receiving side.
pub(crate) struct Receiver {
    manner: Manner,
    pub(crate) input: Input,
    header: [u8; GATEWAY_HEADER_BYTES],
    have: usize,
    /// A message that is not bytes for the target, as it comes together.
    said: Vec<u8>,
    seen: u64,
    acked: u64,
    unacked_bytes: usize,
    /// Bytes that came, and that nobody has looked at.
    rest: Option<Payload>,
    /// What came to each socket since it was given credit.
    used: Vec<u32>,
    duties: Rc<Duties>,
}

/// Bytes that came, and where they lie in the input.
#[derive(Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) socket: u32,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Receiver {
    pub(crate) fn new(manner: Manner, input: Input, duties: Rc<Duties>) -> Self {
        Receiver {
            manner,
            input,
            header: [0; GATEWAY_HEADER_BYTES],
            have: 0,
            said: Vec::new(),
            seen: 0,
            acked: 0,
            unacked_bytes: 0,
            rest: None,
            used: Vec::new(),
            duties,
        }
    }

    /// The next bytes, but no more than these; the rest comes with the next call.
    pub(crate) async fn at_most(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        most: usize,
    ) -> anyhow::Result<&[u8]> {
        let payload = match self.rest.take() {
            Some(rest) => rest,
            None => self.payload(from).await?,
        };
        let to = payload.to.min(payload.from + most);
        if to < payload.to {
            self.rest = Some(Payload {
                from: to,
                ..payload
            });
        }
        Ok(self.input.bytes(payload.from, to))
    }

    /// The next bytes that came from the target. What else is said is taken in on the way.
    pub(crate) async fn payload(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<Payload> {
        if self.manner == Manner::Plain {
            let (from, to) = self.input.plain(from).await?;
            return Ok(Payload {
                socket: 0,
                from,
                to,
            });
        }
        loop {
            if let Some(payload) = self.step(from).await? {
                return Ok(payload);
            }
        }
    }

    /// Waits for the message that the other side begins with, where it does: how much may be sent.
    pub(crate) async fn greeting(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<()> {
        while !self.duties.may_send() {
            self.step(from).await?;
        }
        Ok(())
    }

    async fn step(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> anyhow::Result<Option<Payload>> {
        let mut part = self.input.part(from).await?;
        match part.opcode {
            BINARY => {
                let header = self.manner.header_from_server();
                let n = (header - self.have).min(part.to - part.from);
                let bytes = self.input.bytes(part.from, part.from + n);
                self.header[self.have..self.have + n].copy_from_slice(bytes);
                self.have += n;
                part.from += n;
                if self.have < header {
                    ensure!(!part.last, "a frame without its header");
                    return Ok(None);
                }
                if part.last {
                    self.have = 0;
                }
                match self.manner {
                    Manner::Link => Ok(Some(self.link_data(part.from, part.to, part.last))),
                    Manner::Wisp => self.wisp_packet(part.from, part.to, part.last),
                    Manner::Plain | Manner::Raw => Ok(Some(Payload {
                        socket: 0,
                        from: part.from,
                        to: part.to,
                    })),
                }
            }
            TEXT => {
                let bytes = self.input.bytes(part.from, part.to);
                self.said.extend_from_slice(bytes);
                if part.last {
                    self.heard()?;
                }
                Ok(None)
            }
            CLOSE => bail!("closed by the other side"),
            _ => Ok(None),
        }
    }

    fn link_data(&mut self, from: usize, to: usize, last: bool) -> Payload {
        let [a, b, c, d, ..] = self.header;
        let socket = u32::from_be_bytes([a, b, c, d]);
        let mut seq = [0; 8];
        seq.copy_from_slice(&self.header[8..16]);
        self.unacked_bytes += to - from;
        if last {
            self.saw(u64::from_be_bytes(seq));
        }
        let used = &mut self.used;
        let i = socket as usize;
        if used.len() <= i {
            used.resize(i + 1, 0);
        }
        used[i] += (to - from) as u32 + if last { GATEWAY_HEADER_BYTES as u32 } else { 0 };
        if used[i] >= CREDIT / 2 && self.duties.grant(socket, used[i]) {
            used[i] = 0;
        }
        Payload { socket, from, to }
    }

    fn saw(&mut self, seq: u64) {
        self.seen = seq;
        if self.seen - self.acked >= ACK_MESSAGES || self.unacked_bytes >= ACK_BYTES {
            (self.acked, self.unacked_bytes) = (self.seen, 0);
            self.duties.acknowledge(self.seen);
        }
    }

    fn heard(&mut self) -> anyhow::Result<()> {
        let message = GatewayMessage::decode(std::str::from_utf8(&self.said)?)?;
        self.said.clear();
        if let Some(seq) = message.seq() {
            self.saw(seq);
        }
        match message {
            GatewayMessage::Welcome { limits, .. } => {
                self.duties.allow(limits.window_bytes.into());
            }
            GatewayMessage::Credit { bytes, .. } => self.duties.allow(bytes.into()),
            GatewayMessage::Closed { reason, detail, .. } => {
                ensure!(reason == Reason::ClosedByClient, "{reason}: {detail}");
            }
            _ => {}
        }
        Ok(())
    }

    fn wisp_packet(
        &mut self,
        from: usize,
        to: usize,
        last: bool,
    ) -> anyhow::Result<Option<Payload>> {
        let [kind, a, b, c, d, ..] = self.header;
        let socket = u32::from_le_bytes([a, b, c, d]);
        match kind {
            WISP_DATA => Ok(Some(Payload { socket, from, to })),
            WISP_CONTINUE => {
                self.said.extend_from_slice(self.input.bytes(from, to));
                if last {
                    if let [a, b, c, d] = self.said[..] {
                        let packets = u32::from_le_bytes([a, b, c, d]);
                        self.duties.allow_just(packets.into());
                    }
                    self.said.clear();
                }
                Ok(None)
            }
            other => bail!("Wisp packet {other}"),
        }
    }
}
