//! What the link hears, taken into sockets and log.

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{DATAGRAM, GatewayFrame, TRUNCATED};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};

use super::{Event, Now, Out, PAST_SOCKETS, Wire};
use crate::link::Heard;
use crate::model::{SocketState, What};
use crate::words::size;

impl Wire {
    pub(super) fn hear(&mut self, heard: Option<Heard>, now: Now, out: &mut Out) {
        match heard {
            None => {}
            Some(Heard::Welcome { limits, targets }) => {
                if self.limits.is_none() {
                    self.log.new_clock();
                }
                self.limits = Some(limits);
                self.targets = targets;
                out.events.push_back(Event::Welcome);
            }
            Some(Heard::Resumed) => {
                let text = "Connected again, and the link was taken up where it was: nothing is \
                            lost, nothing came twice.";
                self.note(now, None, What::Notice(text.to_owned()), out);
                out.events.push_back(Event::Resumed);
            }
            Some(Heard::Gone { detail, unknown }) => {
                self.gone(&detail, &unknown, now, out);
                out.events.push_back(Event::Gone);
            }
            Some(Heard::Lost(text)) => {
                self.note(now, None, What::Trouble(text), out);
                out.events.push_back(Event::Lost);
            }
            Some(Heard::Strange(text)) => {
                self.note(now, None, What::Trouble(text), out);
            }
            Some(Heard::Message(message)) => self.message(message, now, out),
            Some(Heard::Data(frame)) => self.data(frame, now, out),
        }
    }

    /// The link is gone with its sockets.
    fn gone(&mut self, detail: &str, unknown: &[u32], now: Now, out: &mut Out) {
        let mut lost = 0;
        for no in unknown {
            if let Some(entry) = self.log.get_mut(*no)
                && let What::Sent {
                    wrote_us: None,
                    unknown,
                    ..
                } = &mut entry.what
            {
                *unknown = true;
                lost += 1;
                out.events.push_back(Event::Changed(*no));
            }
        }
        if lost > 0 {
            let text = format!(
                "Nobody can say whether the gateway still sent the last {lost} of your messages; \
                 they are marked “sent?” and are not sent again."
            );
            self.note(now, None, What::Trouble(text), out);
        }
        // The old gateway's clock, as far as it was known: the sockets' end has no moment of its own.
        let clock_us = self
            .log
            .clock(u32::MAX)
            .map_or(0, |map| ((now.ms - map.zero_ms) * 1000.0) as u64);
        let ids: Vec<SocketId> = self.sockets.keys().copied().collect();
        for id in ids {
            self.closed(id, Reason::Failed, detail.to_owned(), clock_us, now, out);
        }
        self.log.new_clock();
        let what = match self.link.is_up() {
            true => What::Notice(format!(
                "Connected to the gateway again, with a new link. {detail}"
            )),
            false => What::Trouble(detail.to_owned()),
        };
        self.note(now, None, what, out);
    }

