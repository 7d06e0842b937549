//! What the gateway sees of one link's exchanges: what happens on its sockets, summed up.
//!
//! Pure, by the gateway's clock. An exchange begins when its socket is asked for, or with the next
//! send after a reply. It is over when the socket closes, when its reply or the target's end has been
//! quiet for a while, or when the next one begins; then what its server saw is waited for, which comes
//! by another way.

mod part;
mod telling;

use std::collections::BTreeMap;

use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Exchange, RunId};
use chalkwire_shared::server::ServerDid;

use part::Part;
use telling::Telling;

/// A reply is over when nothing more came for so long, as that of an exchange over HTTP is.
pub const QUIET_US: u64 = 250_000;

/// So long a server's reports are waited for after the end.
const REPORTS_US: u64 = 30_000;

/// An exchange of a run that stays as it is for so long is told as it is, before its end: who holds
/// a server up, and who waits for it, must be seen while that lasts.
const STUCK_US: u64 = 300_000;

/// Exchanges of one socket that are over and wait for reports; then the oldest is told without.
const SETTLING: usize = 4;

/// A socket, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The target's name.
    pub target: String,
    /// The "everyone send now" that it belongs to.
    pub run: Option<RunId>,
    /// Wrongs are done to its traffic on purpose.
    pub faulted: bool,
    /// Its server's reports come: that of a `recv`,
    pub reports: bool,
    /// and that of an `accept`.
    pub accepts: bool,
}

/// Something that happened on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It was connected.
    Opened,
    /// These bytes of the client went to the target.
    Wrote(&'a [u8]),
    /// These came from it.
    Came(&'a [u8]),
    /// The target's server did this.
    Server(&'a ServerDid),
    /// The target has no more to send.
    Eof,
    /// It closed.
    Closed(Reason),
}

/// The exchanges of one link.
#[derive(Debug)]
pub struct Record {
    sockets: BTreeMap<SocketId, Socket>,
    /// Sockets that are kept at the most.
    most: usize,
    telling: Telling,
}

#[derive(Debug)]
struct Socket {
    asked: Asked,
    /// Those that are over and wait for reports, and the present one, if there is one.
    parts: Vec<Part>,
    /// A `recv` that was told before the send that it is of.
    early_us: Option<u64>,
    closed: bool,
}

impl Record {
    /// For a link that has at most so many sockets open. `offset_us` makes the room's clock of the
    /// gateway's.
    pub fn new(most: usize, offset_us: u64) -> Self {
        Record {
            sockets: BTreeMap::new(),
            most,
            telling: Telling::new(offset_us),
        }
    }

    /// A socket was asked for.
    pub fn asked(&mut self, now_us: u64, id: SocketId, asked: Asked) {
        if self.sockets.len() >= self.most {
            // Only those that wait for reports can be more than a link has open.
            let waits = self.sockets.iter().find(|(_, socket)| socket.closed);
            let Some(waits) = waits.map(|(id, _)| *id) else {
                return;
            };
            if let Some(mut socket) = self.sockets.remove(&waits) {
                for part in socket.parts.drain(..) {
                    self.telling.over(now_us, waits, &socket.asked, part);
                }
            }
        }
        let socket = Socket {
            asked,
            parts: vec![Part::first(now_us)],
            early_us: None,
            closed: false,
        };
        self.sockets.insert(id, socket);
    }

    /// Wrongs are done to a socket's traffic from here on.
    pub fn faulted(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.asked.faulted = true;
        }
    }

    /// Something happened on a socket at `at_us`. Whether [`due_us`](Self::due_us) may be sooner now.
    pub fn seen(&mut self, at_us: u64, id: SocketId, seen: Seen<'_>) -> bool {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return false;
        };
        let before = socket.due_us();
        socket.seen(at_us, seen);
        while socket.parts.len() > SETTLING {
            let part = socket.parts.remove(0);
            self.telling.over(at_us, id, &socket.asked, part);
        }
        let after = socket.due_us();
        if socket.closed && socket.parts.is_empty() {
            // Its last exchange was told before.
            self.sockets.remove(&id);
        }
        after < before.or(Some(u64::MAX)) && after.is_some()
    }

    /// When there is something to take.
    pub fn due_us(&self) -> Option<u64> {
        if self.telling.has_some() {
            return Some(0);
        }
        self.sockets.values().filter_map(Socket::due_us).min()
    }

    /// What is to be told by now.
    pub fn take(&mut self, now_us: u64) -> Vec<Exchange> {
        let telling = &mut self.telling;
        self.sockets.retain(|id, socket| {
            socket.quiet(now_us);
            while let Some(part) = socket.parts.first_mut() {
                if part.is_settled(now_us) {
                    let part = socket.parts.remove(0);
                    telling.over(now_us, *id, &socket.asked, part);
                    continue;
                }
                if socket.asked.run.is_some() && part.is_stuck(now_us) {
                    part.shown();
                    telling.so_far(now_us, *id, &socket.asked, part);
                }
                break;
            }
            !(socket.closed && socket.parts.is_empty())
        });
        self.telling.take()
    }

    /// How many exchanges were not told, because there were too many, since this was asked last.
    pub fn untold(&mut self) -> u64 {
        self.telling.untold()
    }

    /// Whether every socket that was asked for is closed and told.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty() && !self.telling.has_some()
    }
}

