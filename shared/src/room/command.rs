//! What members tell their room.

use serde::{Deserialize, Serialize};

use super::{COUNTDOWN_MS, Found, MAX_PLACE_BYTES, MAX_PLAN_BYTES, MemberId, RunId};
use crate::fault::Asked;
use crate::role::Deed;

/// What a member tells its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Raise or lower one's own hand.
    Hand {
        /// Up?
        up: bool,
    },
    /// Go where the teacher leads, or no longer.
    Follow {
        /// Follow?
        on: bool,
    },
    /// What an experiment of a run came out as, on this member's page.
    Found {
        /// What.
        found: Found,
    },
    /// Let nobody new in by the code, or let them in again.
    Lock {
        /// Locked?
        on: bool,
    },
    /// What may be sent to and done.
    Allow {
        /// The names of the targets; `None` for all that there are.
        #[serde(default)]
        targets: Option<Vec<String>>,
        /// Whether members may ask for faults.
        faults: bool,
    },
    /// Keep a member from sending, or let it send again.
    Mute {
        /// Who.
        member: MemberId,
        /// Muted?
        on: bool,
    },
    /// Put a member out of the room.
    Remove {
        /// Who.
        member: MemberId,
    },
    /// Remove a member's name, here and from the transcript; everybody may have their own removed.
    Forget {
        /// Who.
        member: MemberId,
    },
    /// Lower a member's hand.
    LowerHand {
        /// Whose.
        member: MemberId,
    },
    /// Show an exchange to all; `None` to show none any more.
    Spotlight {
        /// The offset of its event.
        #[serde(default)]
        offset: Option<u64>,
    },
    /// Lead all who follow to a place of the page; `None` to lead no more.
    Show {
        /// The fragment of its address, such as `#/experiments/stream?seed=7`.
        #[serde(default)]
        place: Option<String>,
    },
    /// Stop all sending, or let it go on.
    Pause {
        /// Paused?
        on: bool,
    },
    /// Hide names from viewers, or show them.
    HideNames {
        /// Hidden?
        on: bool,
    },
    /// Name the room.
    Rename {
        /// Its title.
        title: String,
    },
    /// Everyone send, at the same instant.
    Arm {
        /// What.
        plan: Plan,
        /// After so many ms.
        in_ms: u32,
    },
    /// Not after all, or: it is over.
    CallOff {
        /// Which.
        run: RunId,
    },
    /// End the room. Its transcript goes with it.
    End,
}

/// What everyone does at the same instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name of the target; empty where an experiment is run, which has its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// What is sent, its line end included.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Wrongs to be done to each one's traffic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Asked>,
    /// Where chance begins, the same for all.
    #[serde(default)]
    pub seed: u32,
    /// Who connects and then sends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idler: Option<MemberId>,
    /// The fragment of an experiment with its settings, which everyone runs instead of one exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
}

/// Why a command was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not in the table for this role.
    NotAllowed,
    /// There is no such member (any more).
    NoSuchMember,
    /// There is no such exchange (any more).
    NoSuchExchange,
    /// There is no such run, or it is over.
    NoSuchRun,
    /// There is no such target in this room.
    NoSuchTarget,
    /// Another "everyone send now" is under way.
    RunUnderWay,
    /// A size, time or text that is not possible.
    BadRequest,
    /// The member is muted.
    Muted,
    /// The teacher paused all sending.
    Paused,
    /// Faults are not allowed in this room.
    NoFaults,
    /// Too many commands for one member.
    TooMany,
    /// The room is over.
    Over,
    /// One is in no room.
    NotIn,
}

impl Refusal {
    /// Every refusal, in the order in which PROTOCOL.md lists them.
    pub const ALL: [Refusal; 13] = [
        Refusal::NotAllowed,
        Refusal::NoSuchMember,
        Refusal::NoSuchExchange,
        Refusal::NoSuchRun,
        Refusal::NoSuchTarget,
        Refusal::RunUnderWay,
        Refusal::BadRequest,
        Refusal::Muted,
        Refusal::Paused,
        Refusal::NoFaults,
        Refusal::TooMany,
        Refusal::Over,
        Refusal::NotIn,
    ];

