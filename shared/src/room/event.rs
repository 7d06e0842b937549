//! What happened in a room: one ordered log.

use serde::{Deserialize, Serialize};

use super::{Exchange, MemberId, Plan, RunId};
use crate::job::Gauge;
use crate::role::Role;

/// One event of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEvent {
    /// Which life of the room: it grows when a gateway takes the room up from its log, so that what
    /// was never saved is not taken for what came in its place. It is `u32::MAX` for as long as that
    /// can't be saved.
    pub epoch: u32,
    /// Its place in the log, growing.
    pub offset: u64,
    /// The place of the event before it; 0 for the first.
    pub prev: u64,
    /// When, by the room's clock, in µs since 1970. It does not jump while a gateway runs; order is
    /// the offset's alone.
    pub time_us: u64,
    /// Who did it; 0 where it was the gateway.
    pub by: MemberId,
    /// The command that it came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandNo>,
    /// What.
    pub what: Happened,
}

/// A command's name: whose page said it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandNo {
    /// Chosen by the page at random, kept for as long as the page is.
    pub client: u32,
    /// From 1, growing.
    pub no: u64,
}

/// An exchange that is shown to all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// The place of its event.
    pub offset: u64,
    /// Whose it is.
    pub member: MemberId,
    /// What the gateway saw of it.
    pub exchange: Exchange,
}

/// What an experiment came out as on a member's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The run that it was part of.
    pub run: RunId,
    /// Which of the experiment's answers the data supports, from 0; `None` for none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<u8>,
    /// The measured numbers, in a sentence.
    pub measured: String,
    /// Whether it came out as documented.
    pub holds: bool,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// The room was opened.
    Opened {
        /// Its title.
        title: String,
    },
    /// Somebody new came in.
    Joined {
        /// Its number.
        member: MemberId,
        /// Its name.
        name: String,
        /// What it may do.
        role: Role,
    },
    /// A member's connection is gone for longer than its lease.
    Away {
        /// Who.
        member: MemberId,
    },
    /// It is here again.
    Back {
        /// Who.
        member: MemberId,
    },
    /// A member left for good, or its place was needed.
    Left {
        /// Who.
        member: MemberId,
    },
    /// A member was put out.
    Removed {
        /// Who.
        member: MemberId,
    },
    /// A member's name was removed.
    Forgotten {
        /// Who.
        member: MemberId,
    },
    /// A hand went up or down.
    Hand {
        /// Whose.
        member: MemberId,
        /// Up?
        up: bool,
    },
    /// A member follows, or does not.
    Follows {
        /// Who.
        member: MemberId,
        /// Follow?
        on: bool,
    },
    /// A member may not send, or may again.
    Muted {
        /// Who.
        member: MemberId,
        /// Muted?
        on: bool,
    },
    /// Nobody new comes in, or they do again.
    Locked {
        /// Locked?
        on: bool,
    },
    /// Nobody sends, or they do again.
    Paused {
        /// Paused?
        on: bool,
    },
    /// Names are hidden from viewers, or shown.
    NamesHidden {
        /// Hidden?
        on: bool,
    },
    /// The room has another title.
    Renamed {
        /// Its title.
        title: String,
    },
    /// What may be sent to and done.
    Allowed {
        /// The names of the targets; `None` for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        targets: Option<Vec<String>>,
        /// Whether members may ask for faults.
        faults: bool,
    },
    /// An exchange is shown to all, or none any more.
    Spotlit {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Box<Spot>>,
    },
    /// All who follow are led to a place, or no more.
    Showing {
        /// The fragment of its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
    },
    /// Everyone sends, at `at_us`.
    Armed {
        /// Its number.
        run: RunId,
        /// What they do.
        plan: Plan,
        /// When, by the room's clock, in µs since 1970.
        at_us: u64,
    },
    /// A run is over: all are done, its time is up, or it was called off.
    RunOver {
        /// Which.
        run: RunId,
        /// It was called off.
        #[serde(default)]
        called_off: bool,
    },
    /// A member's exchange, over or (without `over_us`) as it is.
    Exchange {
        /// Whose.
        member: MemberId,
        /// What the gateway saw of it.
        exchange: Box<Exchange>,
    },
    /// What an experiment of a run came out as, as the member's page tells it.
    Found {
        /// Whose.
        member: MemberId,
        /// What.
        found: Found,
    },
    /// The queue and the workers of a run's server. Its `clock_us` is of the room's clock.
    Gauge {
        /// The run.
        run: RunId,
        /// How they are.
        gauge: Gauge,
    },
    /// The room is over.
    Ended,
}
