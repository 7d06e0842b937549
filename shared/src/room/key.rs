//! How somebody comes into a room, and out of it.

use serde::{Deserialize, Serialize};

use super::{MemberId, RoomId};
use crate::id::Token;
use crate::role::Role;

/// By what somebody wants to come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Key {
    /// The code on the board: as a student.
    Code {
        /// As it was typed.
        code: Token,
    },
    /// The teach link.
    Teach {
        /// Which room.
        room: RoomId,
        /// The link's secret.
        secret: Token,
    },
    /// The view link.
    View {
        /// Which room.
        room: RoomId,
        /// The link's secret.
        secret: Token,
    },
    /// Once more, as the member that one was.
    Member {
        /// Which room.
        room: RoomId,
        /// Which member.
        member: MemberId,
        /// From the `room_entered` of the first time.
        token: Token,
    },
}

/// Who the client is in its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct You {
    /// What it may do.
    pub role: Role,
    /// Its number; `None` for a viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// By which it comes back as the same member; `None` for a viewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The last of this client's commands that the room has, 0 for none: what it need not say again.
    #[serde(default)]
    pub no: u64,
}

/// Why somebody did not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotEntered {
    /// Wrong code or secret, a locked room or one that is over: which of these is not told.
    NoRoom,
    /// The room has as many members as it may have.
    Full,
    /// Nothing is left of the name after cleaning.
    BadName,
    /// This link is in a room already.
    AlreadyIn,
    /// This gateway has no rooms.
    NoRooms,
    /// This link came into rooms too often in too short a time.
    TooMany,
}

impl NotEntered {
    /// What it means and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            NotEntered::NoRoom => {
                "No open room has that code or link. It may be mistyped, or the room is locked or \
                 over: ask your teacher."
            }
            NotEntered::Full => "The room is full. Ask your teacher for the view link.",
            NotEntered::BadName => {
                "That name can't be shown: write one with letters or digits, of 24 characters at \
                 the most."
            }
            NotEntered::AlreadyIn => "This page is in a room already. Leave that one first.",
            NotEntered::TooMany => "That was too often. Wait a second, then try again.",
            NotEntered::NoRooms => "This gateway has no rooms: its operator switched them off.",
        }
    }
}

/// Why somebody is no longer in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// It left.
    Left,
    /// A teacher put it out.
    Removed,
    /// The same member came in from another page.
    Elsewhere,
    /// A teacher ended the room.
    Ended,
    /// Nobody was in the room for as long as it is kept.
    Expired,
}

impl LeftReason {
    /// What it means and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            LeftReason::Left => "You left the room.",
            LeftReason::Removed => "A teacher put you out of the room.",
            LeftReason::Elsewhere => {
                "You came into the room from another tab or device: this one has let go of it."
            }
            LeftReason::Ended => "The teacher ended the room. Its transcript is gone with it.",
            LeftReason::Expired => "The room is over: nobody was in it for as long as it is kept.",
        }
    }
}