    fn message(&mut self, message: GatewayMessage, now: Now, out: &mut Out) {
        match message {
            GatewayMessage::Opened {
                socket: id,
                local,
                peer,
                connect_us,
                clock_us,
                ..
            } => {
                let Some(socket) = self.sockets.get_mut(&id) else {
                    return;
                };
                socket.view.local.clone_from(&local);
                socket.view.peer.clone_from(&peer);
                if socket.view.state == SocketState::Connecting {
                    socket.view.state = SocketState::Open;
                }
                let what = What::Connected {
                    local,
                    peer,
                    connect_us,
                    clock_us,
                };
                self.note(now, Some(id), what, out);
            }
            GatewayMessage::Wrote {
                socket: id,
                bytes,
                clock_us,
                ..
            } => {
                let whole = self.sockets.get_mut(&id).map(|it| it.wrote(bytes));
                for no in whole.unwrap_or_default() {
                    if let Some(entry) = self.log.get_mut(no)
                        && let What::Sent { wrote_us, .. } = &mut entry.what
                    {
                        *wrote_us = Some(clock_us);
                        out.events.push_back(Event::Changed(no));
                    }
                }
            }
            GatewayMessage::Eof {
                socket: id,
                clock_us,
                ..
            } => {
                let Some(socket) = self.sockets.get_mut(&id) else {
                    return;
                };
                if socket.view.state != SocketState::ShutDown {
                    socket.view.state = SocketState::PeerDone;
                }
                self.note(now, Some(id), What::Eof { clock_us }, out);
                out.events.push_back(Event::Eof(id));
            }
            GatewayMessage::Closed {
                socket: id,
                reason,
                detail,
                clock_us,
                ..
            } => self.closed(id, reason, detail, clock_us, now, out),
            GatewayMessage::Credit {
                socket: id, bytes, ..
            } => {
                if let Some(socket) = self.sockets.get_mut(&id) {
                    let credit = &mut socket.view.credit_bytes;
                    *credit = credit.saturating_add(u64::from(bytes));
                }
                self.pump(id, now, out);
            }
            GatewayMessage::Notice {
                socket, ref detail, ..
            } => {
                self.note(now, socket, What::Notice(detail.clone()), out);
                out.events.push_back(Event::Message(message));
            }
            GatewayMessage::Server {
                socket,
                clock_us,
                did,
                ..
            } => {
                self.note(now, Some(socket), What::Server { did, clock_us }, out);
            }
            GatewayMessage::Fault {
                socket,
                clock_us,
                direction,
                did,
                ..
            } => {
                let what = What::Fault {
                    direction,
                    did,
                    clock_us,
                };
                self.note(now, Some(socket), what, out);
            }
            GatewayMessage::Kernel {
                socket,
                clock_us,
                end,
                view,
                ..
            } => {
                let what = What::Kernel {
                    end,
                    view,
                    clock_us,
                };
                self.note(now, Some(socket), what, out);
            }
            // These are about no socket.
            GatewayMessage::Serving { .. }
            | GatewayMessage::Stopped { .. }
            | GatewayMessage::JobProgress { .. }
            | GatewayMessage::JobClient { .. }
            | GatewayMessage::JobGauge { .. }
            | GatewayMessage::JobCall { .. }
            | GatewayMessage::JobDone { .. }
            | GatewayMessage::RoomEntered { .. }
            | GatewayMessage::RoomNotEntered { .. }
            | GatewayMessage::RoomLeft { .. }
            | GatewayMessage::RoomDone { .. }
            | GatewayMessage::RoomRefused { .. }
            | GatewayMessage::RoomSubscribed { .. }
            | GatewayMessage::RoomMembers { .. }
            | GatewayMessage::RoomHistory { .. }
            | GatewayMessage::RoomEvents { .. }
            | GatewayMessage::RoomLagging { .. } => out.events.push_back(Event::Message(message)),
            // These speak of the connection itself; the link has dealt with them.
            GatewayMessage::Welcome { .. }
            | GatewayMessage::Resumed { .. }
            | GatewayMessage::ResumeFailed { .. }
            | GatewayMessage::Ack { .. }
            | GatewayMessage::Pong { .. } => {}
        }
    }

    fn data(&mut self, frame: GatewayFrame, now: Now, out: &mut Out) {
        let id = frame.socket;
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        let datagram = frame.flags & DATAGRAM != 0;
        let credit = socket.received(&frame.payload, now.ms);
        let what = What::Received {
            bytes: frame.payload,
            datagram,
            truncated: frame.flags & TRUNCATED != 0,
            clock_us: frame.clock_us,
        };
        self.note(now, Some(id), what, out);
        if let Some(bytes) = credit {
            self.link.say(&mut out.said, |seq| ClientMessage::Credit {
                seq,
                socket: id,
                bytes,
            });
        }
        out.events.push_back(Event::Data(id, datagram));
    }

    fn closed(
        &mut self,
        id: SocketId,
        reason: Reason,
        detail: String,
        clock_us: u64,
        now: Now,
        out: &mut Out,
    ) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        let unsent = socket.closed();
        let what = What::Closed {
            reason,
            detail,
            clock_us,
        };
        self.note(now, Some(id), what, out);
        if unsent > 0 {
            let text = format!(
                "{} still waited for credit when the socket was closed: they were not sent.",
                size(unsent)
            );
            self.note(now, Some(id), What::Trouble(text), out);
        }
        if let Some(socket) = self.sockets.remove(&id) {
            self.past.push_front(socket.view);
            self.past.truncate(PAST_SOCKETS);
        }
        out.events.push_back(Event::Closed(id));
    }
}
