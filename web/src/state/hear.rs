//! What the wire has heard, as far as it concerns the Lab's own decisions.

use chalkwire_shared::id::SocketId;

use super::{Effect, LOOK_MS, NEWS_MS, Now, State, Timer};
use crate::wire::{Event, Out};

impl State {
    /// Deals with what has come of an action; that may lead to more.
    pub(super) fn heard(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        while let Some(event) = wire.events.pop_front() {
            match event {
                Event::Noted(no) => self.noted(no, out),
                Event::Welcome => {
                    if self.kind().is_none() {
                        self.target = self.first_target().unwrap_or_default().to_owned();
                    }
                    self.submit_waiting(now, wire, out);
                }
                Event::Resumed | Event::Gone => self.submit_waiting(now, wire, out),
                Event::Data(id, datagram) => self.data(id, datagram, wire, out),
                Event::Eof(id) => {
                    if self.wire.socket(id).is_some_and(|it| it.one_shot) {
                        self.wire.close(id, wire);
                    }
                }
                Event::Closed(id) => {
                    if self.active == Some(id) {
                        self.active = None;
                    }
                }
                // The Lab has no servers and no jobs of its own.
                Event::Changed(_) | Event::Lost | Event::Message(_) => {}
            }
        }
    }

    fn submit_waiting(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        if self.wire.link.is_up() && self.submit_due {
            self.submit(now, wire, out);
        }
    }

    fn noted(&mut self, no: u32, out: &mut Vec<Effect>) {
        if let Some(entry) = self.wire.log.get(no)
            && self.news.add(entry)
        {
            out.push(Effect::Wake(Timer::News, NEWS_MS));
        }
        if !std::mem::replace(&mut self.look_due, true) {
            out.push(Effect::Wake(Timer::Look, LOOK_MS));
        }
    }

    fn data(&mut self, id: SocketId, datagram: bool, wire: &mut Out, out: &mut Vec<Effect>) {
        let Some(socket) = self.wire.socket(id).filter(|it| it.one_shot) else {
            return;
        };
        if datagram {
            self.wire.close(id, wire);
        } else {
            out.push(Effect::Wake(Timer::Quiet(id), self.quiet_ms(socket)));
        }
    }
}
