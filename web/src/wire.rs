//! The link with its sockets and the log of what happened on them: what both the Lab and the
//! experiments speak through. Pure: what is to be done comes out, no I/O, no clock of its own.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use chalkwire_shared::fault::Asked;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::RunId;
use chalkwire_shared::target::{Kind, TargetInfo};

use crate::link::{Do, Link};
use crate::model::{SocketView, What};

mod hear;
pub mod log;
pub mod socket;
#[cfg(test)]
pub(crate) mod testing;

use log::Log;
use socket::{Socket, WINDOW_BYTES};

/// Closed sockets that are still known.
const PAST_SOCKETS: usize = 64;

/// When something takes place, and the chance it may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// The browser's clock, in ms since 1970 (fractions are µs).
    pub ms: f64,
    /// In 0..1.
    pub random: f64,
}

/// What has come of it.
#[derive(Debug, Default)]
pub struct Out {
    /// What the shell has to do.
    pub said: Vec<Do>,
    /// What whoever holds the wire may want to know, in order.
    pub events: VecDeque<Event>,
}

/// What whoever holds the wire may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An entry was added to the log.
    Noted(u32),
    /// An entry of the log has learnt what became of its bytes.
    Changed(u32),
    /// The gateway said what may be done and reached.
    Welcome,
    /// The connection dropped; the link may be taken up again.
    Lost,
    /// The link was taken up where it was.
    Resumed,
    /// The link is gone with its sockets; perhaps a new one stands.
    Gone,
    /// Data came; whether it is a datagram.
    Data(SocketId, bool),
    /// The other side is done.
    Eof(SocketId),
    /// The socket is over.
    Closed(SocketId),
    /// A message that is about no socket: of servers, of jobs, of a room, a notice.
    Message(GatewayMessage),
}

/// A socket that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The target's name.
    pub target: String,
    /// The target's kind.
    pub kind: Kind,
    /// It is for one exchange.
    pub one_shot: bool,
    /// Ask for the kernel's view.
    pub kernel: bool,
    /// Wrongs to be done to its traffic.
    pub faults: Vec<Asked>,
    /// Where their chance begins.
    pub seed: u32,
    /// The room's "everyone send now" that it belongs to.
    pub run: Option<RunId>,
}

impl Opening {
    /// A socket to a target, and nothing special about it.
    pub fn new(target: String, kind: Kind) -> Self {
        Opening {
            target,
            kind,
            one_shot: false,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run: None,
        }
    }
}

/// The link, its sockets and the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wire {
    /// The link to the gateway.
    pub link: Link,
    /// What the gateway allows; `None` before its first welcome.
    pub limits: Option<Limits>,
    /// What can be reached.
    pub targets: Vec<TargetInfo>,
    /// What happened.
    pub log: Log,
    sockets: BTreeMap<SocketId, Socket>,
    past: VecDeque<SocketView>,
    pub(crate) last_socket: u32,
}

impl Wire {
    /// Nothing happened yet on this link.
    pub fn new(link: Link) -> Self {
        Wire {
            link,
            ..Wire::default()
        }
    }

    /// The WebSocket is closed, with this code.
    pub fn dropped(&mut self, code: u16, now: Now, out: &mut Out) {
        let heard = self.link.dropped(code, now.ms, now.random, &mut out.said);
        self.hear(heard, now, out);
    }

    /// A text message came.
    pub fn text(&mut self, text: &str, now: Now, out: &mut Out) {
        let heard = self.link.text(text, now.ms, now.random, &mut out.said);
        self.hear(heard, now, out);
        self.log.set_clock(self.link.clock());
    }

    /// A binary message came.
    pub fn bytes(&mut self, bytes: Bytes, now: Now, out: &mut Out) {
        let heard = self.link.bytes(bytes, now.ms, now.random, &mut out.said);
        self.hear(heard, now, out);
    }

    /// It is time for a ping.
    pub fn ping(&mut self, now: Now, out: &mut Out) {
        let heard = self.link.ping(now.ms, now.random, &mut out.said);
        self.hear(heard, now, out);
    }

    /// Connects, now.
    pub fn retry(&mut self, now: Now, out: &mut Out) {
        self.link.retry(now.ms, &mut out.said);
    }

