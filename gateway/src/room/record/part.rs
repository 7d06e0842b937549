//! One exchange of a socket, as far as it has come.

use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Exchange, MAX_KEPT_BYTES, Payload};

use super::{Asked, QUIET_US, STUCK_US};

/// One more than is told, so that it shows whether the last letter was cut.
const KEPT: usize = MAX_KEPT_BYTES + 1;

/// An exchange. Times are µs of the gateway's clock.
#[derive(Clone, Debug)]
pub(super) struct Part {
    is_first: bool,
    begun_us: u64,
    connected_us: Option<u64>,
    accepted_us: Option<u64>,
    sent_us: Option<u64>,
    recv_us: Option<u64>,
    replied_us: Option<u64>,
    /// The last byte came, or the target's end.
    came_us: u64,
    eof: bool,
    sent_bytes: u32,
    received_bytes: u32,
    sent: Vec<u8>,
    received: Vec<u8>,
    over: Option<Over>,
    /// The server tells nothing more.
    server_closed_us: Option<u64>,
    /// It came to where it is at this time.
    changed_us: u64,
    /// It was told as it is.
    shown: bool,
}

#[derive(Clone, Copy, Debug)]
struct Over {
    at_us: u64,
    reason: Option<Reason>,
    /// Reports are waited for until then.
    settled_us: u64,
}

impl Part {
    /// That which begins as the socket is asked for.
    pub(super) fn first(begun_us: u64) -> Self {
        Part {
            is_first: true,
            ..Part::new(begun_us)
        }
    }

    pub(super) fn new(begun_us: u64) -> Self {
        Part {
            is_first: false,
            begun_us,
            connected_us: None,
            accepted_us: None,
            sent_us: None,
            recv_us: None,
            replied_us: None,
            came_us: begun_us,
            eof: false,
            sent_bytes: 0,
            received_bytes: 0,
            sent: Vec::new(),
            received: Vec::new(),
            over: None,
            server_closed_us: None,
            changed_us: begun_us,
            shown: false,
        }
    }

    pub(super) fn connected(&mut self, at_us: u64) {
        self.connected_us = Some(at_us);
        self.changed(at_us);
    }

    pub(super) fn accepted(&mut self, at_us: u64) {
        if self.is_first {
            self.accepted_us = Some(at_us);
            self.changed(at_us);
        }
    }

    pub(super) fn wrote(&mut self, at_us: u64, bytes: &[u8]) {
        if self.sent_us.is_none() {
            self.sent_us = Some(at_us);
            self.changed(at_us);
        }
        add(&mut self.sent_bytes, &mut self.sent, bytes);
    }

    /// The server's `recv` returned; what it returned first counts.
    pub(super) fn received(&mut self, at_us: u64) {
        if self.recv_us.is_none() {
            self.recv_us = Some(at_us);
            self.changed(at_us);
        }
    }

    pub(super) fn came(&mut self, at_us: u64, bytes: &[u8]) {
        if self.replied_us.is_none() {
            self.replied_us = Some(at_us);
            self.changed(at_us);
        }
        self.came_us = at_us;
        add(&mut self.received_bytes, &mut self.received, bytes);
    }

    /// The target has no more to send.
    pub(super) fn eof(&mut self, at_us: u64) {
        self.eof = true;
        self.came_us = at_us;
    }

    /// The server closed its end; the first that it says of it counts.
    pub(super) fn server_closed(&mut self, at_us: u64) {
        self.server_closed_us.get_or_insert(at_us);
    }

    fn changed(&mut self, at_us: u64) {
        self.changed_us = self.changed_us.max(at_us);
        self.shown = false;
    }

    /// It is over: at `at_us`, or with the last byte that came.
    pub(super) fn end(&mut self, at_us: Option<u64>, reason: Option<Reason>, settled_us: u64) {
        self.over = Some(Over {
            at_us: at_us.unwrap_or(self.came_us),
            reason,
            settled_us,
        });
    }

    /// Nothing is waited for where everything is there.
    pub(super) fn settle(&mut self, asked: &Asked) {
        let queued = asked.accepts && self.connected_us.is_some();
        let accepted = !queued || self.accepted_us.is_some();
        let complete = accepted && !self.lacks_recv();
        if let Some(over) = &mut self.over
            && (!asked.reports || self.server_closed_us.is_some() || complete)
        {
            over.settled_us = 0;
        }
    }

    /// Something was sent of which the server is not known to have read anything.
    pub(super) fn lacks_recv(&self) -> bool {
        self.sent_us.is_some() && self.recv_us.is_none()
    }

    /// When the last byte came, if one did.
    pub(super) fn came_us(&self) -> Option<u64> {
        self.replied_us.map(|_| self.came_us)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// When it was over. Without a reply that was when the server let go of it: it took the next one
    /// then, before word of the end came back here.
    fn over_us(&self) -> Option<u64> {
        let over_us = self.over.map(|over| over.at_us)?;
        let closed_us = self.server_closed_us.filter(|_| self.replied_us.is_none());
        Some(over_us.min(closed_us.unwrap_or(over_us)))
    }

    pub(super) fn settled_us(&self) -> Option<u64> {
        self.over.map(|over| over.settled_us)
    }

    pub(super) fn is_settled(&self, now_us: u64) -> bool {
        self.settled_us().is_some_and(|at| at <= now_us)
    }

    /// When it is over, if nothing more comes.
    pub(super) fn quiet_us(&self) -> Option<u64> {
        let ends = self.eof || self.replied_us.is_some();
        ends.then_some(self.came_us + QUIET_US)
    }

    /// When it is to be told as it is, if nothing changes.
    pub(super) fn stuck_us(&self) -> Option<u64> {
        let open = self.over.is_none() && !self.shown && self.connected_us.is_some();
        open.then_some(self.changed_us + STUCK_US)
    }

    pub(super) fn is_stuck(&self, now_us: u64) -> bool {
        self.stuck_us().is_some_and(|at| at <= now_us)
    }

    pub(super) fn shown(&mut self) {
        self.shown = true;
    }

    /// The exchange as a room has it; `offset_us` makes its clock of the gateway's.
    pub(super) fn exchange(&self, offset_us: u64, socket: SocketId, asked: &Asked) -> Exchange {
        let since = |at_us: u64| {
            let us = at_us.saturating_sub(self.begun_us);
            u32::try_from(us).unwrap_or(u32::MAX)
        };
        Exchange {
            run: asked.run,
            target: asked.target.clone(),
            socket: socket.0,
            begun_us: self.begun_us.saturating_add(offset_us),
            connected_us: self.connected_us.map(since),
            accepted_us: self.accepted_us.map(since),
            sent_us: self.sent_us.map(since),
            recv_us: self.recv_us.map(since),
            replied_us: self.replied_us.map(since),
            over_us: self.over_us().map(since),
            sent_bytes: self.sent_bytes,
            received_bytes: self.received_bytes,
            sent: Payload::beginning_of(&self.sent),
            received: Payload::beginning_of(&self.received),
            reason: self.over.and_then(|over| over.reason),
            faulted: asked.faulted,
        }
    }
}

fn add(count: &mut u32, kept: &mut Vec<u8>, bytes: &[u8]) {
    let more = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    *count = count.saturating_add(more);
    let room = KEPT.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}
