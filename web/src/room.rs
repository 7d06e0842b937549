//! The room in the page: what came over the link and what somebody does, in; what to say and do, out.
//!
//! Pure: no I/O, no clock of its own. A room has a link of its own, so that it lives on while the
//! Lab or an experiment is in sight.

use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::role::{Deed, Role, may};
use chalkwire_shared::room::{Armed, Code, Command, Key};

pub mod action;
pub mod clock;
pub mod commands;
mod deed;
pub mod door;
pub mod everyone;
pub mod feed;
pub mod follow;
mod hear;
pub mod inside;
pub mod lobby;
pub mod mine;
mod news;
pub mod part;
pub mod replica;
mod run;
mod send;
pub mod sight;
pub mod words;

use crate::experiment::runner;
use crate::link::{Do, Link};
use crate::place::Place;
use crate::state::settings::Theme;
use crate::told::Told;
use crate::wire::{Now, Out, Wire};
pub use action::{Action, Effect, Start, Tab, Timer};
use door::{Door, Kept};
pub use inside::Inside;
use lobby::{Field, Lobby};
use news::News;
pub use send::Draft;

/// What is said of a link that is none.
const BROKEN: &str = "This link to a room is not whole: a part of it may have been lost on the way. Ask \
                      for it again, or come in by the code.";

/// Where the page stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Before the door.
    #[default]
    Lobby,
    /// It wants to come in by this.
    Entering(Key),
    /// It is in, or was and comes back by itself.
    In,
    /// It is not in any more.
    Out {
        /// Why, for a learner.
        detail: String,
    },
}

/// The page's seat in a room.
#[derive(Debug)]
pub struct Seat {
    /// The link, its sockets and the page's own log of them.
    pub wire: Wire,
    /// Where it stands.
    pub stage: Stage,
    /// What stands in the lobby's fields.
    pub lobby: Lobby,
    /// The room, while the page is in it, and after its end.
    pub inside: Option<Inside>,
    /// What stands in the composer.
    pub draft: Draft,
    /// What stands in the form of "everyone send now".
    pub everyone: everyone::Fields,
    /// Where another link leads, which was followed while the page is in a room.
    pub elsewhere: Option<Door>,
    /// The pane that a phone shows.
    pub tab: Tab,
    /// The room is seen as the projector shows it.
    pub projector: bool,
    /// The colours.
    pub theme: Theme,
    /// The address's fragment.
    pub fragment: String,
    /// What a screen reader hears.
    pub told: Told,
    news: News,
    /// Where the page goes once it has left the room.
    next: Option<Door>,
    client: u32,
    /// The link was asked to come into the room.
    asked: bool,
}

impl Default for Seat {
    fn default() -> Self {
        Seat {
            wire: Wire::new(Link::whole()),
            stage: Stage::default(),
            lobby: Lobby::default(),
            inside: None,
            draft: Draft::default(),
            everyone: everyone::Fields::default(),
            elsewhere: None,
            tab: Tab::default(),
            projector: false,
            theme: Theme::default(),
            fragment: String::new(),
            told: Told::default(),
            news: News::default(),
            next: None,
            client: 0,
            asked: false,
        }
    }
}

impl Seat {
    /// Takes an action in: what is to be done about it.
    pub fn apply(&mut self, action: Action, now: Now) -> Vec<Effect> {
        let (mut wire, mut out) = (Out::default(), Vec::new());
        self.act(action, now, &mut wire, &mut out);
        self.heard(now, &mut wire, &mut out);
        // What was heard may have led to more being said, and that into the log.
        self.heard(now, &mut wire, &mut out);
        out.extend(wire.said.into_iter().map(|it| match it {
            Do::Connect(way) => Effect::Connect(way),
            Do::Drop => Effect::Drop,
            Do::Text(text) => Effect::Text(text),
            Do::Bytes(bytes) => Effect::Bytes(bytes),
            Do::RetryAfter(ms) => Effect::Wake(Timer::Retry, ms),
            Do::PingAfter(ms) => Effect::Wake(Timer::Ping, ms),
        }));
        out
    }

