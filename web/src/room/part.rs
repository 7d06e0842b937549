//! This page's part in an "everyone send now": when it sends, and why it does not.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Armed, Member, MemberId, RunId};

/// Later than this after the instant, a page does not send any more, in ms: it came late, or slept.
const LATE_MS: f64 = 2_000.0;

/// What this page does in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The run.
    pub run: RunId,
    /// How far it is.
    pub stage: Stage,
}

/// How far a page's part is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// It waits for the instant.
    Waiting,
    /// It has sent, or has connected if it is to say nothing, or runs the experiment.
    Done {
        /// So many ms after the instant, by its own reckoning.
        late_ms: f64,
    },
    /// It does not send.
    Out(Why),
}

/// Why a page does not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It came after the instant.
    Late,
    /// Teachers look on.
    Teaches,
    /// It is muted.
    Muted,
    /// Sending is paused.
    Paused,
    /// It had no connection at the instant.
    NoConnection,
    /// There is no such target or experiment here.
    NothingToDo,
    /// It did already, before it was loaded again.
    Before,
}

impl Why {
    /// For who sits before the page.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Late => "You came after the others had sent: you are in with the next one.",
            Why::Teaches => "The students’ pages send; yours looks on.",
            Why::Muted => "You are muted, so your page does not send in this one.",
            Why::Paused => "Sending is paused, so your page does not send in this one.",
            Why::NoConnection => {
                "Your connection was down at that moment, so your page did not send. It is not done \
                 late: it would stand in the wrong place of the picture."
            }
            Why::NothingToDo => "This gateway does not have what everyone was to do.",
            Why::Before => "Your page was part of this one before it was loaded again.",
        }
    }
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Now {
    /// Look again after so many ms.
    Sleep(f64),
    /// The instant is there, or was so many ms ago.
    Act(f64),
    /// It is too late.
    TooLate,
}

/// What to do at `now_ms` about an instant at `at_ms`, both by the browser's clock.
///
/// A browser's timers come late, never early, so the last wait is cut into short ones.
pub fn now(now_ms: f64, at_ms: f64) -> Now {
    let left = at_ms - now_ms;
    match left {
        left if left > 240.0 => Now::Sleep(200.0),
        left if left > 24.0 => Now::Sleep(left - 16.0),
        left if left > 0.7 => Now::Sleep((left / 2.0).max(1.0)),
        left if -left <= LATE_MS => Now::Act((-left).max(0.0)),
        _ => Now::TooLate,
    }
}

/// Why a member takes no part, as far as its room says.
pub fn barred(member: &Member, paused: bool) -> Option<Why> {
    match member.role {
        Role::Teacher | Role::Viewer => Some(Why::Teaches),
        Role::Student if member.muted => Some(Why::Muted),
        Role::Student if paused => Some(Why::Paused),
        Role::Student => None,
    }
}

/// Whether a member is the one who connects and says nothing.
pub fn idles(armed: &Armed, member: MemberId) -> bool {
    armed.plan.idler == Some(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_page_wakes_within_a_ms_of_the_instant_however_long_it_is_away(
            away in 0.0f64..60_000.0, late in 0.0f64..0.9,
        ) {
            let at = 1.8e12;
            let (mut clock, mut steps) = (at - away, 0);
            let by = loop {
                match now(clock, at) {
                    // A timer counts whole ms, and comes late.
                    Now::Sleep(ms) => clock += ms.ceil() + late,
                    Now::Act(by) => break by,
                    Now::TooLate => panic!("overslept"),
                }
                steps += 1;
            };
            prop_assert!(by <= 3.0, "{by}");
            prop_assert!(steps < 400);
        }
    }

    #[test]
    fn who_comes_late_does_not_send() {
        assert_eq!(now(10_000.0, 7_999.0), Now::TooLate);
        assert_eq!(now(10_000.0, 9_000.0), Now::Act(1_000.0));
    }
}
