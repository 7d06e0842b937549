//! What each way wants said around the bytes: nothing, frames, or a protocol that counts and grants.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::{bail, ensure};
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{CLIENT_HEADER_BYTES, GATEWAY_HEADER_BYTES};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::sync::Notify;

use crate::frames::{BINARY, CLOSE, Frame, TEXT};
use crate::websocket::Input;

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

/// The load acknowledges after so many messages.
const ACK: u64 = 32;

const WISP_HEADER: usize = 5;
const WISP_CONNECT: u8 = 1;
const WISP_DATA: u8 = 2;
const WISP_CONTINUE: u8 = 3;

/// What the receiving side leaves for the sending one.
pub(crate) struct Duties {
    /// How much may be sent: bytes on a link, packets in Wisp.
    allowance: Cell<i64>,
    ack: Cell<Option<u64>>,
    grant: Cell<Option<(u32, u32)>>,
    due: Cell<bool>,
    pub(crate) changed: Notify,
}

impl Duties {
    fn may_send(&self) -> bool {
        self.allowance.get() > 0
    }

    fn owe(&self) {
        self.due.set(true);
        self.changed.notify_one();
    }

    fn allow(&self, more: i64) {
        self.allowance.set(self.allowance.get() + more);
        self.changed.notify_one();
    }
}

/// The sending side.
pub(crate) struct Sender {
    manner: Manner,
    seq: u64,
    pub(crate) duties: Rc<Duties>,
}

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
    /// What came to each socket since it was given credit.
    used: RefCell<Vec<u32>>,
    duties: Rc<Duties>,
}

/// Both sides of one connection.
pub(crate) fn both(manner: Manner, input: Input) -> (Sender, Receiver) {
    let allowance = match manner {
        Manner::Plain | Manner::Raw => i64::MAX / 2,
        Manner::Link | Manner::Wisp => 0,
    };
    let duties = Rc::new(Duties {
        allowance: Cell::new(allowance),
        ack: Cell::new(None),
        grant: Cell::new(None),
        due: Cell::new(false),
        changed: Notify::new(),
    });
    let sender = Sender {
        manner,
        seq: 0,
        duties: Rc::clone(&duties),
    };
    let receiver = Receiver {
        manner,
        input,
        header: [0; GATEWAY_HEADER_BYTES],
        have: 0,
        said: Vec::new(),
        seen: 0,
        acked: 0,
        used: RefCell::new(Vec::new()),
        duties,
    };
    (sender, receiver)
}

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

    /// What sending so many bytes takes of the allowance.
    fn cost(self, bytes: usize) -> i64 {
        match self {
            Manner::Plain | Manner::Raw => 0,
            Manner::Link => (bytes + CLIENT_HEADER_BYTES) as i64,
            Manner::Wisp => 1,
        }
    }
}

impl Sender {
    /// Opens a socket; its bytes may follow at once. On the ways that name their target themselves
    /// there is nothing to say.
    pub(crate) fn opening(
        &mut self,
        socket: u32,
        target: &str,
        credit: u32,
    ) -> anyhow::Result<Vec<u8>> {
        Ok(match self.manner {
            Manner::Plain | Manner::Raw => Vec::new(),
            Manner::Link => {
                let open = ClientMessage::Open {
                    seq: self.next(),
                    socket: SocketId(socket),
                    target: target.to_owned(),
                    credit,
                    trace: false,
                    kernel: false,
                    faults: Vec::new(),
                    seed: 0,
                    run: None,
                };
                said(&open)
            }
            Manner::Wisp => {
                let Some((host, port)) = target.rsplit_once(':') else {
                    bail!("{target} is no HOST:PORT");
                };
                let mut packet = vec![WISP_CONNECT];
                packet.extend_from_slice(&socket.to_le_bytes());
                packet.push(1);
                packet.extend_from_slice(&port.parse::<u16>()?.to_le_bytes());
                packet.extend_from_slice(host.as_bytes());
                Frame::new(BINARY, &packet).bytes().to_vec()
            }
        })
    }

    pub(crate) fn closing(&mut self, socket: u32) -> Vec<u8> {
        said(&ClientMessage::Close {
            seq: self.next(),
            socket: SocketId(socket),
        })
    }

    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// Whether so many bytes may be sent now.
    pub(crate) fn may(&self, bytes: usize) -> bool {
        self.duties.allowance.get() >= self.manner.cost(bytes)
    }

    /// Gives the frame its number, and takes its bytes off the allowance.
    pub(crate) fn number(&mut self, frame: &mut Frame, bytes: usize) {
        let left = self.duties.allowance.get() - self.manner.cost(bytes);
        self.duties.allowance.set(left);
        if self.manner == Manner::Link {
            frame.patch(8, &self.next().to_be_bytes());
        }
    }

    /// Says what the receiving side left to be said, if anything.
    pub(crate) async fn attend(
        &mut self,
        to: &mut (impl AsyncWriteExt + Unpin),
    ) -> anyhow::Result<()> {
        if !self.duties.due.replace(false) {
            return Ok(());
        }
        if let Some(seen) = self.duties.ack.take() {
            to.write_all(&said(&ClientMessage::Ack { seen })).await?;
        }
        if let Some((socket, bytes)) = self.duties.grant.take() {
            let credit = ClientMessage::Credit {
                seq: self.next(),
                socket: SocketId(socket),
                bytes,
            };
            to.write_all(&said(&credit)).await?;
        }
        Ok(())
    }
}

fn said(message: &ClientMessage) -> Vec<u8> {
    Frame::new(TEXT, message.encode().as_bytes())
        .bytes()
        .to_vec()
}

/// Bytes that came, and where they lie in the input.
#[derive(Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) socket: u32,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Receiver {
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
                let header = match self.manner {
                    Manner::Link => GATEWAY_HEADER_BYTES,
                    Manner::Wisp => WISP_HEADER,
                    Manner::Plain | Manner::Raw => 0,
                };
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
        if last {
            self.saw(u64::from_be_bytes(seq));
        }
        let mut used = self.used.borrow_mut();
        let i = socket as usize;
        if used.len() <= i {
            used.resize(i + 1, 0);
        }
        used[i] += (to - from) as u32 + if last { GATEWAY_HEADER_BYTES as u32 } else { 0 };
        if used[i] >= CREDIT / 2 && self.duties.grant.get().is_none() {
            self.duties.grant.set(Some((socket, used[i])));
            used[i] = 0;
            self.duties.owe();
        }
        Payload { socket, from, to }
    }

    fn saw(&mut self, seq: u64) {
        self.seen = seq;
        if self.seen - self.acked >= ACK {
            self.acked = self.seen;
            self.duties.ack.set(Some(self.seen));
            self.duties.owe();
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
                        let room = u32::from_le_bytes([a, b, c, d]).into();
                        self.duties.allowance.set(room);
                        self.duties.changed.notify_one();
                    }
                    self.said.clear();
                }
                Ok(None)
            }
            other => bail!("Wisp packet {other}"),
        }
    }
}
