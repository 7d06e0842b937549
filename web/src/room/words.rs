//! What happened in a room, in words.

use chalkwire_shared::close::Reason;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Armed, Exchange, Happened, MemberId, RoomEvent};

use super::feed::about;
use super::mine::{Fate, Mine};
use crate::experiment::Settings;
use crate::place::Place;
use crate::words::{micros, millis};

/// How an exchange came out: a sign, the colour's name, and a word or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The sign beside the colour.
    pub sign: &'static str,
    /// The colour's name in the sheets.
    pub class: &'static str,
    /// In a word or two.
    pub text: String,
}

/// How an exchange came out.
pub fn outcome(exchange: &Exchange) -> Outcome {
    let (sign, class, text) = match (exchange.reason, exchange.replied_us) {
        (Some(reason), _) if exchange.failed() => ("✕", "error", short(reason)),
        (_, Some(us)) => ("◀", "received", micros(u64::from(us))),
        (Some(_), None) => ("●", "control", "no reply".to_owned()),
        _ if exchange.over_us.is_some() => ("●", "control", "no reply".to_owned()),
        (None, None) if exchange.connected_us.is_some() => {
            ("●", "control", "no reply yet".to_owned())
        }
        (None, None) => ("●", "control", "connecting".to_owned()),
    };
    Outcome { sign, class, text }
}

/// A reason in a word or two.
pub fn short(reason: Reason) -> String {
    match reason {
        Reason::ByRoom => "not allowed".to_owned(),
        reason => reason.as_str().replace('_', " "),
    }
}

/// An event in a sentence; `name` says what a member is called.
pub fn sentence(event: &RoomEvent, name: impl Fn(MemberId) -> String) -> String {
    let who = name(about(event));
    let by = name(event.by);
    let other = event.by != about(event) && event.by != MemberId::GATEWAY;
    match &event.what {
        Happened::Opened { title } => format!("The room “{title}” was opened."),
        Happened::Joined { role, .. } => match role {
            Role::Teacher => format!("{who} came in as a teacher."),
            _ => format!("{who} came in."),
        },
        Happened::Away { .. } => format!("{who} has no connection any more."),
        Happened::Back { .. } => format!("{who} is here again."),
        Happened::Left { .. } => format!("{who} left."),
        Happened::Removed { .. } => format!("{by} put {who} out of the room."),
        Happened::Forgotten { .. } => format!("The name of {who} was removed."),
        Happened::Hand { up: true, .. } => format!("{who} raised a hand."),
        Happened::Hand { .. } if other => format!("{by} lowered the hand of {who}."),
        Happened::Hand { .. } => format!("{who} lowered the hand."),
        Happened::Follows { on: true, .. } => format!("{who} follows the teacher."),
        Happened::Follows { .. } => format!("{who} does not follow any more."),
        Happened::Muted { on: true, .. } => format!("{by} muted {who}."),
        Happened::Muted { .. } => format!("{by} lets {who} send again."),
        Happened::Locked { on: true } => format!("{by} locked the room: nobody new comes in."),
        Happened::Locked { .. } => format!("{by} unlocked the room."),
        Happened::Paused { on: true } => format!("{by} paused sending."),
        Happened::Paused { .. } => format!("{by} lets everyone send again."),
        Happened::NamesHidden { on: true } => format!("{by} hid the names on the projector."),
        Happened::NamesHidden { .. } => format!("{by} shows the names on the projector."),
        Happened::Renamed { title } => format!("{by} named the room “{title}”."),
        Happened::Allowed { targets, faults } => {
            let faults = if *faults { "with" } else { "without" };
            match targets {
                None => format!("{by} allows every target, {faults} faults."),
                Some(names) if names.is_empty() => format!("{by} allows no target."),
                Some(names) => format!("{by} allows {}, {faults} faults.", names.join(", ")),
            }
        }
        Happened::Spotlit { of: Some(spot) } => {
            format!("{by} shows an exchange of {} to all.", name(spot.member))
        }
        Happened::Spotlit { of: None } => format!("{by} shows no exchange any more."),
        Happened::Showing { place: Some(place) } => format!("{by} leads to {}.", called(place)),
        Happened::Showing { place: None } => format!("{by} does not lead any more."),
        Happened::Armed { plan, .. } => match &plan.experiment {
            Some(place) => format!("{by} has everyone run {}.", called(place)),
            None => format!("{by} has everyone send to {}.", plan.target),
        },
        Happened::RunOver {
            called_off: true, ..
        } => format!("{by} called it off."),
        Happened::RunOver { .. } => "“Everyone send now” is over.".to_owned(),
        Happened::Exchange { exchange, .. } => {
            let outcome = outcome(exchange);
            let replied = match outcome.class {
                "received" => "replied after ",
                _ => "",
            };
            format!("{who} → {}: {replied}{}.", exchange.target, outcome.text)
        }
        Happened::Found { found, .. } => format!("{who} found: {}", found.measured),
        Happened::Gauge { .. } => "The server’s queue was looked at.".to_owned(),
        Happened::Ended => format!("{by} ended the room."),
    }
}

/// What became of an exchange of one's own, for who only hears it.
pub fn fate(mine: &Mine) -> String {
    let target = &mine.target;
    match &mine.fate {
        Fate::UnderWay => format!("{target}: under way."),
        Fate::Replied { ms, reply } => {
            let reply = String::from_utf8_lossy(reply);
            format!("{target} replied in {}: {}", millis(*ms), reply.trim_end())
        }
        Fate::Silent => format!("{target}: closed without a reply."),
        Fate::Failed(_, detail) => format!("{target}: {detail}"),
        Fate::Unknown => format!(
            "{target}: the connection to the gateway dropped under it, so nobody can say whether it \
             was done."
        ),
    }
}

/// How long something lasts, in words: `an hour`, `90 minutes`, `24 hours`.
pub fn lasting(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 1) => "a minute".to_owned(),
        (1, 0) => "an hour".to_owned(),
        (0 | 1, _) => format!("{} minutes", seconds / 60),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} hours {minutes} min"),
    }
}

/// What a place of the page is called.
pub fn called(place: &str) -> String {
    match (Settings::from_fragment(place), Place::of(place)) {
        (Some((experiment, _)), _) => format!("“{}”", experiment.title),
        (None, Place::Lab) => "the Lab".to_owned(),
        (None, Place::Experiments) => "the experiments".to_owned(),
        (None, Place::Room) => "the room".to_owned(),
    }
}

/// What everyone is about to do, in a few words: `send “hello” to iterative`.
pub fn plan(armed: &Armed) -> String {
    match &armed.plan.experiment {
        Some(place) => format!("run {} with the seed {}", called(place), armed.plan.seed),
        None => format!(
            "send “{}” to {}",
            armed.plan.message.trim_end_matches(['\r', '\n']),
            armed.plan.target
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_something_lasts_is_said_exactly() {
        for (seconds, said) in [
            (60, "a minute"),
            (600, "10 minutes"),
            (3_600, "an hour"),
            (7_140, "119 minutes"),
            (7_200, "2 hours"),
            (86_400, "24 hours"),
            (9_000, "2 hours 30 min"),
        ] {
            assert_eq!(lasting(seconds), said);
        }
    }
}