    /// What it means and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Refusal::NotAllowed => "Only a teacher may do that in this room.",
            Refusal::NoSuchMember => "That member is no longer in the room.",
            Refusal::NoSuchExchange => {
                "That exchange is too old to be shown to all: choose one from the feed."
            }
            Refusal::NoSuchRun => "That run is over, or was called off.",
            Refusal::NoSuchTarget => {
                "That target is not allowed in this room. The teacher chooses which are."
            }
            Refusal::RunUnderWay => {
                "Everyone is sending already. Wait until that run is over, or end it first."
            }
            Refusal::BadRequest => {
                "That is not possible here: a text too long, or a time too short."
            }
            Refusal::Muted => "The teacher has muted you: you can look, but not send.",
            Refusal::Paused => "The teacher has paused sending. Wait until it goes on.",
            Refusal::NoFaults => "Faults are not allowed in this room. The teacher can allow them.",
            Refusal::TooMany => "That was too much at once. Wait a second, then try again.",
            Refusal::Over => "The room is over.",
            Refusal::NotIn => "This page is in no room.",
        }
    }
}

impl Command {
    /// What it is in the table of who may do what; `by` is who says it.
    pub fn deed(&self, by: MemberId) -> Deed {
        match self {
            Command::Hand { .. } => Deed::RaiseHand,
            Command::Follow { .. } => Deed::Follow,
            Command::Found { .. } => Deed::Report,
            Command::Lock { .. } => Deed::Lock,
            Command::Allow { .. } => Deed::Allow,
            Command::Mute { .. } => Deed::Mute,
            Command::Remove { .. } => Deed::Remove,
            Command::Forget { member } if *member == by => Deed::ForgetOneself,
            Command::Forget { .. } => Deed::Forget,
            Command::LowerHand { .. } => Deed::LowerHands,
            Command::Spotlight { .. } => Deed::Spotlight,
            Command::Show { .. } => Deed::Show,
            Command::Pause { .. } => Deed::Pause,
            Command::HideNames { .. } => Deed::HideNames,
            Command::Rename { .. } => Deed::Rename,
            Command::Arm { .. } | Command::CallOff { .. } => Deed::Arm,
            Command::End => Deed::End,
        }
    }

    /// Whether its sizes and times are possible.
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Command::Found { found } => found.measured.len() <= MAX_PLACE_BYTES,
            Command::Allow { targets, .. } => targets.as_ref().is_none_or(|names| {
                let sized = |name: &String| name.len() <= crate::limits::MAX_TARGET_NAME_BYTES;
                names.len() <= 64 && names.iter().all(sized)
            }),
            Command::Show { place } => place.as_deref().is_none_or(is_place),
            Command::Arm { plan, in_ms } => {
                COUNTDOWN_MS.contains(in_ms)
                    && plan.message.len() <= MAX_PLAN_BYTES
                    && plan.faults.len() <= crate::fault::MAX_FAULTS
                    && match &plan.experiment {
                        Some(place) => is_place(place),
                        None => !plan.target.is_empty() && !plan.target.starts_with('#'),
                    }
            }
            _ => true,
        }
    }
}

/// A place of our own page, and nowhere else.
fn is_place(place: &str) -> bool {
    let known = ["#/lab", "#/experiments", "#/room"];
    place.len() <= MAX_PLACE_BYTES
        && place.bytes().all(|b| b.is_ascii_graphic())
        && known.iter().any(|known| {
            place
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '&']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_led_to_places_of_this_page_and_nowhere_else() {
        for place in ["#/experiments/stream?seed=7", "#/lab", "#/room"] {
            assert!(is_place(place), "{place}");
        }
        for place in [
            "https://elsewhere.example/",
            "javascript:alert(1)",
            "#/teach/0123456789abcdef/secret",
            "#/experimentsx",
            "#/experiments/\u{202e}",
            "",
        ] {
            assert!(!is_place(place), "{place}");
        }
    }
}
