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
    /// How many students are here.
    pub here: usize,
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
        stuck.here += 1;
        match (member.exchanges, member.replied) {
            (0, _) => stuck.never_sent.push(member.member),
            (_, 0) => stuck.never_replied.push(member.member),
            _ => {}
        }
    }
    stuck
}

/// How many of those whom the present run is for are done with it, and of how many.
pub fn progress(state: &State) -> (usize, usize) {
    let Some(run) = &state.facts.run else {
        return (0, 0);
    };
    let students = state.members.values().filter(|it| it.role == Role::Student);
    // Who began and has gone since counts still.
    let part = |it: &&Member| it.is_for(run) || it.of_run.is_some() || it.found.is_some();
    let of = students.filter(part);
    (of.clone().filter(|it| it.is_done(run)).count(), of.count())
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
    fn nobody_is_done_whose_exchange_is_on_still() {
        let mut state = class(3);
        let plan = chalkwire_shared::room::Plan {
            target: "iterative".to_owned(),
            message: "hello".to_owned(),
            faults: Vec::new(),
            seed: 0,
            idler: None,
            experiment: None,
        };
        let (run, at_us) = (chalkwire_shared::room::RunId(1), 5);
        happen(&mut state, Happened::Armed { run, plan, at_us }, 5);
        assert_eq!(progress(&state), (0, 2));
        let text = r#"{"run":1,"target":"iterative","socket":1,"begun_us":5,"sent_bytes":0,
                       "received_bytes":0}"#;
        let mut exchange: chalkwire_shared::room::Exchange = serde_json::from_str(text).unwrap();
        for (over_us, done) in [(None, 0), (Some(9), 1)] {
            exchange.over_us = over_us;
            let (member, exchange) = (MemberId(2), Box::new(exchange.clone()));
            happen(&mut state, Happened::Exchange { member, exchange }, 6);
            assert_eq!(progress(&state), (done, 2));
        }
    }

    #[test]
    fn a_teacher_is_never_stuck() {
        assert_eq!(stuck(&class(3)).never_sent, [MemberId(2), MemberId(3)]);
        assert_eq!((stuck(&class(3)).here, stuck(&class(1)).here), (2, 0));
    }
}