impl Socket {
    fn seen(&mut self, at_us: u64, seen: Seen<'_>) {
        match seen {
            Seen::Opened => {
                if let Some(part) = self.present() {
                    part.connected(at_us);
                }
            }
            Seen::Wrote(bytes) => {
                let mut replied_us = 0;
                if let Some(part) = self.present() {
                    replied_us = part.came_us().unwrap_or(0);
                    if part.came_us().is_some() {
                        part.end(None, None, at_us + REPORTS_US);
                    }
                }
                let early_us = self.early_us.take().filter(|early| *early > replied_us);
                let part = self.present_or_new(at_us);
                part.wrote(at_us, bytes);
                if let Some(early_us) = early_us {
                    part.received(early_us);
                }
            }
            Seen::Came(bytes) => self.present_or_new(at_us).came(at_us, bytes),
            Seen::Server(did) => self.server(at_us, did),
            Seen::Eof => {
                if let Some(part) = self.present() {
                    part.eof(at_us);
                }
            }
            Seen::Closed(reason) => {
                self.closed = true;
                if let Some(part) = self.present() {
                    part.end(Some(at_us), Some(reason), at_us + REPORTS_US);
                }
            }
        }
        let asked = &self.asked;
        for part in &mut self.parts {
            part.settle(asked);
        }
    }

    /// What the server did, as it is told: maybe after what came of it, or before what it came of.
    fn server(&mut self, at_us: u64, did: &ServerDid) {
        match did {
            ServerDid::Accepted => {
                if let Some(part) = self.parts.first_mut() {
                    part.accepted(at_us);
                }
            }
            ServerDid::Recv { .. } | ServerDid::RecvCut { .. } => {
                let mut parts = self.parts.iter_mut();
                match parts.find(|part| part.lacks_recv()) {
                    Some(part) => part.received(at_us),
                    None => self.early_us = Some(at_us),
                }
            }
            ServerDid::Closed => {
                for part in &mut self.parts {
                    part.server_closed(at_us);
                }
            }
            ServerDid::Eof
            | ServerDid::Sent { .. }
            | ServerDid::TimedOut
            | ServerDid::Ignored { .. }
            | ServerDid::Failed { .. } => {}
        }
    }

    /// The exchange that is not over.
    fn present(&mut self) -> Option<&mut Part> {
        self.parts.last_mut().filter(|part| !part.is_over())
    }

    fn present_or_new(&mut self, at_us: u64) -> &mut Part {
        if self.present().is_none() {
            self.parts.push(Part::new(at_us));
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    /// What nothing more came of is over.
    fn quiet(&mut self, now_us: u64) {
        if let Some(part) = self.present()
            && part.quiet_us().is_some_and(|at| at <= now_us)
        {
            part.end(None, None, now_us);
        }
    }

    fn due_us(&self) -> Option<u64> {
        let over = self.parts.first().and_then(Part::settled_us);
        let present = self.parts.last().filter(|part| !part.is_over());
        let quiet = present.and_then(Part::quiet_us);
        // Behind one that is not told yet, it is told in its turn.
        let first = self.parts.first().filter(|_| self.asked.run.is_some());
        let stuck = first.and_then(Part::stuck_us);
        [over, quiet, stuck].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
