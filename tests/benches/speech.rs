//! The sending side of a connection: opens, numbers, acknowledges and grants, where a way wants it.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::bail;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::ClientMessage;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::frames::{BINARY, Frame, TEXT};
use crate::manner::{Manner, Target, WISP_CONNECT};
use crate::receiver::Receiver;
use crate::websocket::Input;

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
    pub(crate) fn may_send(&self) -> bool {
        self.allowance.get() > 0
    }

    /// More may be sent.
    pub(crate) fn allow(&self, more: i64) {
        self.allow_just(self.allowance.get() + more);
    }

    /// So much may be sent from now on.
    pub(crate) fn allow_just(&self, much: i64) {
        self.allowance.set(much);
        self.changed.notify_one();
    }

    /// Messages up to this one are to be acknowledged.
    pub(crate) fn acknowledge(&self, seen: u64) {
        self.ack.set(Some(seen));
        self.owe();
    }

    /// A socket is to be given so much credit. False: another one's waits to be said.
    pub(crate) fn grant(&self, socket: u32, bytes: u32) -> bool {
        let free = self.grant.get().is_none();
        if free {
            self.grant.set(Some((socket, bytes)));
            self.owe();
        }
        free
    }

    fn owe(&self) {
        self.due.set(true);
        self.changed.notify_one();
    }
}

/// The sending side.
pub(crate) struct Sender {
    manner: Manner,
    seq: u64,
    pub(crate) duties: Rc<Duties>,
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
    let receiver = Receiver::new(manner, input, duties);
    (sender, receiver)
}

impl Sender {
    /// Opens a socket; its bytes may follow at once. On the ways that name their target themselves
    /// there is nothing to say.
    pub(crate) fn opening(
        &mut self,
        socket: u32,
        target: &Target,
        credit: u32,
    ) -> anyhow::Result<Vec<u8>> {
        Ok(match self.manner {
            Manner::Plain | Manner::Raw => Vec::new(),
            Manner::Link => {
                let open = ClientMessage::Open {
                    seq: self.next(),
                    socket: SocketId(socket),
                    target: target.name.clone(),
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
                let Some((host, port)) = target.name.rsplit_once(':') else {
                    bail!("{} is no HOST:PORT", target.name);
                };
                let mut packet = vec![WISP_CONNECT];
                packet.extend_from_slice(&socket.to_le_bytes());
                packet.push(if target.datagrams { 2 } else { 1 });
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
