//! What came over the link, as far as it concerns the room.

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Happened, Key, LeftReason, MemberId, RoomEvent, RoomId, You};

use super::door::Kept;
use super::feed::Feed;
use super::inside::{Inside, MAX_GAUGES};
use super::news::GATHER_MS;
use super::replica::{Ask, Replica};
use super::{Effect, Seat, Stage, Timer, words};
use crate::wire::{Event, Now, Out};

/// After a gap that asking at once did not close, in ms.
const ASK_AGAIN_MS: f64 = 2_000.0;

/// What the gateway says of a room that it let the page into.
struct Entered {
    room: RoomId,
    you: You,
    code: Option<String>,
    join: String,
    keep_s: u64,
    kept: bool,
    clock_offset_us: u64,
}

impl Seat {
    pub(super) fn heard(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        // Before the ends of its sockets, which it is the reason for.
        if wire.events.contains(&Event::Gone)
            && let Some(inside) = &mut self.inside
        {
            let lost = inside.mine.lose().map(words::fate).collect::<Vec<_>>();
            lost.into_iter().for_each(|it| self.tell_news(it, out));
        }
        while let Some(event) = wire.events.pop_front() {
            match event {
                Event::Noted(no) => {
                    let (entry, inside) = (self.wire.log.get(no), self.inside.as_mut());
                    let fate = entry.zip(inside).and_then(|(entry, inside)| {
                        let mine = inside.mine.note(entry)?;
                        Some(words::fate(mine))
                    });
                    fate.into_iter().for_each(|it| self.tell_news(it, out));
                }
                Event::Welcome => self.knock(now, wire),
                Event::Lost => {
                    if let Some(inside) = &mut self.inside {
                        inside.replica.disconnected();
                    }
                }
                Event::Resumed => {
                    self.knock(now, wire);
                    if self.inside.as_ref().is_some_and(|it| it.entered) {
                        self.subscribe(wire);
                    }
                }
                Event::Gone => {
                    self.asked = false;
                    if let Some(inside) = &mut self.inside {
                        inside.entered = false;
                        inside.replica.disconnected();
                    }
                    self.knock(now, wire);
                }
                Event::Data(id, datagram) => {
                    let socket = self.wire.socket(id).filter(|it| it.one_shot);
                    match socket.map(|it| it.quiet_ms()) {
                        Some(_) if datagram => self.wire.close(id, wire),
                        Some(ms) => out.push(Effect::Wake(Timer::Quiet(id), ms)),
                        None => {}
                    }
                }
                Event::Eof(id) => {
                    // The one who says nothing has nothing more to wait for, either.
                    self.wire.close(id, wire);
                }
                Event::Message(message) => self.message(message, now, wire, out),
                Event::Changed(_) | Event::Closed(_) => {}
            }
        }
    }

    fn message(
        &mut self,
        message: GatewayMessage,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        match message {
            GatewayMessage::RoomEntered {
                room,
                you,
                code,
                join,
                keep_s,
                kept,
                clock_offset_us,
                ..
            } => {
                let entered = Entered {
                    room,
                    you,
                    code,
                    join,
                    keep_s,
                    kept,
                    clock_offset_us,
                };
                self.entered(entered, wire, out);
            }
            GatewayMessage::RoomNotEntered { reason, detail, .. } => {
                self.not_entered(reason, detail, out);
            }
            GatewayMessage::RoomLeft { reason, detail, .. } => {
                self.left(reason, detail, now, wire, out);
            }
            GatewayMessage::RoomDone { no, .. } => {
                if let Some(inside) = &mut self.inside {
                    inside.commands.answered(no);
                }
            }
            GatewayMessage::RoomRefused { no, detail, .. } => {
                if let Some(inside) = &mut self.inside
                    && inside.commands.answered(no).is_some()
                {
                    inside.trouble = Some(detail);
                }
            }
            message @ (GatewayMessage::RoomSubscribed { .. }
            | GatewayMessage::RoomMembers { .. }
            | GatewayMessage::RoomHistory { .. }
            | GatewayMessage::RoomEvents { .. }
            | GatewayMessage::RoomLagging { .. }) => self.replicate(message, now, wire, out),
            _ => {}
        }
    }

