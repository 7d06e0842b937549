//! A gateway as small as it can be: a room, its log, and one page's link to it.

use std::collections::VecDeque;

use chalkwire_shared::id::Token;
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{
    Command, CommandNo, Happened, Key, LeftReason, MemberId, NotEntered, RoomEvent, RoomId, State,
    You,
};
use chalkwire_shared::target::{Kind, TargetInfo};

use crate::room::{Action, Effect, Seat, Start, Timer};
use crate::wire::Now;

/// What the gateway keeps of the page's link.
struct Kept {
    token: Token,
    /// The last of the page's messages that it has.
    seen: u64,
    /// What it said in sequence.
    said: Vec<String>,
    entered: Option<MemberId>,
    client: u32,
    /// Commands whose events are not saved yet.
    due: Vec<(u64, u64)>,
}

/// The gateway, the network and the page.
pub(super) struct Model {
    pub(super) seat: Seat,
    pub(super) state: State,
    pub(super) log: Vec<RoomEvent>,
    pub(super) saved: usize,
    pub(super) now_ms: f64,
    pub(super) effects: Vec<Effect>,
    /// What the page said that was understood, oldest first.
    pub(super) heard: Vec<ClientMessage>,
    /// What the page is in the room.
    pub(super) role: Role,
    /// Rooms outlive the gateway's program.
    pub(super) kept: bool,
    epoch: u32,
    link: Option<Kept>,
    fresh: Option<Kept>,
    tokens: u64,
    /// On its way to the page; `None` where there is no connection.
    wire: Option<VecDeque<String>>,
    /// From where on this connection gets events.
    cursor: Option<usize>,
}

pub(super) const CLIENT: u32 = 77;
const ZERO_US: u64 = 1_795_000_000_000_000;

impl Model {
    pub(super) fn new(fragment: &str) -> Self {
        let mut model = Model {
            seat: Seat::default(),
            state: State::new(RoomId::from_random([7; 8])),
            log: Vec::new(),
            saved: 0,
            now_ms: 1.8e12,
            effects: Vec::new(),
            heard: Vec::new(),
            role: Role::Student,
            kept: true,
            epoch: 1,
            link: None,
            fresh: None,
            tokens: 0,
            wire: None,
            cursor: None,
        };
        model.happen(Happened::Opened {
            title: "Networks 1".to_owned(),
        });
        model.happen(Happened::Joined {
            member: MemberId(1),
            name: "Ada".to_owned(),
            role: Role::Teacher,
        });
        let start = Start {
            fragment: fragment.to_owned(),
            name: "otter".to_owned(),
            client: CLIENT,
            ..Start::default()
        };
        model.act(Action::Start(start));
        model
    }

    /// A page that is in, as a student.
    pub(super) fn inside() -> Self {
        let mut model = Model::new("#/join/HKTPWN");
        model.act(Action::Join);
        model.settle();
        model
    }

    pub(super) fn act(&mut self, action: Action) {
        self.now_ms += 1.0;
        let now = Now {
            ms: self.now_ms,
            random: 0.0,
        };
        for effect in self.seat.apply(action, now) {
            match &effect {
                Effect::Connect(_) => self.connect(),
                Effect::Drop => self.wire = None,
                Effect::Text(text) if self.wire.is_some() => {
                    let message = ClientMessage::decode(text).unwrap();
                    self.hear(message);
                }
                _ => {}
            }
            self.effects.push(effect);
        }
    }

    /// Something happens in the room.
    pub(super) fn happen(&mut self, what: Happened) -> u64 {
        self.happen_by(what, MemberId::GATEWAY, None)
    }

    fn happen_by(&mut self, what: Happened, by: MemberId, no: Option<CommandNo>) -> u64 {
        let event = self.state.event(self.epoch, self.room_us(), by, no, what);
        self.state.apply(&event).unwrap();
        self.log.push(event);
        self.state.facts.offset
    }

    /// The room's clock: what the gateway's shows, with its offset.
    pub(super) fn room_us(&self) -> u64 {
        ZERO_US + self.clock_us()
    }

    fn clock_us(&self) -> u64 {
        ((self.now_ms - 1.79e12) * 1000.0) as u64
    }

