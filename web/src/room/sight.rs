//! The room as a teacher wants to see it: who needs help first.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Member, MemberId, State};

/// The members in the order of the list: raised hands first, the longest one at the top; then who is
/// here, in the order of coming.
pub fn in_order(state: &State) -> Vec<&Member> {
    let mut members: Vec<&Member> = state.members.values().collect();
    members.sort_by_key(|it| {
        (
            it.hand_us.is_none(),
            it.hand_us.unwrap_or_default(),
            !it.here,
            it.member,
        )
    });
    members
}

/// Students who are here and may need help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stuck {
    /// They sent, and nothing ever came back.
    pub never_replied: Vec<MemberId>,
    /// They never sent.
    pub never_sent: Vec<MemberId>,
}

/// Who is stuck.
pub fn stuck(state: &State) -> Stuck {
    let mut stuck = Stuck::default();
    let students = state.members.values();
    for member in students.filter(|it| it.here && it.role == Role::Student) {
        match (member.exchanges, member.replied) {
            (0, _) => stuck.never_sent.push(member.member),
            (_, 0) => stuck.never_replied.push(member.member),
            _ => {}
        }
    }
    stuck
}

/// How many of those who may take part in the present run have something to show for it, and of how
/// many.
pub fn progress(state: &State) -> (usize, usize) {
    let students = state.members.values();
    let mut of = 0;
    let mut done = 0;
    for member in students.filter(|it| it.role == Role::Student && !it.muted) {
        let has = member.of_run.is_some() || member.found.is_some();
        if has || member.here {
            of += 1;
            done += usize::from(has);
        }
    }
    (done, of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::room::{Happened, RoomId};

    fn class(of: u32) -> State {
        let mut state = State::new(RoomId::from_random([1; 8]));
        for no in 1..=of {
            let what = Happened::Joined {
                member: MemberId(no),
                name: format!("otter {no}"),
                role: if no == 1 {
                    Role::Teacher
                } else {
                    Role::Student
                },
            };
            happen(&mut state, what, 0);
        }
        state
    }

    fn happen(state: &mut State, what: Happened, time_us: u64) {
        let event = state.event(1, time_us, MemberId(0), None, what);
        state.apply(&event).unwrap();
    }

    #[test]
    fn raised_hands_come_first_and_who_is_away_last() {
        let mut state = class(4);
        let hand = |no| Happened::Hand {
            member: MemberId(no),
            up: true,
        };
        happen(&mut state, hand(4), 10);
        happen(&mut state, hand(3), 20);
        let away = Happened::Away {
            member: MemberId(1),
        };
        happen(&mut state, away, 30);
        let order: Vec<u32> = in_order(&state).iter().map(|it| it.member.0).collect();
        assert_eq!(order, [4, 3, 2, 1]);
    }

    #[test]
    fn a_teacher_is_never_stuck() {
        assert_eq!(stuck(&class(3)).never_sent, [MemberId(2), MemberId(3)]);
    }
}