    /// The room let the page in.
    fn entered(&mut self, entered: Entered, wire: &mut Out, out: &mut Vec<Effect>) {
        if !self.is_entering() && self.stage != Stage::In {
            // Whoever asked has gone elsewhere since.
            self.wire
                .link
                .say(&mut wire.said, |seq| ClientMessage::Leave { seq });
            return;
        }
        let key = match (&entered.you.member, &entered.you.token, &self.stage) {
            (Some(member), Some(token), _) => Key::Member {
                room: entered.room.clone(),
                member: *member,
                token: token.clone(),
            },
            (_, _, Stage::Entering(key)) => key.clone(),
            _ => match &self.inside {
                Some(inside) => inside.key.clone(),
                None => return,
            },
        };
        let has = entered.you.no;
        let same = self
            .inside
            .take()
            .filter(|it| it.facts().room == entered.room && it.you.member == entered.you.member);
        let fresh = same.is_none();
        let lobby = &mut self.lobby;
        let mut inside = same.unwrap_or_else(|| {
            let kept = lobby.kept.take();
            Inside {
                you: entered.you.clone(),
                code: None,
                join: String::new(),
                keep_s: 0,
                kept: false,
                teach: lobby.teach.take().or_else(|| kept.as_ref()?.teach.clone()),
                links: lobby.links.take().or_else(|| kept.as_ref()?.links.clone()),
                replica: Replica::new(entered.room.clone()),
                feed: Feed::new(),
                mine: Default::default(),
                part: None,
                gauges: Vec::new(),
                shown: None,
                trouble: None,
                led: None,
                runner: None,
                commands: Default::default(),
                key: key.clone(),
                entered: false,
                clock_offset_us: 0,
                ran: kept.map(|it| it.ran).unwrap_or_default(),
            }
        });
        self.everyone.trouble = None;
        inside.you = entered.you;
        inside.code = entered.code;
        inside.join = entered.join;
        inside.keep_s = entered.keep_s;
        inside.kept = entered.kept;
        inside.clock_offset_us = entered.clock_offset_us;
        inside.key = key;
        inside.entered = true;
        if inside.commands.give_up(has) {
            let text = "The connection dropped before the room heard of “everyone send now”: nobody \
                        was told to send.";
            inside.trouble = Some(text.to_owned());
        }
        for said in inside.commands.again(has) {
            self.wire
                .link
                .say(&mut wire.said, |seq| ClientMessage::Tell {
                    seq,
                    no: said.no,
                    command: said.command,
                });
        }
        let looks = inside.you.role == Role::Viewer;
        self.inside = Some(inside);
        self.stage = Stage::In;
        self.keep(out);
        if fresh {
            // A secret is not to stand in the address for a whole class to see; the view link is
            // theirs anyway, and finds its room again when it is loaded again.
            if !looks {
                self.clean_address(out);
            }
            out.push(Effect::Turned);
        }
        self.subscribe(wire);
    }

    /// Keeps for this tab what lets it in again.
    pub(super) fn keep(&self, out: &mut Vec<Effect>) {
        let Some(inside) = &self.inside else { return };
        let Key::Member {
            room,
            member,
            token,
        } = &inside.key
        else {
            return;
        };
        let kept = Kept {
            room: room.clone(),
            member: *member,
            token: token.clone(),
            teach: inside.teach.clone(),
            links: inside.links.clone(),
            ran: inside.ran,
        };
        out.push(Effect::Keep(Some(kept.write())));
    }