    fn connect(&mut self) {
        self.tokens += 1;
        let token = Token::from(format!("{:032x}", self.tokens));
        self.wire = Some(VecDeque::new());
        self.cursor = None;
        let fresh = Kept {
            token: token.clone(),
            seen: 0,
            said: Vec::new(),
            entered: None,
            client: 0,
            due: Vec::new(),
        };
        self.fresh = Some(fresh);
        let target = |name: &str| TargetInfo {
            name: name.to_owned(),
            kind: Kind::Tcp,
            url: None,
            about: String::new(),
            builtin: true,
        };
        let clock_us = self.clock_us();
        self.say(GatewayMessage::Welcome {
            token,
            version: "0".to_owned(),
            clock_us,
            unix_ms: 0,
            limits: Limits {
                sockets: 64,
                payload_bytes: 65_512,
                window_bytes: 131_072,
                idle_s: 300,
                resume_s: 120,
            },
            targets: vec![target("line"), target("iterative")],
        });
    }

    fn say(&mut self, message: GatewayMessage) {
        if let Some(wire) = &mut self.wire {
            wire.push_back(message.encode());
        }
    }

    /// Says a message in sequence.
    pub(super) fn say_next(&mut self, message: impl FnOnce(u64) -> GatewayMessage) {
        let Some(link) = &mut self.link else { return };
        let text = message(link.said.len() as u64 + 1).encode();
        link.said.push(text.clone());
        if let Some(wire) = &mut self.wire {
            wire.push_back(text);
        }
    }

    fn hear(&mut self, message: ClientMessage) {
        if let Some(seq) = message.seq() {
            let link = self.link.get_or_insert_with(|| self.fresh.take().unwrap());
            if seq <= link.seen {
                return;
            }
            assert_eq!(seq, link.seen + 1, "a gap in what the page says");
            link.seen = seq;
        }
        self.heard.push(message.clone());
        match message {
            ClientMessage::Resume { token, seen } => self.resume(&token, seen),
            ClientMessage::Ping { id } => {
                if self.link.is_none() {
                    self.link = self.fresh.take();
                }
                let clock_us = self.clock_us();
                self.say(GatewayMessage::Pong { id, clock_us });
            }
            ClientMessage::Enter {
                key, name, client, ..
            } => self.enter(&key, &name, client),
            ClientMessage::Tell { no, command, .. } => self.tell(no, &command),
            ClientMessage::Leave { .. } => {
                let reason = LeftReason::Left;
                let detail = reason.sentence().to_owned();
                self.say_next(|seq| GatewayMessage::RoomLeft {
                    seq,
                    reason,
                    detail,
                });
            }
            ClientMessage::Subscribe { epoch, offset } => self.subscribe(epoch, offset),
            _ => {}
        }
    }

    fn resume(&mut self, token: &Token, seen: u64) {
        match self.link.take().filter(|it| it.token == *token) {
            Some(link) => {
                let again = link.said[seen as usize..].to_vec();
                self.say(GatewayMessage::Resumed { seen: link.seen });
                self.wire.as_mut().unwrap().extend(again);
                self.link = Some(link);
            }
            None => {
                self.link = self.fresh.take();
                let detail = "The link is gone.".to_owned();
                self.say(GatewayMessage::ResumeFailed { detail });
            }
        }
    }

    fn enter(&mut self, key: &Key, name: &str, client: u32) {
        if self.state.facts.ended {
            let reason = NotEntered::NoRoom;
            let detail = reason.sentence().to_owned();
            self.say_next(|seq| GatewayMessage::RoomNotEntered {
                seq,
                reason,
                detail,
            });
            return;
        }
        let member = match key {
            Key::Member { member, .. } => *member,
            _ => {
                let joined = self.state.join(name, self.role).unwrap();
                self.happen(joined);
                MemberId(self.state.facts.last_member)
            }
        };
        let no = self.state.last_no(member, client);
        if let Some(link) = &mut self.link {
            link.entered = Some(member);
            link.client = client;
        }
        let room = self.state.facts.room.clone();
        let (role, kept) = (self.role, self.kept);
        self.say_next(|seq| GatewayMessage::RoomEntered {
            seq,
            room,
            you: You {
                role,
                member: Some(member),
                token: Some(Token::from("5".repeat(32))),
                no,
            },
            code: Some("HKT PWN".to_owned()),
            join: "http://localhost/#/join/HKTPWN".to_owned(),
            keep_s: 86_400,
            kept,
            clock_offset_us: ZERO_US,
        });
    }

