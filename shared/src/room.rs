//! A room: a class on the wire together, as an ordered log of events and what follows from it.
//!
//! Pure: [`State::decide`] makes events of commands, [`State::apply`] makes the state of events. The
//! gateway decides and applies, a page only applies, so that both have the same room.

mod code;
mod command;
mod event;
mod exchange;
mod key;
mod name;
mod state;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use code::Code;
pub use command::{Command, Plan, Refusal};
pub use event::{CommandNo, Found, Happened, RoomEvent, Spot};
pub use exchange::{Exchange, Payload};
pub use key::{Key, LeftReason, NotEntered, You};
pub use name::{clean, unlike};
pub use state::{Armed, Facts, Gap, Member, RUN_US, State};

/// Members of a room at the most, those who are away included.
pub const MAX_MEMBERS: usize = 500;

/// Teachers of these at the most.
pub const MAX_TEACHERS: usize = 12;

/// The longest nickname, in characters.
pub const MAX_NAME_CHARS: usize = 24;

/// The longest title of a room, in characters.
pub const MAX_TITLE_CHARS: usize = 60;

/// The longest place of the page that all can be led to, in bytes.
pub const MAX_PLACE_BYTES: usize = 512;

/// The most that everyone is told to send, in bytes.
pub const MAX_PLAN_BYTES: usize = 1_024;

/// What an exchange's event holds of its bytes at the most, each way.
pub const MAX_KEPT_BYTES: usize = 256;

/// The shortest and the longest countdown, in ms.
pub const COUNTDOWN_MS: std::ops::RangeInclusive<u32> = 1_000..=60_000;

/// The most text of one page of events, in bytes: with what is around it, a link's message.
pub const MAX_PAGE_BYTES: usize = 60_000;

/// A room's public name: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(String);

impl RoomId {
    /// A name from 8 random bytes.
    pub fn from_random(bytes: [u8; 8]) -> Self {
        RoomId(format!("{:016x}", u64::from_be_bytes(bytes)))
    }

    /// Reads a name; `None` for what is none.
    pub fn read(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 16 && text.bytes().all(plain)).then(|| RoomId(text.to_owned()))
    }

    /// The name as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member's number in its room, from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemberId(pub u32);

impl MemberId {
    /// The gateway itself, where an event has no other author.
    pub const GATEWAY: MemberId = MemberId(0);
}

/// The number of an "everyone send now" in its room, from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RunId(pub u32);
