//! A link's side of one of its sockets: what the socket tells becomes the link's messages.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use bytes::{BufMut, BytesMut};
use chalkwire_shared::frame::{GATEWAY_HEADER_BYTES, gateway_header};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{GatewayMessage, NoticeKind};
use chalkwire_shared::server::ServerDid;

use super::Link;
use super::outbox::Item;
use crate::bridge::client::{Client, Told};
use crate::room::record::Seen;
use crate::room::recorder::Recorder;

/// A link's side of one of its sockets.
#[derive(Clone)]
pub(crate) struct Side {
    pub(super) link: Weak<Link>,
    pub(super) id: SocketId,
    /// The client wants to be told of writes and of what the server did.
    pub(super) trace: bool,
    /// The room of the link is told of its exchanges.
    pub(super) recorder: Option<Arc<Recorder>>,
}

impl Side {
    fn record(&self, clock_us: u64, seen: Seen<'_>) {
        if let Some(recorder) = &self.recorder {
            recorder.seen(clock_us, self.id, seen);
        }
    }

    /// The client asked for faults, or for none any more.
    pub(super) fn faulted(&self, any: bool) {
        if let Some(recorder) = self.recorder.as_ref().filter(|_| any) {
            recorder.faulted(self.id);
        }
    }
}

impl Client for Side {
    fn has_room(&self) -> bool {
        self.link.upgrade().is_some_and(|link| {
            let state = link.lock();
            let room = link.has_room(&state);
            if !room {
                link.full.store(true, Ordering::Relaxed);
            }
            room
        })
    }

    fn follows_writes(&self) -> bool {
        self.trace || self.recorder.is_some()
    }

    fn wrote(&self, clock_us: u64, payload: &[u8]) {
        self.record(clock_us, Seen::Wrote(payload));
        if self.trace {
            let bytes = payload.len() as u32;
            self.tell(clock_us, Told::Wrote { bytes });
        }
    }

    fn server(&self, clock_us: u64, did: ServerDid) -> bool {
        self.record(clock_us, Seen::Server(&did));
        if !self.trace {
            return true;
        }
        let room = self.has_room();
        if room {
            self.tell(clock_us, Told::Server(did));
        }
        room
    }

    fn data(&self, flags: u32, clock_us: u64, payload: &[u8]) {
        self.record(clock_us, Seen::Came(payload));
        if let Some(link) = self.link.upgrade() {
            link.push_data(self.id, flags, clock_us, payload);
        }
    }

    fn tell(&self, clock_us: u64, told: Told) {
        match &told {
            Told::Opened { .. } => self.record(clock_us, Seen::Opened),
            Told::Eof => self.record(clock_us, Seen::Eof),
            Told::Closed(failure) => self.record(clock_us, Seen::Closed(failure.reason)),
            _ => {}
        }
        if let Some(link) = self.link.upgrade() {
            link.tell(self.id, clock_us, told);
        }
    }
}

impl Link {
    fn push_data(&self, id: SocketId, flags: u32, clock_us: u64, payload: &[u8]) {
        self.queue(|seq| {
            let mut frame = BytesMut::with_capacity(GATEWAY_HEADER_BYTES + payload.len());
            frame.put_slice(&gateway_header(id, flags, seq, clock_us));
            frame.put_slice(payload);
            Item::Data(frame.freeze())
        });
    }

    pub(super) fn tell(&self, socket: SocketId, clock_us: u64, told: Told) {
        if matches!(told, Told::Closed(_)) {
            // Whoever is told that it is over may open another at once: its place is free by then.
            self.lock().sockets.remove(&socket);
        }
        self.push(|seq| message(seq, socket, clock_us, told));
    }
}

/// What a socket told, as the link's message of that number.
fn message(seq: u64, socket: SocketId, clock_us: u64, told: Told) -> GatewayMessage {
    match told {
        Told::Opened {
            local,
            peer,
            connect_us,
        } => GatewayMessage::Opened {
            seq,
            socket,
            local,
            peer,
            connect_us,
            clock_us,
        },
        Told::Wrote { bytes } => GatewayMessage::Wrote {
            seq,
            socket,
            bytes,
            clock_us,
        },
        Told::Server(did) => GatewayMessage::Server {
            seq,
            socket,
            clock_us,
            did,
        },
        Told::Kernel { end, view } => GatewayMessage::Kernel {
            seq,
            socket,
            clock_us,
            end,
            view,
        },
        Told::NoKernelView(no_view) => GatewayMessage::Notice {
            seq,
            socket: Some(socket),
            kind: NoticeKind::NoKernelView,
            detail: no_view.to_string(),
        },
        Told::Eof => GatewayMessage::Eof {
            seq,
            socket,
            clock_us,
        },
        Told::Fault { direction, did } => GatewayMessage::Fault {
            seq,
            socket,
            clock_us,
            direction,
            did,
        },
        Told::Credit { bytes } => GatewayMessage::Credit { seq, socket, bytes },
        Told::Closed(failure) => GatewayMessage::Closed {
            seq,
            socket,
            reason: failure.reason,
            detail: failure.detail,
            clock_us,
        },
        Told::FaultsUntold => GatewayMessage::Notice {
            seq,
            socket: Some(socket),
            kind: NoticeKind::FaultsUntold,
            detail: "Faults do more to this socket than can be told: some of it is not \
                         reported from here on. The bytes are not affected."
                .to_owned(),
        },
        Told::Dropped { datagrams } => GatewayMessage::Notice {
            seq,
            socket: Some(socket),
            kind: NoticeKind::Dropped,
            detail: format!(
                "{datagrams} datagram(s) were dropped: they came faster than this page took \
                     them. UDP has no way to slow its sender down."
            ),
        },
    }
}