    fn act(&mut self, action: Action, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        match action {
            Action::Start(start) => self.start(start, now, wire, out),
            Action::Go(fragment) => self.go(fragment, now, wire, out),
            Action::Theme(theme) => {
                self.theme = theme;
                out.push(Effect::Dress(theme));
            }
            Action::Tab(tab) => self.tab = tab,
            Action::Code(code) => self.lobby.code = code,
            Action::Name(name) => self.lobby.name = name,
            Action::Title(title) => self.lobby.title = title,
            Action::Join => self.join(now, wire, out),
            Action::Open => self.open(out),
            Action::Opened(answer) => self.opened(answer, now, wire, out),
            Action::Leave => self.leave(now, wire, out),
            Action::Lobby => self.go_to_lobby(out),
            Action::Elsewhere(go) => {
                let door = self.elsewhere.take();
                if go && door.is_some() {
                    self.next = door;
                    self.leave(now, wire, out);
                }
            }
            Action::Retry | Action::Wake(Timer::Retry) => self.wire.retry(now, wire),
            Action::Dropped(code) => self.wire.dropped(code, now, wire),
            Action::Text(text) => self.wire.text(&text, now, wire),
            Action::Bytes(bytes) => self.wire.bytes(bytes, now, wire),
            Action::Wake(Timer::Ping) => self.wire.ping(now, wire),
            Action::Wake(Timer::Subscribe) => self.subscribe(wire),
            Action::Wake(Timer::Run) => self.run(now, wire, out),
            Action::Wake(Timer::News) => self.told.say(self.news.tell()),
            Action::Wake(Timer::Quiet(id)) => self.quiet(id, now, wire, out),
            Action::Tell(command) => self.tell(command, wire),
            Action::Everyone(change, to) => {
                self.everyone.trouble = None;
                change(&mut self.everyone, to);
            }
            Action::Arm => self.arm(wire),
            Action::Target(target) => self.draft.target = target,
            Action::Message(text) => self.draft.write(text),
            Action::LineEnd(end) => self.draft.line_end = end,
            Action::Send => self.send(now, wire, out),
            Action::Runner(action) => self.runner(action, now, wire, out),
            Action::Projector(on) => {
                self.projector = on;
                out.push(Effect::Turned);
            }
            Action::ToTeacher => self.catch_up(out),
            Action::Export { format, names } => self.export(format, names, out),
            Action::Exported(answer) => {
                if let Some(inside) = &mut self.inside {
                    inside.trouble = answer.err();
                }
            }
            Action::Of(_) | Action::Kind(_) | Action::Hold(_) | Action::More => self.look(&action),
            Action::Understood => {
                if let Some(inside) = &mut self.inside {
                    inside.trouble = None;
                }
            }
        }
    }

    fn start(&mut self, start: Start, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        self.theme = start.theme;
        self.client = start.client;
        self.lobby.name = start.name;
        let kept = start.kept.as_deref().and_then(Kept::read);
        self.go(start.fragment, now, wire, out);
        // Whoever loads the page again is in again, unless the address leads elsewhere.
        if let (Stage::Lobby, Door::Lobby, Some(kept)) = (&self.stage, &self.lobby.door, kept) {
            self.stage = Stage::Entering(kept.key());
            self.lobby.kept = Some(kept);
        }
        self.wire.retry(now, wire);
    }

    /// Shows what a fragment asks for.
    fn go(&mut self, fragment: String, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let door = Door::of(&fragment);
        let is_room = Place::of(&fragment) == Place::Room;
        self.fragment = fragment;
        match (&self.stage, door) {
            // Whoever comes by the navigation has no link in the hand any more.
            (Stage::Lobby, Door::Lobby) if is_room && self.lobby.door != Door::Lobby => {
                self.go_to_lobby(out);
            }
            (_, Door::Lobby) => {}
            (Stage::In, door) => self.asked_elsewhere(door, now, wire, out),
            (_, door) => self.come_by(door, now, wire, out),
        }
    }

