//! All rooms of a gateway: made, found by name or code, and taken out when they are over.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chalkwire_shared::room::{Code, Happened, MAX_TITLE_CHARS, RoomId, State, clean};

use super::inside::Inside;
use super::{Common, Keys, Room};
use crate::log::{Log, NewRoom, NotSaved};
use crate::policy::guesses::Guesses;
use crate::policy::secret::Secret;

/// Rooms that one address may make at once, and then one a minute.
const MADE: (u32, Duration) = (10, Duration::from_secs(60));

/// The title of a room that was given none.
const TITLE: &str = "A room";

/// How often another code is drawn where there is a room of that code already.
const TRIES: usize = 8;

/// All rooms of a gateway.
#[derive(Debug)]
pub struct Rooms {
    pub(super) common: Arc<Common>,
    pub(super) log: Log,
    /// Whether they outlive the program.
    kept: bool,
    by_name: Mutex<Names>,
    /// Rooms that each address has made.
    made: Guesses,
}

#[derive(Debug, Default)]
struct Names {
    rooms: HashMap<RoomId, Arc<Room>>,
    codes: HashMap<Code, RoomId>,
    /// Rooms that are being made.
    making: usize,
}

/// What somebody wants who makes a room.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its title.
    pub title: Option<String>,
    /// What may be sent to; `None` for all.
    pub targets: Option<Vec<String>>,
    /// Whether members may ask for faults.
    pub faults: Option<bool>,
}

/// A room that was made, with its secrets: they are told once.
#[derive(Debug)]
pub struct Made {
    /// The room.
    pub room: RoomId,
    /// What lets students in.
    pub code: Code,
    /// What lets teachers in.
    pub teach: Secret,
    /// What lets viewers in.
    pub view: Secret,
}

/// Why no room was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The title, or the list of targets, can't be.
    #[error(
        "That is no room: a title has 1 to 60 characters that can be seen, and targets are names of \
         this gateway's."
    )]
    Wrong,
    /// The gateway has as many as it may.
    #[error("This gateway has as many rooms as it may. Try again later, or end one.")]
    Full,
    /// The address made too many.
    #[error("Too many rooms were opened from your address. Try again in a minute.")]
    TooMany,
    /// It can't be kept.
    #[error("No room can be opened just now: {0}.")]
    NotSaved(NotSaved),
    /// The system has no randomness.
    #[error("No room can be opened just now: the gateway's system gives it no secrets.")]
    NoChance,
}

impl Rooms {
    pub(super) fn empty(common: Common, log: Log, kept: bool) -> Self {
        Rooms {
            common: Arc::new(common),
            log,
            kept,
            by_name: Mutex::default(),
            made: Guesses::of(MADE.0, MADE.1),
        }
    }

    /// Makes a room. It is there, and saved, when this returns.
    ///
    /// # Errors
    /// [`NotMade`] says why there is none.
    pub async fn make(&self, wanted: Wanted, address: IpAddr) -> Result<Made, NotMade> {
        let title = wanted.title.as_deref().unwrap_or(TITLE);
        let title = clean(title, MAX_TITLE_CHARS).ok_or(NotMade::Wrong)?;
        let now = Instant::now();
        if !self.made.may(address, now) {
            return Err(NotMade::TooMany);
        }
        let _making = Making::begin(self)?;
        self.made.wrong(address, now);
        let (id, code, teach, view, transcript) = self.keep().await?;
        let keys = Keys {
            code: code.clone(),
            teach: teach.hash(),
            view: view.hash(),
        };
        let inside = Inside::new(State::new(id.clone()), 1, &[], &self.common);
        let room = Room::new(id.clone(), keys, self.common.clone(), transcript, inside);
        room.with(|room, inside| {
            room.happens(inside, Happened::Opened { title });
            let faults = wanted.faults.unwrap_or(true);
            if wanted.targets.is_some() || !faults {
                let targets = wanted.targets;
                room.happens(inside, Happened::Allowed { targets, faults });
            }
        });
        self.insert(room);
        Ok(Made {
            room: id,
            code,
            teach,
            view,
        })
    }

    /// A name and a code that no room has, on the disk.
    async fn keep(
        &self,
    ) -> Result<(RoomId, Code, Secret, Secret, crate::log::Transcript), NotMade> {
        for _ in 0..TRIES {
            let mut bytes = [0; 48];
            getrandom::fill(&mut bytes).map_err(|_| NotMade::NoChance)?;
            let (name, letters) = bytes.split_at(8);
            let name = name.try_into().map_err(|_| NotMade::NoChance)?;
            let Some(code) = Code::from_random(letters) else {
                continue;
            };
            let teach = Secret::random().ok_or(NotMade::NoChance)?;
            let view = Secret::random().ok_or(NotMade::NoChance)?;
            let room = RoomId::from_random(name);
            let new = NewRoom {
                room: room.to_string(),
                code: code.plain(),
                teach_hash: teach.hash(),
                view_hash: view.hash(),
                created_ms: self.common.now_us() / 1_000,
            };
            match self.log.create(new).await {
                Ok(transcript) => return Ok((room, code, teach, view, transcript)),
                Err(NotSaved::Taken) => {}
                Err(error) => return Err(NotMade::NotSaved(error)),
            }
        }
        Err(NotMade::NotSaved(NotSaved::Taken))
    }

    /// Whether rooms outlive the program.
    pub fn are_kept(&self) -> bool {
        self.kept
    }

    /// How long a room is kept that nobody is in.
    pub fn idle(&self) -> Duration {
        self.common.limits.idle
    }

    /// A room by its name.
    pub fn get(&self, room: &RoomId) -> Option<Arc<Room>> {
        self.names().rooms.get(room).cloned()
    }

    pub(super) fn by_code(&self, code: &Code) -> Option<Arc<Room>> {
        let names = self.names();
        let room = names.codes.get(code)?;
        names.rooms.get(room).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Room>> {
        self.names().rooms.values().cloned().collect()
    }

    pub(super) fn insert(&self, room: Arc<Room>) {
        let mut names = self.names();
        names.codes.insert(room.keys.code.clone(), room.id.clone());
        names.rooms.insert(room.id.clone(), room);
    }

    /// Takes out the rooms that are over: there is no way in any more.
    pub(super) fn remove_those_over(&self) {
        let over = |room: &Arc<Room>| room.lock().over.is_some();
        let over: Vec<Arc<Room>> = self.all().into_iter().filter(over).collect();
        let mut names = self.names();
        for room in over {
            names.rooms.remove(&room.id);
            names.codes.remove(&room.keys.code);
        }
    }

    /// Saves what is still to be saved, and closes the log. Nothing happens in a room after that.
    pub async fn stop(&self) {
        self.log.stop().await;
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A room that is being made has its place already.
struct Making<'a>(&'a Rooms);

impl<'a> Making<'a> {
    fn begin(rooms: &'a Rooms) -> Result<Self, NotMade> {
        let mut names = rooms.names();
        if names.rooms.len() + names.making >= rooms.common.limits.rooms {
            return Err(NotMade::Full);
        }
        names.making += 1;
        Ok(Making(rooms))
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.names().making -= 1;
    }
}