    fn tell(&mut self, no: u64, command: &Command) {
        let Some((by, client)) = self
            .link
            .as_ref()
            .and_then(|it| Some((it.entered?, it.client)))
        else {
            return;
        };
        let named = CommandNo { client, no };
        let offset = if self.state.was_done(by, named) {
            self.state.facts.offset
        } else {
            let now_us = self.room_us();
            let what = self.state.decide(by, command, now_us, |_| None).unwrap();
            self.happen_by(what, by, Some(named))
        };
        if let Some(link) = &mut self.link {
            link.due.push((offset, no));
        }
    }

    fn subscribe(&mut self, epoch: u32, offset: u64) {
        let at = self
            .log
            .iter()
            .position(|it| (it.epoch, it.offset) == (epoch, offset));
        match at {
            Some(at) => {
                self.say(GatewayMessage::RoomSubscribed {
                    recovered: true,
                    facts: None,
                });
                self.cursor = Some(at + 1);
            }
            None => {
                self.say(GatewayMessage::RoomSubscribed {
                    recovered: false,
                    facts: Some(Box::new(self.state.facts.clone())),
                });
                let members: Vec<_> = self.state.members.values().cloned().collect();
                let of = members.len();
                for (no, member) in members.into_iter().enumerate() {
                    self.say(GatewayMessage::RoomMembers {
                        members: vec![member],
                        more: no + 1 < of,
                    });
                }
                self.say(GatewayMessage::RoomHistory {
                    events: self.log.clone(),
                });
                self.cursor = Some(self.log.len());
            }
        }
    }

    /// Sends the page the events that it has not, in a page that begins `back` events too early.
    pub(super) fn publish(&mut self, back: usize) {
        let Some(cursor) = self.cursor else { return };
        let events = self.log[cursor.saturating_sub(back)..].to_vec();
        self.cursor = Some(self.log.len());
        let saved = self.log[..self.saved].last().map_or(0, |it| it.offset);
        self.say(GatewayMessage::RoomEvents {
            saved,
            unsaved: None,
            events,
        });
    }

    /// The page misses an event.
    pub(super) fn skip(&mut self) {
        if let Some(cursor) = &mut self.cursor {
            *cursor = (*cursor + 1).min(self.log.len());
        }
    }

    /// Commits all that is live, and says what is done.
    pub(super) fn save(&mut self) {
        self.saved = self.log.len();
        let due = self.link.as_mut().map(|it| std::mem::take(&mut it.due));
        for (_, no) in due.unwrap_or_default() {
            self.say_next(|seq| GatewayMessage::RoomDone { seq, no });
        }
    }

    /// The page takes in what is on its way, up to so many messages.
    pub(super) fn deliver(&mut self, most: usize) {
        for _ in 0..most {
            let Some(text) = self.wire.as_mut().and_then(VecDeque::pop_front) else {
                return;
            };
            self.act(Action::Text(text));
        }
    }

    /// The connection is cut, with what was on its way.
    pub(super) fn cut(&mut self) {
        if self.wire.take().is_some() {
            self.cursor = None;
            self.act(Action::Dropped(1006));
        }
    }

    pub(super) fn retry(&mut self) {
        if self.wire.is_none() {
            self.act(Action::Wake(Timer::Retry));
        }
    }

    /// The gateway forgets the link.
    pub(super) fn expire(&mut self) {
        self.cut();
        self.link = None;
    }

    /// `kill -9`: what was not saved is gone; the room is taken up from its log.
    pub(super) fn kill(&mut self) {
        self.expire();
        self.log.truncate(self.saved);
        self.epoch += 1;
        self.state = State::new(self.state.facts.room.clone());
        for event in &self.log {
            self.state.apply(event).unwrap();
        }
    }

    /// The gateway is started anew and has nothing of the room.
    pub(super) fn forget(&mut self) {
        self.expire();
        self.state.facts.ended = true;
    }

    /// Until nothing is left to be said or heard.
    pub(super) fn settle(&mut self) {
        for _ in 0..12 {
            self.retry();
            self.deliver(usize::MAX);
            self.save();
            self.publish(0);
            self.deliver(usize::MAX);
            // A pause that the page asked for is over.
            let later = |it: &Effect| matches!(it, Effect::Wake(Timer::Subscribe, _));
            if self.effects.iter().any(later) {
                self.effects.retain(|it| !later(it));
                self.act(Action::Wake(Timer::Subscribe));
            }
        }
    }

    pub(super) fn has(&self, effect: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(effect)
    }
}