    /// Before the door, with nothing in the hand.
    fn go_to_lobby(&mut self, out: &mut Vec<Effect>) {
        self.inside = None;
        self.stage = Stage::Lobby;
        self.lobby.door = Door::Lobby;
        self.lobby.trouble = None;
        self.clean_address(out);
        out.push(Effect::Turned);
    }

    /// A secret is not to stand in the address for a whole class to see.
    fn clean_address(&mut self, out: &mut Vec<Effect>) {
        if Place::of(&self.fragment) == Place::Room {
            let own = Place::Room.fragment();
            out.push(Effect::Address(own));
            self.fragment = own.to_owned();
        }
    }

    /// Comes by a door, from the lobby.
    fn come_by(&mut self, door: Door, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        self.lobby.trouble = None;
        if let Door::Join(code) = &door {
            self.lobby.code = Code::read(code).map_or_else(|| code.clone(), |it| it.to_string());
        }
        if door == Door::Broken {
            self.lobby.trouble = Some((Field::Code, BROKEN.to_owned()));
        }
        self.stage = Stage::Lobby;
        self.inside = None;
        self.lobby.door = door;
        // Whoever only looks needs no name.
        if let Door::View { room, secret } = &self.lobby.door {
            self.stage = Stage::Entering(Key::View {
                room: room.clone(),
                secret: secret.clone(),
            });
            self.knock(now, wire);
        }
        out.push(Effect::Turned);
    }

    /// Another link was followed while the page is in a room: it asks first, where there is something
    /// to lose.
    fn asked_elsewhere(&mut self, door: Door, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        let here = inside.is_behind(&door);
        let looks = inside.you.role == Role::Viewer;
        if door == Door::Broken {
            inside.trouble = Some(BROKEN.to_owned());
        }
        if looks && !here {
            self.next = Some(door);
            return self.leave(now, wire, out);
        }
        self.projector &= here;
        self.elsewhere = Some(door).filter(|_| !here);
        // The view link finds its room again when it is loaded again.
        if !looks {
            self.clean_address(out);
        }
    }

    /// Tells the room.
    fn tell(&mut self, command: Command, wire: &mut Out) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        inside.trouble = None;
        match inside.commands.tell(command) {
            None => {
                inside.trouble = Some(
                    "The room has not answered what it was told before: wait until it does."
                        .to_owned(),
                );
            }
            // On a new link all of them are said once the room has let the page in.
            Some(said) if inside.entered => {
                self.wire
                    .link
                    .say(&mut wire.said, |seq| ClientMessage::Tell {
                        seq,
                        no: said.no,
                        command: said.command,
                    });
            }
            Some(_) => {}
        }
    }

    /// Until a run's instant, in ms; negative after it, `None` before the clocks have been compared.
    pub fn until(&self, armed: &Armed, now_ms: f64) -> Option<f64> {
        let clock = self.inside.as_ref()?.clock(self.wire.link.clock())?;
        Some(clock.browser_ms(armed.at_us) - now_ms)
    }

    /// The room's clock, once it is known how it and the browser's are related.
    pub fn room_clock(&self) -> Option<clock::RoomClock> {
        self.inside.as_ref()?.clock(self.wire.link.clock())
    }

    /// How far off this page's reckoning may be, in ms, where that is so much that it can be seen.
    pub fn vague_ms(&self) -> Option<f64> {
        let clock = self.inside.as_ref()?.clock(self.wire.link.clock())?;
        clock.vague_ms()
    }

    /// Whether one may do this here.
    pub fn may(&self, deed: Deed) -> bool {
        let inside = self.inside.as_ref();
        inside.is_some_and(|it| may(it.you.role, deed))
    }

    /// Lets the runner of the room's experiment take something in.
    fn runner(&mut self, action: runner::Action, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let Some(runner) = self.inside.as_mut().and_then(|it| it.runner.as_mut()) else {
            return;
        };
        let effects = runner.apply(action, now);
        out.extend(effects.into_iter().map(Effect::Runner));
        self.found(wire);
    }
}

#[cfg(test)]
mod tests;
