//! Sending, connecting, shutting down, closing: what the composer may do and how it is done.

use bytes::Bytes;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::MAX_PAYLOAD_BYTES;
use chalkwire_shared::target::Kind;

use super::{Effect, Focus, Now, State, Timer};
use crate::line_end::LineEnd;
use crate::link::Phase;
use crate::model::{SocketState, What};
use crate::wire::socket::{Socket, WAITING_BYTES};
use crate::wire::{Opening, Out};
use crate::words;

/// After so long without a reply a learner wonders, in ms.
const NO_REPLY_MS: f64 = 3_000.0;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// On this open socket.
    On(SocketId),
    /// On a socket of its own, closed after the reply.
    OneShot,
    /// As [`Way::OneShot`] or [`Way::On`], once the gateway has answered.
    WhenUp,
}

impl State {
    /// Where a message would go, or a sentence on why it can go nowhere now.
    pub fn way(&self) -> Result<Way, &'static str> {
        self.reachable()?;
        if !self.wire.link.is_up() {
            return Ok(Way::WhenUp);
        }
        match self.active_socket() {
            None => Ok(Way::OneShot),
            Some(socket) if socket.may_send() => Ok(Way::On(socket.view.id)),
            Some(_) => Err(
                "This socket's side is shut down: nothing more can be sent on it. Close it, or \
                 leave it by picking the target.",
            ),
        }
    }

    /// Whether there is a gateway and a target, now or in a moment.
    fn reachable(&self) -> Result<(), &'static str> {
        match self.wire.link.phase() {
            Phase::Waiting { .. } => Err("Not connected to the gateway: wait for the next try."),
            Phase::Stopped(_) => Err("Not connected to the gateway."),
            Phase::Up if self.wire.targets.is_empty() => {
                Err("This gateway has no targets. Its operator names them when it is started.")
            }
            Phase::Up if self.kind().is_none() => Err("Pick a target first."),
            _ => Ok(()),
        }
    }

    /// Why no socket can be opened now.
    pub fn may_connect(&self) -> Result<(), &'static str> {
        self.reachable()?;
        let open = u32::try_from(self.wire.sockets().count()).unwrap_or(u32::MAX);
        match &self.wire.limits {
            _ if !self.wire.link.is_up() => Err("Not connected to the gateway yet."),
            None => Err("Not connected to the gateway yet."),
            Some(limits) if open >= limits.sockets => {
                Err("As many sockets are open as this gateway allows. Close one first.")
            }
            Some(_) => Ok(()),
        }
    }

    /// Why the picked socket's side cannot be shut down now.
    pub fn may_shut_down(&self) -> Result<SocketId, &'static str> {
        let socket = self
            .active_socket()
            .ok_or("No open socket is picked: connect first.")?;
        if socket.view.kind.is_datagram() {
            return Err("A datagram socket has no FIN: there is nothing to shut down.");
        }
        match socket.may_send() {
            true => Ok(socket.view.id),
            false => Err("Your side of this socket is shut down already."),
        }
    }

    /// Why there is nothing to close now.
    pub fn may_close(&self) -> Result<SocketId, &'static str> {
        self.active_socket()
            .map(|it| it.view.id)
            .ok_or("No open socket is picked: there is nothing to close.")
    }

    /// Why these bytes cannot be sent to a target of this kind.
    fn check(&self, bytes: &Bytes, kind: Kind) -> Result<(), String> {
        let len = bytes.len();
        let most = self
            .wire
            .limits
            .as_ref()
            .map_or(MAX_PAYLOAD_BYTES, |it| it.payload_bytes as usize);
        if kind.is_datagram() {
            if len > most {
                return Err(format!(
                    "{len} bytes are too many for one datagram: it goes whole or not at all, and this \
                     gateway takes {most} bytes at most. Send less at once."
                ));
            }
            return Ok(());
        }
        if bytes.is_empty() {
            return Err(
                "Nothing to send: an empty message has no bytes, and a stream carries nothing \
                 else. Write something, or pick a line end."
                    .to_owned(),
            );
        }
        let waiting = self
            .active_socket()
            .map_or(0, |it| it.view.waiting_bytes as usize);
        if waiting + len > WAITING_BYTES {
            return Err(format!(
                "{len} bytes are too many at once: at most {WAITING_BYTES} may wait here to be sent, \
                 and {waiting} wait already. One message on the link carries {most} bytes; longer ones \
                 go in parts.",
            ));
        }
        Ok(())
    }

    pub(super) fn submit(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let bytes = match self.draft.bytes() {
            Ok(bytes) => bytes,
            Err(trouble) => {
                self.trouble = Some(trouble);
                return;
            }
        };
        if self.send_bytes(bytes, now, wire, out) {
            self.draft.sent();
        }
    }

    pub(super) fn resend(
        &mut self,
        target: String,
        bytes: Bytes,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        // Only what stands in the message box may wait for the gateway.
        if self.way() == Ok(Way::WhenUp) {
            self.trouble = Some("Not connected to the gateway yet: send it again then.".to_owned());
            return;
        }
        if self.target != target {
            self.pick_target(target, out);
        }
        if self.send_bytes(bytes, now, wire, out) {
            out.push(Effect::Focus(Focus::RowsUnder));
        }
    }

    /// Whether the bytes are on their way; if not, [`State::trouble`] says why.
    fn send_bytes(
        &mut self,
        bytes: Bytes,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) -> bool {
        self.trouble = None;
        self.submit_due = false;
        let sent = match self.way() {
            Err(trouble) => Err(trouble.to_owned()),
            Ok(Way::WhenUp) => {
                self.submit_due = true;
                return false;
            }
            Ok(Way::On(id)) => {
                let kind = self.wire.socket(id).map_or(Kind::Tcp, |it| it.view.kind);
                self.check(&bytes, kind).map(|()| id)
            }
            Ok(Way::OneShot) => {
                let kind = self.kind().unwrap_or(Kind::Tcp);
                self.check(&bytes, kind)
                    .and_then(|()| self.may_connect().map_err(str::to_owned))
                    .and_then(|()| {
                        self.open(true, now, wire, out)
                            .ok_or_else(|| "Pick a target first.".to_owned())
                    })
            }
        };
        match sent {
            Ok(id) => {
                self.wire.send(id, bytes, now, wire);
                // Whoever sends wants to see what comes of it.
                self.selected = None;
                self.inspecting = false;
                true
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                false
            }
        }
    }

    /// Sends the first message of a visit: `hello`, to the target that is best to begin with.
    pub(super) fn hello(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let target = self.first_target().map(str::to_owned);
        if let Some(target) = target {
            self.pick_target(target, out);
        }
        self.active = None;
        // What is being written stays.
        if !self.draft.typed.text.is_empty() && self.wire.link.is_up() {
            self.send_bytes(Bytes::from_static(b"hello\r\n"), now, wire, out);
            return;
        }
        self.draft.typed.hex = false;
        self.draft.line_end = LineEnd::CrLf;
        self.draft.write("hello".to_owned());
        self.submit(now, wire, out);
    }

    /// The target that is best to begin with.
    pub fn first_target(&self) -> Option<&str> {
        let line = self.wire.targets.iter().find(|it| it.name == "line");
        line.or_else(|| self.wire.targets.iter().find(|it| it.builtin))
            .or_else(|| self.wire.targets.first())
            .map(|it| it.name.as_str())
    }

    pub(super) fn connect(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        self.trouble = None;
        match self.may_connect() {
            Ok(()) => self.active = self.open(false, now, wire, out),
            Err(trouble) => self.trouble = Some(trouble.to_owned()),
        }
    }

    fn open(
        &mut self,
        one_shot: bool,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) -> Option<SocketId> {
        let kind = self.kind()?;
        let wanted = Opening {
            one_shot,
            kernel: self.kernel,
            faults: self.faults.asked(kind.is_datagram(), false),
            seed: self.faults.seed,
            ..Opening::new(self.target.clone(), kind)
        };
        let id = self.wire.open(wanted, now, wire)?;
        if self
            .faults
            .fitting(kind.is_datagram(), false)
            .next()
            .is_some()
        {
            let record = self.faults.record(kind.is_datagram(), false);
            self.wire.note(now, Some(id), What::Notice(record), wire);
        }
        self.set_made(id);
        if one_shot {
            out.push(Effect::Wake(Timer::NoReply(id), NO_REPLY_MS));
        }
        Some(id)
    }

    /// The picked socket gets other faults, from here on.
    pub(super) fn refault(&mut self, now: Now, wire: &mut Out) {
        let Some(socket) = self.active_socket() else {
            return;
        };
        let (id, datagram) = (socket.view.id, socket.view.kind.is_datagram());
        let asked = self.faults.asked(datagram, true);
        self.wire.refault(id, asked, self.faults.seed, wire);
        let record = self.faults.record(datagram, true);
        self.wire.note(now, Some(id), What::Notice(record), wire);
        self.set_made(id);
    }

    fn set_made(&mut self, id: SocketId) {
        self.made
            .retain(|it| it.0 != id && self.wire.socket(it.0).is_some());
        self.made.push((id, self.faults.clone()));
    }

    pub(super) fn shut_down(&mut self, now: Now, wire: &mut Out) {
        match self.may_shut_down() {
            Ok(id) => self.wire.shut_down(id, now, wire),
            Err(trouble) => self.trouble = Some(trouble.to_owned()),
        }
    }

    /// It is time to see whether a socket for one exchange has its reply.
    pub(super) fn quiet(&mut self, id: SocketId, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let Some(socket) = self.wire.socket(id).filter(|it| it.one_shot) else {
            return;
        };
        let quiet_ms = self.quiet_ms(socket);
        let left = socket.received_ms + quiet_ms - now.ms;
        if left > 1.0 {
            out.push(Effect::Wake(Timer::Quiet(id), left));
        } else if !socket.closing {
            if !socket.ends_a_line() || !self.made(id).is_empty() {
                let text = format!(
                    "Nothing more came for {}: the page stops waiting, and closes.",
                    words::millis(quiet_ms)
                );
                self.wire.note(now, Some(id), What::Notice(text), wire);
            }
            self.wire.close(id, wire);
        }
    }

    /// How long after its last data a reply is taken to be whole, in ms: what is held back on purpose may
    /// come later.
    pub(super) fn quiet_ms(&self, socket: &Socket) -> f64 {
        let view = &socket.view;
        let made = self.faults_of(view.id);
        socket.quiet_ms() + made.map_or(0.0, |it| it.held_ms(view.kind.is_datagram()))
    }

    /// It is time to say that nothing came back.
    pub(super) fn no_reply(&mut self, id: SocketId, now: Now, wire: &mut Out) {
        let Some(socket) = self.wire.socket(id) else {
            return;
        };
        let view = &socket.view;
        if view.received > 0 || view.state != SocketState::Open {
            return;
        }
        let made = self.made(id);
        let why = match view.kind.is_datagram() {
            _ if !made.is_empty() => format!(" Made here on purpose: {made}."),
            true => {
                " Nothing on the wire tells a lost datagram from a server that does not answer."
                    .to_owned()
            }
            false if !socket.is_written() => " The bytes are not written yet.".to_owned(),
            false => " The bytes were delivered; the server is waiting for more, is slow, or has \
                      nothing to say. One that reads lines waits for a line end (\\n)."
                .to_owned(),
        };
        let text = format!(
            "No reply in 3 s.{why} The socket stays open: pick it to send more, or close it."
        );
        self.wire.note(now, Some(id), What::Notice(text), wire);
    }
}
