//! Rooms without links: those who sit there are the test's own.

mod later;
mod model;
mod reading;
mod saving;
mod unsaved;

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use chalkwire_shared::id::Token;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Command, Key, MemberId, NotEntered, Refusal, RoomEvent, State};
use futures_util::FutureExt;

use super::{Came, Coming, Common, Made, Occupant, Reader, Room, Rooms, Seat, Told, Wanted};
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// A gateway's rooms, looked after by hand.
struct Hall {
    rooms: Rooms,
    room: Arc<Room>,
    made: Made,
}

/// Who sits in a room: it keeps what it is told.
#[derive(Debug, Default)]
struct Sitter(Mutex<Vec<Told>>);

impl Occupant for Sitter {
    fn tell(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }
}

impl Sitter {
    fn told(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }
}

fn common(ring_bytes: usize) -> Common {
    let limits = config::Rooms {
        presence: Duration::from_millis(1),
        ..config::Rooms::default()
    };
    let mut common = Common::new(
        limits,
        Clock::start(),
        Arc::new(Metrics::default()),
        Tasks::default(),
    );
    common.ring_bytes = ring_bytes;
    common
}

impl Hall {
    /// One room, whose pages may take so much.
    async fn open(directory: &Path, ring_bytes: usize) -> Self {
        let rooms = Rooms::open_with(common(ring_bytes), directory, true).await;
        Self::of(rooms.unwrap()).await
    }

    /// One room of a gateway's.
    async fn of(rooms: Rooms) -> Self {
        let loopback = [127, 0, 0, 1].into();
        let made = rooms.make(Wanted::default(), loopback).await.unwrap();
        let room = rooms.get(&made.room).unwrap();
        Hall { rooms, room, made }
    }

    /// The gateway ends, and another one takes the room up.
    async fn begin_anew(self, directory: &Path) -> Self {
        let ring_bytes = self.rooms.common.ring_bytes;
        self.rooms.stop().await;
        let made = self.made;
        drop((self.rooms, self.room));
        let rooms = Rooms::open_with(common(ring_bytes), directory, true).await;
        let rooms = rooms.unwrap();
        let room = rooms.get(&made.room).unwrap();
        Hall { rooms, room, made }
    }

    fn by_code(&self) -> Key {
        let code = Token::from(self.made.code.plain());
        Key::Code { code }
    }

    fn by_teach(&self) -> Key {
        Key::Teach {
            room: self.made.room.clone(),
            secret: Token::from(self.made.teach.expose().to_owned()),
        }
    }

    fn by_view(&self) -> Key {
        Key::View {
            room: self.made.room.clone(),
            secret: Token::from(self.made.view.expose().to_owned()),
        }
    }

    fn enter(&self, key: Key, name: &str, client: u32) -> Result<(Came, Arc<Sitter>), NotEntered> {
        let sitter = Arc::new(Sitter::default());
        let occupant: Weak<Sitter> = Arc::downgrade(&sitter);
        let came = self.rooms.enter(Coming {
            key,
            name: name.to_owned(),
            client,
            occupant,
        })?;
        Ok((came, sitter))
    }

    /// What the task of all rooms does.
    fn tick(&self) {
        let health = *self.rooms.log.health().borrow();
        self.rooms.tick(health);
    }

    /// Waits until all that happened is saved, what is to go is gone, and the room knows it.
    async fn save(&self) {
        let last = self.room.lock().state.facts.offset;
        let mut saved = self.room.transcript.saved();
        let saved = saved.wait_for(|saved| *saved >= last);
        tokio::time::timeout(Duration::from_secs(10), saved)
            .await
            .unwrap()
            .unwrap();
        let gone = async {
            while self.room.lock().saving.is_forgetting() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone)
            .await
            .unwrap();
        self.tick();
    }
}

/// What somebody has of a room who reads it.
#[derive(Default)]
struct Copy {
    reader: Option<Reader>,
    state: Option<State>,
    /// A snapshot that is not whole yet.
    coming: Option<State>,
    log: Vec<RoomEvent>,
    saved: u64,
    unsaved: Option<String>,
    recovered: Vec<bool>,
    lagged: usize,
}

impl Copy {
    /// Reads on a new connection, from where it is.
    fn connect(&mut self, seat: &Arc<Seat>) {
        let facts = self.state.as_ref().map(|state| &state.facts);
        let (epoch, offset) = facts.map_or((0, 0), |facts| (facts.epoch, facts.offset));
        self.reader = Some(seat.read(epoch, offset));
        self.coming = None;
    }

    /// Takes the next message, if there is one now.
    fn step(&mut self) -> bool {
        let reader = self.reader.as_mut().unwrap();
        let Some(text) = reader.next().now_or_never() else {
            return false;
        };
        self.take(std::str::from_utf8(&text).unwrap());
        true
    }

    /// Takes the next message.
    async fn next(&mut self) {
        let reader = self.reader.as_mut().unwrap();
        let text = tokio::time::timeout(Duration::from_secs(10), reader.next()).await;
        self.take(std::str::from_utf8(&text.unwrap()).unwrap());
    }

    /// Takes messages until it has all up to an offset.
    async fn catch_up(&mut self, offset: u64) {
        while self.offset() < offset {
            self.next().await;
        }
    }

    fn offset(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.facts.offset)
    }

    fn take(&mut self, text: &str) {
        match GatewayMessage::decode(text).unwrap() {
            GatewayMessage::RoomSubscribed { recovered, facts } => {
                self.recovered.push(recovered);
                if let Some(facts) = facts {
                    self.coming = Some(State {
                        facts: *facts,
                        members: Default::default(),
                    });
                }
            }
            GatewayMessage::RoomMembers { members, more } => {
                let members = members.into_iter().map(|it| (it.member, it));
                let mut coming = self.coming.take().unwrap();
                coming.members.extend(members);
                match more {
                    true => self.coming = Some(coming),
                    false => {
                        self.log.clear();
                        self.state = Some(coming);
                    }
                }
            }
            GatewayMessage::RoomEvents {
                saved,
                unsaved,
                events,
            } => {
                let state = self.state.as_mut().unwrap();
                for event in events {
                    state.apply(&event).unwrap();
                    self.log.push(event);
                }
                (self.saved, self.unsaved) = (saved, unsaved);
            }
            GatewayMessage::RoomLagging { .. } => self.lagged += 1,
            GatewayMessage::RoomHistory { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

fn hand(up: bool) -> Command {
    Command::Hand { up }
}

fn tell(seat: &Arc<Seat>, no: u64, command: &Command) -> Result<(), Refusal> {
    seat.tell(no, command)
}

fn member(came: &Came) -> MemberId {
    came.you.member.unwrap()
}