    /// The page is no longer in the room.
    pub(super) fn left(
        &mut self,
        reason: LeftReason,
        detail: String,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        self.asked = false;
        if self.inside.is_none() {
            // It was not waited for.
            return;
        }
        self.elsewhere = None;
        // Another tab of the same member keeps its own.
        out.push(Effect::Keep(None));
        let open: Vec<_> = self.wire.sockets().map(|it| it.view.id).collect();
        for socket in open {
            self.wire.close(socket, wire);
        }
        if let Some(inside) = &mut self.inside {
            inside.replica.disconnected();
        }
        let next = self.next.take();
        match (reason, next) {
            (LeftReason::Left, Some(door)) => self.come_by(door, now, wire, out),
            (LeftReason::Left, None) => self.go_to_lobby(out),
            _ => self.out(detail, out),
        }
    }

    /// The page is not in the room any more, and did not want that.
    pub(super) fn out(&mut self, detail: String, out: &mut Vec<Effect>) {
        if let Some(inside) = &mut self.inside {
            inside.entered = false;
            inside.runner = None;
        }
        self.stage = Stage::Out { detail };
        out.push(Effect::Turned);
    }

    /// Asks for the room's events on this connection.
    pub(super) fn subscribe(&mut self, wire: &mut Out) {
        let up = self.wire.link.is_up();
        if let Some(inside) = self.inside.as_mut().filter(|it| up && it.entered) {
            let message = inside.replica.subscribe();
            wire.said.push(crate::link::Do::Text(message.encode()));
        }
    }

    fn replicate(
        &mut self,
        message: GatewayMessage,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        let taken = inside.replica.hear(message);
        if taken.anew {
            inside.feed.clear();
            inside.feed.meet(inside.replica.state());
        }
        for event in taken.history {
            inside.feed.push(event, inside.replica.state());
        }
        for event in taken.events {
            self.happened(event, out);
        }
        match taken.ask {
            Some(Ask::AtOnce) => self.subscribe(wire),
            Some(Ask::Later) => out.push(Effect::Wake(Timer::Subscribe, ASK_AGAIN_MS)),
            None => {}
        }
        self.run(now, wire, out);
        self.follow(out);
    }

    /// An event that was applied.
    fn happened(&mut self, event: RoomEvent, out: &mut Vec<Effect>) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        match &event.what {
            Happened::Gauge { gauge, .. } => {
                if inside.gauges.len() < MAX_GAUGES {
                    inside.gauges.push(gauge.clone());
                }
                // A picture of its own has it.
                return;
            }
            Happened::Armed { .. } => {
                inside.gauges.clear();
                inside.shown = None;
            }
            _ => {}
        }
        let news = inside
            .worth_telling(&event)
            .then(|| words::sentence(&event, |it| inside.name(it)));
        inside.feed.push(event, inside.replica.state());
        news.into_iter().for_each(|it| self.tell_news(it, out));
    }

    /// A screen reader is to hear of it, with what else there is.
    fn tell_news(&mut self, sentence: String, out: &mut Vec<Effect>) {
        if self.news.add(sentence) {
            out.push(Effect::Wake(Timer::News, GATHER_MS));
        }
    }
}

impl Inside {
    /// Whether somebody who listens to the page wants to hear of it at once.
    fn worth_telling(&self, event: &RoomEvent) -> bool {
        let me = self.you.member;
        let teaches = self.you.role == Role::Teacher;
        match &event.what {
            _ if me == Some(event.by) && event.by != MemberId::GATEWAY => false,
            Happened::Hand { up, member } => (teaches && *up) || Some(*member) == me,
            Happened::Muted { member, .. } => Some(*member) == me,
            Happened::Locked { .. } => teaches,
            Happened::Paused { .. }
            | Happened::Spotlit { .. }
            | Happened::Showing { .. }
            | Happened::Armed { .. }
            | Happened::RunOver { .. }
            | Happened::Allowed { .. }
            | Happened::Ended => true,
            _ => false,
        }
    }
}
