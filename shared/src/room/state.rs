//! A room's state, and who may come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    CommandNo, Exchange, Found, Happened, MAX_MEMBERS, MAX_NAME_CHARS, MAX_TEACHERS, MemberId,
    NotEntered, Plan, RoomEvent, RoomId, RunId, Spot, clean, unlike,
};
use crate::role::Role;

pub use applying::Gap;

/// A run is over after this time at the latest, in µs.
pub const RUN_US: u64 = 120_000_000;

/// A room, as it follows from its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is true of the room.
    pub facts: Facts,
    /// Who is in it, those who are away included.
    pub members: BTreeMap<MemberId, Member>,
}

/// What is true of a room as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its public name.
    pub room: RoomId,
    /// Its title.
    pub title: String,
    /// The last event's epoch.
    pub epoch: u32,
    /// The last event's place; 0 before the first.
    pub offset: u64,
    /// When the room was opened, by its clock, in µs since 1970.
    pub opened_us: u64,
    /// Nobody new comes in.
    pub locked: bool,
    /// Nobody sends.
    pub paused: bool,
    /// Names are hidden from viewers.
    pub names_hidden: bool,
    /// What may be sent to; `None` for all.
    pub targets: Option<Vec<String>>,
    /// Whether members may ask for faults.
    pub faults: bool,
    /// The exchange that is shown to all.
    pub spotlight: Option<Box<Spot>>,
    /// Where all who follow are led to.
    pub showing: Option<String>,
    /// The present "everyone send now", or the last one.
    pub run: Option<Armed>,
    /// The largest number that a member had.
    pub last_member: u32,
    /// The room is over.
    pub ended: bool,
}

/// An "everyone send now".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// Its number.
    pub run: RunId,
    /// What they do.
    pub plan: Plan,
    /// When, by the room's clock, in µs since 1970.
    pub at_us: u64,
    /// All are done, its time is up, or it was called off.
    pub over: bool,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its number.
    pub member: MemberId,
    /// Its name, unlike all others in the room.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it is connected, or was a moment ago.
    pub here: bool,
    /// Since when it is here, or away, by the room's clock, in µs since 1970.
    pub since_us: u64,
    /// Since when its hand is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_us: Option<u64>,
    /// It may not send.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted: bool,
    /// It goes where the teacher leads.
    pub follows: bool,
    /// How many exchanges it had,
    pub exchanges: u32,
    /// of these with a reply,
    pub replied: u32,
    /// and of these that failed.
    pub failed: u32,
    /// The event of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_offset: Option<u64>,
    /// The last one, without its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<Exchange>>,
    /// That of the present run, without its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_run: Option<Box<Exchange>>,
    /// What the present run's experiment came out as on its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The event by which it joined.
    pub joined_offset: u64,
    /// The last commands of its pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<CommandNo>,
}

impl State {
    /// A room of which nothing is known but its name: its first event is still to come.
    pub fn new(room: RoomId) -> Self {
        State {
            facts: Facts {
                room,
                title: String::new(),
                epoch: 0,
                offset: 0,
                opened_us: 0,
                locked: false,
                paused: false,
                names_hidden: false,
                targets: None,
                faults: true,
                spotlight: None,
                showing: None,
                run: None,
                last_member: 0,
                ended: false,
            },
            members: BTreeMap::new(),
        }
    }

    /// The next event of this room.
    pub fn event(
        &self,
        epoch: u32,
        time_us: u64,
        by: MemberId,
        command: Option<CommandNo>,
        what: Happened,
    ) -> RoomEvent {
        RoomEvent {
            epoch,
            offset: self.facts.offset + 1,
            prev: self.facts.offset,
            time_us,
            by,
            command,
            what,
        }
    }

    /// The event by which somebody new comes in.
    ///
    /// # Errors
    /// [`NotEntered`] where that can't be. Whether the room is locked counts for students alone.
    pub fn join(&self, name: &str, role: Role) -> Result<Happened, NotEntered> {
        if self.facts.ended || (self.facts.locked && role != Role::Teacher) {
            return Err(NotEntered::NoRoom);
        }
        let teachers = |it: &&Member| it.role == Role::Teacher;
        let full = match role {
            Role::Teacher => self.members.values().filter(teachers).count() >= MAX_TEACHERS,
            _ => {
                let teachers = self.members.values().filter(teachers).count();
                self.members.len() - teachers >= MAX_MEMBERS
            }
        };
        if full {
            return Err(NotEntered::Full);
        }
        let name = clean(name, MAX_NAME_CHARS).ok_or(NotEntered::BadName)?;
        let name = unlike(&name, self.members.values().map(|it| it.name.as_str()));
        Ok(Happened::Joined {
            member: MemberId(self.facts.last_member + 1),
            name,
            role,
        })
    }

    /// Whom a newcomer may displace where the room is full: who is away for longest, of the same role.
    pub fn displaced(&self, role: Role) -> Option<MemberId> {
        let away = self.members.values();
        away.filter(|it| !it.here && it.role == role)
            .min_by_key(|it| it.since_us)
            .map(|it| it.member)
    }

    /// Whether a member's command was done before.
    pub fn was_done(&self, by: MemberId, command: CommandNo) -> bool {
        self.last_no(by, command.client) >= command.no
    }

    /// The last command of a member's page; 0 for none.
    pub fn last_no(&self, by: MemberId, client: u32) -> u64 {
        let clients = self.members.get(&by).map(|it| it.clients.as_slice());
        let mut clients = clients.unwrap_or_default().iter();
        clients.find(|it| it.client == client).map_or(0, |it| it.no)
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

mod applying;
mod deciding;
mod run;
#[cfg(test)]
mod tests;