    /// Adds a line to the log: its number.
    pub fn note(&mut self, now: Now, about: Option<SocketId>, what: What, out: &mut Out) -> u32 {
        // What a server or the kernel saw may come after the socket's end.
        let about = about.and_then(|id| {
            let open = self.sockets.get(&id).map(|it| &it.view);
            let view = open.or_else(|| self.past.iter().find(|it| it.id == id))?;
            Some((id, view.target.as_str(), view.kind))
        });
        let no = self.log.push(now.ms, about, what);
        out.events.push_back(Event::Noted(no));
        no
    }

    /// The open sockets, in the order in which they were opened.
    pub fn sockets(&self) -> impl DoubleEndedIterator<Item = &Socket> {
        self.sockets.values()
    }

    /// An open socket.
    pub fn socket(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.get(&id)
    }

    /// A socket, open or over.
    pub fn socket_view(&self, id: SocketId) -> Option<&SocketView> {
        match self.sockets.get(&id) {
            Some(socket) => Some(&socket.view),
            None => self.past.iter().find(|it| it.id == id),
        }
    }

    /// Asks for a socket: its number; `None` before the first welcome.
    pub fn open(&mut self, wanted: Opening, now: Now, out: &mut Out) -> Option<SocketId> {
        let limits = self.limits.as_ref()?;
        self.last_socket += 1;
        let id = SocketId(self.last_socket);
        let target = wanted.target;
        let socket = Socket::new(id, target.clone(), wanted.kind, wanted.one_shot, limits);
        self.sockets.insert(id, socket);
        self.note(now, Some(id), What::Connecting, out);
        self.link.say(&mut out.said, |seq| ClientMessage::Open {
            seq,
            socket: id,
            target,
            credit: WINDOW_BYTES,
            trace: true,
            kernel: wanted.kernel,
            faults: wanted.faults,
            seed: wanted.seed,
            run: wanted.run,
        });
        Some(id)
    }

    /// Other faults for an open socket, from here on.
    pub fn refault(&mut self, id: SocketId, faults: Vec<Asked>, seed: u32, out: &mut Out) {
        if self.sockets.contains_key(&id) {
            self.link.say(&mut out.said, |seq| ClientMessage::Faults {
                seq,
                socket: id,
                faults,
                seed,
            });
        }
    }

    /// Sends bytes on a socket, as far as its credit goes now, the rest when there is more.
    pub fn send(&mut self, id: SocketId, bytes: Bytes, now: Now, out: &mut Out) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.queue(bytes);
        }
        self.pump(id, now, out);
    }

    /// Sends what waits on a socket, as far as its credit goes.
    fn pump(&mut self, id: SocketId, now: Now, out: &mut Out) {
        while let Some(payload) = self.sockets.get_mut(&id).and_then(Socket::next_payload) {
            let what = What::Sent {
                bytes: payload.clone(),
                wrote_us: None,
                unknown: false,
            };
            let entry = self.note(now, Some(id), what, out);
            if let Some(socket) = self.sockets.get_mut(&id) {
                socket.sent(entry, payload.len());
            }
            self.link.send(id, payload, entry, &mut out.said);
        }
        if self
            .sockets
            .get_mut(&id)
            .is_some_and(Socket::shutdown_ready)
        {
            self.say_shutdown(id, now, out);
        }
    }

    /// Shuts down our side of a socket, after what waits to be sent.
    pub fn shut_down(&mut self, id: SocketId, now: Now, out: &mut Out) {
        if self.sockets.get_mut(&id).is_some_and(Socket::shut_down) {
            self.say_shutdown(id, now, out);
        }
    }

    fn say_shutdown(&mut self, id: SocketId, now: Now, out: &mut Out) {
        self.note(now, Some(id), What::ShutDown, out);
        self.link.say(&mut out.said, |seq| ClientMessage::Shutdown {
            seq,
            socket: id,
        });
    }

    /// Asks the gateway to close a socket; its `closed` ends it.
    pub fn close(&mut self, id: SocketId, out: &mut Out) {
        if let Some(socket) = self.sockets.get_mut(&id)
            && !socket.closing
        {
            socket.closing = true;
            self.link.say(&mut out.said, |seq| ClientMessage::Close {
                seq,
                socket: id,
            });
        }
    }
}
